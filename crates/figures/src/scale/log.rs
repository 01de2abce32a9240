//! Equal ratios are equal distances.

use super::linear::between;

/// A logarithmic scale from positive numbers to places: `domain.0` is drawn at `range.0`, `domain.1` at `range.1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Log {
    /// The numbers at both ends, both above 0.
    pub domain: (f32, f32),
    /// The places of these numbers, in pixels.
    pub range: (f32, f32),
}

impl Log {
    /// A scale from these numbers to these places.
    pub fn new(domain: (f32, f32), range: (f32, f32)) -> Self {
        Self { domain, range }
    }

    /// A scale whose ends are powers of ten, between which all of these numbers lie that are above 0; `None` if there
    /// are none.
    pub fn powers_of_ten(values: impl IntoIterator<Item = f32>, range: (f32, f32)) -> Option<Self> {
        let values = values.into_iter().filter(|v| v.is_finite() && *v > 0.0);
        let (low, high) = values
            .fold(None, |ends: Option<(f32, f32)>, v| Some(ends.map_or((v, v), |(a, b)| (a.min(v), b.max(v)))))?;
        // A little inwards, so that rounding does not add a power that is not needed; and no farther than f32 reaches.
        let low = ((low.log10() + 1e-4).floor() as i32).clamp(-37, 37);
        let high = ((high.log10() - 1e-4).ceil() as i32).clamp(low + 1, 38);
        Some(Self::new((10f32.powi(low), 10f32.powi(high)), range))
    }

    /// The place of a number: at an end if it lies beyond, and at the lower one if it has no logarithm.
    pub fn at(&self, value: f32) -> f32 {
        let part = (f64::from(value) / f64::from(self.domain.0)).log10() / self.decades();
        between(self.range, if part.is_nan() { 0.0 } else { part })
    }

    /// Pixels for a factor of ten; negative where the range descends.
    pub fn decade(&self) -> f32 {
        ((f64::from(self.range.1) - f64::from(self.range.0)) / self.decades()) as f32
    }

    /// In f64, since the ends may lie farther apart than f32 reaches.
    fn decades(&self) -> f64 {
        (f64::from(self.domain.1) / f64::from(self.domain.0)).log10()
    }

    /// The powers of ten of the domain, or every second, third, …, so that they are at most `most`.
    pub fn ticks(&self, most: usize) -> Vec<f32> {
        let (low, high) = (self.domain.0.log10().ceil() as i32, self.domain.1.log10().floor() as i32);
        let step = (high - low + 1).max(1).unsigned_abs().div_ceil(most.max(1) as u32) as usize;
        (low..=high).step_by(step).map(|power| 10f32.powi(power)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ratios_are_equal_distances() {
        let scale = Log::new((64.0, 4096.0), (0.0, 60.0));
        assert_eq!([64.0, 128.0, 1024.0, 4096.0].map(|v| scale.at(v).round()), [0.0, 10.0, 40.0, 60.0]);
        assert_eq!([0.0, -1.0, f32::NAN, f32::INFINITY, 9e9].map(|v| scale.at(v)), [0.0, 0.0, 0.0, 60.0, 60.0]);
        assert!((Log::new((1.0, 1000.0), (90.0, 0.0)).decade() + 30.0).abs() < 1e-4);
        let far = Log::new((1e-36, 1e4), (0.0, 40.0));
        assert_eq!([1e-36, 1e-16, 1e4].map(|v| far.at(v).round()), [0.0, 20.0, 40.0], "40 decades");
    }

    #[test]
    fn ends_are_powers_of_ten_around_the_numbers() {
        let ends = |values: &[f32]| Log::powers_of_ten(values.iter().copied(), (0.0, 1.0)).map(|scale| scale.domain);
        assert_eq!(ends(&[3.0, 250.0, 0.0, f32::NAN]), Some((1.0, 1000.0)));
        assert_eq!(ends(&[10.0, 10.0]), Some((10.0, 100.0)));
        assert_eq!(ends(&[f32::MAX, 1e-44]), Some((1e-37, 1e38)));
        assert_eq!(ends(&[0.0, f32::INFINITY]), None);
    }

    #[test]
    fn ticks_are_powers_of_ten() {
        assert_eq!(Log::new((1.0, 1000.0), (0.0, 1.0)).ticks(12), [1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(Log::new((1.0, 1000.0), (0.0, 1.0)).ticks(2), [1.0, 100.0]);
        assert_eq!(Log::new((1.0, 100.0), (0.0, 1.0)).ticks(2), [1.0, 100.0]);
    }
}
