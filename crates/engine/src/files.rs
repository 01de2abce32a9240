//! The files that a model's weights are read from, as long as it is open.

use crate::{Bytes, Error, Model};

/// Files by name. None where a model's numbers are in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files(Vec<(String, Bytes)>);

impl Files {
    #[cfg(not(target_arch = "wasm32"))] // only natively are models opened from files
    pub fn new(files: Vec<(String, Bytes)>) -> Self {
        Self(files)
    }

    /// An error if bytes were missing where some were read.
    pub fn check_whole(&self) -> Result<(), Error> {
        self.check(Bytes::is_whole)
    }

    /// An error if a file is no longer as it was when it was opened.
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
    /// An error if a file of the model is no longer as it was when it was opened: numbers that were read since are not
    /// the model's. Runs, explanations and whatever else can fail ask by themselves; who reads weights otherwise
    /// ([`Model::embedding`], [`Model::w_o`]) asks before giving on what came of it.
    pub fn check_files(&self) -> Result<(), Error> {
        self.files.check_unchanged()
    }

    /// The same, but only of bytes that were missing: cheap enough to ask on the way.
    pub(crate) fn check_whole(&self) -> Result<(), Error> {
        self.files.check_whole()
    }
}
