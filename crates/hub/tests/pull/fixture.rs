//! A small model of the catalogue's kind, a cache of its own, and a look at what is in it.

use super::mock_hub::{sha256, weights};
use attnscope_hub::{Error, KnownFile, KnownModel, PypiPackage, Route, Settings};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

pub const CONFIG: &[u8] = b"{\"model_type\": \"tiny\"}";

/// A pull whose reports are not looked at.
pub fn pull(settings: &Settings, model: &str, route: Route) -> Result<PathBuf, Error> {
    attnscope_hub::pull(settings, model, route, &|_| {})
}

/// A catalogue with one model, `tiny`: weights and a config. `weights_sha256` is what the catalogue promises.
pub fn catalogue(weights_sha256: &str) -> &'static [KnownModel] {
    // Leaked, as the real catalogue is static and the tests' hashes are computed.
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let file =
        |name, bytes: &[u8], sha256, is_weights| KnownFile { name, size: bytes.len() as u64, sha256, is_weights };
    let files = vec![
        file("model.safetensors", &weights(), leak(weights_sha256.to_owned()), true),
        file("config.json", CONFIG, leak(sha256(CONFIG)), false),
    ];
    Box::leak(Box::new([KnownModel { files: Box::leak(files.into_boxed_slice()), ..tiny() }]))
}

/// The model without files.
pub fn tiny() -> KnownModel {
    KnownModel {
        id: "tiny",
        about: "a model for tests",
        licence: "MIT",
        terms: None,
        hub_repo: "someone/Tiny",
        hub_revision: "main",
        pypi: &[PypiPackage { name: "tiny-model", version: "1.0", folder: "tiny_model/data", piece: None }],
        files: &[],
    }
}

/// What a pull of `someone/Tiny/m.gguf` says when it fails: one line, plain and not long.
pub fn refusal(home: &Home) -> String {
    let error = format!("{:#}", pull(&home.settings, "someone/Tiny/m.gguf", Route::Hub).expect_err("refused"));
    assert!(!error.chars().any(|c| c.is_control() || "\u{202e}\u{2066}\u{200b}".contains(c)), "{error:?}");
    assert!(error.chars().count() < 500, "{error}");
    error
}

/// A cache in a folder that goes away with the test.
pub struct Home {
    pub folder: TempDir,
    pub settings: Settings,
}

impl Home {
    /// The Hub is at `endpoint`, by default where nobody listens.
    pub fn new(endpoint: Option<String>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut settings = Settings::new(folder.path().join("hub"));
        settings.endpoint = Some(endpoint.unwrap_or_else(|| "http://127.0.0.1:9".to_owned()));
        // Empty: no pip, unless a test puts one there.
        settings.search_path = Some(folder.path().join("bin").into());
        settings.catalogue = catalogue(&sha256(&weights()));
        (settings.network.idle, settings.network.pause) = (Duration::from_secs(1), Duration::from_millis(10));
        Self { folder, settings }
    }

    pub fn repo(&self) -> PathBuf {
        self.settings.hub_cache.join("models--someone--Tiny")
    }

    /// All regular files and links below the repository's folder, so that leftovers show.
    pub fn left(&self) -> Vec<String> {
        let mut out = Vec::new();
        walk(&self.repo(), &self.repo(), &mut out);
        out.sort();
        out
    }
}

fn walk(root: &Path, folder: &Path, out: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type().expect("a type").is_dir() {
            true => walk(root, &path, out),
            false => out.push(path.strip_prefix(root).expect("below").display().to_string()),
        }
    }
}
