//! `attnscope serve` as browsers, and others, meet it: a real server, and HTTP by hand.

mod api;
mod attacks;
mod guard;
mod http;
mod models;
mod page;
mod start;

use http::{Answer, Connection};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A server that ends with its test.
struct Server {
    child: Child,
    /// What it printed.
    url: String,
    port: u16,
    /// The page's folder.
    page: TempDir,
    /// An empty cache: what the machine has pulled does not matter here.
    _cache: TempDir,
}

impl Server {
    /// The lesson model only.
    fn start() -> Self {
        Self::with(&[])
    }

    fn with(args: &[&str]) -> Self {
        let cache = tempfile::tempdir().expect("folder");
        let mut command = command(args);
        command.env("HF_HOME", cache.path());
        Self::spawn(command, cache)
    }

    fn spawn(mut command: Command, cache: TempDir) -> Self {
        let page = tempfile::tempdir().expect("folder");
        let mut child = command.args(["--port", "0", "--assets"]).arg(page.path()).spawn().expect("attnscope starts");
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut url).expect("one line");
        let port = url.split(':').nth(2).and_then(|rest| rest.split('/').next()?.parse().ok());
        let port = port.unwrap_or_else(|| panic!("no port in {url:?}"));
        Self { child, url: url.trim_end().to_owned(), port, page, _cache: cache }
    }

    /// Puts a file into the page's folder.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.page.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
        std::fs::write(path, content).expect("file");
    }

    fn connect(&self) -> Connection {
        Connection::open(self.port)
    }

    /// A request with our own Host, and more headers, each a line.
    fn ask(&self, method: &str, path: &str, headers: &[&str]) -> Answer {
        self.connect().ask(method, path, headers)
    }

    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attnscope"));
    command
        .env_remove("ATTNSCOPE_TOKEN")
        .args(["serve", "--no-open"])
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A Llama of two layers, one file.
fn tiny() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tiny/llama.gguf").display().to_string()
}

/// The same as "long" in `place`, for texts of so many tokens.
fn tiny_for(place: &Path, n_ctx: u32) -> String {
    let mut bytes = std::fs::read(tiny()).expect("the tiny model");
    let key = b"llama.context_length";
    let at = bytes.windows(key.len()).position(|found| found == key).expect("the key") + key.len();
    assert_eq!(bytes[at..at + 8], [4, 0, 0, 0, 64, 0, 0, 0], "a u32, and 64");
    bytes[at + 4..at + 8].copy_from_slice(&n_ctx.to_le_bytes());
    let path = place.join("long.gguf");
    std::fs::write(&path, bytes).expect("a model");
    path.display().to_string()
}
