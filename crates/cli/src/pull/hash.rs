//! SHA-256 of files, as they are read or as they are written.

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// Passes bytes on to `inner` and hashes them on their way.
pub struct HashingWriter<W> {
    inner: W,
    hasher: Sha256,
}

impl<W: Write> HashingWriter<W> {
    pub fn new(inner: W) -> Self {
        Self { inner, hasher: Sha256::new() }
    }

    /// The hash in lower-case hex, and the writer back.
    pub fn finish(self) -> (String, W) {
        let hex = self.hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        (hex, self.inner)
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The SHA-256 of a file.
pub fn of_file(path: &Path) -> Result<String> {
    let read = || {
        let mut file = File::open(path)?;
        let mut hasher = HashingWriter::new(io::sink());
        let mut buffer = vec![0; 1 << 18];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(hasher.finish().0),
                n => hasher.write_all(&buffer[..n])?,
            }
        }
    };
    read().map_err(|e: io::Error| e).with_context(|| format!("cannot read {}", path.display()))
}

/// Fails unless the two are the same.
pub fn expect(what: &str, expected: &str, found: &str) -> Result<()> {
    if expected != found {
        bail!(
            "{what} is damaged or not what it should be: expected sha256 {expected}, found {found}; it was deleted, pull again"
        );
    }
    Ok(())
}

/// Whether the Hub named a blob by its SHA-256 (weights) and not by its git id (small files).
pub fn is_sha256(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
