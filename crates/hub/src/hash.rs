//! Hashes of files, computed while reading or writing: SHA-256, and git's hash of a blob.

use super::foreign::Hash;
use anyhow::{Context, Error, Result, anyhow};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// Passes bytes on to `inner` and hashes them.
pub struct HashingWriter<W> {
    inner: W,
    hasher: Sha256,
}

impl<W: Write> HashingWriter<W> {
    pub fn new(inner: W) -> Self {
        Self { inner, hasher: Sha256::new() }
    }

    /// Returns the hash in lower-case hex, and the writer.
    pub fn finish(self) -> (String, W) {
        (hex(&self.hasher.finalize()), self.inner)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
    digest(path, |_| Sha256::new())
}

/// Git's hash of a file: SHA-1 of "blob", the length, a zero byte, and the content.
fn git_id(path: &Path) -> Result<String> {
    digest(path, |length| Sha1::new().chain_update(format!("blob {length}\0")))
}

fn digest<D: Digest>(path: &Path, begin: impl FnOnce(u64) -> D) -> Result<String> {
    let read = || {
        let mut file = File::open(path)?;
        let mut hasher = begin(file.metadata()?.len());
        let mut buffer = vec![0; 1 << 18];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(hex(&hasher.finalize())),
                n => hasher.update(&buffer[..n]),
            }
        }
    };
    read().map_err(|e: io::Error| e).with_context(|| format!("cannot read {}", path.display()))
}

/// Fails unless the file's bytes have this hash, whichever of the two it is.
pub fn check(what: &str, expected: &Hash, path: &Path) -> Result<()> {
    if expected.is_sha256() {
        return expect(what, expected.as_str(), &of_file(path)?);
    }
    let found = git_id(path)?;
    if expected.as_str() != found { Err(damaged(what, "git's sha1", expected.as_str(), &found)) } else { Ok(()) }
}

/// Fails unless the two SHA-256 hashes are equal.
pub fn expect(what: &str, expected: &str, found: &str) -> Result<()> {
    if expected != found { Err(damaged(what, "sha256", expected, found)) } else { Ok(()) }
}

fn damaged(what: &str, kind: &str, expected: &str, found: &str) -> Error {
    anyhow!(
        "{what} is damaged or not what it should be: expected {kind} {expected}, found {found}; it was deleted, pull again"
    )
}

/// The error for a host that announces a file other than the known one.
pub fn differs(what: &str, expected: &str, found: &str) -> Error {
    anyhow!("{what} is not what it should be there: expected sha256 {expected}, found {found}; nothing was downloaded")
}
