//! Equal differences are equal distances.

/// A linear scale: `domain.0` is drawn at `range.0`, `domain.1` at `range.1`. The domain ascends; the range may descend,
/// as it does upwards in a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// The numbers at both ends.
    pub domain: (f32, f32),
    /// The places of these numbers, in pixels.
    pub range: (f32, f32),
}

impl Linear {
    /// A scale from these numbers to these places.
    pub fn new(domain: (f32, f32), range: (f32, f32)) -> Self {
        Self { domain, range }
    }

    /// The place of a number: at an end if it lies beyond, and where 0 is if it is not a number, so that its bar has no
    /// length.
    pub fn at(&self, value: f32) -> f32 {
        let ((low, high), value) = (self.domain, if value.is_nan() { 0.0 } else { value });
        // In f64, since the ends may be the largest numbers that there are.
        let [low, high, value] = [low, high, value.clamp(low, high)].map(f64::from);
        let part = if high > low { (value - low) / (high - low) } else { 0.0 };
        between(self.range, part)
    }

    /// The place of a number, or `None` if it is not one: for lines, which leave it out.
    pub fn try_at(&self, value: f32) -> Option<f32> {
        (!value.is_nan()).then(|| self.at(value))
    }

    /// The number at a place: the inverse of [`Self::at`]. A place that is not a number is that of 0.
    pub fn value(&self, place: f32) -> f32 {
        let [from, to, place] = [self.range.0, self.range.1, place].map(f64::from);
        let part = (place - from) / (to - from);
        if part.is_nan() { 0f32.clamp(self.domain.0, self.domain.1) } else { between(self.domain, part) }
    }

    /// The multiples of a round number that lie in the domain, with at most `most` steps between them, or 2.
    pub fn ticks(&self, most: usize) -> Vec<f32> {
        let [low, high] = [self.domain.0, self.domain.1].map(f64::from);
        let step = f64::from(super::nice_ceil(((high - low) / most.max(2) as f64) as f32));
        let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
        // Adding 0 turns −0, which would be shown with its sign, into 0.
        (0..=(last - first).max(0.0) as usize).map(|i| ((first + i as f64) * step) as f32 + 0.0).collect()
    }
}

/// From the first number (0) to the second (1).
pub(super) fn between((a, b): (f32, f32), part: f64) -> f32 {
    let [a, b] = [a, b].map(f64::from);
    (a + (b - a) * part.clamp(0.0, 1.0)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beyond_is_drawn_at_the_end_and_no_number_at_zero() {
        let up = Linear::new((-2.0, 8.0), (110.0, 10.0));
        assert_eq!([-2.0, 0.0, 8.0, 99.0, -99.0].map(|v| up.at(v)), [110.0, 90.0, 10.0, 10.0, 110.0]);
        assert_eq!([f32::NAN, f32::INFINITY].map(|v| up.at(v)), [90.0, 10.0]);
        let far = Linear::new((5.0, 8.0), (0.0, 30.0));
        assert_eq!((far.at(f32::NAN), far.at(6.0)), (0.0, 10.0), "zero lies before the domain");
    }

    #[test]
    fn a_place_leads_back_to_its_number() {
        let scale = Linear::new((-2.0, 8.0), (110.0, 10.0));
        for value in [-2.0, -0.5, 0.0, 3.25, 8.0] {
            assert!((scale.value(scale.at(value)) - value).abs() < 1e-5);
        }
        assert_eq!([f32::NAN, 1e9, f32::NEG_INFINITY].map(|place| scale.value(place)), [0.0, -2.0, 8.0]);
    }

    #[test]
    fn the_largest_numbers_and_an_empty_domain_have_places() {
        let all = Linear::new((-f32::MAX, f32::MAX), (0.0, 100.0));
        assert_eq!([-f32::MAX, 0.0, f32::MAX].map(|v| all.at(v)), [0.0, 50.0, 100.0]);
        assert_eq!(Linear::new((3.0, 3.0), (4.0, 9.0)).at(3.0), 4.0);
    }

    #[test]
    fn ticks_are_round_and_few() {
        let ticks = |low, high, most| Linear::new((low, high), (0.0, 1.0)).ticks(most);
        assert_eq!(ticks(0.0, 5.8, 6), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(ticks(-70.0, 70.0, 7), [-60.0, -40.0, -20.0, 0.0, 20.0, 40.0, 60.0]);
        assert_eq!(ticks(-0.3, 0.1, 4), [-0.3, -0.2, -0.1, 0.0, 0.1]);
        assert_eq!(ticks(0.0, 0.0, 5), [0.0]);
    }
}
