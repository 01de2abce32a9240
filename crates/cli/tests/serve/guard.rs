//! Who may ask, and what every answer tells the browser.

use super::Server;

const HEADERS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

#[test]
fn every_answer_has_the_headers_that_protect_the_page() {
    let server = Server::with(&["--model", &super::tiny()]);
    server.file("index.html", "hello");
    let asked = [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/nothing", 404),
        ("POST", "/", 405),
        ("GET", "/api", 405),
        ("POST", "/api", 400),
        ("GET", "/models/llama/model.gguf", 200),
        ("GET", "/models/none/model.gguf", 404),
        ("GET", "/models/%ff/model.gguf", 404),
    ];
    for (method, path, status) in asked {
        let answer = server.ask(method, path, &[]);
        assert_eq!(answer.status, status, "{method} {path}");
        for (name, value) in HEADERS {
            assert_eq!(answer.header(name), Some(value), "{method} {path}");
        }
        assert!(answer.header("cache-control").is_some(), "{method} {path}");
        let text = String::from_utf8_lossy(&answer.body);
        assert!(status != 404 && status != 405 || text.ends_with('\n') && !text.contains("URL"), "{path}: {text}");
        let policy = answer.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "frame-ancestors 'self'",
            "base-uri 'none'",
        ] {
            assert!(policy.split("; ").any(|found| found == part), "{part} in {policy}");
        }
    }
}

#[test]
fn only_figures_made_for_it_may_stand_in_frames_of_other_pages() {
    let server = Server::start();
    server.file("index.html", "hello");
    server.file("embed-matrix.html", "one figure");
    let policy = |path: &str| server.ask("GET", path, &[]).header("content-security-policy").unwrap().to_owned();
    assert!(policy("/").contains("frame-ancestors 'self'"));
    let framed = policy("/embed-matrix.html");
    assert!(!framed.contains("frame-ancestors") && framed.contains("default-src 'none'"), "{framed}");
    assert!(policy("/api").contains("frame-ancestors"), "what computes is in no frame");
}

#[test]
fn only_our_own_names_are_answered_to() {
    let server = Server::start();
    server.file("index.html", "hello");
    let (port, other) = (server.port, server.port ^ 1);
    let status = |host: &str| server.connect().ask_as("GET", "/", &[host]).status;
    for host in ["127.0.0.1", "localhost", "LocalHost", "[::1]"] {
        assert_eq!(status(&format!("Host: {host}:{port}")), 200, "{host}");
        assert_eq!(status(&format!("Host: {host}:{other}")), 403, "{host}");
        assert_eq!(status(&format!("Host: {host}")), 403, "{host}: port 80 is not ours");
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "10.0.0.1",
        "0.0.0.0",
        "a@127.0.0.1",
        "",
        "[::2]",
    ] {
        let answer = server.connect().ask_as("GET", "/", &[&format!("Host: {host}:{port}")]);
        assert!(matches!(answer.status, 400 | 403), "{host}: {}", answer.status);
        assert_ne!(answer.text(), "hello");
    }
    assert_eq!(server.connect().ask_as("GET", "/", &[]).status, 403, "no Host");
    let ours = format!("Host: 127.0.0.1:{port}");
    assert_eq!(server.connect().ask_as("GET", "/", &[&ours, "Host: evil.example"]).status, 403);
    // The whole address in the first line counts more than Host.
    assert_eq!(server.connect().ask_as("GET", "http://evil.example/", &[&ours]).status, 403);
    assert_eq!(server.connect().ask_as("GET", &format!("http://127.0.0.1:{port}/"), &[&ours]).status, 200);
}

#[test]
fn pages_of_other_origins_may_not_ask() {
    let server = Server::start();
    server.file("index.html", "hello");
    let port = server.port;
    let status = |method, path, origin: &str| server.ask(method, path, &[&format!("Origin: {origin}")]).status;
    assert_eq!(status("GET", "/", &format!("http://127.0.0.1:{port}")), 200);
    for origin in [
        "null".to_owned(),
        "http://evil.example".to_owned(),
        format!("http://evil.example:{port}"),
        format!("https://127.0.0.1:{port}"),
        // Another name of ours is another origin.
        format!("http://localhost:{port}"),
        format!("http://127.0.0.1:{}", port ^ 1),
    ] {
        for (method, path) in [("POST", "/api"), ("GET", "/"), ("GET", "/models/lesson/model.gguf")] {
            let answer = server.ask(method, path, &[&format!("Origin: {origin}")]);
            assert_eq!((answer.status, answer.text().lines().count()), (403, 1), "{origin} {path}");
        }
    }
}

#[test]
fn other_sites_may_link_and_frame_and_no_more() {
    let server = Server::with(&["--model", &super::tiny()]);
    server.file("index.html", "hello");
    server.file("embed-matrix.html", "one figure");
    let status = |method, path, site: &str, mode: &str, dest: &str| {
        let lines =
            [format!("Sec-Fetch-Site: {site}"), format!("Sec-Fetch-Mode: {mode}"), format!("Sec-Fetch-Dest: {dest}")];
        server.ask(method, path, &[&lines[0], &lines[1], &lines[2]]).status
    };
    let model = "/models/llama/model.gguf";
    for site in ["cross-site", "same-site", "anything"] {
        for (mode, dest) in [("navigate", "document"), ("navigate", "iframe"), ("no-cors", "image"), ("cors", "empty")]
        {
            assert_eq!(status("POST", "/api", site, mode, dest), 403, "{site} {mode}");
            assert_eq!(status("GET", model, site, mode, dest), 403, "{site} {mode}");
            let expected = if mode == "navigate" { 200 } else { 403 };
            assert_eq!(status("GET", "/", site, mode, dest), expected, "{site} {mode}");
            assert_eq!(status("GET", "/embed-matrix.html", site, mode, dest), expected, "{site} {mode}");
        }
        assert_eq!(status("GET", "/", site, "navigate", "object"), 403);
    }
    for site in ["same-origin", "none"] {
        assert_eq!(status("GET", model, site, "cors", "empty"), 200);
        assert_eq!(status("GET", "/", site, "no-cors", "image"), 200);
        assert_eq!(status("POST", "/api", site, "cors", "empty"), 400);
    }
}

#[test]
fn with_a_token_the_page_opens_for_who_has_it() {
    let token = "sesame-sesame-sesame";
    let server = Server::with(&["--token", token, "--model", &super::tiny()]);
    server.file("index.html", "hello");
    assert!(server.url.ends_with(&format!("/?token={token}")), "{}", server.url);
    let model = "/models/llama/model.gguf";
    for wrong in [
        &[][..],
        &["Authorization: Bearer sesame"],
        &["Authorization: Bearer "],
        &["Authorization: Basic sesame-sesame-sesame"],
        &["Cookie: attnscope-1=sesame-sesame-sesame"],
    ] {
        assert_eq!(server.ask("GET", model, wrong).status, 401, "{wrong:?}");
        assert_eq!(server.ask("POST", "/api", wrong).status, 401, "{wrong:?}");
    }
    // A query is for the page; what it guards wants more than an address that may be shared.
    assert_eq!(server.get(&format!("{model}?token={token}")).status, 401);
    for scheme in ["Bearer", "bearer", "BEARER", "Bearer  "] {
        assert_eq!(server.ask("GET", model, &[&format!("Authorization: {scheme} {token}")]).status, 200, "{scheme}");
    }
    assert_eq!(server.ask("GET", model, &[&format!("Authorization: Bearer{token}")]).status, 401);

    let answer = server.get(&format!("/?a=1&token={token}&b=2"));
    assert_eq!((answer.status, answer.header("location")), (303, Some("/?a=1&b=2")));
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Strict"), "{cookie}");
    let cookie = format!("Cookie: other=1; {}", cookie.split(';').next().unwrap());
    assert_eq!(server.ask("GET", model, &[&cookie]).status, 200);
    // The redirect stays here.
    let answer = server.get(&format!("//evil.example/?token={token}"));
    assert_eq!(answer.header("location"), Some("/evil.example/"));
    let answer = server.get("/?token=wrong");
    assert_eq!((answer.status, answer.header("set-cookie")), (200, None));
}

#[test]
fn others_may_ask_where_that_was_allowed_and_with_a_token() {
    let server = Server::with(&["--host", "0.0.0.0", "--allow-remote"]);
    server.file("index.html", "hello");
    let token = server.url.split("?token=").nth(1).expect("a token was made up");
    assert!(token.len() >= 32, "{token}");
    let port = server.port;
    let status = |host: &str| server.connect().ask_as("GET", "/", &[&format!("Host: {host}:{port}")]).status;
    assert_eq!((status("127.0.0.1"), status("192.168.1.7"), status("evil.example")), (200, 200, 403));
    assert_eq!(server.ask("POST", "/api", &[]).status, 401);
    assert_eq!(server.ask("POST", "/api", &[&format!("Authorization: Bearer {token}")]).status, 400);
}
