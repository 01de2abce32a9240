//! A Hub on the loopback interface: the list of a repository's files, and ranges of them. One request a connection.

use super::fixture::sha256;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The commit that the mock's `main` is at.
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A running mock. Its thread ends with the test's process.
pub struct MockHub {
    endpoint: String,
    state: Arc<Mutex<State>>,
}

struct State {
    files: Vec<(String, Vec<u8>)>,
    /// The body of the next long answer breaks off after so many bytes.
    cut: Option<usize>,
    asked: Vec<Asked>,
}

/// A request, as far as the tests want to know it.
#[derive(Clone, Default)]
struct Asked {
    path: String,
    range: String,
    authorization: String,
}

impl MockHub {
    /// Serves `files` as every repository of `someone`. What is not JSON is announced under its SHA-256.
    pub fn start(files: &[(&str, &[u8])]) -> Self {
        let files = files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
        let state = Arc::new(Mutex::new(State { files, cut: None, asked: Vec::new() }));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away is no failure of the mock.
                let _ = serve(stream, &mut shared.lock().expect("state"));
            }
        });
        Self { endpoint, state }
    }

    pub fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// Lets the next long answer break off.
    pub fn cut_next_after(&self, bytes: usize) {
        self.state.lock().expect("state").cut = Some(bytes);
    }

    pub fn requests(&self) -> usize {
        self.state.lock().expect("state").asked.len()
    }

    /// Whether every request carried this token, and there was one.
    pub fn always_saw_token(&self, token: &str) -> bool {
        let asked = &self.state.lock().expect("state").asked;
        !asked.is_empty() && asked.iter().all(|request| request.authorization == format!("Bearer {token}"))
    }

    /// The ranges that were asked of a file, in order.
    pub fn ranges(&self, file: &str) -> Vec<String> {
        let asked = &self.state.lock().expect("state").asked;
        asked.iter().filter(|request| request.path.ends_with(file)).map(|request| request.range.clone()).collect()
    }
}

fn serve(stream: TcpStream, state: &mut State) -> std::io::Result<()> {
    let mut asked = Asked::default();
    let mut lines = BufReader::new(&stream).lines();
    let first = lines.next().unwrap_or(Ok(String::new()))?;
    asked.path = first.split(' ').nth(1).unwrap_or("").to_owned();
    for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap_or((&line, ""));
        match name.to_ascii_lowercase().as_str() {
            "range" => asked.range = value.to_owned(),
            "authorization" => asked.authorization = value.to_owned(),
            _ => {}
        }
    }
    state.asked.push(asked.clone());
    let (status, headers, body) = answer(&asked, &state.files);
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    let cut = if body.len() > 1_000 { state.cut.take() } else { None };
    let mut stream = &stream;
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body[..cut.unwrap_or(body.len())])
}

/// Status, further headers, body.
fn answer(asked: &Asked, files: &[(String, Vec<u8>)]) -> (&'static str, String, Vec<u8>) {
    if asked.path.starts_with("/api/models/someone/") {
        let siblings: Vec<_> = files.iter().map(|(name, _)| serde_json::json!({ "rfilename": name })).collect();
        let info = serde_json::json!({ "siblings": siblings, "sha": COMMIT });
        return ("200 OK", "Content-Type: application/json\r\n".to_owned(), info.to_string().into_bytes());
    }
    let path = asked.path.strip_prefix("/someone/").and_then(|rest| rest.split_once("/resolve/main/"));
    let Some((name, bytes)) = path.and_then(|(_, name)| files.iter().find(|(file, _)| file == name)) else {
        return ("404 Not Found", String::new(), Vec::new());
    };
    // "bytes=5-" or "bytes=0-0"
    let (start, end) = asked.range.strip_prefix("bytes=").and_then(|range| range.split_once('-')).expect("a range");
    let start: usize = start.parse().expect("a start");
    let end = end.parse::<usize>().map_or(bytes.len(), |last| last + 1);
    if start >= bytes.len() {
        return ("416 Range Not Satisfiable", String::new(), Vec::new());
    }
    let tag = if name.ends_with(".json") { format!("git-{}", bytes.len()) } else { sha256(bytes) };
    let range = format!("Content-Range: bytes {start}-{}/{}\r\n", end - 1, bytes.len());
    let headers = format!("ETag: \"{tag}\"\r\nX-Repo-Commit: {COMMIT}\r\n{range}");
    ("206 Partial Content", headers, bytes[start..end].to_vec())
}
