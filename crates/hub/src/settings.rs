//! The settings for the Hub from the environment: the same variables that the Hub's Python tools read.

use super::Error;
use super::catalogue::{CATALOGUE, KnownModel};
use super::network::Network;
use anyhow::{Context, Result};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// All settings that pulling depends on, read once.
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The Hub's cache: `HF_HUB_CACHE`, else `$HF_HOME/hub`, else `~/.cache/huggingface/hub`.
    pub hub_cache: PathBuf,
    /// `HF_ENDPOINT`: another host with the Hub's protocol.
    pub endpoint: Option<String>,
    /// `HF_TOKEN`, else the token that `hf auth login` saved.
    pub token: Option<String>,
    /// `HF_HUB_OFFLINE`: the Hub is not asked. (pip has its own settings, such as `PIP_NO_INDEX`.)
    pub offline: bool,
    /// The `PATH` to find pip on; `None` is this process's own.
    pub search_path: Option<OsString>,
    /// Whether pip shows its own progress on this process's stderr. Otherwise it is silent, and an error quotes its
    /// last line.
    pub pip_on_stderr: bool,
    /// Whether the user has accepted the licence of a model that asks for it ([`KnownModel::terms`]).
    pub accepts_licence: bool,
    /// The models known by name.
    pub catalogue: &'static [KnownModel],
    /// Time limits and proxies.
    pub network: Network,
}

/// Without the token, and without addresses of hosts and proxies, which may hold passwords.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let token = self.token.as_ref().map(|_| "hidden");
        let endpoint = self.endpoint.as_ref().map(|_| "hidden");
        let mut shown = f.debug_struct("Settings");
        shown.field("hub_cache", &self.hub_cache).field("endpoint", &endpoint).field("token", &token);
        shown.field("offline", &self.offline).finish_non_exhaustive()
    }
}

impl Settings {
    /// The defaults, with this folder as the cache; nothing is read from the environment.
    pub fn new(hub_cache: impl AsRef<Path>) -> Self {
        Self {
            hub_cache: hub_cache.as_ref().to_owned(),
            endpoint: None,
            token: None,
            offline: false,
            search_path: None,
            pip_on_stderr: false,
            accepts_licence: false,
            catalogue: CATALOGUE,
            network: Network::default(),
        }
    }

    /// Reads the environment.
    pub fn from_env() -> Result<Self, Error> {
        let home = hf_home()?;
        Ok(Self {
            endpoint: text("HF_ENDPOINT").map(|url| url.trim_end_matches('/').to_owned()),
            token: text("HF_TOKEN").or_else(|| saved_token(&home)),
            offline: text("HF_HUB_OFFLINE").is_some_and(|value| is_true(&value)),
            network: Network::from_env()?,
            ..Self::new(set("HF_HUB_CACHE").map_or_else(|| home.join("hub"), PathBuf::from))
        })
    }
}

/// `HF_HOME`, else `huggingface` in the user's cache folder.
fn hf_home() -> Result<PathBuf> {
    if let Some(home) = set("HF_HOME") {
        return Ok(home.into());
    }
    let cache = match set("XDG_CACHE_HOME") {
        Some(cache) => PathBuf::from(cache),
        None => user_cache(env::home_dir())?,
    };
    Ok(cache.join("huggingface"))
}

fn user_cache(home: Option<PathBuf>) -> Result<PathBuf> {
    let home = home.filter(|home| !home.as_os_str().is_empty());
    let home = home.context("no folder to keep models in: this user has no home folder; set HF_HOME to one")?;
    Ok(home.join(".cache"))
}

fn saved_token(home: &Path) -> Option<String> {
    let token = fs::read_to_string(home.join("token")).ok()?.trim().to_owned();
    (!token.is_empty()).then_some(token)
}

/// A variable that is set to an empty value counts as not set.
fn set(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// A variable as text. Invalid text does not count as unset: its parser finds an invalid character and refuses it.
pub(super) fn text(name: &str) -> Option<String> {
    let value = set(name)?.to_string_lossy().trim().to_owned();
    (!value.is_empty()).then_some(value)
}

/// The values that the Hub's Python tools treat as true.
fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE")
}

#[cfg(test)]
mod tests {
    use super::{Settings, is_true, user_cache};

    #[test]
    fn a_printed_setting_does_not_give_the_token_away() {
        let mut settings = Settings { token: Some("hf_secret".into()), ..Settings::new("cache") };
        settings.network.https_proxy = Some("http://user:secret@proxy".into());
        let shown = format!("{settings:?} {:?}", settings.network);
        assert!(shown.contains("hidden") && shown.contains("cache") && !shown.contains("secret"), "{shown}");
    }

    #[test]
    fn no_home_is_said() {
        for none in [None, Some("".into())] {
            assert!(user_cache(none).unwrap_err().to_string().contains("set HF_HOME"));
        }
        assert_eq!(user_cache(Some("/home/me".into())).unwrap(), std::path::Path::new("/home/me/.cache"));
    }

    #[test]
    fn truth_is_the_hubs() {
        for yes in ["1", "true", "Yes", "ON"] {
            assert!(is_true(yes), "{yes}");
        }
        for no in ["0", "false", "off", "2"] {
            assert!(!is_true(no), "{no}");
        }
    }
}
