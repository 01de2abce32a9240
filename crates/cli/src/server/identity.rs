//! Whether a file is still the same.

use attnscope::BESIDE;
use std::fs::Metadata;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Changes when a file is written to, or another one is put in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    len: u64,
    changed: u128,
    place: (u64, u64),
}

impl Identity {
    pub fn of(meta: &Metadata) -> Self {
        #[cfg(unix)]
        let place = {
            use std::os::unix::fs::MetadataExt;
            (meta.dev(), meta.ino())
        };
        #[cfg(not(unix))]
        let place = (0, 0);
        let since = |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        Self { len: meta.len(), changed: meta.modified().map_or(0, since), place }
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    /// For an ETag.
    pub fn tag(&self) -> String {
        let Self { len, changed, place: (device, file) } = self;
        format!("\"{len:x}-{changed:x}-{device:x}-{file:x}\"")
    }
}

/// A number that stays the same while a model's files do: of one file, or of all files in a folder.
pub(super) fn version(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        files.extend(std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()));
        files.sort_unstable();
    } else {
        // A file of weights has its config and tokenizer in the same folder.
        let beside = |name: &str| path.with_file_name(name);
        files.extend(["config.json", "tokenizer.json"].into_iter().chain(BESIDE).map(beside));
    }
    for file in files {
        // A missing file is not an error here, but will be one when it is opened.
        (&file, file.metadata().ok().filter(Metadata::is_file).map(|meta| Identity::of(&meta))).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{File, rename, write};

    #[test]
    fn what_is_replaced_cut_off_or_gone_has_another_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        let (of_file, of_folder) = (|| version(&path), || version(folder.path()));
        let mut seen = vec![of_file(), of_folder()];
        let mut changed = |what: &str| {
            for now in [of_file(), of_folder()] {
                assert!(!seen.contains(&now), "{what}");
                seen.push(now);
            }
            assert_eq!((of_file(), of_folder()), (seen[seen.len() - 2], seen[seen.len() - 1]));
        };
        write(&path, "0123456789").unwrap();
        changed("made");
        File::options().write(true).open(&path).unwrap().set_len(5).unwrap();
        changed("cut off");
        // The same length and the same time, but still another file.
        let other = folder.path().join("other");
        write(&other, "abcde").unwrap();
        let time = path.metadata().unwrap().modified().unwrap();
        File::options().write(true).open(&other).unwrap().set_modified(time).unwrap();
        rename(&other, &path).unwrap();
        #[cfg(unix)]
        changed("replaced");
        std::fs::remove_file(&path).unwrap();
        write(folder.path().join("config.json"), "{}").unwrap();
        changed("gone");
    }
}
