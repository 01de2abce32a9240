//! The page's files.

use super::Server;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn folders_have_an_index_and_files_their_type() {
    let server = Server::start();
    server.file("index.html", "story");
    server.file("explore/index.html", "explorer");
    server.file("app.wasm", "wasm");
    server.file("app.js", "js");
    for (path, text, kind) in [
        ("/", "story", "text/html; charset=utf-8"),
        ("/?model=lesson", "story", "text/html; charset=utf-8"),
        ("/explore/", "explorer", "text/html; charset=utf-8"),
        ("/app.wasm", "wasm", "application/wasm"),
        ("/app.js", "js", "text/javascript; charset=utf-8"),
    ] {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.text(), answer.header("content-type")), (200, text, Some(kind)), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
    }
    let answer = server.get("/explore?model=lesson");
    assert_eq!((answer.status, answer.header("location")), (308, Some("/explore/?model=lesson")));
    let answer = server.ask("HEAD", "/app.wasm", &[]);
    assert_eq!((answer.status, answer.header("content-length"), answer.body.len()), (200, Some("4"), 0));
}

#[test]
fn without_its_page_a_server_says_how_to_get_it() {
    let answer = Server::start().get("/");
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("cargo xtask web"), "{}", answer.text());
}

#[test]
fn a_file_that_is_known_is_not_sent_again() {
    let server = Server::start();
    server.file("assets/a-1234.js", "one");
    let answer = server.get("/assets/a-1234.js");
    assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
    let tag = answer.header("etag").unwrap().to_owned();
    for known in [tag.clone(), format!("\"x\", W/{tag}")] {
        let again = server.ask("GET", "/assets/a-1234.js", &[&format!("If-None-Match: {known}")]);
        assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(tag.as_str())));
    }
    server.file("assets/a-1234.js", "two");
    let changed = server.ask("GET", "/assets/a-1234.js", &[&format!("If-None-Match: {tag}")]);
    assert_eq!((changed.status, changed.text()), (200, "two"));
}

#[test]
fn the_smallest_form_that_the_browser_takes_is_sent() {
    let server = Server::start();
    server.file("both.js", "plain");
    server.file("both.js.br", "brotli");
    server.file("both.js.gz", "gzip");
    server.file("packed.js.gz", gzip("unpacked"));
    let get = |path, accepts: &str| server.ask("GET", path, &[&format!("Accept-Encoding: {accepts}")]);
    for (accepts, text, coding) in [
        ("gzip, deflate, br", "brotli", Some("br")),
        ("gzip", "gzip", Some("gzip")),
        ("br;q=0", "plain", None),
        ("identity", "plain", None),
    ] {
        let answer = get("/both.js", accepts);
        assert_eq!((answer.text(), answer.header("content-encoding")), (text, coding), "{accepts}");
        assert_eq!(answer.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(answer.header("vary"), Some("accept-encoding"));
    }
    let answer = get("/packed.js", "gzip");
    assert_eq!((answer.header("content-encoding"), &answer.body), (Some("gzip"), &gzip("unpacked")));
    let answer = server.get("/packed.js");
    assert_eq!((answer.header("content-encoding"), answer.text()), (None, "unpacked"));
}

#[test]
fn no_path_leads_out_of_the_page() {
    let server = Server::start();
    server.file("index.html", "hello");
    let secret = server.page.path().parent().unwrap().join(format!("attnscope-secret-{}", server.port));
    std::fs::write(&secret, "secret").unwrap();
    let name = secret.file_name().unwrap().to_str().unwrap();
    for path in [
        format!("/../{name}"),
        format!("/./../{name}"),
        format!("/%2e%2e/{name}"),
        format!("/..%2f{name}"),
        format!("/..%5c{name}"),
        format!("/x/../../{name}"),
        format!("/{}", secret.display()),
        format!("//{}", secret.display()),
        "/etc/passwd".to_owned(),
        "//etc/passwd".to_owned(),
        "/\\..\\x".to_owned(),
        "/%00".to_owned(),
        "/index.html/".to_owned(),
    ] {
        let answer = server.get(&path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
        assert!(!answer.text().contains("secret\n") && answer.text() != "secret", "{path}");
    }
    std::fs::remove_file(secret).unwrap();
}
