//! Which certificates to trust: those of the system.

use super::foreign::shown;
use anyhow::{Result, bail};
use std::env;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// The certificates that the system trusts, or those that `SSL_CERT_FILE` or `SSL_CERT_DIR` names. A system without any
/// (a bare container) gets Mozilla's, which are included in this program.
pub fn config() -> Result<TlsConfig> {
    let found = rustls_native_certs::load_native_certs();
    let roots = if found.certs.is_empty() {
        for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
            if let Some(path) = env::var_os(name) {
                let why = found.errors.first().map_or_else(|| "it holds none".to_owned(), ToString::to_string);
                let path = path.to_string_lossy().into_owned();
                bail!("no certificate could be read from {name} ({}): {}", shown(&path), shown(&why));
            }
        }
        RootCerts::WebPki
    } else {
        RootCerts::from(found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()))
    };
    Ok(TlsConfig::builder().root_certs(roots).build())
}
