//! The models that a server offers, and their files.

use super::App;
use crate::failure::usage;
use crate::pull::list::size_of;
use crate::pull::reference::{self, ModelRef};
use crate::pull::{Settings, is_lesson, resolve, resolve_in};
use anyhow::Result;
use attnscope::Model;
use attnscope_protocol::session::LESSON;
use attnscope_protocol::{Failure, ModelCard, Source};
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;
use tower_http::services::ServeFile;

/// Models on this machine, by the ids that the page calls them.
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

    /// The models known by name that were pulled. Without a folder to look for them in there are none.
    pub fn pulled() -> Self {
        let Ok(settings) = Settings::from_env() else { return Self::default() };
        let offer = |id: &str| Some(Offer { id: id.to_owned(), path: resolve_in(&settings, id).ok()? });
        Self(settings.catalogue.iter().filter_map(|known| offer(known.id)).collect())
    }

    /// What the page calls them.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|offer| offer.id.as_str())
    }

    fn find(&self, id: &str) -> Option<&Path> {
        self.0.iter().find(|offer| offer.id == id).map(|offer| offer.path.as_path())
    }
}

/// A known model keeps its name, one of the Hub its id; a path is called as its file or folder.
fn id(model: &str) -> Result<String> {
    Ok(match reference::parse(model, crate::pull::catalogue::CATALOGUE)? {
        ModelRef::Known(known) => known.id.to_owned(),
        ModelRef::Hub { .. } => model.to_owned(),
        ModelRef::Path(path) => {
            // "." has a name only in full.
            let path = path.canonicalize().unwrap_or(path);
            let name = if path.is_file() { path.file_stem() } else { path.file_name() };
            name.map_or_else(|| model.to_owned(), |name| name.to_string_lossy().into_owned())
        }
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
            Failure::model(format!("no model {id:?} is served here, only {}", offered.join(", ")))
        })?;
        let model = Model::open(path)?;
        // The folder of a cache has no name worth showing.
        Ok(if path.is_dir() { model.named(id) } else { model })
    }
}

/// `GET /models/{id}/model.gguf`: the file, whole or in part, for a browser that runs the model itself.
pub(super) async fn file(
    State(app): State<Arc<App>>,
    id: Result<UrlPath<String>, PathRejection>,
    mut request: Request<Body>,
) -> Response {
    let Ok(UrlPath(id)) = id else {
        return (StatusCode::NOT_FOUND, "a model's id is UTF-8; the page lists those that are here\n").into_response();
    };
    let gguf = app.server.session.source().find(&id).filter(|path| is_gguf(path));
    let Some((path, tag)) = gguf.and_then(|path| Some((path, tag(path)?))) else {
        return (StatusCode::NOT_FOUND, format!("there is no file of one piece for the model {id:?} here\n"))
            .into_response();
    };
    if request.headers().get(header::IF_NONE_MATCH) == Some(&tag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    // To go on with another file's first half would make a third one.
    if request.headers().get(header::IF_RANGE).is_some_and(|wanted| *wanted != tag) {
        request.headers_mut().remove(header::RANGE);
    }
    let mut response = match ServeFile::new(path).try_call(request).await {
        Ok(response) => response.map(Body::new),
        Err(error) => {
            return (StatusCode::INTERNAL_SERVER_ERROR, format!("cannot read the model: {error}\n")).into_response();
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    response
}

/// By its name, as [`Model::open`] does it: a cached file's own name may be a hash, behind a link that has this one.
fn is_gguf(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gguf"))
}

/// Changes with the file: its size and the time of its last change.
fn tag(path: &Path) -> Option<HeaderValue> {
    let meta = path.metadata().ok()?;
    let changed = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    HeaderValue::from_str(&format!("\"{:x}-{changed:x}\"", meta.len())).ok()
}
