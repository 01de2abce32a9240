//! A file that is written completely or not at all.
//!
//! On Linux it has no name while it is written, so that nothing is left of it however the process ends. Elsewhere, or
//! on file systems without this feature, it has a temporary name in the same folder, which only remains if the process
//! is killed.

use anyhow::Result;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use tempfile::{Builder, NamedTempFile};

/// Writes `target`, a complete path to a file that may exist. A replaced file passes its permissions on to the new one.
pub(super) fn replace(target: &Path, write: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let folder = target.parent().unwrap_or(Path::new("/"));
    let old = fs::metadata(target).ok();
    if old.is_some() {
        // A file that may not be written to may not be replaced either.
        File::options().write(true).open(target)?;
    }
    let mut file = Unfinished::new(folder)?;
    // Before any content is written, so that a private file is never readable for others.
    if let Some(old) = old {
        file.as_file().set_permissions(old.permissions())?;
    }
    write(file.as_file())?;
    // Some file systems report only here that the disk is full.
    file.as_file().sync_all()?;
    Ok(file.place(folder, target)?)
}

enum Unfinished {
    #[cfg(target_os = "linux")]
    Nameless(File),
    Named(NamedTempFile),
}

impl Unfinished {
    fn new(folder: &Path) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Some(file) = nameless(folder) {
            return Ok(Self::Nameless(file));
        }
        let mut builder = builder();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        builder.tempfile_in(folder).map(Self::Named)
    }

    fn as_file(&mut self) -> &mut File {
        match self {
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => file,
            Self::Named(file) => file.as_file_mut(),
        }
    }

    /// Gives the file its name.
    fn place(self, folder: &Path, target: &Path) -> io::Result<()> {
        match self {
            // A name that exists cannot be given directly: for the moment between two calls the file has another name.
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => {
                builder().make_in(folder, |name| link(&file, name))?.persist(target).map_err(|e| e.error)?;
            }
            Self::Named(file) => drop(file.persist(target).map_err(|e| e.error)?),
        }
        Ok(())
    }
}

fn builder() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".attnscope-");
    builder
}

/// A new file in the folder without a name; `None` if the system cannot create one, or cannot name it later.
#[cfg(target_os = "linux")]
fn nameless(folder: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::TMPFILE.bits().cast_signed();
    let file = File::options().read(true).write(true).custom_flags(flags).mode(0o666).open(folder).ok()?;
    descriptor(&file).exists().then_some(file)
}

#[cfg(target_os = "linux")]
fn link(file: &File, name: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    Ok(linkat(CWD, descriptor(file), CWD, name, AtFlags::SYMLINK_FOLLOW)?)
}

/// The path that stands for an open file.
#[cfg(target_os = "linux")]
fn descriptor(file: &File) -> std::path::PathBuf {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        entries.map(|name| name.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.svg");
        replace(&path, |file| Ok(file.write_all(b"old")?)).unwrap();
        let failed = replace(&path, |file| {
            file.write_all(b"half")?;
            anyhow::bail!("disk full")
        });
        assert!(failed.unwrap_err().to_string().contains("disk full"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["out.svg"]);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_stay_and_those_of_a_new_file_are_the_usual() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o7777;
        let write = |name: &str| replace(&folder.path().join(name), |file| Ok(file.write_all(b"new")?)).unwrap();
        for kept in [0o600, 0o640, 0o666, 0o755, 0o222] {
            let path = folder.path().join("old");
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(kept)).unwrap();
            write("old");
            assert_eq!(mode("old"), kept, "{kept:o}");
            fs::remove_file(path).unwrap();
        }
        fs::write(folder.path().join("usual"), "").unwrap();
        write("new");
        assert_eq!(mode("new"), mode("usual"));
    }

    /// The test runs itself again as a process that is writing, and ends that process by a signal.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_is_killed_leaves_the_old_file_and_nothing_else() {
        use std::io::Read;
        use std::process::{Command, Stdio};
        const FOLDER: &str = "ATTNSCOPE_TEST_WRITES_IN";
        if let Some(folder) = std::env::var_os(FOLDER) {
            let half = |file: &mut File| {
                file.write_all(&[1; 100_000])?;
                // Reports that it is writing, and waits until it is ended, or until its parent has ended.
                std::io::stderr().write_all(b"!")?;
                let _ = std::io::stdin().read(&mut [0]);
                Ok(())
            };
            return replace(&Path::new(&folder).join("out.npz"), half).unwrap();
        }
        // One that can be caught and one that cannot. (INT and HUP may be ignored when the tests run.)
        for signal in ["TERM", "KILL"] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("out.npz"), "old").unwrap();
            let name = "output::whole::tests::a_process_that_is_killed_leaves_the_old_file_and_nothing_else";
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args([name, "--exact", "--nocapture"])
                .env(FOLDER, folder.path())
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            child.stderr.as_mut().unwrap().read_exact(&mut [0]).expect("the child writes");
            let killed = Command::new("sh").args(["-c", &format!("kill -{signal} {}", child.id())]).status();
            assert!(killed.unwrap().success());
            assert!(!child.wait().unwrap().success(), "{signal}");
            assert_eq!(names(folder.path()), ["out.npz"], "{signal}");
            assert_eq!(fs::read(folder.path().join("out.npz")).unwrap(), b"old", "{signal}");
        }
    }
}
