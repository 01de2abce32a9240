//! A Hub on the loopback interface: the list of a repository's files, and the files, whole or from some byte on. One
//! request a connection. A test can twist every answer before it is sent, to see what a bad host can do.

use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// The commit that the mock's `main` is at.
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// The weights of the tests: large enough to be cut in half.
pub fn weights() -> Vec<u8> {
    (0..100_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What git calls a file of these bytes, as the Hub does small files.
pub fn git_id(bytes: &[u8]) -> String {
    let hasher = Sha1::new().chain_update(format!("blob {}\0", bytes.len())).chain_update(bytes);
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A running mock. Its threads end with the test's process.
pub struct MockHub {
    endpoint: String,
    hub: Arc<Hub>,
}

/// Changes an answer before it is sent.
type Twist = dyn Fn(&Asked, &mut Answer) + Send + Sync;

/// What the threads of a mock share.
pub struct Hub {
    files: Vec<(String, Vec<u8>)>,
    twist: Box<Twist>,
    asked: Mutex<Vec<Asked>>,
}

/// A request, as far as the tests want to know it.
#[derive(Clone, Default, Debug)]
pub struct Asked {
    pub path: String,
    pub range: String,
    pub authorization: String,
}

impl Asked {
    /// The first byte that is asked for.
    pub fn start(&self) -> usize {
        self.range.strip_prefix("bytes=").and_then(|range| range.split('-').next()?.parse().ok()).unwrap_or(0)
    }

    /// Whether this asks for the repository's list.
    pub fn is_listing(&self) -> bool {
        self.path.starts_with("/api/")
    }
}

/// What the mock says.
pub struct Answer {
    pub status: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// What `Content-Length` says; `None` leaves it out, so that the connection's end is the body's end.
    pub length: Option<u64>,
    /// Sends only so much of the body and closes the connection.
    pub cut: Option<usize>,
    /// Sends only so much of head and body and then nothing more, but keeps the connection open.
    pub stall: Option<usize>,
    /// Sends what comes after the stall nevertheless, a byte every 50 ms.
    pub drip: bool,
}

impl Answer {
    fn new(status: &str, body: Vec<u8>) -> Self {
        let length = Some(body.len() as u64);
        Self { status: status.to_owned(), headers: Vec::new(), body, length, cut: None, stall: None, drip: false }
    }

    /// Sets a header, in place of another of that name.
    pub fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    pub fn remove(&mut self, name: &str) {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }

    /// Another body, announced with its length.
    pub fn say(&mut self, body: impl Into<Vec<u8>>) {
        self.body = body.into();
        self.length = Some(self.body.len() as u64);
    }

    /// Sends the asker elsewhere; the file's hash is said here, as the Hub does.
    pub fn redirect(&mut self, to: &str) {
        "302 Found".clone_into(&mut self.status);
        if let Some((_, hash)) = self.headers.iter().find(|(name, _)| name == "ETag").cloned() {
            self.set("X-Linked-Etag", &hash);
        }
        self.say("");
        self.set("Location", to);
    }
}

impl MockHub {
    /// Serves `files` as every repository of `someone`. What is not JSON is announced under its SHA-256.
    pub fn start(files: &[(&str, &[u8])]) -> Self {
        Self::start_with(files, |_, _| {})
    }

    /// A mock whose answers `twist` may change.
    pub fn start_with(files: &[(&str, &[u8])], twist: impl Fn(&Asked, &mut Answer) + Send + Sync + 'static) -> Self {
        let hub = Hub::new(files, twist);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = hub.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let hub = shared.clone();
                // A client that goes away is no failure of the mock.
                thread::spawn(move || {
                    let quiet = stream.try_clone();
                    let _ = hub.serve(stream, quiet.ok());
                });
            }
        });
        Self { endpoint, hub }
    }

    pub fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.hub.asked()
    }

    pub fn requests(&self) -> usize {
        self.asked().len()
    }

    /// Whether every request carried this token, and there was one.
    pub fn always_saw_token(&self, token: &str) -> bool {
        let asked = self.asked();
        !asked.is_empty() && asked.iter().all(|request| request.authorization == format!("Bearer {token}"))
    }

    /// Whether a request came here, and none carried a token.
    pub fn never_saw_a_token(&self) -> bool {
        let asked = self.asked();
        !asked.is_empty() && asked.iter().all(|request| request.authorization.is_empty())
    }

    /// The ranges that were asked of a file, in order; empty where the whole file was asked for.
    pub fn ranges(&self, file: &str) -> Vec<String> {
        self.asked().into_iter().filter(|request| request.path.ends_with(file)).map(|request| request.range).collect()
    }
}

impl Hub {
    pub fn new(files: &[(&str, &[u8])], twist: impl Fn(&Asked, &mut Answer) + Send + Sync + 'static) -> Arc<Self> {
        let files = files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
        Arc::new(Self { files, twist: Box::new(twist), asked: Mutex::default() })
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("asked").clone()
    }

    /// Reads one request and answers it. `quiet` is the connection once more, to wait on when the answer stalls.
    pub fn serve(&self, mut stream: impl Read + Write, quiet: Option<TcpStream>) -> std::io::Result<()> {
        let asked = read_request(&mut stream)?;
        self.asked.lock().expect("asked").push(asked.clone());
        let mut answer = answer(&asked, &self.files);
        (self.twist)(&asked, &mut answer);
        let mut bytes = format!("HTTP/1.1 {}\r\nConnection: close\r\n", answer.status).into_bytes();
        if let Some(length) = answer.length {
            bytes.extend(format!("Content-Length: {length}\r\n").bytes());
        }
        for (name, value) in &answer.headers {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(&answer.body[..answer.cut.unwrap_or(answer.body.len())]);
        let sent = answer.stall.unwrap_or(bytes.len());
        stream.write_all(&bytes[..sent])?;
        stream.flush()?;
        for byte in bytes[sent..].chunks(1).take_while(|_| answer.drip) {
            stream.write_all(byte)?;
            stream.flush()?;
            thread::sleep(Duration::from_millis(50));
        }
        if answer.stall.is_some()
            && let Some(mut quiet) = quiet
        {
            // Until the asker has had enough; half a minute, so that a test that fails ends, too.
            quiet.set_read_timeout(Some(Duration::from_secs(30)))?;
            let _ = quiet.read(&mut [0]);
        }
        Ok(())
    }
}

fn read_request(stream: &mut impl Read) -> std::io::Result<Asked> {
    let mut asked = Asked::default();
    let mut lines = BufReader::with_capacity(1, stream).lines();
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
    Ok(asked)
}

/// What an honest Hub says.
fn answer(asked: &Asked, files: &[(String, Vec<u8>)]) -> Answer {
    if asked.path.starts_with("/api/models/someone/") {
        let siblings: Vec<_> = files.iter().map(|(name, _)| serde_json::json!({ "rfilename": name })).collect();
        let info = serde_json::json!({ "siblings": siblings, "sha": COMMIT });
        return Answer::new("200 OK", info.to_string().into_bytes());
    }
    let path = asked.path.strip_prefix("/someone/").and_then(|rest| rest.split_once("/resolve/main/"));
    let Some((name, bytes)) = path.and_then(|(_, name)| files.iter().find(|(file, _)| file == name)) else {
        return Answer::new("404 Not Found", Vec::new());
    };
    let hash = if name.ends_with(".json") { git_id(bytes) } else { sha256(bytes) };
    let mut answer = match asked.start() {
        _ if asked.range.is_empty() => Answer::new("200 OK", bytes.clone()),
        start if start >= bytes.len() => return Answer::new("416 Range Not Satisfiable", Vec::new()),
        start => {
            // "bytes=5-" or "bytes=0-0"
            let last = asked.range.rsplit('-').next().and_then(|last| last.parse::<usize>().ok());
            let end = last.map_or(bytes.len(), |last| last + 1);
            let mut part = Answer::new("206 Partial Content", bytes[start..end].to_vec());
            part.set("Content-Range", &format!("bytes {start}-{}/{}", end - 1, bytes.len()));
            part
        }
    };
    answer.set("ETag", &format!("\"{hash}\""));
    answer.set("X-Repo-Commit", COMMIT);
    answer
}
