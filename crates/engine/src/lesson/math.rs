//! The few loops that training needs. Only additions, multiplications, divisions and square roots, in an order that is
//! written down: the same weights on every machine. Widths are constants, so that the compiler can use vectors.

/// a · b, in four sums side by side.
#[inline(always)]
pub fn dot<const N: usize>(a: &[f32; N], b: &[f32; N]) -> f32 {
    let mut sums = [0.0f32; 4];
    for (a, b) in a.as_chunks::<4>().0.iter().zip(b.as_chunks::<4>().0) {
        for lane in 0..4 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// `to += scale · x`
#[inline(always)]
pub fn add_scaled<const N: usize>(to: &mut [f32; N], scale: f32, x: &[f32; N]) {
    for (to, x) in to.iter_mut().zip(x) {
        *to += scale * x;
    }
}

/// x · W for W `[n_in, n_out]`.
#[inline(always)]
pub fn through<const I: usize, const O: usize>(x: &[f32; I], w: &[[f32; O]]) -> [f32; O] {
    let mut y = [0.0; O];
    for (x, row) in x.iter().zip(w) {
        add_scaled(&mut y, *x, row);
    }
    y
}

/// The way back: adds to `d_x` and `d_w` what a change of `y = x · W` by `d_y` asks of x and W.
#[inline(always)]
pub fn through_back<const I: usize, const O: usize>(
    x: &[f32; I],
    w: &[[f32; O]],
    d_y: &[f32; O],
    d_x: &mut [f32; I],
    d_w: &mut [[f32; O]],
) {
    for (((x, w), d_x), d_w) in x.iter().zip(w).zip(d_x).zip(d_w) {
        *d_x += dot(w, d_y);
        add_scaled(d_w, *x, d_y);
    }
}

/// ε of the norms.
pub const EPS: f32 = 1e-5;

/// RMS norm: `x · scale · weight`, and the scale `1 / √(mean(x²) + ε)` for the way back.
#[inline(always)]
pub fn rms<const N: usize>(x: &[f32; N], weight: &[f32; N]) -> ([f32; N], f32) {
    let scale = 1.0 / (dot(x, x) / N as f32 + EPS).sqrt();
    (std::array::from_fn(|i| x[i] * scale * weight[i]), scale)
}

/// The way back through [`rms`].
#[inline(always)]
pub fn rms_back<const N: usize>(
    x: &[f32; N],
    weight: &[f32; N],
    scale: f32,
    d_y: &[f32; N],
    d_x: &mut [f32; N],
    d_weight: &mut [f32; N],
) {
    // The scale depends on all of x: d scale / d x_i = −scale³ · x_i / N.
    let weighted: [f32; N] = std::array::from_fn(|i| d_y[i] * weight[i]);
    let through_scale = dot(&weighted, x) * scale * scale * scale / N as f32;
    for i in 0..N {
        d_weight[i] += d_y[i] * x[i] * scale;
        d_x[i] += weighted[i] * scale - through_scale * x[i];
    }
}

/// Scores to weights that sum to 1, in place.
pub fn softmax(x: &mut [f32]) {
    let max = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    x.iter_mut().for_each(|x| *x = exp(*x - max));
    let sum: f32 = sum(x);
    x.iter_mut().for_each(|x| *x /= sum);
}

/// Eight sums side by side.
fn sum(x: &[f32]) -> f32 {
    let (chunks, rest) = x.as_chunks::<8>();
    let mut sums = [0.0f32; 8];
    for chunk in chunks {
        for lane in 0..8 {
            sums[lane] += chunk[lane];
        }
    }
    sums.iter().chain(rest).sum()
}

/// eˣ for x ≤ 0, within 2 units in the last place: the standard library's differs from system to system.
/// x = n·ln 2 + r, then a polynomial in r (Cephes). Adding 1.5·2²³ rounds n and leaves it in the low bits.
#[inline(always)]
fn exp(x: f32) -> f32 {
    const MAGIC: f32 = 12_582_912.0;
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + MAGIC;
    let n = shifted - MAGIC;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p * r + c;
    }
    let y = p * (r * r) + r + 1.0;
    f32::from_bits(y.to_bits().wrapping_add(shifted.to_bits() << 23))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_that_of_the_standard_library() {
        for i in 0..8700 {
            let x = -(i as f32) / 100.0;
            let (found, expected) = (f64::from(exp(x)), f64::from(x).exp());
            assert!(((found - expected) / expected).abs() < 3e-7, "{x}: {found} is not {expected}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
    }
}
