//! How far dot products of random vectors spread: the reason why scores are divided by √d.

use crate::rng::SplitMix64;
use std::f32::consts::TAU;

/// `n` dot products, each of two vectors of `d` numbers drawn from the standard normal distribution. Their mean
/// approaches 0 and their standard deviation √d as `n` grows. The same seed gives the same numbers, up to the rounding
/// of the platform's logarithm and cosine.
pub fn random_dots(d: usize, n: usize, seed: u64) -> Vec<f32> {
    let mut rng = SplitMix64(seed);
    let mut product = || pair(&mut rng).map(f64::from).into_iter().product::<f64>();
    let mut dot = || (0..d).map(|_| product()).sum::<f64>() as f32;
    (0..n).map(|_| dot()).collect()
}

/// The components of the two vectors whose dot product is the `at`-th of [`random_dots`], `[d][q, k]`.
pub fn random_vectors(d: usize, at: usize, seed: u64) -> Vec<[f32; 2]> {
    let mut rng = SplitMix64(seed);
    (0..d * at).for_each(|_| {
        pair(&mut rng);
    });
    (0..d).map(|_| pair(&mut rng)).collect()
}

/// Two standard-normal numbers: those that Box and Muller (1958) compute from one pair of uniform ones are independent,
/// so one pair is enough for q and k.
fn pair(rng: &mut SplitMix64) -> [f32; 2] {
    // 1 − u is in (0, 1]: its logarithm is finite.
    let radius = (-2.0 * (1.0 - rng.unit()).ln()).sqrt();
    let (sin, cos) = (TAU * rng.unit()).sin_cos();
    [radius * cos, radius * sin]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean, standard deviation, and mean fourth power in units of the variance squared.
    fn moments(values: &[f32]) -> [f64; 3] {
        let mean = |power: i32, about: f64| {
            values.iter().map(|&v| (f64::from(v) - about).powi(power)).sum::<f64>() / values.len() as f64
        };
        let m = mean(1, 0.0);
        let variance = mean(2, m);
        [m, variance.sqrt(), mean(4, m) / (variance * variance)]
    }

    #[test]
    fn spread_is_the_root_of_d() {
        let n = 20_000;
        for d in [1, 2, 16, 64, 512] {
            let [mean, spread, fourth] = moments(&random_dots(d, n, 7));
            let root = (d as f64).sqrt();
            // Four standard errors of the mean.
            assert!(mean.abs() < 4.0 * root / (n as f64).sqrt(), "d = {d}: mean {mean}");
            assert!((spread / root - 1.0).abs() < 0.04, "d = {d}: spread {spread}");
            // 9 for one product of two normal numbers, 3 for the normal distribution that many of them add up to.
            let expected = 3.0 + 6.0 / d as f64;
            assert!((fourth / expected - 1.0).abs() < 0.15, "d = {d}: {fourth}, not {expected}");
        }
    }

    #[test]
    fn a_seed_means_the_same_numbers() {
        let dots = random_dots(8, 5, 1);
        assert_eq!(dots, random_dots(8, 5, 1));
        assert_ne!(dots, random_dots(8, 5, 2));
        // A larger `n` begins with the same numbers.
        assert_eq!(dots, random_dots(8, 9, 1)[..5]);
    }

    #[test]
    fn a_dot_product_is_that_of_its_vectors() {
        for (at, dot) in random_dots(16, 9, 3).into_iter().enumerate() {
            let sum: f64 = random_vectors(16, at, 3).iter().map(|[q, k]| f64::from(*q) * f64::from(*k)).sum();
            assert_eq!(sum as f32, dot, "{at}");
        }
    }

    #[test]
    fn empty_products_are_zero() {
        assert_eq!(random_dots(0, 3, 1), [0.0; 3]);
        assert!(random_dots(3, 0, 1).is_empty());
    }
}
