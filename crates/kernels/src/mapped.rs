//! A file as a byte slice, without reading it: pages come in as they are touched.
//!
//! It lives here because this is the only crate with `unsafe`; the file is opened by the caller.

use std::fs::File;
use std::io;

/// A read-only map of a whole file.
pub struct Mapped(memmap2::Mmap);

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Maps `file` read-only. Empty files are an error of the operating system's choosing.
pub fn map(file: &File) -> io::Result<Mapped> {
    // SAFETY: the map is private and read-only. What remains is a promise about the outside world, as with
    // every mapped model file: nobody truncates it while it is in use (that ends the process with SIGBUS).
    // `attnscope pull` only ever renames whole files into place, which never changes a mapped one.
    unsafe { memmap2::Mmap::map(file) }.map(Mapped)
}
