//! Who may ask: no page of another site that found our port, no domain name that was changed to point here, and from
//! other machines only clients with the token.

use super::App;
use super::peer::Peer;
use axum::body::Body;
use axum::extract::State;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use std::net::IpAddr;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// What a page may do. It asks no other host for anything, and this policy makes browsers enforce that.
macro_rules! policy {
    ($more:literal) => {
        concat!(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; ",
            "font-src 'self'; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; ",
            "form-action 'none'",
            $more
        )
    };
}

/// The headers of every answer.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, policy!("; frame-ancestors 'self'")),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// The conditions that a request must meet.
#[derive(Debug)]
pub struct Guard {
    /// The port of the server.
    pub port: u16,
    /// The address on which the server listens.
    pub address: IpAddr,
    /// The name or address that the user gave for the server.
    pub host: String,
    /// The token required before anything is computed or sent; `None` on a machine's own loopback.
    pub token: Option<String>,
}

/// The middleware around all routes.
pub(super) async fn guard(State(app): State<Arc<App>>, request: Request<Body>, next: Next) -> Response {
    // Pages with a single figure are made for frames in other pages, including slides on a disk.
    let is_framed = request.uri().path().starts_with("/embed-");
    let checked = app.server.guard.check(&request);
    if let (Ok(Shown::Token), Some(peer)) = (&checked, request.extensions().get::<Arc<Peer>>()) {
        peer.is_known();
    }
    let mut response = match checked {
        Ok(_) => next.run(request).await,
        Err(refusal) => *refusal,
    };
    let headers = response.headers_mut();
    headers.extend(HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    if is_framed {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy!("")));
    }
    // The reason for a refusal may be gone a minute later.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The credential that an accepted request has shown.
enum Shown {
    Nothing,
    Token,
}

impl Guard {
    fn check(&self, request: &Request<Body>) -> Result<Shown, Box<Response>> {
        let refuse = |status: StatusCode, text: &'static str| Err(Box::new((status, text).into_response()));
        let headers = request.headers();
        let Some(host) = self.host_of(request.uri(), headers) else {
            return refuse(StatusCode::FORBIDDEN, "this server answers to its own address only; see what it printed\n");
        };
        if !is_same_origin(headers, host) {
            return refuse(StatusCode::FORBIDDEN, "pages of other origins may not ask this server\n");
        }
        let path = request.uri().path();
        let guarded = ["/api", "/models"].iter().any(|start| path.starts_with(start));
        if is_from_elsewhere(headers) && (guarded || !is_visit(headers)) {
            return refuse(StatusCode::FORBIDDEN, "other sites may link to the pages of this server, no more\n");
        }
        let Some(token) = &self.token else { return Ok(Shown::Nothing) };
        let has_token = self.has_token(headers, token);
        if guarded && !has_token {
            return refuse(StatusCode::UNAUTHORIZED, "open the page with the ?token=... that the server printed\n");
        }
        match self.welcome(request.uri(), token) {
            Some(response) if !guarded => Err(Box::new(response)),
            _ => Ok(if has_token { Shown::Token } else { Shown::Nothing }),
        }
    }

    /// The requested host, if it is this server. It must be given once, or identically everywhere.
    fn host_of<'a>(&self, uri: &Uri, headers: &'a HeaderMap) -> Option<&'a str> {
        let mut all = headers.get_all(header::HOST).iter();
        let host = all.next()?.to_str().ok().filter(|_| all.next().is_none())?;
        if uri.authority().is_some_and(|said| said.as_str() != host) {
            return None;
        }
        let authority: Authority = host.parse().ok()?;
        let ours = !host.contains('@') && authority.port_u16().unwrap_or(80) == self.port;
        (ours && self.answers_to(authority.host())).then_some(host)
    }

    /// Names of this machine for itself; if others may ask, also the address or name that the user gave. If the server
    /// listens on all addresses, any address will do: the check is against names, which their owners can point here.
    fn answers_to(&self, host: &str) -> bool {
        let own = ["localhost", "127.0.0.1", "[::1]"].iter().any(|own| host.eq_ignore_ascii_case(own));
        let literal: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
        own || host.eq_ignore_ascii_case(&self.host)
            || literal.is_some_and(|ip| ip == self.address || self.address.is_unspecified())
    }

    fn has_token(&self, headers: &HeaderMap, token: &str) -> bool {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|line| bearer(line.to_str().ok()?));
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let (cookies, name) = (cookies.flat_map(|line| line.split(';')), self.cookie());
        let ours = cookies.filter_map(|cookie| cookie.trim().strip_prefix(&name)?.strip_prefix('='));
        ours.chain(bearer).any(|shown| is_equal(shown, token))
    }

    /// Cookies are not separated by port, but two servers on a machine need different ones.
    fn cookie(&self) -> String {
        format!("attnscope-{}", self.port)
    }

    /// A client that opens the page with the right token gets it as a cookie, and an address without it to share.
    fn welcome(&self, uri: &Uri, token: &str) -> Option<Response> {
        let parts = || uri.query().unwrap_or_default().split('&');
        let shown = parts().find_map(|part| part.strip_prefix("token="))?;
        if !is_equal(shown, token) {
            return None;
        }
        let rest: Vec<&str> = parts().filter(|part| !part.starts_with("token=")).collect();
        let mark = if rest.is_empty() { "" } else { "?" };
        // One slash, since an address that begins with two belongs to another host.
        let path = uri.path().trim_start_matches('/');
        let cookie = format!("{}={token}; Path=/; HttpOnly; SameSite=Strict", self.cookie());
        let headers = [(header::SET_COOKIE, cookie), (header::CACHE_CONTROL, "no-store".to_owned())];
        Some((headers, Redirect::to(&format!("/{path}{mark}{}", rest.join("&")))).into_response())
    }
}

/// Browsers say where a request comes from, unless the user opened the address directly.
fn is_same_origin(headers: &HeaderMap, host: &str) -> bool {
    let ours = format!("http://{host}");
    headers.get_all(header::ORIGIN).iter().all(|origin| origin.as_bytes().eq_ignore_ascii_case(ours.as_bytes()))
}

/// Browsers say whether another site caused a request; other programs send no such header.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get_all("sec-fetch-site").iter().any(|site| site != "same-origin" && site != "none")
}

/// Whether the user follows a link, or a frame is loaded.
fn is_visit(headers: &HeaderMap) -> bool {
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    said("sec-fetch-mode") == "navigate" && ["document", "iframe", "frame"].contains(&said("sec-fetch-dest"))
}

/// The text after `Bearer`, in upper or lower case, and at least one space.
fn bearer(line: &str) -> Option<&str> {
    let (scheme, token) = line.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim_matches(' '))
}

/// Takes equally long however many characters are right.
fn is_equal(shown: &str, token: &str) -> bool {
    shown.as_bytes().ct_eq(token.as_bytes()).into()
}
