//! What the Hub says about a file in the headers of an answer: its length, its hash, and which part of it follows.

use super::catalogue::KnownFile;
use super::client::Answer;
use super::failure::Failure;
use super::foreign::{Hash, is_commit, shown};
use super::hash;

/// A file's properties, as announced in the headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The hash of its bytes.
    pub hash: Hash,
    /// The whole file's length.
    pub size: u64,
}

impl About {
    /// Reads the headers of an answer with `name`, or a part of it.
    pub fn read(answer: &Answer, name: &str, commit: &str) -> Result<Self, Failure> {
        if let Some(found) = answer.first_header("X-Repo-Commit") {
            if !is_commit(&found) {
                return Err(wrong(name, "X-Repo-Commit", &found, "a commit (40 hex digits)"));
            }
            if found != commit {
                return Err(Failure::Unusable(format!(
                    "{name} is of commit {found}, the list of {commit}: it changed meanwhile, pull again"
                )));
            }
        }
        if let Some(encoding) = answer.header("Content-Encoding").filter(|encoding| encoding != "identity") {
            return Err(wrong(name, "Content-Encoding", &encoding, "none, as was asked for"));
        }
        Ok(Self { hash: read_hash(answer, name)?, size: read_size(answer, name)? })
    }

    /// Fails if this is not the file in the catalogue: before the download, if the headers show it.
    pub fn check(&self, name: &str, known: Option<&KnownFile>) -> Result<(), Failure> {
        let Some(known) = known else { return Ok(()) };
        if self.hash.is_sha256() && self.hash.as_str() != known.sha256 {
            return Err(hash::differs(name, known.sha256, self.hash.as_str()).into());
        }
        if self.size != known.size {
            let (expected, found) = (known.size, self.size);
            return Err(Failure::Unusable(format!("{name} has {found} bytes there, expected {expected}")));
        }
        Ok(())
    }
}

fn wrong(name: &str, header: &str, found: &str, expected: &str) -> Failure {
    Failure::Unusable(format!("the header {header} of {name} is {:?}, expected {expected}", shown(found)))
}

fn read_hash(answer: &Answer, name: &str) -> Result<Hash, Failure> {
    let linked = answer.first_header("X-Linked-Etag").map(|tag| ("X-Linked-Etag", tag));
    let Some((header, tag)) = linked.or_else(|| answer.header("ETag").map(|tag| ("ETag", tag))) else {
        return Err(Failure::Unusable(format!("{name} has no ETag, so its bytes could not be checked")));
    };
    Hash::read_etag(&tag).ok_or_else(|| wrong(name, header, &tag, "the file's hash (40 or 64 hex digits)"))
}

/// The whole file's length: all headers that give it must agree.
fn read_size(answer: &Answer, name: &str) -> Result<u64, Failure> {
    let number = |header: &str, text: Option<String>| {
        text.map(|text| text.parse::<u64>().map_err(|_| wrong(name, header, &text, "a number of bytes"))).transpose()
    };
    let linked = number("X-Linked-Size", answer.first_header("X-Linked-Size"))?;
    let length = number("Content-Length", answer.header("Content-Length"))?;
    let here = match answer.status {
        206 => Some(Part::read(answer, name)?.total),
        _ => length,
    };
    match (linked, here) {
        (Some(linked), Some(here)) if linked != here => Err(Failure::Unusable(format!(
            "X-Linked-Size says that {name} has {linked} bytes, the answer itself says {here}"
        ))),
        (Some(size), _) | (None, Some(size)) => Ok(size),
        (None, None) => Err(Failure::Unusable(format!("it does not say how long {name} is (no Content-Length)"))),
    }
}

/// The part of a file that an answer contains.
pub struct Part {
    start: u64,
    total: u64,
}

impl Part {
    /// Fails if the part does not begin right after the first `have` bytes.
    pub fn begins_at(&self, have: u64, name: &str) -> Result<(), Failure> {
        let start = self.start;
        if start != have {
            return Err(Failure::Unusable(format!(
                "{name} was asked for from byte {have} on, but comes from {start} on"
            )));
        }
        Ok(())
    }

    /// Reads `Content-Range: bytes 5-99/100`. Anything other than a part up to the end is refused.
    pub fn read(answer: &Answer, name: &str) -> Result<Self, Failure> {
        let text = answer.header("Content-Range").unwrap_or_default();
        let part = || {
            let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
            let (start, last) = range.split_once('-')?;
            let (start, last, total): (u64, u64, u64) = (start.parse().ok()?, last.parse().ok()?, total.parse().ok()?);
            (start <= last && last.checked_add(1)? == total).then_some(Self { start, total })
        };
        part().ok_or_else(|| wrong(name, "Content-Range", &text, "bytes from some byte to the last"))
    }
}
