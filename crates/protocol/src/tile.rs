//! Which part of a pattern is asked for as a small picture.

use crate::Failure;
use crate::limits::{MAX_TILE, within};
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(rows: Range<usize>, cols: Range<usize>, size: (usize, usize)) -> Part {
        Part { rows, cols, size }
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
