//! The models that can be pulled, and those on this machine.

use super::cache::{self, RepoCache};
use super::reference::ModelRef;
use super::settings::Settings;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// A model that is known, or was found in the cache. The JSON of `attnscope models --json` is a list of these.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Listed {
    /// Its name in commands.
    pub id: String,
    /// A description; empty for models that are not in the catalogue.
    pub about: String,
    /// The SPDX identifier; `None` if only the model's page states the licence.
    pub licence: Option<String>,
    /// Bytes: of all its files if it is here, else of those that a pull fetches.
    pub size: u64,
    /// Its path; `None` if it was not pulled, or is built in.
    pub path: Option<PathBuf>,
    /// Whether it is part of the program: no pull, no path.
    pub built_in: bool,
}

/// The model that is built in.
fn lesson() -> Listed {
    Listed {
        id: super::LESSON.to_owned(),
        about: "The lesson model: two attention layers of one head each, whole words".to_owned(),
        licence: Some("MIT OR Apache-2.0".to_owned()),
        size: attnscope::lesson::size(),
        path: None,
        built_in: true,
    }
}

/// The lesson model and the catalogue first, then every other model in the cache that the engine could open.
pub fn list(settings: &Settings) -> Vec<Listed> {
    let known = settings.catalogue.iter();
    let mut listed: Vec<Listed> = [lesson()]
        .into_iter()
        .chain(known.map(|known| Listed {
            id: known.id.to_owned(),
            about: known.about.to_owned(),
            licence: Some(known.licence.to_owned()),
            size: known.size(),
            path: cache::find_known(&settings.hub_cache, known),
            built_in: false,
        }))
        .collect();
    let mut others = others(settings);
    // A known model has other names, all forms of its Hub id, and must not be listed twice.
    others.retain(|other| {
        let parsed = ModelRef::parse(&other.id, settings.catalogue);
        !matches!(parsed, Ok(ModelRef::Known(_)))
    });
    listed.extend(others);
    listed
}

fn others(settings: &Settings) -> Vec<Listed> {
    let mut repos: Vec<String> = fs::read_dir(&settings.hub_cache)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_prefix("models--").map(|name| name.replace("--", "/")))
        .collect();
    repos.sort_unstable();
    let mut found = Vec::new();
    for repo in repos {
        // Every GGUF file is a model of its own; a folder of safetensors is one.
        for snapshot in RepoCache::new(&settings.hub_cache, &repo).snapshots() {
            let mut files = cache::files_in(&snapshot);
            files.retain(|name| name.to_ascii_lowercase().ends_with(".gguf"));
            found.extend(files.iter().map(|file| other(format!("{repo}/{file}"), snapshot.join(file))));
            if files.is_empty()
                && let Some(path) = cache::complete(&snapshot, None)
            {
                found.push(other(repo.clone(), path));
            }
        }
    }
    // The newest snapshot comes first; older ones of the same file are not listed.
    let mut seen = std::collections::HashSet::new();
    found.retain(|model| seen.insert(model.id.clone()));
    found
}

fn other(id: String, path: PathBuf) -> Listed {
    Listed { id, about: String::new(), licence: None, size: size_of(&path), path: Some(path), built_in: false }
}

/// Bytes of a file, or of all files of a model's folder.
pub fn size_of(path: impl AsRef<Path>) -> u64 {
    let path = path.as_ref();
    let size = |path: &Path| fs::metadata(path).map_or(0, |meta| meta.len());
    match path.is_dir() {
        true => cache::files_in(path).iter().map(|name| size(&path.join(name))).sum(),
        false => size(path),
    }
}
