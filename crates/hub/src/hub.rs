//! The Hub's route: the list of a repository's files, those that are not here yet, and the ref.

use super::cache::{self, RepoCache};
use super::catalogue::KnownFile;
use super::choose::is_index;
use super::client::Client;
use super::failure::Failure;
use super::foreign::Hash;
use super::progress::Report;
use super::transfer::Transfer;
use super::{Settings, hash, listing};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Fetches the files that `choose` picks from the repository's list, and the shards that an index among them names; those
/// that are `known` must match the catalogue.
/// Returns the snapshot's folder, and whether everything was already there.
pub fn fetch(
    settings: &Settings,
    repo_id: &str,
    revision: &str,
    known: &[KnownFile],
    choose: impl FnOnce(&[String]) -> Result<Vec<String>>,
    report: &Report<'_>,
) -> Result<(PathBuf, bool), Failure> {
    let client = Client::new(settings)?;
    let listing = listing::get(&client, repo_id, revision)?;
    let local = RepoCache::new(&settings.hub_cache, repo_id);
    let snapshot = local.snapshot(&listing.commit);
    let mut chosen = choose(&listing.files).map_err(|error| match &listing.left_out {
        Some(name) => error.context(format!("a name that leads out of its folder ({name:?}) was left out")),
        None => error,
    })?;
    let mut all_here = true;
    let mut next = 0;
    while let Some(name) = chosen.get(next).cloned() {
        next += 1;
        let here = snapshot.join(&name);
        if !here.is_file() || verify(&local, &here).is_err() {
            all_here = false;
            let known = known.iter().find(|file| file.is_weights && file.name == name);
            let (commit, name) = (&listing.commit, &name);
            Transfer { client: &client, local: &local, repo_id, revision, commit, name, known, report }.run()?;
        }
        if is_index(&name) {
            chosen.extend(cache::shards(&snapshot, &name, &listing.files)?);
        }
    }
    local.set_ref(revision, &listing.commit)?;
    Ok((snapshot, all_here))
}

/// A blob is named by the hash of its bytes, so every file that is here can be checked. (On systems without links, a
/// file's name says nothing, and only the catalogue's hashes count.)
fn verify(local: &RepoCache, pointer: &Path) -> Result<()> {
    let blob = pointer.canonicalize().with_context(|| format!("cannot read {}", pointer.display()))?;
    let Some(hash) = blob.file_name().and_then(|name| Hash::read(&name.to_string_lossy())) else { return Ok(()) };
    let checked = hash::check(&pointer.display().to_string(), &hash, &blob);
    if checked.is_err() {
        local.remove(pointer);
    }
    checked
}
