//! Encrypted connections with a private certificate authority, and proxies: the command with the environment that a
//! user would set.

use super::command::{attnscope, text};
use super::mock_hub::{Answer, Asked, COMMIT, Hub, MockHub, weights};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pull/tls");

fn ca() -> String {
    format!("{FOLDER}/ca.pem")
}

/// A Hub that speaks TLS, as `localhost`, under a certificate of the tests' own authority.
fn tls_hub(twist: impl Fn(&Asked, &mut Answer) + Send + Sync + 'static) -> (String, Arc<Hub>) {
    let hub = Hub::new(&[("m.gguf", &weights())], twist);
    let chain = vec![CertificateDer::from_pem_file(format!("{FOLDER}/host.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(format!("{FOLDER}/host.key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let shared = hub.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (hub, config) = (shared.clone(), config.clone());
            thread::spawn(move || {
                let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
                let _ = hub.serve(&mut stream, None);
                stream.conn.send_close_notify();
                let _ = stream.flush();
            });
        }
    });
    (endpoint, hub)
}

/// A proxy that makes tunnels. Returns its port, and what was sent to it: its own requests and all that went through.
fn proxy(status: &'static str) -> (u16, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let shared = seen.clone();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let seen = shared.clone();
            thread::spawn(move || tunnel(client, status, &seen));
        }
    });
    (port, seen)
}

fn tunnel(mut client: TcpStream, status: &str, seen: &Mutex<Vec<u8>>) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    seen.lock().unwrap().extend(&head);
    client.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).ok()?;
    let head = String::from_utf8(head).ok()?;
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?.replace("localhost", "127.0.0.1");
    let mut server = TcpStream::connect(target).ok()?;
    let (mut back, mut forth) = (server.try_clone().ok()?, client.try_clone().ok()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut back, &mut forth);
        let _ = forth.shutdown(Shutdown::Both);
    });
    let mut buffer = [0; 4_096];
    loop {
        let n = client.read(&mut buffer).ok().filter(|n| *n > 0)?;
        seen.lock().unwrap().extend(&buffer[..n]);
        server.write_all(&buffer[..n]).ok()?;
    }
}

/// Pulls with this environment: the weights, or the one line of an error.
fn pull(endpoint: &str, env: &[(&str, &str)]) -> Result<Vec<u8>, String> {
    let home = tempfile::tempdir().unwrap();
    let env = [&[("HF_ENDPOINT", endpoint), ("HF_TOKEN", "hf_secret")], env].concat();
    let output = attnscope(home.path(), &["pull", "someone/Tiny/m.gguf"], &env);
    let error = text(&output.stderr).lines().last().unwrap_or_default().to_owned();
    if !output.status.success() {
        assert_eq!(output.status.code(), Some(1), "{error}");
        return Err(error);
    }
    assert!(text(&output.stdout).contains(COMMIT));
    Ok(std::fs::read(Path::new(text(&output.stdout).trim_end())).unwrap())
}

#[test]
fn a_private_authority_is_believed_where_the_user_names_it_and_only_there() {
    let (endpoint, hub) = tls_hub(|_, _| {});
    let error = pull(&endpoint, &[]).unwrap_err();
    assert!(error.contains("certificate") && error.contains("SSL_CERT_FILE"), "{error}");
    assert_eq!(hub.asked().len(), 0);
    assert_eq!(pull(&endpoint, &[("SSL_CERT_FILE", &ca())]).unwrap(), weights());
    assert!(hub.asked().iter().all(|asked| asked.authorization == "Bearer hf_secret"));
    // Another name of the same machine is not what the certificate says.
    let error = pull(&endpoint.replace("localhost", "127.0.0.2"), &[("SSL_CERT_FILE", &ca())]).unwrap_err();
    assert!(error.contains("cannot be reached"), "{error}");
}

#[test]
fn certificates_that_cannot_be_read_are_said() {
    let (endpoint, _) = tls_hub(|_, _| {});
    for file in ["/nowhere/ca.pem", "/dev/null"] {
        let error = pull(&endpoint, &[("SSL_CERT_FILE", file)]).unwrap_err();
        assert!(error.contains("SSL_CERT_FILE") && error.contains(file), "{error}");
    }
}

#[test]
fn what_is_encrypted_does_not_become_plain() {
    let plain = MockHub::start(&[("m.gguf", &weights())]);
    let elsewhere = plain.endpoint();
    let (endpoint, _) = tls_hub(move |asked, answer| answer.redirect(&(elsewhere.clone() + &asked.path)));
    let error = pull(&endpoint, &[("SSL_CERT_FILE", &ca())]).unwrap_err();
    assert!(error.contains("not encrypted"), "{error}");
    assert_eq!(plain.requests(), 0);
}

#[test]
fn a_proxy_is_used_and_sees_no_token() {
    let (endpoint, _) = tls_hub(|_, _| {});
    let host = endpoint.trim_start_matches("https://");
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let (port, seen) = proxy("200 OK");
        let address = format!("http://me:pw@127.0.0.1:{port}");
        assert_eq!(pull(&endpoint, &[("SSL_CERT_FILE", &ca()), (name, &address)]).unwrap(), weights());
        let seen = seen.lock().unwrap();
        let seen = String::from_utf8_lossy(&seen);
        assert!(seen.starts_with(&format!("CONNECT {host} ")), "{name}: {seen}");
        assert!(seen.contains("Proxy-Authorization: Basic bWU6cHc=") && !seen.contains("hf_secret"), "{name}");
    }
    for (no_proxy, used) in [("localhost", false), ("x.test, localhost", false), ("*", false), ("127.0.0.1", true)] {
        let (port, seen) = proxy("200 OK");
        let address = format!("127.0.0.1:{port}");
        let env = [("SSL_CERT_FILE", ca()), ("HTTPS_PROXY", address), ("NO_PROXY", no_proxy.to_owned())];
        let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(pull(&endpoint, &env).unwrap(), weights());
        assert_eq!(!seen.lock().unwrap().is_empty(), used, "{no_proxy}");
    }
}

#[test]
fn each_scheme_has_its_proxy() {
    let hub = MockHub::start(&[("m.gguf", &weights())]);
    let (port, seen) = proxy("200 OK");
    let address = format!("http://127.0.0.1:{port}");
    assert_eq!(pull(&hub.endpoint(), &[("HTTPS_PROXY", &address)]).unwrap(), weights());
    assert!(seen.lock().unwrap().is_empty());
    assert_eq!(pull(&hub.endpoint(), &[("HTTP_PROXY", &address)]).unwrap(), weights());
    assert!(!seen.lock().unwrap().is_empty());
}

#[test]
fn a_proxy_that_refuses_or_is_none_is_said() {
    let hub = MockHub::start(&[("m.gguf", &weights())]);
    let (port, _) = proxy("407 Proxy Authentication Required");
    let error = pull(&hub.endpoint(), &[("HTTP_PROXY", &format!("http://127.0.0.1:{port}"))]).unwrap_err();
    assert!(error.contains("407") && error.contains("check HTTPS_PROXY"), "{error}");
    for odd in ["gopher://me:secret@x", "http://", ":::"] {
        let error = pull(&hub.endpoint(), &[("HTTP_PROXY", odd)]).unwrap_err();
        assert!(error.contains("HTTP_PROXY") && !error.contains("secret"), "{error}");
    }
}
