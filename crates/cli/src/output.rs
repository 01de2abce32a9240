//! Where results go: stdout, or a file that appears whole or not at all.

use crate::failure::usage;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::{Write, stdout};
use std::path::Path;

/// Writes to stdout.
pub fn print(bytes: impl AsRef<[u8]>) -> Result<()> {
    let mut out = stdout().lock();
    out.write_all(bytes.as_ref()).and_then(|()| out.flush()).context("cannot write to stdout")
}

/// Writes one line of JSON to stdout.
pub fn print_json(value: &impl serde::Serialize) -> Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    print(line)
}

/// The lower-case extension of a file to be written, if it is one of `known`. Asked before any work is done.
pub fn extension<'a>(path: &Path, known: &[&'a str]) -> Result<&'a str> {
    let found = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    known.iter().copied().find(|&known| known == found).ok_or_else(|| {
        let known: Vec<String> = known.iter().map(|known| format!(".{known}")).collect();
        usage(format!("cannot write {}: its name must end in {}", path.display(), known.join(", ")))
    })
}

/// Writes a file through a temporary one beside it, so that a failure leaves nothing behind and an older file as it
/// was.
pub fn write_file(path: &Path, write: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    if path.is_dir() {
        return Err(usage(format!("cannot write {}: it is a folder", path.display())));
    }
    // A device or a pipe is written to, not replaced.
    if fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
        let mut file = File::options().write(true).open(path).with_context(cannot)?;
        return write(&mut file).with_context(cannot);
    }
    // Behind a link is the file that is meant.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".attnscope-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    if !folder.is_dir() {
        bail!("cannot write {}: there is no folder {}; make it first", path.display(), folder.display());
    }
    let mut temporary = builder.tempfile_in(folder).with_context(cannot)?;
    write(temporary.as_file_mut()).with_context(cannot)?;
    temporary.persist(&target).map_err(|e| e.error).with_context(cannot)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.svg");
        write_file(&path, |file| Ok(file.write_all(b"old")?)).unwrap();
        let failed = write_file(&path, |file| {
            file.write_all(b"half")?;
            anyhow::bail!("disk full")
        });
        assert!(format!("{:#}", failed.unwrap_err()).contains("out.svg: disk full"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn extensions_are_named_in_the_error() {
        assert_eq!(extension(Path::new("a/B.SVG"), &["svg", "png"]).unwrap(), "svg");
        let error = extension(Path::new("b"), &["svg", "png"]).unwrap_err().to_string();
        assert_eq!(error, "cannot write b: its name must end in .svg, .png");
    }
}
