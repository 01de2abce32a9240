//! The byte ranges of a file's tensors: no byte belongs to two of them.

use crate::Error;
use std::ops::Range;

/// The places of tensors, gathered while a table is read.
#[derive(Default)]
pub(super) struct Places(Vec<(Range<usize>, String)>);

impl Places {
    pub fn add(&mut self, place: Range<usize>, name: &str) {
        self.0.push((place, name.into()));
    }

    /// Refuses tensors that share bytes: expanding many such tensors from a small file would take unlimited memory, and
    /// no program writes such files.
    pub fn check(mut self, origin: &str) -> Result<(), Error> {
        self.0.sort_by_key(|(place, _)| place.start);
        for pair in self.0.windows(2) {
            let [(first, one), (second, other)] = pair else { continue };
            if second.start < first.end {
                return Err(Error::format(
                    origin,
                    format!(
                        "tensors `{one}` (bytes {} to {}) and `{other}` (bytes {} to {}) overlap; the file is damaged",
                        first.start, first.end, second.start, second.end
                    ),
                ));
            }
        }
        Ok(())
    }
}
