//! The Hub's route, through the `hf-hub` crate: its protocol, its cache, its resuming of broken downloads.

use super::cache::RepoCache;
use super::progress::Bar;
use super::{Settings, hash};
use anyhow::{Context, Result};
use hf_hub::api::RepoInfo;
use hf_hub::api::sync::{Api, ApiBuilder, ApiError, ApiRepo};
use hf_hub::{Repo, RepoType};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

/// A Hub that cannot be reached should be noticed before the user wonders; the download itself has no limit.
const PATIENCE: Duration = Duration::from_secs(6);

/// How often a download that breaks off is taken up again, and after what pause.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_secs(1);

/// Why a repository could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No answer, or none in the Hub's protocol.
    #[error("cannot be reached ({0})")]
    Unreachable(String),
    /// An answer, but no.
    #[error("says {0} ({hint})", hint = hint(*.0))]
    Refused(u16),
    /// The trouble is not with reaching the Hub.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

fn hint(status: u16) -> &'static str {
    match status {
        401 => "the repository does not exist, or is private: check its name, or set HF_TOKEN",
        403 => "access is not granted: accept the model's terms on its page, and set HF_TOKEN",
        404 => "no such repository or revision: check the name",
        429 => "too many requests: wait a while, or set HF_TOKEN",
        _ => "try again later",
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::RequestError(inner) => (*inner).into(),
            ApiError::IoError(inner) => {
                anyhow::Error::new(inner).context("the download broke off; pull again to go on from there").into()
            }
            ApiError::LockAcquisition(path) => {
                anyhow::anyhow!("another program is downloading this file (it holds {})", path.display()).into()
            }
            other => Self::Unreachable(format!("the answer is not a Hub's: {other}")),
        }
    }
}

impl From<ureq::Error> for Failure {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::StatusCode(status) => Self::Refused(status),
            other => Self::Unreachable(other.to_string()),
        }
    }
}

/// Fetches the files that `choose` picks from the repository's list. Returns the snapshot's folder, and whether
/// everything was there already.
pub fn fetch(
    settings: &Settings,
    repo_id: &str,
    revision: &str,
    choose: impl FnOnce(&[String]) -> Result<Vec<String>>,
) -> Result<(PathBuf, bool), Failure> {
    let api = api(settings).context("cannot set up the connection to the Hub")?;
    let remote = api.repo(Repo::with_revision(repo_id.to_owned(), RepoType::Model, revision.to_owned()));
    let info = list(&remote)?;
    let names: Vec<String> = info.siblings.into_iter().map(|sibling| sibling.rfilename).collect();

    let local = RepoCache::new(&settings.hub_cache, repo_id);
    let snapshot = local.snapshot(&info.sha);
    let mut all_here = true;
    for name in choose(&names)? {
        let here = snapshot.join(&name);
        if here.is_file() && verify(&local, &here).is_ok() {
            continue;
        }
        all_here = false;
        let pointer = download(&remote, &local, &name)?;
        verify(&local, &pointer)?;
    }
    Ok((snapshot, all_here))
}

fn api(settings: &Settings) -> Result<Api, ApiError> {
    // from_env reads HF_HOME and HF_ENDPOINT only; the rest comes from our settings.
    let mut builder = ApiBuilder::from_env()
        .with_cache_dir(settings.hub_cache.clone())
        .with_token(settings.token.clone())
        .with_user_agent("attnscope", env!("CARGO_PKG_VERSION"));
    if let Some(endpoint) = &settings.endpoint {
        builder = builder.with_endpoint(endpoint.clone());
    }
    builder.build()
}

fn list(remote: &ApiRepo) -> Result<RepoInfo, Failure> {
    let request = remote
        .info_request()
        .config()
        .timeout_resolve(Some(PATIENCE))
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .build();
    Ok(request.call()?.body_mut().read_json()?)
}

/// Downloads a file, going on where an attempt broke off. hf-hub's own retries (0.5) must stay off: after a resumed
/// start they ask for the file from its first byte and append it to what is there.
fn download(remote: &ApiRepo, local: &RepoCache, name: &str) -> Result<PathBuf, Failure> {
    let mut attempt = 1;
    loop {
        match remote.download_with_progress(name, Bar::new(0, name)) {
            Ok(pointer) => return Ok(pointer),
            Err(error) if attempt == ATTEMPTS => return Err(error.into()),
            // What is there is longer than the file.
            Err(ApiError::InvalidResume) => drop_partial(local),
            Err(ApiError::RequestError(error)) => match *error {
                // "Nothing left to send": what is there is as long as the file.
                ureq::Error::StatusCode(416) => drop_partial(local),
                ureq::Error::StatusCode(status) if status < 500 => return Err(Failure::Refused(status)),
                _ => sleep(PAUSE),
            },
            Err(ApiError::IoError(_)) => sleep(PAUSE),
            Err(other) => return Err(other.into()),
        }
        attempt += 1;
    }
}

fn drop_partial(local: &RepoCache) {
    for entry in fs::read_dir(local.blobs()).into_iter().flatten().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "part") {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The Hub names the blobs of large files by their SHA-256, so every such file can be checked, not only those of the
/// catalogue. (Where the system has no links, a file's name says nothing, and only the catalogue's hashes hold.)
fn verify(local: &RepoCache, pointer: &Path) -> Result<()> {
    let blob = pointer.canonicalize().with_context(|| format!("cannot read {}", pointer.display()))?;
    let name = blob.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !hash::is_sha256(&name) {
        return Ok(());
    }
    let checked = hash::expect(&pointer.display().to_string(), &name, &hash::of_file(&blob)?);
    if checked.is_err() {
        local.remove(pointer);
    }
    checked
}
