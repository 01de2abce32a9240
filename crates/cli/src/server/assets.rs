//! The page's files: embedded in the command, or read from a folder while someone works on them.

use super::App;
use super::stream::{self, Steady};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use flate2::read::GzDecoder;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::io::{self, Cursor, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// The output of `cargo xtask web`, if it was run before this was built.
#[derive(RustEmbed)]
#[folder = "../../dist"]
#[allow_missing = true]
struct Dist;

/// Where the page's files come from.
#[derive(Debug)]
pub enum Assets {
    /// In the command itself.
    Embedded,
    /// In a folder, read again each time.
    Folder(PathBuf),
}

/// A file, and a tag that changes with it.
struct File {
    content: Content,
    tag: String,
}

/// Slow clients must take no memory: contents that are not in memory already are read while they are sent.
enum Content {
    Bytes(Cow<'static, [u8]>),
    Disk(Steady),
    /// Unpacked, of unknown length.
    Unpacked(Box<dyn Read + Send>),
}

/// A file on disk up to this size is identified by its content, which is exact.
const SMALL: u64 = 64 << 10;

impl File {
    fn of_bytes(bytes: impl Into<Cow<'static, [u8]>>, hash: [u8; 32]) -> Self {
        let tag = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
        Self { content: Content::Bytes(bytes.into()), tag: format!("\"{tag}\"") }
    }

    fn on_disk(mut file: Steady) -> io::Result<Self> {
        if file.left() > SMALL {
            return Ok(Self { tag: file.identity().tag(), content: Content::Disk(file) });
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let hash = Sha256::digest(&bytes).into();
        Ok(Self::of_bytes(bytes, hash))
    }

    /// The unpacked content, if it is gzip. The other form has another tag.
    fn unpacked(self) -> Self {
        let packed: Box<dyn Read + Send> = match self.content {
            Content::Bytes(bytes) => Box::new(Cursor::new(bytes)),
            Content::Disk(file) => Box::new(file),
            Content::Unpacked(reader) => reader,
        };
        let tag = format!("\"plain-{}", self.tag.trim_start_matches('"'));
        Self { content: Content::Unpacked(Box::new(GzDecoder::new(packed))), tag }
    }
}

impl Assets {
    /// The page that belongs to this command: embedded, if it is built for release; otherwise in the folder written by
    /// `cargo xtask web`, which need not exist yet when the command is built.
    pub fn own() -> Self {
        if cfg!(debug_assertions) {
            Self::Folder(concat!(env!("CARGO_MANIFEST_DIR"), "/../../dist").into())
        } else {
            Self::Embedded
        }
    }

    fn get(&self, name: &str) -> Option<File> {
        if !is_plain(name) {
            return None;
        }
        match self {
            Self::Embedded => {
                let file = Dist::get(name)?;
                Some(File::of_bytes(file.data, file.metadata.sha256_hash()))
            }
            Self::Folder(folder) => {
                let path = folder.join(name).canonicalize().ok()?;
                // Links to places outside the folder are not followed.
                let inside = path.starts_with(folder.canonicalize().ok()?);
                File::on_disk(Steady::open(&path).ok().filter(|_| inside)?).ok()
            }
        }
    }

    /// The file in the smallest form that the client accepts. Large ones may exist only compressed.
    fn best(&self, name: &str, accepts: impl Fn(&str) -> bool) -> Option<(File, Option<&'static str>)> {
        for (coding, end) in [("br", "br"), ("gzip", "gz")] {
            if accepts(coding)
                && let Some(file) = self.get(&format!("{name}.{end}"))
            {
                return Some((file, Some(coding)));
            }
        }
        if let Some(file) = self.get(name) {
            return Some((file, None));
        }
        Some((self.get(&format!("{name}.gz"))?.unpacked(), None))
    }

    fn has(&self, name: &str) -> bool {
        self.best(name, |_| true).is_some()
    }
}

/// Whether a name has no part that leads elsewhere: `..`, `.`, a root, an empty part.
fn is_plain(name: &str) -> bool {
    let parts_are_names = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    parts_are_names && !name.is_empty() && !name.contains(['\\', ':', '\0']) && !name.contains("//")
}

/// Answers with a file of the page. Names are not decoded, since the page's own need no decoding.
pub(super) async fn answer(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Response {
    let assets = &app.server.assets;
    let path = uri.path().trim_start_matches('/');
    let name = if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
    match assets.best(&name, |coding| accepts(&headers, coding)) {
        Some((file, coding)) => respond(&name, file, coding, &headers),
        // The page's links are relative to its folder.
        None if assets.has(&format!("{name}/index.html")) => {
            let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
            Redirect::permanent(&format!("/{name}/{query}")).into_response()
        }
        None if name == "index.html" => (
            StatusCode::SERVICE_UNAVAILABLE,
            "This attnscope was built without its page. In its source folder run: cargo xtask web, then build it again\n",
        )
            .into_response(),
        None => (StatusCode::NOT_FOUND, "there is no such file here; the page is at /\n").into_response(),
    }
}

fn respond(name: &str, file: File, coding: Option<&'static str>, request: &HeaderMap) -> Response {
    let File { content, tag } = file;
    let known = is_known(request, &tag);
    // The name of an asset contains a hash of its content; other files may change with the next version.
    let cache = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, content_type(name))], content).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.extend(HeaderValue::from_str(&tag).ok().map(|tag| (header::ETAG, tag)));
    if let Some(coding) = coding.filter(|_| !known) {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}

impl IntoResponse for Content {
    fn into_response(self) -> Response {
        match self {
            Self::Bytes(bytes) => Body::from(bytes).into_response(),
            Self::Disk(file) => {
                ([(header::CONTENT_LENGTH, file.left().to_string())], stream::body(file)).into_response()
            }
            Self::Unpacked(reader) => stream::body(reader).into_response(),
        }
    }
}

/// Whether the client says that it has the version with this tag.
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let tags = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
    tags.flat_map(|tags| tags.split(',')).any(|known| known.trim().trim_start_matches("W/") == tag)
}

fn content_type(name: &str) -> String {
    let mime = mime_guess::from_path(name).first_or_octet_stream();
    if mime.type_() == mime_guess::mime::TEXT { format!("{mime}; charset=utf-8") } else { mime.to_string() }
}

/// Whether the client accepts a coding: it is named, and not with quality 0.
fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|choice| {
        let (name, parameters) = choice.split_once(';').unwrap_or((choice, ""));
        let quality = parameters.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        name.trim().eq_ignore_ascii_case(coding) && quality.is_ok_and(|quality| quality > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_below_the_folder_are_plain() {
        for name in ["index.html", "explore/index.html", "assets/a-1.wasm"] {
            assert!(is_plain(name), "{name}");
        }
        for name in ["", "..", "../x", "a/../x", "/etc/passwd", "a//b", "./a", "a\\b", "c:x", "a\0"] {
            assert!(!is_plain(name), "{name:?}");
        }
    }

    #[test]
    fn links_out_of_the_folder_lead_nowhere() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(inside.path().join("own"), "own").unwrap();
        std::fs::write(outside.path().join("secret"), "secret").unwrap();
        let assets = Assets::Folder(inside.path().to_owned());
        assert!(matches!(assets.get("own").unwrap().content, Content::Bytes(bytes) if *bytes == *b"own"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(outside.path().join("secret"), inside.path().join("link")).unwrap();
            std::os::unix::fs::symlink("own", inside.path().join("near")).unwrap();
            assert!(assets.get("link").is_none());
            assert!(assets.get("near").is_some());
        }
    }

    #[test]
    fn quality_zero_is_a_no() {
        let accept = |line: &'static str| {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(line))]);
            (accepts(&headers, "br"), accepts(&headers, "gzip"))
        };
        assert_eq!(accept("gzip, deflate, br, zstd"), (true, true));
        assert_eq!(accept("br;q=0, gzip;q=0.5"), (false, true));
        assert_eq!(accept("identity"), (false, false));
        assert_eq!(accept("GZIP"), (false, true));
    }

    #[test]
    fn browsers_get_the_types_that_they_insist_on() {
        assert_eq!(content_type("a.wasm"), "application/wasm");
        assert_eq!(content_type("a.js"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("explore/index.html"), "text/html; charset=utf-8");
        assert_eq!(content_type("a.woff2"), "font/woff2");
        assert_eq!(content_type("a.svg"), "image/svg+xml");
    }
}
