//! Opens models from disk; files are mapped into memory.

use crate::files::Files;
use crate::{Bytes, Error, Model};
use std::fs::{File, FileType};
use std::path::{Path, PathBuf};

impl Model {
    /// Opens a `.gguf` file, a `.safetensors` file with its `config.json` beside it, or a folder of such files. Files are
    /// mapped, not read: it takes milliseconds.
    ///
    /// # Errors
    /// A path that is not a model, a folder with several, a file that changes meanwhile.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_path(path.as_ref())
    }

    fn open_path(path: &Path) -> Result<Self, Error> {
        let meta = std::fs::metadata(path).map_err(|e| Error::io(path, e))?;
        if meta.is_dir() {
            let mut files = list(path)?;
            files.retain(|(_, file)| ["json", "gguf", "safetensors"].iter().any(|ending| has_ending(file, ending)));
            // Several models in a folder are reported before an empty one of them is.
            crate::folder::check(files.iter().map(|(name, _)| name.as_str()), &name(path))?;
            return opened(&files, |files| Self::from_files(files, &name(path)));
        }
        // Opening a pipe would block until something writes into it.
        require_file(path, meta.file_type())?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if is_part(&name(path)) {
            return Self::open_path(folder);
        }
        if !has_ending(path, "safetensors") {
            let name = name(path);
            if has_ending(path, "json") {
                let text = "it is a file that belongs to a model; give the folder that it lies in";
                return Err(Error::format(&name, text));
            }
            if let Some(part) = crate::folder::part(&name) {
                // The parts of a model that was split lie side by side.
                let mut files = list(folder)?;
                files.retain(|(name, _)| crate::folder::part(name).as_ref() == Some(&part));
                return opened(&files, |files| Self::from_files(files, &name));
            }
            // Whatever the file is called, the parser reports what it contains.
            let bytes = map(path)?;
            return checked(vec![(name.clone(), bytes.clone())], || Self::from_gguf(bytes, &name));
        }
        // A file named by the user is the model, whatever else lies beside it, including an index of shards.
        let mut files = list(folder)?;
        files.retain(|(name, file)| has_ending(file, "json") && !name.ends_with(".index.json"));
        files.push(("model.safetensors".into(), path.to_owned()));
        let model = opened(&files, |files| Self::from_files(files, &name(folder)));
        // Errors use the file's own name.
        model.map_err(|error| error.renamed("model.safetensors", &name(path)))
    }
}

/// Whether a file is only a part of the model in its folder: its config, an index, or a shard such as
/// `model-00001-of-00003.safetensors`.
fn is_part(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let shard = lower.strip_suffix(".safetensors").and_then(|stem| stem.rsplit_once("-of-"));
    let is_shard = shard.is_some_and(|(_, n)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    is_shard || lower == "config.json" || lower.ends_with(".safetensors.index.json")
}

/// Maps the files and opens them as a model.
fn opened(
    files: &[(String, PathBuf)],
    open: impl FnOnce(Vec<(String, Bytes)>) -> Result<Model, Error>,
) -> Result<Model, Error> {
    let map = |(name, path): &(String, PathBuf)| Ok((name.clone(), map(path)?));
    let files: Vec<(String, Bytes)> = files.iter().map(map).collect::<Result<_, Error>>()?;
    checked(files.clone(), || open(files))
}

/// Opens a model from the files, unless they changed meanwhile. It keeps those that it goes on reading from.
fn checked(mut files: Vec<(String, Bytes)>, open: impl FnOnce() -> Result<Model, Error>) -> Result<Model, Error> {
    let model = open();
    // A changed file is reported instead of any other error, which would be misleading.
    Files::new(files.clone()).check_unchanged()?;
    // The config and the tokenizer have been read completely.
    files.retain(|(name, _)| !name.ends_with(".json"));
    let mut model = model?;
    model.files = Files::new(files);
    Ok(model)
}

/// The folder's files by name, sorted.
fn list(folder: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| Error::io(folder, e))? {
        let file = entry.map_err(|e| Error::io(folder, e))?.path();
        if file.is_file() {
            files.push((name(&file), file));
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn map(path: &Path) -> Result<Bytes, Error> {
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    if file.metadata().map_err(|e| Error::io(path, e))?.len() == 0 {
        return Err(Error::format(&name(path), "the file is empty; download it again"));
    }
    Bytes::mapped(file).map_err(|e| Error::io(path, e))
}

fn require_file(path: &Path, kind: FileType) -> Result<(), Error> {
    if kind.is_file() {
        return Ok(());
    }
    #[cfg(unix)]
    let found = {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            "a pipe"
        } else if kind.is_socket() {
            "a socket"
        } else {
            "a device"
        }
    };
    #[cfg(not(unix))]
    let found = "something else";
    Err(Error::format(&name(path), format!("expected a model's file or folder, found {found}")))
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending))
}

fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}
