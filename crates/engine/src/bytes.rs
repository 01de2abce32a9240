//! A piece of a file that can be shared: mapped or in memory, never copied.
//!
//! A mapped file can change while it is in use. Its bytes are then no longer those that were opened, which
//! [`Bytes::is_unchanged`] detects.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// Read-only bytes; cloning and slicing share them.
#[derive(Clone)]
pub struct Bytes {
    owner: Arc<dyn Owner>,
    range: Range<usize>,
}

/// The owner of the bytes.
trait Owner: Send + Sync {
    fn bytes(&self) -> &[u8];

    /// See [`Bytes::is_whole`].
    fn is_whole(&self) -> bool {
        true
    }

    /// See [`Bytes::is_unchanged`].
    fn is_unchanged(&self) -> bool {
        true
    }
}

/// Memory of this process that nothing else writes to.
struct Memory<T>(T);

impl<T: AsRef<[u8]> + Send + Sync> Owner for Memory<T> {
    fn bytes(&self) -> &[u8] {
        self.0.as_ref()
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl Owner for attnscope_kernels::mapped::Mapped {
    fn bytes(&self) -> &[u8] {
        self.as_ref()
    }

    fn is_whole(&self) -> bool {
        self.is_whole()
    }

    fn is_unchanged(&self) -> bool {
        self.is_unchanged()
    }
}

impl Bytes {
    /// All bytes of `owner`, which nothing else writes to: a vector, an embedded slice.
    pub fn new(owner: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self::of(Memory(owner))
    }

    /// A whole file, whose pages are read when they are first accessed.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn mapped(file: std::fs::File) -> std::io::Result<Self> {
        Ok(Self::of(attnscope_kernels::mapped::map(file)?))
    }

    fn of(owner: impl Owner + 'static) -> Self {
        let range = 0..owner.bytes().len();
        Self { owner: Arc::new(owner), range }
    }

    /// Whether no read so far hit a missing byte: if a file is cut off while mapped, the rest reads as zeros. Costs
    /// next to nothing, but does not notice bytes overwritten in place.
    pub fn is_whole(&self) -> bool {
        self.owner.is_whole()
    }

    /// Whether the file behind the bytes is unchanged since it was mapped. Asks the operating system.
    pub fn is_unchanged(&self) -> bool {
        self.owner.is_unchanged()
    }

    /// A part, counted from this one's start; `None` if it extends past the end.
    pub fn slice(&self, range: Range<usize>) -> Option<Self> {
        if range.start > range.end || range.end > self.len() {
            return None;
        }
        let start = self.range.start + range.start;
        Some(Self { owner: self.owner.clone(), range: start..start + range.len() })
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.owner.bytes()[self.range.clone()]
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({} bytes)", self.len())
    }
}
