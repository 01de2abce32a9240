//! Requests to the Hub over HTTP. Redirects are followed here and not by the library, because answers on the way have
//! headers that are needed (the file's hash and size) and because the token must not be sent to other hosts.

use super::Settings;
use super::address::Address;
use super::failure::Failure;
use super::foreign::shown;
use super::network::Network;
use super::tls;
use anyhow::{Context, Result, ensure};
use std::cell::OnceCell;
use ureq::http::header::{self, HeaderMap};
use ureq::{Agent, Body};

/// The Hub's address, unless `HF_ENDPOINT` names another one.
const HUB: &str = "https://huggingface.co";

/// A longer chain of redirects counts as an error.
const MOST_REDIRECTS: usize = 10;

/// An endpoint, how to reach it, and the token that only it may see.
pub struct Client {
    endpoint: String,
    origin: Address,
    token: Option<String>,
    pub network: Network,
    /// Created on first use: reading certificates takes a while, and http needs none.
    http: OnceCell<Agent>,
    https: OnceCell<Agent>,
}

/// The end of a chain of redirects, and the headers of all of it, the endpoint's first.
pub struct Answer {
    pub status: u16,
    chain: Vec<HeaderMap>,
    pub body: Body,
}

impl Answer {
    /// A header of the last answer.
    pub fn header(&self, name: &str) -> Option<String> {
        self.chain.last().and_then(|headers| read(headers, name))
    }

    /// A header of the first answer in the chain that has it. The endpoint knows more about the file than the host that
    /// stores it.
    pub fn first_header(&self, name: &str) -> Option<String> {
        self.chain.iter().find_map(|headers| read(headers, name))
    }
}

/// A value that is not text is kept in a form that its reader refuses.
fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
}

impl Client {
    /// Checks the user's settings; nothing is requested yet.
    pub fn new(settings: &Settings) -> Result<Self> {
        let endpoint = settings.endpoint.as_deref().unwrap_or(HUB).trim_end_matches('/').to_owned();
        let expected = || "HF_ENDPOINT: expected an address such as https://host";
        let origin = Address::read(&endpoint).map_err(anyhow::Error::msg).with_context(expected)?;
        ensure!(!endpoint.contains(['?', '#']), "{}, without ? or #", expected());
        if let Some(token) = &settings.token {
            let plain = token.bytes().all(|b| b.is_ascii_graphic());
            ensure!(
                plain,
                "the token (HF_TOKEN, or the one that `hf auth login` saved) has characters that no token has"
            );
        }
        Ok(Self {
            endpoint,
            origin,
            token: settings.token.clone(),
            network: settings.network.clone(),
            http: OnceCell::new(),
            https: OnceCell::new(),
        })
    }

    /// Gets `path` of the endpoint, from byte `start` on. Any status except a redirect counts as an answer.
    pub fn get(&self, path: &str, start: u64) -> Result<Answer, Failure> {
        let mut address = Address::read(&format!("{}{path}", self.endpoint)).map_err(Failure::Unusable)?;
        let mut visited = Vec::new();
        let mut chain = Vec::new();
        loop {
            let (parts, body) = self.ask(&address, start)?.into_parts();
            let location = read(&parts.headers, header::LOCATION.as_str());
            chain.push(parts.headers);
            let status = parts.status.as_u16();
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                return Ok(Answer { status, chain, body });
            }
            let location = location.ok_or_else(|| unusable(&address, &format!("{status} without a Location")))?;
            let next = address.join(&location).map_err(|why| unusable(&address, &format!("{status} to {why}")))?;
            if address.is_https() && !next.is_https() {
                return Err(unusable(&address, &format!("{status} to {}, which is not encrypted", next.origin())));
            }
            visited.push(address);
            if visited.contains(&next) {
                return Err(unusable(&next, "redirects that lead in a circle"));
            }
            if visited.len() > MOST_REDIRECTS {
                return Err(unusable(&next, &format!("more than {MOST_REDIRECTS} redirects")));
            }
            address = next;
        }
    }

    fn ask(&self, address: &Address, start: u64) -> Result<ureq::http::Response<Body>, Failure> {
        // With an encoding, the body's length would not be the file's.
        let mut request =
            self.agent(address.is_https())?.get(address.uri()).header(header::ACCEPT_ENCODING, "identity");
        if start > 0 {
            request = request.header(header::RANGE, format!("bytes={start}-"));
        }
        if let Some(token) = self.token.as_ref().filter(|_| address.same_origin(&self.origin)) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        request.call().map_err(|error| Failure::Unreachable(format!("{}: {}", address.origin(), self.why(&error))))
    }

    fn agent(&self, https: bool) -> Result<&Agent> {
        let cell = if https { &self.https } else { &self.http };
        if let Some(agent) = cell.get() {
            return Ok(agent);
        }
        let Network { connect, idle, .. } = self.network;
        let mut config = Agent::config_builder()
            .user_agent(concat!("attnscope/", env!("CARGO_PKG_VERSION")))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_resolve(Some(connect))
            .timeout_connect(Some(connect))
            .timeout_per_read(Some(idle))
            .timeout_per_write(Some(idle))
            // The limit for all headers together, so that a host cannot send them one byte at a time for ever.
            .timeout_recv_response(Some(idle))
            .proxy(self.network.proxy(https)?);
        if https {
            config = config.tls_config(tls::config()?);
        }
        Ok(cell.get_or_init(|| config.build().new_agent()))
    }

    /// The library's error, with advice where it is not obvious what to do.
    pub fn why(&self, error: &ureq::Error) -> String {
        let text = shown(&error.to_string());
        match error {
            ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => {
                format!("no connection within {} s", self.network.connect.as_secs_f32())
            }
            ureq::Error::Timeout(_) => format!("nothing came for {} s", self.network.idle.as_secs_f32()),
            _ if text.contains("certificate") => {
                format!("{text}; if your network has certificates of its own, name their file in SSL_CERT_FILE")
            }
            ureq::Error::ConnectProxyFailed(_) => {
                format!("{text}; check HTTPS_PROXY (http://name:password@host:port) and NO_PROXY")
            }
            _ => text,
        }
    }
}

fn unusable(address: &Address, what: &str) -> Failure {
    Failure::Unusable(format!("{} sends {what}", address.origin()))
}
