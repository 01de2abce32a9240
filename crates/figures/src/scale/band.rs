//! Items side by side, each as wide as the next.

use super::nice_step;

/// `n` bands of `step` pixels each, the first of which begins at `start`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Where the first band begins.
    pub start: f32,
    /// The width of a band; negative if they go up.
    pub step: f32,
    /// How many there are.
    pub n: usize,
}

impl Band {
    /// `n` bands that fill the places from `start` over `length`.
    pub fn filling(n: usize, start: f32, length: f32) -> Self {
        Self { start, step: length / n.max(1) as f32, n }
    }

    /// The middle of a band.
    pub fn at(&self, index: usize) -> f32 {
        self.start + (index as f32 + 0.5) * self.step
    }

    /// A round number of bands such that the middles of every so many are about `room` pixels apart, or more.
    pub fn every(&self, room: f32) -> usize {
        nice_step(self.n.max(1), (self.n as f32 * self.step.abs() / room) as usize)
    }

    /// The bands that have a label: every so many ([`Self::every`]), and the chosen one instead of those that it would
    /// touch, which are nearer than `near` pixels.
    pub fn ticks(&self, room: f32, chosen: Option<usize>, near: f32) -> Vec<usize> {
        let every = self.every(room);
        let clear = |i: usize| chosen.is_none_or(|c| c == i || c.abs_diff(i) as f32 * self.step.abs() >= near);
        (0..self.n).filter(|&i| (i % every == 0 || chosen == Some(i)) && clear(i)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_room_and_the_chosen_band_always_has_one() {
        let bands = Band::filling(64, 100.0, 640.0);
        assert_eq!((bands.at(0), bands.at(63), bands.every(42.0)), (105.0, 735.0, 5));
        assert_eq!(bands.ticks(200.0, None, 24.0), [0, 50]);
        assert_eq!(bands.ticks(200.0, Some(49), 24.0), [0, 49]);
        assert_eq!(Band::filling(0, 0.0, 10.0).ticks(20.0, Some(3), 5.0), [0usize; 0]);
    }
}
