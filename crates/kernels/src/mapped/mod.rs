//! A file as a byte slice, without reading it: pages come in as they are touched.
//!
//! It lives here because this is the only crate with `unsafe`; the file is opened by the caller.
//!
//! A file can be cut off or written over while it is mapped. Touching what is gone ends a process with SIGBUS; here the
//! bytes read as zeros instead, and the map says that it is no longer whole (`lost`). Who computes with the bytes
//! asks before the result is given to anybody, and throws it away.

#[cfg(unix)]
mod lost;

use std::fs::{File, Metadata};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

/// A read-only map of a whole file.
pub struct Mapped {
    // Dropped before the map: while the table names an address, it is mapped.
    #[cfg(unix)]
    watch: lost::Watch,
    map: memmap2::Mmap,
    file: File,
    /// What the file was when it was mapped.
    stamp: Stamp,
    /// Once found changed, changed for ever: what was read in between cannot be told.
    changed: AtomicBool,
}

/// Changes with a file's content, as far as its folder's entry tells. Not what changes with its names and rights.
#[derive(PartialEq)]
struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(meta: &Metadata) -> Self {
        Self { len: meta.len(), modified: meta.modified().ok() }
    }
}

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.map
    }
}

impl Mapped {
    /// Whether every byte that was read so far was the file's. It costs one load.
    ///
    /// What was written over in place is not seen here, nor the rest of a page that was cut in the middle: that takes
    /// [`Self::is_unchanged`].
    pub fn is_whole(&self) -> bool {
        #[cfg(unix)]
        let lost = self.watch.is_lost();
        #[cfg(not(unix))]
        let lost = false;
        !lost && !self.changed.load(Ordering::Relaxed)
    }

    /// Whether the file is still what it was when it was mapped: whole, as long, and not written to since. It costs a
    /// question to the system.
    ///
    /// A file system that counts time in steps (some milliseconds on ext4, two seconds on FAT) hides what is written
    /// in the same step as the last write before the map; and who sets a file's time back is believed.
    pub fn is_unchanged(&self) -> bool {
        let same = self.is_whole() && self.file.metadata().is_ok_and(|meta| Stamp::of(&meta) == self.stamp);
        if !same {
            self.changed.store(true, Ordering::Relaxed);
        }
        same
    }
}

/// Maps `file` read-only and keeps it open. Empty files are an error of the operating system's choosing.
pub fn map(file: File) -> io::Result<Mapped> {
    let stamp = Stamp::of(&file.metadata()?);
    // SAFETY: the map is read-only and as long as the file is now. What remains is a promise about the outside world,
    // as with every mapped file: nobody changes its content while it is in use. Where that is broken, no access leaves
    // the map or ends the process (`lost`), but bytes may change between two reads. They are only ever read as numbers,
    // or checked and copied, through slices whose bounds are those of the map; and `is_unchanged` tells afterwards.
    let map = unsafe { memmap2::Mmap::map(&file) }?;
    Ok(Mapped {
        #[cfg(unix)]
        watch: lost::watch(&map)?,
        map,
        file,
        stamp,
        changed: AtomicBool::new(false),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::path::PathBuf;
    use std::time::Duration;

    const LEN: usize = 5 * 65_536 + 100;

    /// A file of ones, which vanishes with the value.
    struct Ones(PathBuf);

    impl Ones {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("attnscope-mapped-{}-{name}", std::process::id()));
            std::fs::write(&path, vec![1; LEN]).unwrap();
            Self(path)
        }

        fn map(&self) -> Mapped {
            map(File::open(&self.0).unwrap()).unwrap()
        }

        fn cut(&self, len: u64) {
            File::options().write(true).open(&self.0).unwrap().set_len(len).unwrap();
        }
    }

    impl Drop for Ones {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn sum(bytes: &[u8]) -> usize {
        bytes.iter().map(|b| usize::from(*b)).sum()
    }

    #[cfg(unix)]
    #[test]
    fn what_was_cut_off_reads_as_zeros_and_is_said() {
        let file = Ones::new("cut");
        let (map, other) = (file.map(), file.map());
        assert_eq!(sum(map.as_ref()), LEN);
        assert!(map.is_whole() && map.is_unchanged());
        file.cut(2 * 65_536);
        assert_eq!(map.as_ref()[2 * 65_536], 0, "the process lives");
        assert!(!map.is_whole() && !map.is_unchanged());
        // One that did not touch the hole knows by the file.
        assert!(other.is_whole() && !other.is_unchanged());
        assert_eq!(sum(other.as_ref()), 2 * 65_536);
        // From many threads at once, and in a map made after.
        file.cut(LEN as u64);
        let again = file.map();
        file.cut(0);
        let sums = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| sum(again.as_ref()))).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(sums, [0; 8]);
        assert!(!again.is_whole());
        // The hole is given back with the map: the addresses are free for others.
        drop((map, other, again));
        let fresh = Ones::new("fresh");
        assert_eq!(sum(fresh.map().as_ref()), LEN);
    }

    #[test]
    fn a_page_cut_in_the_middle_and_a_file_written_over_are_seen() {
        for (name, change) in [
            ("middle", (|file| file.set_len(LEN as u64 - 1)) as fn(&mut File) -> io::Result<()>),
            ("longer", |file| file.set_len(LEN as u64 + 1)),
            ("over", |file| file.write_all(&[2; 4096])),
        ] {
            let file = Ones::new(name);
            let map = file.map();
            assert!(map.is_unchanged(), "{name}");
            // Longer than the steps in which the file system counts time.
            std::thread::sleep(Duration::from_millis(50));
            change(&mut File::options().write(true).open(&file.0).unwrap()).unwrap();
            assert!(map.is_whole() && !map.is_unchanged(), "{name}: no byte was lost, but it is another file");
            assert!(!map.is_whole(), "{name}: what was noticed once is not forgotten");
        }
    }

    /// The test runs itself once more as a process that touches what is gone of somebody else's map.
    #[cfg(unix)]
    #[test]
    fn what_others_have_mapped_ends_the_process_as_ever() {
        use std::os::unix::process::ExitStatusExt;
        use std::process::Command;
        const CHILD: &str = "ATTNSCOPE_TEST_TOUCHES";
        let file = Ones::new("others");
        if std::env::var_os(CHILD).is_some() {
            let ours = file.map();
            // SAFETY: the bytes are only summed, and what is missing of them is what is tested.
            let theirs = unsafe { memmap2::Mmap::map(&File::open(&file.0).unwrap()) }.unwrap();
            file.cut(0);
            assert_eq!(sum(ours.as_ref()), 0);
            // The file's name goes now: there will be no time for it.
            std::fs::remove_file(&file.0).unwrap();
            let sum = sum(&theirs);
            unreachable!("{sum}");
        }
        let name = "mapped::tests::what_others_have_mapped_ends_the_process_as_ever";
        let mut child = Command::new(std::env::current_exe().unwrap());
        let status = child.args([name, "--exact"]).env(CHILD, "1").output().unwrap().status;
        assert_eq!(status.signal(), Some(libc::SIGBUS), "{status}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_replaced_by_another_name_stays_the_old_one() {
        let (old, new) = (Ones::new("old"), Ones::new("new"));
        let map = old.map();
        std::fs::rename(&new.0, &old.0).unwrap();
        assert!(map.is_unchanged());
        assert_eq!(sum(map.as_ref()), LEN);
    }
}
