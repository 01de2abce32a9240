//! The few loops that training needs. They use only additions, multiplications, divisions and square roots, in a fixed
//! order, which gives the same weights on every machine. Widths are constants, so that the compiler can use vectors.

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
pub fn through<const O: usize>(x: &[f32], w: &[[f32; O]]) -> [f32; O] {
    let mut y = [0.0; O];
    for (x, row) in x.iter().zip(w) {
        add_scaled(&mut y, *x, row);
    }
    y
}

/// Results that are computed side by side: four vectors of four numbers, which leaves registers for other values.
pub const LANES: usize = 16;

/// A matrix `[n, I]` transposed, in pieces `[I, LANES]`; the last piece is padded with 0.
pub type Pieces<const I: usize> = Vec<[[f32; LANES]; I]>;

/// Transposes `w` into `to`, which is large enough for it.
pub fn transpose<const I: usize>(w: &[[f32; I]], to: &mut [[[f32; LANES]; I]]) {
    for (rows, piece) in w.chunks(LANES).zip(to) {
        for (n, row) in rows.iter().enumerate() {
            for (x, column) in row.iter().zip(&mut *piece) {
                column[n] = *x;
            }
        }
    }
}

/// [`dot`] of x with [`LANES`] rows of a matrix at once: the same four sums of each, added in the same order.
#[inline(always)]
pub fn dots<const I: usize>(x: &[f32; I], piece: &[[f32; LANES]; I]) -> [f32; LANES] {
    let mut sums = fourth(x, piece, 0);
    add_scaled(&mut sums, 1.0, &fourth(x, piece, 1));
    let mut others = fourth(x, piece, 2);
    add_scaled(&mut others, 1.0, &fourth(x, piece, 3));
    add_scaled(&mut sums, 1.0, &others);
    sums
}

/// One of the four sums.
#[inline(always)]
fn fourth<const I: usize>(x: &[f32; I], piece: &[[f32; LANES]; I], lane: usize) -> [f32; LANES] {
    let mut sum = [0.0; LANES];
    for i in (lane..I).step_by(4) {
        add_scaled(&mut sum, x[i], &piece[i]);
    }
    sum
}

/// The backward pass to x: adds the gradient of x under `y = x · W` to `d_x`, which is `W · d_y`.
#[inline(always)]
pub fn add_dots<const I: usize>(d_x: &mut [f32], d_y: &[f32; I], w: &[[[f32; LANES]; I]]) {
    for (d_x, piece) in d_x.as_chunks_mut::<LANES>().0.iter_mut().zip(w) {
        add_scaled(d_x, 1.0, &dots(d_y, piece));
    }
}

/// The backward pass to W: adds the gradient of W under `y = x · W` to `d_w`, summed over all rows of `x` (`stride`
/// numbers apart) and `d_y`, first to last. Each row of `d_w` is read and written once.
#[inline(always)]
pub fn add_outer<const O: usize>(d_w: &mut [[f32; O]], x: &[f32], stride: usize, d_y: &[[f32; O]]) {
    for (n, d_w) in d_w.iter_mut().enumerate() {
        let mut sum = *d_w;
        for (x, d_y) in x[n..].iter().step_by(stride).zip(d_y) {
            add_scaled(&mut sum, *x, d_y);
        }
        *d_w = sum;
    }
}

/// ε of the norms.
pub const EPS: f32 = 1e-5;

/// RMS norm: `x · scale · weight`, and the scale `1 / √(mean(x²) + ε)` for the backward pass.
#[inline(always)]
pub fn rms<const N: usize>(x: &[f32; N], weight: &[f32; N]) -> ([f32; N], f32) {
    let scale = 1.0 / (dot(x, x) / N as f32 + EPS).sqrt();
    (std::array::from_fn(|i| x[i] * scale * weight[i]), scale)
}

/// The backward pass through [`rms`].
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

/// Softmax in place: scores become weights that sum to 1.
#[inline(always)]
pub fn softmax(x: &mut [f32]) {
    let max = max(x);
    x.iter_mut().for_each(|x| *x = exp(*x - max));
    let sum: f32 = sum(x);
    x.iter_mut().for_each(|x| *x /= sum);
}

/// [`softmax`] of the first `n` scores; the rest becomes 0. Whole vectors are computed, whatever `n` is.
#[inline(always)]
pub fn softmax_of<const N: usize>(x: &mut [f32; N], n: usize) {
    let max = max(&x[..n]);
    x.iter_mut().for_each(|x| *x = exp(*x - max));
    let sum: f32 = sum(&x[..n]);
    x.iter_mut().for_each(|x| *x /= sum);
    x[n..].fill(0.0);
}

/// The maximum, through eight maxima computed side by side: the order makes no difference.
#[inline(always)]
fn max(x: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let (chunks, rest) = x.as_chunks::<8>();
    let mut most = [f32::NEG_INFINITY; 8];
    for chunk in chunks {
        for lane in 0..8 {
            most[lane] = larger(most[lane], chunk[lane]);
        }
    }
    most.iter().chain(rest).copied().fold(f32::NEG_INFINITY, larger)
}

/// The sum, through eight sums computed side by side.
#[inline(always)]
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
    use crate::rng::SplitMix64;

    /// Numbers whose sums are rounded, so that another order would give another result.
    fn numbers<const N: usize>(rng: &mut SplitMix64) -> [f32; N] {
        std::array::from_fn(|_| 3.0 * rng.unit() - 1.0)
    }

    #[test]
    fn many_dots_at_once_are_each_the_same_dot() {
        let rng = &mut SplitMix64(1);
        // Not a multiple of a piece's width.
        let (w, d_y): ([[f32; 32]; LANES + 3], _) = (std::array::from_fn(|_| numbers(rng)), numbers(rng));
        let mut pieces = vec![[[0.0; LANES]; 32]; 2];
        transpose(&w, &mut pieces);
        let (before, mut d_x): ([f32; 2 * LANES], _) = (numbers(rng), [0.0; 2 * LANES]);
        d_x.copy_from_slice(&before);
        add_dots(&mut d_x, &d_y, &pieces);
        for n in 0..w.len() {
            assert_eq!(d_x[n].to_bits(), (before[n] + dot(&w[n], &d_y)).to_bits(), "{n}");
        }
        assert_eq!(d_x[w.len()..], before[w.len()..], "the rest of the last piece is 0");
    }

    #[test]
    fn gradients_of_weights_are_summed_from_first_to_last() {
        let rng = &mut SplitMix64(2);
        let (x, d_y): ([[f32; 5]; 7], [[f32; 16]; 7]) =
            (std::array::from_fn(|_| numbers(rng)), std::array::from_fn(|_| numbers(rng)));
        let mut found: [[f32; 16]; 4] = std::array::from_fn(|_| numbers(rng));
        let mut expected = found;
        for (x, d_y) in x.iter().zip(&d_y) {
            for (x, row) in x.iter().zip(&mut expected) {
                add_scaled(row, *x, d_y);
            }
        }
        add_outer(&mut found, x.as_flattened(), 5, &d_y);
        assert_eq!(found, expected);
    }

    #[test]
    fn softmax_of_a_part_is_that_of_the_part_alone() {
        let rng = &mut SplitMix64(3);
        for n in 1..=16 {
            let mut row: [f32; 16] = numbers(rng);
            let mut alone = row[..n].to_vec();
            let most = alone.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            assert_eq!(max(&alone), most);
            softmax(&mut alone);
            softmax_of(&mut row, n);
            assert_eq!((&row[..n], &row[n..]), (&alone[..], &[0.0; 16][n..]), "{n}");
        }
    }

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
