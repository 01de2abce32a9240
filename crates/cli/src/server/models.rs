//! The models that a server offers, and their files.

use super::App;
use super::assets::is_known;
use super::identity;
use super::stream::{self, Steady};
use crate::failure::usage;
use anyhow::Result;
use attnscope::Model;
use attnscope_hub::{CATALOGUE, ModelRef, Settings, is_lesson, is_part, resolve, resolve_in, size_of};
use attnscope_protocol::LESSON;
use attnscope_protocol::{Failure, ModelCard, Source, quoted};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Models on this machine, by the ids that the page uses.
#[derive(Debug, Default)]
pub struct Offers(Vec<Offer>);

#[derive(Debug)]
struct Offer {
    id: String,
    path: PathBuf,
}

impl Offers {
    /// The models that the user named. Each must be on this machine.
    pub fn named(models: &[String]) -> Result<Self> {
        let mut offers: Vec<Offer> = Vec::new();
        // The lesson model is always there.
        for model in models.iter().filter(|model| !is_lesson(model)) {
            let offer = Offer { id: id(model)?, path: resolve(model)? };
            if offers.iter().any(|other| other.id == offer.id) || is_lesson(&offer.id) {
                return Err(usage(format!("two models are called {:?}; rename a file, or name one of them", offer.id)));
            }
            offers.push(offer);
        }
        Ok(Self(offers))
    }

    /// The models known by name that were pulled. Without a cache folder there are none.
    pub fn pulled() -> Self {
        Settings::from_env().map_or_else(|_| Self::default(), |settings| Self::pulled_in(&settings))
    }

    fn pulled_in(settings: &Settings) -> Self {
        let offer = |id: &str| Some(Offer { id: id.to_owned(), path: resolve_in(settings, id).ok()? });
        Self(settings.catalogue.iter().filter_map(|known| offer(known.id)).collect())
    }

    /// The ids that the page uses.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|offer| offer.id.as_str())
    }

    fn find(&self, id: &str) -> Option<&Path> {
        self.0.iter().find(|offer| offer.id == id).map(|offer| offer.path.as_path())
    }
}

/// The id of a model: a known name, an id of the Hub, or the name of its file or folder.
fn id(model: &str) -> Result<String> {
    Ok(match ModelRef::parse(model, CATALOGUE)? {
        ModelRef::Known(known) => known.id.to_owned(),
        ModelRef::Path(path) => {
            // "." has a name only as a full path.
            let path = path.canonicalize().unwrap_or(path);
            let name = if path.is_file() { path.file_stem() } else { path.file_name() };
            name.map_or_else(|| model.to_owned(), |name| name.to_string_lossy().into_owned())
        }
        // An id of the Hub.
        _ => model.to_owned(),
    })
}

impl Source for Offers {
    fn cards(&self) -> Vec<ModelCard> {
        let card = |Offer { id, path }: &Offer| ModelCard {
            id: id.clone(),
            bytes: size_of(path),
            gguf: is_gguf(path),
            info: None,
        };
        self.0.iter().map(card).collect()
    }

    fn open(&self, id: &str) -> Result<Model, Failure> {
        let path = self.find(id).ok_or_else(|| {
            let offered: Vec<&str> = std::iter::once(LESSON).chain(self.ids()).collect();
            Failure::model(format!("no model {} is served here, only {}", quoted(id), offered.join(", ")))
        })?;
        let model = Model::open(path).map_err(|error| without_folder(path, id, error))?;
        // The name of a cache's folder is not worth showing.
        Ok(if path.is_dir() { model.named(id) } else { model })
    }

    fn version(&self, id: &str) -> Option<u64> {
        Some(identity::version(self.find(id)?))
    }
}

/// A client learns what is wrong with a model, but not where it lies on this machine.
fn without_folder(path: &Path, id: &str, error: attnscope::Error) -> Failure {
    if let attnscope::Error::Io { path, source } = &error {
        let file = path.file_name().map_or_else(|| id.into(), |name| name.to_string_lossy());
        return Failure::model(format!("{file}: {source}"));
    }
    let mut failure = Failure::from(error);
    for path in [path.to_owned(), path.canonicalize().unwrap_or_default()] {
        let folder = path.parent().filter(|folder| folder.is_absolute() && folder.parent().is_some());
        for part in std::iter::once(path.as_path()).filter(|path| path.is_absolute()).chain(folder) {
            failure.message = failure.message.replace(&*part.to_string_lossy(), id);
        }
    }
    failure
}

/// `GET /models/{id}/model.gguf`: the file, whole or in part, for a browser that runs the model itself.
///
/// It is opened once: headers and content are those of the opened file, or the connection breaks off.
pub(super) async fn file(
    State(app): State<Arc<App>>,
    id: Result<UrlPath<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let Ok(UrlPath(id)) = id else {
        return (StatusCode::NOT_FOUND, "a model's id is UTF-8; the page lists those that are here\n").into_response();
    };
    let Some(path) = app.server.session.source().find(&id).filter(|path| is_gguf(path)) else {
        let message = format!("there is no file of one piece for the model {} here\n", quoted(&id));
        return (StatusCode::NOT_FOUND, message).into_response();
    };
    let file = match Steady::open(path) {
        Ok(file) => file,
        Err(error) => {
            let message = format!("the file of the model {} cannot be read: {error}\n", quoted(&id));
            return (StatusCode::INTERNAL_SERVER_ERROR, message).into_response();
        }
    };
    let tag = file.identity().tag();
    let mut response =
        if is_known(&headers, &tag) { StatusCode::NOT_MODIFIED.into_response() } else { send(file, &headers, &tag) };
    let headers = response.headers_mut();
    headers.extend(HeaderValue::from_str(&tag).ok().map(|tag| (header::ETAG, tag)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    response
}

/// The file, or the requested part.
fn send(file: Steady, headers: &HeaderMap, tag: &str) -> Response {
    let len = file.left();
    let range = match range(headers, tag, len) {
        Ok(range) => range,
        Err(()) => {
            return (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, format!("bytes */{len}"))])
                .into_response();
        }
    };
    let (status, part) = range.clone().map_or((StatusCode::OK, 0..len), |part| (StatusCode::PARTIAL_CONTENT, part));
    let Ok(file) = file.part(part) else {
        return (StatusCode::INTERNAL_SERVER_ERROR, "the file of the model cannot be read\n").into_response();
    };
    let length = [(header::CONTENT_LENGTH, file.left().to_string())];
    let mut response = (status, length, stream::body(file)).into_response();
    let part =
        range.and_then(|part| HeaderValue::from_str(&format!("bytes {}-{}/{len}", part.start, part.end - 1)).ok());
    response.headers_mut().extend(part.map(|part| (header::CONTENT_RANGE, part)));
    response
}

/// The requested range of `len` bytes; `None` for all.
fn range(headers: &HeaderMap, tag: &str, len: u64) -> Result<Option<Range<u64>>, ()> {
    // Continuing after the first half of another file would give a third one.
    if headers.get(header::IF_RANGE).is_some_and(|wanted| wanted != tag) {
        return Ok(None);
    }
    let Some(range) = headers.get(header::RANGE) else { return Ok(None) };
    let parsed = http_range_header::parse_range_header(range.to_str().map_err(drop)?).map_err(drop)?;
    match parsed.validate(len).map_err(drop)?.as_slice() {
        [one] => Ok(Some(*one.start()..one.end().saturating_add(1))),
        _ => Err(()),
    }
}

/// Whether a path is a GGUF file of one piece. Decides by name, as [`Model::open`] does: a cached file's own name may be a hash, behind a link with this name.
fn is_gguf(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gguf")) && !is_part(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_that_were_pulled_are_offered_those_first_that_tell_the_story() {
        let folder = tempfile::tempdir().unwrap();
        for known in CATALOGUE.iter().filter(|known| ["gemma3-270m", "gpt2", "all-minilm-l6-v2"].contains(&known.id)) {
            let repo = folder.path().join(format!("models--{}", known.hub_repo.replace('/', "--")));
            let snapshot = repo.join("snapshots/some");
            std::fs::create_dir_all(&snapshot).unwrap();
            for file in known.files {
                // Files of holes, which take no room.
                std::fs::File::create(snapshot.join(file.name)).unwrap().set_len(file.size).unwrap();
            }
        }
        let cards = Offers::pulled_in(&Settings::new(folder.path())).cards();
        let offered: Vec<(&str, bool)> = cards.iter().map(|card| (card.id.as_str(), card.gguf)).collect();
        assert_eq!(offered, [("gemma3-270m", true), ("gpt2", false), ("all-minilm-l6-v2", false)]);
        assert_eq!(cards[0].bytes, 253_113_024);
    }

    #[test]
    fn where_a_model_lies_is_nobody_elses_affair() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.gguf");
        let here = folder.path().display().to_string();
        for error in [
            attnscope::Error::io(&path, std::io::ErrorKind::PermissionDenied.into()),
            attnscope::Error::format(&path.display().to_string(), "it is damaged"),
            attnscope::Error::config("some.gguf", format!("see {here}")),
        ] {
            let message = without_folder(&path, "some", error).message;
            assert!(!message.contains(&here) && message.contains("some"), "{message}");
        }
    }
}
