//! Files as bodies of answers, read while they are sent, so that slow clients take no memory.

use super::identity::Identity;
use axum::body::{Body, Bytes};
use futures_util::stream;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

/// Bytes that are read at a time.
const CHUNK: usize = 64 << 10;

/// The content of `reader`, read while it is sent. An error breaks off the connection.
pub(super) fn body(reader: impl Read + Send + 'static) -> Body {
    Body::from_stream(stream::try_unfold(reader, |reader| async move {
        tokio::task::spawn_blocking(move || next(reader)).await.map_err(io::Error::other)?
    }))
}

fn next<R: Read>(mut reader: R) -> io::Result<Option<(Bytes, R)>> {
    let mut chunk = Vec::with_capacity(CHUNK);
    reader.by_ref().take(CHUNK as u64).read_to_end(&mut chunk)?;
    Ok((!chunk.is_empty()).then(|| (chunk.into(), reader)))
}

/// An open file that is read only while it is unchanged.
pub(super) struct Steady {
    file: File,
    identity: Identity,
    left: u64,
}

impl Steady {
    /// The whole file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(ErrorKind::InvalidInput.into());
        }
        let identity = Identity::of(&meta);
        Ok(Self { file, identity, left: identity.len() })
    }

    /// Its identity when it was opened.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Bytes that are left to be read.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// A part of it.
    pub fn part(mut self, part: Range<u64>) -> io::Result<Self> {
        self.file.seek(SeekFrom::Start(part.start))?;
        self.left = part.end.min(self.identity.len()).saturating_sub(part.start);
        Ok(self)
    }
}

impl Read for Steady {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.file.by_ref().take(self.left).read(into)?;
        // Checked after reading, so that bytes written in the meantime are not sent.
        if Identity::of(&self.file.metadata()?) != self.identity || (n == 0 && self.left > 0 && !into.is_empty()) {
            return Err(io::Error::other("the file was changed while it was sent"));
        }
        self.left -= n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(bytes: usize) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&vec![7; bytes]).unwrap();
        file
    }

    #[test]
    fn a_part_is_read_to_its_end() {
        let file = file(1000);
        let open = || Steady::open(file.path()).unwrap();
        for (part, expected) in [(0..1000, 1000), (10..20, 10), (990..2000, 10), (1000..1000, 0)] {
            let mut part = open().part(part).unwrap();
            assert_eq!(part.left(), expected);
            assert_eq!(part.read_to_end(&mut Vec::new()).unwrap() as u64, expected);
        }
    }

    #[test]
    fn what_changes_while_it_is_read_breaks_off() {
        for change in [500, 2000] {
            let file = file(1000);
            let mut steady = Steady::open(file.path()).unwrap();
            assert_eq!(steady.read(&mut [0; 100]).unwrap(), 100);
            file.as_file().set_len(change).unwrap();
            assert!(steady.read(&mut [0; 100]).is_err(), "{change}");
        }
        // Another file in its place does not matter.
        let file = file(1000);
        let mut steady = Steady::open(file.path()).unwrap();
        std::fs::remove_file(file.path()).unwrap();
        std::fs::write(file.path(), "other").unwrap();
        assert_eq!(steady.read_to_end(&mut Vec::new()).unwrap(), 1000);
    }
}
