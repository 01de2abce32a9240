//! Opens models from disk: files are mapped, not read.

use crate::{Bytes, Error, Model};
use std::fs::File;
use std::path::Path;

impl Model {
    /// Opens a `.gguf` file, a `.safetensors` file with its `config.json` beside it, or a folder of such files.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if path.is_file() && path.extension().is_none_or(|e| e != "safetensors") {
            // Whatever it is called: the parser says what it found.
            return Self::from_gguf(map(path)?, &name(path));
        }
        if !path.exists() {
            return Err(Error::io(path, std::io::ErrorKind::NotFound.into()));
        }
        let beside = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = if path.is_dir() { path } else { beside };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(|e| Error::io(folder, e))? {
            let file = entry.map_err(|e| Error::io(folder, e))?.path();
            let is = |ending: &str| file.extension().is_some_and(|e| e == ending);
            // A file that was named is the model, whatever else lies beside it.
            let named = path.is_file() && file.file_name() == path.file_name();
            let wanted = is("json") || if path.is_dir() { is("gguf") || is("safetensors") } else { named };
            if wanted && file.is_file() {
                let name = if named { "model.safetensors".into() } else { name(&file) };
                files.push((name, map(&file)?));
            }
        }
        Self::from_files(files, &name(folder))
    }
}

fn map(path: &Path) -> Result<Bytes, Error> {
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    if file.metadata().map_err(|e| Error::io(path, e))?.len() == 0 {
        return Err(Error::format(&name(path), "the file is empty; download it again"));
    }
    Ok(Bytes::new(attnscope_kernels::mapped::map(&file).map_err(|e| Error::io(path, e))?))
}

fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}
