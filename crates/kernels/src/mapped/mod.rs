//! A file as a byte slice, without reading it: its pages are loaded when they are accessed.
//!
//! It is in this crate because only this one may contain `unsafe`; the caller opens the file.
//!
//! A file can be truncated or overwritten while it is mapped. Reading missing bytes normally ends a process with
//! SIGBUS; here they read as zeros instead, and the map reports that it is no longer whole (`lost`). Code that computes
//! with the bytes checks this before it returns a result, and discards the result if bytes were lost.

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
    /// The file's properties when it was mapped.
    stamp: Stamp,
    /// Once the file was found changed, this stays true, since it is unknown what was read in between.
    changed: AtomicBool,
}

/// Changes with a file's content, as far as its metadata shows, but not with its names and permissions.
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
    /// Whether every byte that was read so far came from the file. It costs one load.
    ///
    /// It does not notice bytes overwritten in place, nor the rest of a page that was truncated in its middle: use
    /// [`Self::is_unchanged`] for these.
    pub fn is_whole(&self) -> bool {
        #[cfg(unix)]
        let lost = self.watch.is_lost();
        #[cfg(not(unix))]
        let lost = false;
        !lost && !self.changed.load(Ordering::Relaxed)
    }

    /// Whether the file is unchanged since it was mapped: whole, of the same length, and not written to. It costs a
    /// system call.
    ///
    /// If a file system counts time in steps (some milliseconds on ext4, two seconds on FAT), a write in the same step
    /// as the last write before mapping is not noticed, and neither is one after which the file's time was set back.
    pub fn is_unchanged(&self) -> bool {
        let same = self.is_whole() && self.file.metadata().is_ok_and(|meta| Stamp::of(&meta) == self.stamp);
        if !same {
            self.changed.store(true, Ordering::Relaxed);
        }
        same
    }
}

/// Maps `file` read-only and keeps it open. For an empty file the operating system decides on the error.
pub fn map(file: File) -> io::Result<Mapped> {
    let stamp = Stamp::of(&file.metadata()?);
    // SAFETY: the map is read-only and as long as the file is now. As with every mapped file it remains an assumption
    // that the content does not change while it is in use. If it does, no access leaves the map or ends the process
    // (`lost`), but bytes may change between two reads. They are only read as numbers, or checked and copied, through
    // slices whose bounds are those of the map; and `is_unchanged` detects the change afterwards.
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

    /// A file of ones, which is deleted when the value is dropped.
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
        // A map that did not read missing bytes learns of the change from the file.
        assert!(other.is_whole() && !other.is_unchanged());
        assert_eq!(sum(other.as_ref()), 2 * 65_536);
        // From many threads at once, and in a map made later.
        file.cut(LEN as u64);
        let again = file.map();
        file.cut(0);
        let sums = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| sum(again.as_ref()))).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(sums, [0; 8]);
        assert!(!again.is_whole());
        // The zero pages are unmapped with the map: the addresses are free again.
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

    /// The test runs itself again as a process that reads missing bytes of a map that is not ours.
    #[cfg(unix)]
    #[test]
    fn what_others_have_mapped_ends_the_process_as_ever() {
        use std::os::unix::process::ExitStatusExt;
        use std::process::Command;
        const CHILD: &str = "ATTNSCOPE_TEST_TOUCHES";
        let file = Ones::new("others");
        if std::env::var_os(CHILD).is_some() {
            let ours = file.map();
            // SAFETY: the bytes are only summed, and the missing ones are what is tested.
            let theirs = unsafe { memmap2::Mmap::map(&File::open(&file.0).unwrap()) }.unwrap();
            file.cut(0);
            assert_eq!(sum(ours.as_ref()), 0);
            // The file's name is removed now, since the process will end before it could do so later.
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
