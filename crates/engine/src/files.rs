//! The files from which a model's weights are read while it is open.

use crate::{Bytes, Error, Model};

/// Files by name. Empty if a model's numbers are in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files(Vec<(String, Bytes)>);

impl Files {
    #[cfg(not(target_arch = "wasm32"))] // only natively are models opened from files
    pub fn new(files: Vec<(String, Bytes)>) -> Self {
        Self(files)
    }

    /// An error if a read so far hit missing bytes.
    pub fn check_whole(&self) -> Result<(), Error> {
        self.check(Bytes::is_whole)
    }

    /// An error if a file has changed since it was opened.
    pub fn check_unchanged(&self) -> Result<(), Error> {
        self.check(Bytes::is_unchanged)
    }

    fn check(&self, is_right: fn(&Bytes) -> bool) -> Result<(), Error> {
        match self.0.iter().find(|(_, bytes)| !is_right(bytes)) {
            None => Ok(()),
            Some((name, _)) => Err(Error::format(
                name,
                "the file changed while it was in use (cut off or written over), or cannot be read any more; open it \
                 again, and download it again if it is damaged",
            )),
        }
    }
}

impl Model {
    /// An error if a file of the model has changed since it was opened: numbers read since then are not the model's.
    /// Runs, explanations and everything else that can fail check this themselves; a caller that reads weights in
    /// another way ([`Model::embedding`], [`Model::w_o`]) calls this before using the results.
    pub fn check_files(&self) -> Result<(), Error> {
        self.files.check_unchanged()
    }

    /// The same, but only for missing bytes: cheap enough to check along the way.
    pub(crate) fn check_whole(&self) -> Result<(), Error> {
        self.files.check_whole()
    }
}
