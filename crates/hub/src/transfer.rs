//! Transfers one file from the Hub into the cache. Its bytes go into a partial file beside the blobs, which is renamed
//! when its length and its hash are right. An interrupted transfer is resumed where it stopped, also by a later pull.

use super::about::{About, Part};
use super::cache::RepoCache;
use super::catalogue::KnownFile;
use super::client::{Answer, Client};
use super::failure::Failure;
use super::foreign::Hash;
use super::progress::{Bar, Report};
use super::steady::{LEAST, Steady};
use anyhow::Context;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fs::File;
use std::io::{self, Read, Write};
use std::thread::sleep;

/// How often a transfer may be interrupted without progress.
const ATTEMPTS: u32 = 4;

/// How often it may be interrupted at all, so that a host that sends a byte at a time is given up.
const MOST_ATTEMPTS: u32 = 1_000;

/// The characters of a path that need no encoding.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// A file to be fetched.
pub struct Transfer<'a> {
    pub client: &'a Client,
    pub local: &'a RepoCache,
    pub repo_id: &'a str,
    /// The branch or commit that was asked for.
    pub revision: &'a str,
    /// The commit of that revision, which names the snapshot.
    pub commit: &'a str,
    pub name: &'a str,
    /// The catalogue's entry for the file.
    pub known: Option<&'a KnownFile>,
    pub report: &'a Report<'a>,
}

/// What previous attempts have shown.
struct State {
    announced: Option<About>,
    /// Whether the host is asked for the rest only. No longer so after it has sent a wrong part.
    resume: bool,
    /// The most bytes that were received so far.
    reached: u64,
}

/// The reason why an attempt ended before the file was complete.
enum Stop {
    /// Trying again would not help.
    Final(Failure),
    /// It can be tried again; `further` says whether this attempt made progress.
    Again { why: Failure, further: bool },
}

impl<E: Into<Failure>> From<E> for Stop {
    fn from(failure: E) -> Self {
        match failure.into() {
            why @ (Failure::Unreachable(_) | Failure::Refused(500..)) => Self::Again { why, further: false },
            failure => Self::Final(failure),
        }
    }
}

/// An answer with the file from byte `start` on.
struct Coming {
    answer: Answer,
    about: About,
    start: u64,
}

impl Transfer<'_> {
    /// Fetches the file and puts it in place.
    pub fn run(&self) -> Result<(), Failure> {
        let mut state = State { announced: None, resume: true, reached: 0 };
        let mut in_vain = 0;
        for _ in 0..MOST_ATTEMPTS {
            let (why, further) = match self.attempt(&mut state) {
                Ok(hash) => return Ok(self.local.point(&hash, self.commit, self.name)?),
                Err(Stop::Final(failure)) => return Err(failure),
                Err(Stop::Again { why, further }) => (why, further),
            };
            in_vain = if further { 0 } else { in_vain + 1 };
            if in_vain == ATTEMPTS {
                return Err(why);
            }
            sleep(self.client.network.pause);
        }
        Err(Failure::BrokeOff(format!("{}, {MOST_ATTEMPTS} times", self.name)))
    }

    /// Makes one attempt. On success the blob of that hash is in place.
    fn attempt(&self, state: &mut State) -> Result<Hash, Stop> {
        let have = state.announced.as_ref().map_or(0, |about| self.left(about, state));
        let mut coming = self.ask(have, state)?;
        let about = coming.about.clone();
        if self.local.has_blob(&about.hash, about.size) {
            return Ok(about.hash);
        }
        // The bytes that an earlier pull left can only be found now that the hash is known.
        let left = if have == 0 { self.left(&about, state) } else { 0 };
        if left > 0 && left < about.size {
            coming = self.ask(left, state)?;
        }
        if left == 0 || left < about.size {
            self.receive(coming, state)?;
        }
        self.local.adopt_partial(&about.hash, self.name)?;
        Ok(about.hash)
    }

    /// How much of the file is here, if it can be resumed.
    fn left(&self, about: &About, state: &State) -> u64 {
        let length = if state.resume { self.local.partial_length(&about.hash) } else { 0 };
        if length <= about.size { length } else { 0 }
    }

    /// Requests the file, or the part after the first `have` bytes. The host may send all of it nevertheless; if it
    /// sends another part, or says that there is none, the whole file is requested from then on.
    fn ask(&self, have: u64, state: &mut State) -> Result<Coming, Stop> {
        let path = utf8_percent_encode(self.name, PLAIN);
        let answer = self.client.get(&format!("/{}/resolve/{}/{path}", self.repo_id, self.revision), have)?;
        let part = match answer.status {
            200 => {
                let about = self.about(&answer, state)?;
                return Ok(Coming { answer, about, start: 0 });
            }
            206 if have > 0 => self.about(&answer, state).and_then(|about| {
                Part::read(&answer, self.name)?.begins_at(have, self.name)?;
                Ok(about)
            }),
            416 if have > 0 => Err(Failure::Refused(416)),
            status => return Err(Failure::Refused(status).into()),
        };
        match part {
            Ok(about) => Ok(Coming { answer, about, start: have }),
            Err(why) => {
                state.resume = false;
                Err(Stop::Again { why, further: false })
            }
        }
    }

    /// The announced properties, which must be the same as before and match the catalogue.
    fn about(&self, answer: &Answer, state: &mut State) -> Result<About, Failure> {
        let about = About::read(answer, self.name, self.commit)?;
        about.check(self.name, self.known)?;
        match &state.announced {
            Some(before) if *before != about => {
                Err(Failure::Unusable(format!("{} changed while it was pulled: pull again", self.name)))
            }
            _ => Ok(state.announced.insert(about).clone()),
        }
    }

    /// Writes the bytes after those that are here, but none beyond the announced length.
    fn receive(&self, coming: Coming, state: &mut State) -> Result<(), Stop> {
        let Coming { answer, about, start } = coming;
        let Self { name, local, .. } = self;
        let size = about.size;
        let mut file = local.partial(&about.hash, start)?;
        let bar = Bar::new(self.report, size, name);
        bar.add(start);
        let mut body = Steady::new(answer.body.into_reader(), self.client.network.idle);
        let mut have = start;
        let error = copy(&mut body, &mut file, size, &mut have, &bar)
            .with_context(|| format!("cannot write {name} into {}", local.blobs().display()))?;
        if have > size {
            local.drop_partial(&about.hash);
            return Err(Failure::Unusable(format!("{name} is longer than the {size} bytes announced")).into());
        }
        if have == size {
            return Ok(());
        }
        let error = error.map(ureq::Error::from);
        // A host that repeatedly falls silent after a few bytes makes no progress.
        let least = if error.as_ref().is_some_and(is_timeout) { LEAST } else { 1 };
        let further = have >= state.reached.max(start) + least;
        state.reached = state.reached.max(have);
        let why = error.map_or_else(|| "the host ended it".to_owned(), |error| self.client.why(&error));
        Err(Stop::Again { why: Failure::BrokeOff(format!("{name} after {have} of {size} bytes: {why}")), further })
    }
}

fn is_timeout(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Timeout(_) => true,
        ureq::Error::Io(error) => error.kind() == io::ErrorKind::TimedOut,
        _ => false,
    }
}

/// Copies until `size` bytes are there, or the body ends or breaks off. The error of a broken body is returned
/// separately from those of writing. `have` counts the bytes, one more than `size` if there were more.
fn copy(
    body: &mut impl Read,
    file: &mut File,
    size: u64,
    have: &mut u64,
    bar: &Bar<'_>,
) -> io::Result<Option<io::Error>> {
    let mut buffer = vec![0; 1 << 18];
    loop {
        let came = match body.read(&mut buffer) {
            Ok(0) => return Ok(None),
            Ok(came) => came as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Ok(Some(error)),
        };
        let fits = came.min(size - *have);
        file.write_all(&buffer[..fits as usize])?;
        bar.add(fits);
        *have += fits;
        if came > fits {
            *have += 1;
            return Ok(None);
        }
    }
}
