//! How the network is used: time limits, and proxies.

use super::foreign::shown;
use super::settings::text;
use anyhow::{Context, Result};
use std::time::Duration;
use ureq::Proxy;

/// Time limits and proxies.
#[derive(Clone)]
#[non_exhaustive]
pub struct Network {
    /// The limit for connecting, short enough that the user soon learns that the Hub cannot be reached.
    pub connect: Duration,
    /// `HF_HUB_DOWNLOAD_TIMEOUT`, in seconds: how long a host may be silent, before or during its answer.
    pub idle: Duration,
    /// The pause before an interrupted file is resumed.
    pub pause: Duration,
    /// `HTTP_PROXY`, else `ALL_PROXY`, for `http`.
    pub http_proxy: Option<String>,
    /// `HTTPS_PROXY`, else `ALL_PROXY`, for `https`.
    pub https_proxy: Option<String>,
    /// `NO_PROXY`: hosts that are asked directly.
    pub no_proxy: Option<String>,
}

/// Without the proxies, whose addresses may hold passwords.
impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Network");
        shown.field("connect", &self.connect).field("idle", &self.idle).field("pause", &self.pause);
        shown.finish_non_exhaustive()
    }
}

impl Default for Network {
    /// No proxy. The allowed silence of ten seconds is that of the Hub's Python tools.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(6),
            idle: Duration::from_secs(10),
            pause: Duration::from_secs(1),
            http_proxy: None,
            https_proxy: None,
            no_proxy: None,
        }
    }
}

impl Network {
    /// Reads the environment. Of `https_proxy` and `HTTPS_PROXY` the lower-case one wins, as in curl and Python.
    pub(crate) fn from_env() -> Result<Self> {
        let either = |name: &str| text(&name.to_lowercase()).or_else(|| text(name));
        let proxy = |name: &str| either(name).or_else(|| either("ALL_PROXY"));
        let mut network = Self {
            http_proxy: proxy("HTTP_PROXY"),
            https_proxy: proxy("HTTPS_PROXY"),
            no_proxy: either("NO_PROXY"),
            ..Self::default()
        };
        if let Some(seconds) = text("HF_HUB_DOWNLOAD_TIMEOUT") {
            let read = seconds.parse().ok().filter(|seconds| (1..=86_400).contains(seconds));
            let read = read.with_context(|| {
                format!("HF_HUB_DOWNLOAD_TIMEOUT is {:?}: expected seconds, from 1 to 86400", shown(&seconds))
            })?;
            network.idle = Duration::from_secs(read);
        }
        Ok(network)
    }

    /// The proxy for one of the two schemes.
    pub(crate) fn proxy(&self, https: bool) -> Result<Option<Proxy>> {
        let (name, url) = if https { ("HTTPS_PROXY", &self.https_proxy) } else { ("HTTP_PROXY", &self.http_proxy) };
        let Some(url) = url else { return Ok(None) };
        // The address itself is not shown, since it may contain a password.
        let wrong = || format!("{name} (or ALL_PROXY) is no proxy's address: expected such as http://host:port");
        let whole = Proxy::new(url).with_context(wrong)?;
        let mut proxy = Proxy::builder(whole.protocol()).host(whole.host()).port(whole.port());
        if let Some(name) = whole.username() {
            proxy = proxy.username(name);
        }
        if let Some(password) = whole.password() {
            proxy = proxy.password(password);
        }
        let direct =
            self.no_proxy.as_deref().unwrap_or_default().split(',').map(|host| host.trim().trim_start_matches('.'));
        for host in direct.filter(|host| !host.is_empty()) {
            // "example.org" means its subdomains too, as in curl and Python.
            proxy = proxy.no_proxy(host).no_proxy(&format!(".{host}"));
        }
        Ok(Some(proxy.build().with_context(wrong)?))
    }
}
