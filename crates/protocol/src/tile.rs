//! Parts of a pattern as small pictures, and what the last one was made from.

use crate::limits::{MAX_TILE, within};
use crate::{Failure, Prompt, Response, Tile};
use attnscope::{LazyPattern, Trace};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The cells, and the number of pixels.
pub(crate) struct Part {
    pub rows: Range<usize>,
    pub cols: Range<usize>,
    pub size: (usize, usize),
}

impl Part {
    /// Checks that a pattern of `seq` by `seq` has such cells.
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

/// A part of one head's pattern, from a trace that holds `q`, `k` and `lse` of its layer.
pub(crate) fn tile(trace: &Trace, layer: usize, head: usize, part: Part) -> Result<Response, Failure> {
    let pattern = LazyPattern::of(trace, layer, head);
    let tile = pattern.and_then(|pattern| pattern.tile(part.rows, part.cols, part.size));
    let tile = tile.ok_or_else(|| Failure::request(format!("there is no such part of {layer}.{head}")))?;
    Ok(Response::Tile(Tile { max: tile.max, mean: tile.mean }))
}

/// The layer of a text that was read last: moving over a map asks for many parts of it, but it is read only once.
#[derive(Default)]
pub(crate) struct LastRead(Mutex<Option<(Prompt, usize, Arc<Trace>)>>);

impl LastRead {
    /// The trace, if it belongs to this text and layer.
    pub fn get(&self, prompt: &Prompt, layer: usize) -> Option<Arc<Trace>> {
        let last = self.lock();
        let (_, _, trace) = last.as_ref().filter(|(of, at, _)| (of, *at) == (prompt, layer))?;
        Some(trace.clone())
    }

    /// Keeps this trace instead of the one before.
    pub fn put(&self, prompt: Prompt, layer: usize, trace: Arc<Trace>) {
        *self.lock() = Some((prompt, layer, trace));
    }

    /// Forgets the trace of a model.
    pub fn close(&self, model: &str) {
        self.lock().take_if(|(of, ..)| of.model == model);
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Prompt, usize, Arc<Trace>)>> {
        // It is always replaced as a whole, so a panic cannot leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
