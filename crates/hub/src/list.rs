//! The models that can be pulled, and those on this machine.

use super::cache::{self, RepoCache};
use super::choose::Wanted;
use super::gguf;
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
        // Every GGUF file is a model of its own, unless it is a part of one; a folder of safetensors is one.
        for snapshot in RepoCache::new(&settings.hub_cache, &repo).snapshots() {
            let files = cache::files_in(&snapshot);
            let models = gguf::models(&files.iter().map(String::as_str).collect::<Vec<_>>());
            let whole = models.iter().filter(|model| model.parts.len() == model.count);
            found.extend(whole.map(|model| other(format!("{repo}/{}", model.first()), snapshot.join(model.first()))));
            if models.is_empty()
                && let Ok(path) = cache::complete(&snapshot, &Wanted::default())
            {
                let folder = path.strip_prefix(&snapshot).unwrap_or(Path::new("")).display().to_string();
                found.push(other(format!("{repo}/{folder}").trim_end_matches('/').to_owned(), path));
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

/// Bytes of a file (of a part of a model: of all its parts), or of all files of a model's folder.
pub fn size_of(path: impl AsRef<Path>) -> u64 {
    let path = path.as_ref();
    let size = |path: &Path| fs::metadata(path).map_or(0, |meta| meta.len());
    if path.is_dir() {
        return cache::files_in(path).iter().map(|name| size(&path.join(name))).sum();
    }
    match part_of(path) {
        Some(part) => {
            let files = fs::read_dir(path.parent().unwrap_or(path)).into_iter().flatten().flatten();
            files.map(|file| file.path()).filter(|other| part_of(other).as_ref() == Some(&part)).map(|p| size(&p)).sum()
        }
        None => size(path),
    }
}

/// Whether a file is one of the parts that a GGUF model was split into, so that it is not the whole model.
pub fn is_part(path: impl AsRef<Path>) -> bool {
    part_of(path.as_ref()).is_some()
}

fn part_of(path: &Path) -> Option<(String, usize)> {
    gguf::part(&path.file_name()?.to_string_lossy())
}
