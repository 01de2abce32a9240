//! Round numbers for the ends and ticks of scales, and the size of many numbers.

/// A round number no smaller than `x`: 1, 2, 5 times a power of ten. 1 if `x` is not positive.
pub fn nice_ceil(x: f32) -> f32 {
    if !x.is_finite() || x <= 0.0 {
        return 1.0;
    }
    // In f64, so that 0.05 stays 0.05.
    let x = f64::from(x);
    let power = 10f64.powf(x.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    let round = steps.iter().map(|s| s * power).find(|&s| s >= x * 0.9999).unwrap_or(10.0 * power);
    // The largest numbers have no round one above them.
    round.min(f64::from(f32::MAX)) as f32
}

/// Steps of 1, 2 or 5 times a power of ten such that at most `max` of them cover `n`.
pub fn nice_step(n: usize, max: usize) -> usize {
    let mut power = 1;
    loop {
        for step in [1, 2, 5] {
            if n.div_ceil(step * power) <= max.max(1) {
                return step * power;
            }
        }
        power *= 10;
    }
}

/// The largest absolute value among numbers; 1 if there is none, so that it can be a divisor.
pub fn max_abs(values: impl IntoIterator<Item = f32>) -> f32 {
    let max = values.into_iter().filter(|v| v.is_finite()).fold(0.0, |m: f32, v| m.max(v.abs()));
    if max > 0.0 { max } else { 1.0 }
}

/// The absolute value below which the share `part` of the values lie; 1 where there is none.
pub fn quantile_abs(values: impl IntoIterator<Item = f32>, part: f32) -> f32 {
    let mut sizes: Vec<f32> = values.into_iter().filter(|v| v.is_finite()).map(f32::abs).collect();
    sizes.sort_by(f32::total_cmp);
    let at = ((sizes.len() as f32 * part) as usize).min(sizes.len().saturating_sub(1));
    sizes.get(at).copied().filter(|&v| v > 0.0).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_numbers_have_a_ceiling() {
        assert_eq!([nice_ceil(3.07e38), nice_ceil(f32::MAX), nice_ceil(3.0)], [f32::MAX, f32::MAX, 5.0]);
    }

    #[test]
    fn round_numbers() {
        assert_eq!([0.0325, 0.92, 1.0, 0.0, f32::NAN].map(nice_ceil), [0.05, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!([(10, 12), (64, 12), (1000, 12), (4096, 10)].map(|(n, max)| nice_step(n, max)), [1, 10, 100, 500]);
    }

    #[test]
    fn sizes_skip_what_is_no_number() {
        assert_eq!(max_abs([1.0, -3.0, f32::NAN, f32::INFINITY]), 3.0);
        assert_eq!(max_abs([]), 1.0);
        assert_eq!(quantile_abs((0..100).map(|x| x as f32), 0.95), 95.0);
    }
}
