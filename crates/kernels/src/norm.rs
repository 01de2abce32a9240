//! Normalisation of the residual stream, row by row. Sums run in f64 over eight lanes: some models carry
//! activations of 20,000 beside ones of 0.1 (Sun et al., "Massive Activations", 2024).

use crate::threads;

/// `out = x / √(mean(x²) + eps) · weight` (Zhang & Sennrich 2019).
pub fn rms(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    let n = weight.len();
    threads::for_rows(out, n, |first, out| {
        for (x, out) in x[first * n..].chunks_exact(n).zip(out.chunks_exact_mut(n)) {
            let scale = rms_scale(x, eps);
            for ((o, x), w) in out.iter_mut().zip(x).zip(weight) {
                *o = x * scale * w;
            }
        }
    });
}

/// The factor of RMS norm for a row: `1 / √(mean(x²) + eps)`.
pub fn rms_scale(x: &[f32], eps: f32) -> f32 {
    let mean_square = lanes(x, |v| v * v) / x.len() as f64;
    (1.0 / (mean_square + f64::from(eps)).sqrt()) as f32
}

/// `out = (x − mean) / √(var + eps) · weight + bias` (Ba et al. 2016). An empty bias adds nothing (ModernBERT).
pub fn layer(x: &[f32], weight: &[f32], bias: &[f32], eps: f32, out: &mut [f32]) {
    let n = weight.len();
    threads::for_rows(out, n, |first, out| {
        for (x, out) in x[first * n..].chunks_exact(n).zip(out.chunks_exact_mut(n)) {
            let (mean, scale) = layer_scale(x, eps);
            for ((o, x), w) in out.iter_mut().zip(x).zip(weight) {
                *o = (x - mean) * scale * w;
            }
            out.iter_mut().zip(bias).for_each(|(o, b)| *o += b);
        }
    });
}

/// The mean of a row, and the factor of layer norm after subtracting it.
pub fn layer_scale(x: &[f32], eps: f32) -> (f32, f32) {
    let n = x.len() as f64;
    let mean = lanes(x, |v| v) / n;
    let var = lanes(x, |v| (v - mean) * (v - mean)) / n;
    (mean as f32, (1.0 / (var + f64::from(eps)).sqrt()) as f32)
}

/// Σ f(x) in f64, in eight independent sums so that the compiler can use vectors.
fn lanes(x: &[f32], f: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0f64; 8];
    let mut chunks = x.chunks_exact(8);
    for chunk in &mut chunks {
        for (s, v) in sums.iter_mut().zip(chunk) {
            *s += f(f64::from(*v));
        }
    }
    chunks.remainder().iter().map(|v| f(f64::from(*v))).sum::<f64>() + sums.iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rms_of_three_and_four() {
        let mut out = [0.0; 2];
        rms(&[3.0, 4.0], &[1.0, 2.0], 0.0, &mut out);
        let root = 12.5f32.sqrt();
        assert!((out[0] - 3.0 / root).abs() < 1e-6 && (out[1] - 8.0 / root).abs() < 1e-6);
    }

    #[test]
    fn layer_norm_has_mean_bias_and_unit_spread() {
        let x: Vec<f32> = (0..19).map(|i| 1000.0 + (i * i) as f32).collect();
        let mut out = vec![0.0; 19];
        layer(&x, &[1.0; 19], &[0.5; 19], 1e-12, &mut out);
        let mean = out.iter().sum::<f32>() / 19.0;
        let var = out.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / 19.0;
        assert!((mean - 0.5).abs() < 1e-5 && (var - 1.0).abs() < 1e-4, "{mean} {var}");
        let mut without = vec![0.0; 19];
        layer(&x, &[1.0; 19], &[], 1e-12, &mut without);
        assert!(without.iter().zip(&out).all(|(a, b)| a + 0.5 == *b), "no bias: {without:?}");
    }
}
