//! Part of a pattern as a small picture: each pixel says the largest and the mean weight of the cells under it.

use crate::limits::{MAX_TILE, within};
use crate::{Failure, Tile};
use attnscope::Array;
use std::ops::Range;

/// Which cells, and how many pixels.
pub(crate) struct Part {
    pub rows: Range<usize>,
    pub cols: Range<usize>,
    pub size: (usize, usize),
}

impl Part {
    /// Whether there are such cells in a pattern of `seq` by `seq`.
    pub fn check(&self, seq: usize) -> Result<(), Failure> {
        for (what, range, pixels) in [("rows", &self.rows, self.size.0), ("columns", &self.cols, self.size.1)] {
            if range.start >= range.end || range.end > seq {
                let Range { start, end } = range;
                return Err(Failure::request(format!(
                    "the tile's {what} are {start}..{end}, expected a part of 0..{seq} that is not empty"
                )));
            }
            within(&format!("the number of pixels for the tile's {what}"), pixels, 1, MAX_TILE)?;
        }
        Ok(())
    }

    /// Pools a pattern, `[q_len, kv_len]`. There are never more pixels than cells.
    pub fn pool(&self, pattern: &[f32], kv_len: usize) -> Tile {
        let height = self.size.0.min(self.rows.len());
        let width = self.size.1.min(self.cols.len());
        let (mut max, mut mean) = (Vec::with_capacity(height * width), Vec::with_capacity(height * width));
        for y in 0..height {
            let rows = piece(&self.rows, y, height);
            for x in 0..width {
                let cols = piece(&self.cols, x, width);
                let cells = || rows.clone().flat_map(|row| &pattern[row * kv_len..][cols.clone()]);
                max.push(cells().copied().fold(0.0, f32::max));
                let sum: f64 = cells().map(|cell| f64::from(*cell)).sum();
                mean.push((sum / (rows.len() * cols.len()) as f64) as f32);
            }
        }
        Tile { max: Array::new([height, width], max), mean: Array::new([height, width], mean) }
    }
}

/// The `i`-th of `n` pieces of a range, as equal as they can be.
fn piece(range: &Range<usize>, i: usize, n: usize) -> Range<usize> {
    // In u64: a range may be as long as a text, and on wasm32 its product with n too large for usize.
    let at = |i: usize| range.start + (range.len() as u64 * i as u64 / n as u64) as usize;
    at(i)..at(i + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(rows: Range<usize>, cols: Range<usize>, size: (usize, usize)) -> Part {
        Part { rows, cols, size }
    }

    #[test]
    fn pixels_hold_the_largest_and_the_mean_of_their_cells() {
        #[rustfmt::skip]
        let pattern = [
            1.0,  0.0,  0.0,   0.0,
            0.5,  0.5,  0.0,   0.0,
            0.25, 0.25, 0.5,   0.0,
            0.0,  0.0,  0.125, 0.875,
        ];
        let tile = part(0..4, 0..4, (2, 2)).pool(&pattern, 4);
        assert_eq!(tile.max, Array::new([2, 2], vec![1.0, 0.0, 0.25, 0.875]));
        assert_eq!(tile.mean, Array::new([2, 2], vec![0.5, 0.0, 0.125, 0.375]));
        // As many pixels as cells, and no more: the cells themselves.
        let tile = part(1..3, 0..3, (9, 9)).pool(&pattern, 4);
        assert_eq!(tile.max, Array::new([2, 3], vec![0.5, 0.5, 0.0, 0.25, 0.25, 0.5]));
        assert_eq!(tile.max, tile.mean);
        // Pieces that are not equal: rows 0, then 1 and 2.
        let tile = part(0..3, 0..1, (2, 1)).pool(&pattern, 4);
        assert_eq!(tile.mean, Array::new([2, 1], vec![1.0, 0.375]));
    }

    #[test]
    fn parts_that_are_not_there_are_refused() {
        assert!(part(0..4, 0..4, (1, 1)).check(4).is_ok());
        #[expect(clippy::reversed_empty_ranges, reason = "a request may say so")]
        let wrong = [
            part(0..5, 0..4, (1, 1)),
            part(0..4, 4..4, (1, 1)),
            part(3..2, 0..4, (1, 1)),
            part(0..usize::MAX, 0..4, (1, 1)),
            part(0..4, 0..4, (0, 1)),
            part(0..4, 0..4, (1, usize::MAX)),
        ];
        for part in wrong {
            assert!(part.check(4).is_err(), "{:?} {:?} {:?}", part.rows, part.cols, part.size);
        }
    }
}
