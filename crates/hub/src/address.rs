//! Addresses on the web, as far as a download needs them: http and https, with a host, and the resolution of redirects.

use super::foreign::shown;
use ureq::http::Uri;

/// A checked address: `http` or `https`, a host, no user name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Uri);

impl Address {
    /// Reads an absolute address. The error says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("{:?} {what}", shown(text));
        let uri: Uri = text.parse().map_err(|_| wrong("is no address"))?;
        let authority = uri.authority().filter(|authority| !authority.host().is_empty());
        let authority = authority.ok_or_else(|| wrong("is no address with a host"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(wrong("does not begin with https:// or http://"));
        }
        if authority.as_str().contains('@') {
            // Only the host is shown: the part before @ may be a password.
            return Err(format!("the address of {} holds a user name", shown(authority.host())));
        }
        // The `http` library accepts a port that is not a number.
        if authority.port_u16().is_none() && authority.as_str() != authority.host() {
            return Err(wrong("has a port that is none"));
        }
        Ok(Self(uri))
    }

    /// The address in the form that ureq needs.
    pub fn uri(&self) -> &Uri {
        &self.0
    }

    pub fn is_https(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    fn host(&self) -> &str {
        self.0.host().unwrap_or_default()
    }

    fn port(&self) -> u16 {
        self.0.port_u16().unwrap_or(if self.is_https() { 443 } else { 80 })
    }

    /// Whether scheme, host and port are the same: only then may the address get the same token.
    pub fn same_origin(&self, other: &Self) -> bool {
        self.is_https() == other.is_https()
            && self.host().eq_ignore_ascii_case(other.host())
            && self.port() == other.port()
    }

    /// Scheme, host and port, to be shown.
    pub fn origin(&self) -> String {
        let authority = self.0.authority().map_or("", |authority| authority.as_str());
        format!("{}://{}", self.0.scheme_str().unwrap_or_default(), shown(authority))
    }

    /// The address that a `Location` header refers to from here (RFC 3986, 5.2).
    pub fn join(&self, location: &str) -> Result<Self, String> {
        let location = location.split('#').next().unwrap_or_default();
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self.0.authority().map_or("", |authority| authority.as_str());
        let here = self.0.path();
        let folder = &here[..=here.rfind('/').unwrap_or(0)];
        let has_scheme = location.split(['/', '?']).next().is_some_and(|start| start.contains(':'));
        Self::read(&match location {
            _ if has_scheme => location.to_owned(),
            _ if location.starts_with("//") => format!("{scheme}:{location}"),
            _ if location.starts_with('?') => format!("{scheme}://{authority}{here}{location}"),
            _ if location.starts_with('/') => format!("{scheme}://{authority}{}", without_dots(location)),
            _ => format!("{scheme}://{authority}{}", without_dots(&format!("{folder}{location}"))),
        })
    }
}

/// A path without `.` and `..`; the part after `?` is unchanged.
fn without_dots(location: &str) -> String {
    let (path, query) = location.split_at(location.find('?').unwrap_or(location.len()));
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').skip(1) {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    if path.ends_with("/.") || path.ends_with("/..") {
        parts.push("");
    }
    format!("/{}{query}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_lead_where_browsers_go() {
        let here = Address::read("https://hub.test:8443/a/b/c?x=1").unwrap();
        for (location, there) in [
            ("https://cdn.test/y?z=/../q", "https://cdn.test/y?z=/../q"),
            ("http://cdn.test", "http://cdn.test/"),
            ("//cdn.test/y", "https://cdn.test/y"),
            ("/y?z", "https://hub.test:8443/y?z"),
            ("y", "https://hub.test:8443/a/b/y"),
            ("../y", "https://hub.test:8443/a/y"),
            ("../../../../y/.", "https://hub.test:8443/y/"),
            ("y?u=http://z", "https://hub.test:8443/a/b/y?u=http://z"),
            ("?z", "https://hub.test:8443/a/b/c?z"),
            ("/y#part", "https://hub.test:8443/y"),
        ] {
            assert_eq!(here.join(location).unwrap().uri().to_string(), there, "{location}");
        }
        for bad in [
            "ftp://cdn.test/",
            "file:///etc/passwd",
            "javascript:1",
            "https://",
            "https://u:p@cdn.test/",
            "http:y",
            "/a b",
        ] {
            assert!(here.join(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let read = |text| Address::read(text).unwrap();
        let hub = read("https://Hub.test/x");
        assert!(hub.same_origin(&read("https://hub.TEST:443/y")));
        for other in ["http://hub.test/", "https://hub.test:444/", "https://hub.test.evil/", "https://ub.test/"] {
            assert!(!hub.same_origin(&read(other)), "{other}");
        }
    }

    #[test]
    fn what_is_no_address_is_said() {
        for bad in [
            "",
            "hub",
            "hub.test/x",
            "ftp://hub.test",
            "http://",
            "http:// hub",
            "https://h:99999",
            "https://h:",
            "http://h:x",
        ] {
            assert!(Address::read(bad).is_err(), "{bad}");
        }
        assert!(!Address::read("https://me:secret@hub.test").unwrap_err().contains("secret"));
        assert!(Address::read("http://[::1]:80/x").is_ok());
    }
}
