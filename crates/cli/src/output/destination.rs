//! Where a file may be written: never over a model's files.

use super::whole;
use crate::failure::usage;
use crate::terminal::path_text;
use anyhow::{Context, Result, bail};
use attnscope_hub::{Settings, is_lesson, resolve};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Extensions of the files in a model's folder.
const OF_MODELS: [&str; 6] = ["json", "safetensors", "gguf", "txt", "model", "bin"];

/// A file to be written. Reasons against it are reported before any work is done, and checked again when the work is
/// done.
#[derive(Debug)]
pub struct Destination<'a> {
    path: &'a Path,
    /// The files of the model in use, which must not change.
    model: Option<PathBuf>,
}

impl<'a> Destination<'a> {
    /// The destination `path`, while `model`, as the user named it, is in use.
    pub fn new(path: &'a Path, model: Option<&str>) -> Result<Self> {
        // A model that cannot be found is reported when it is opened.
        let model = model.filter(|model| !is_lesson(model)).and_then(|model| resolve(model).ok());
        let destination = Self { path, model };
        destination.check()?;
        Ok(destination)
    }

    /// Writes the whole file or nothing; if it fails, an older file is unchanged. A device or a pipe is written to, not
    /// replaced.
    pub fn write(&self, write: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
        let cannot = || format!("cannot write {}", path_text(self.path));
        self.check()?;
        if fs::metadata(self.path).is_ok_and(|meta| !meta.is_file()) {
            let mut file = open_to_write(self.path).with_context(cannot)?;
            return write(&mut file).with_context(cannot);
        }
        whole::replace(&self.target().with_context(cannot)?, write).with_context(cannot)
    }

    fn check(&self) -> Result<()> {
        let path = path_text(self.path);
        if self.path.is_dir() {
            return Err(usage(format!("cannot write {path}: it is a folder")));
        }
        let found = fs::metadata(self.path);
        if found.is_err()
            && let Ok(to) = fs::read_link(self.path)
        {
            bail!("cannot write {path}: it is a link to {}, which is not there; name that file", path_text(&to));
        }
        let folder = folder_of(self.path);
        if folder.is_file() {
            bail!("cannot write {path}: {} is a file, not a folder", path_text(folder));
        }
        if !folder.is_dir() {
            bail!("cannot write {path}: there is no folder {}; make it first", path_text(folder));
        }
        if found.as_ref().is_ok_and(|meta| !meta.is_file()) {
            return Ok(());
        }
        if found.is_ok_and(|meta| meta.permissions().readonly()) {
            bail!("cannot write {path}: it is read-only; choose another name");
        }
        let target = self.target().with_context(|| format!("cannot write {path}"))?;
        if self.model.as_deref().is_some_and(|model| is_of_model(&target, model)) {
            return Err(usage(format!("cannot write {path}: it is a file of the model; choose another name")));
        }
        // Also if links lead into the cache: other programs trust what it contains.
        let cache = Settings::from_env().ok().and_then(|settings| settings.hub_cache.canonicalize().ok());
        if cache.is_some_and(|cache| target.starts_with(cache)) {
            return Err(usage(format!("cannot write {path}: it lies in the models' cache; choose another folder")));
        }
        Ok(())
    }

    /// The file that is meant, with links resolved and in its real folder.
    fn target(&self) -> io::Result<PathBuf> {
        if self.path.exists() {
            return self.path.canonicalize();
        }
        let name = self.path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        Ok(folder_of(self.path).canonicalize()?.join(name))
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether the model is read from this file, by whatever name: links and hard links are the same file.
fn is_of_model(target: &Path, model: &Path) -> bool {
    let is_same = |file: &Path| file.is_file() && same_file::is_same_file(file, target).unwrap_or(false);
    if !target.is_file() {
        return false;
    }
    let is_alone = model.is_file() && model.extension().is_none_or(|ending| ending != "safetensors");
    if is_alone {
        return is_same(model);
    }
    let folder = if model.is_dir() { model } else { folder_of(model) };
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let ending = |file: &Path| file.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    files.filter(|file| ending(file).is_some_and(|e| OF_MODELS.contains(&e.as_str()))).any(|file| is_same(&file))
}

/// Opens a device, or a pipe that has a reader.
fn open_to_write(path: &Path) -> io::Result<File> {
    // Kept open until the pipe is open for writing: a reader takes a pipe without writers for ended.
    #[cfg(unix)]
    let _first = open_read_pipe(path)?;
    File::options().write(true).open(path)
}

/// Opens a pipe, or fails if nobody reads from it: waiting for a reader might never end.
#[cfg(unix)]
fn open_read_pipe(path: &Path) -> io::Result<Option<File>> {
    use rustix::{fs::OFlags, io::Errno};
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
    if !fs::metadata(path)?.file_type().is_fifo() {
        return Ok(None);
    }
    let opened = File::options().write(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path);
    opened.map(Some).map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::NXIO) => io::Error::other("nobody reads from this pipe; start its reader first"),
        _ => error,
    })
}
