//! The page as the command serves it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A running server. Dropping it ends it.
pub struct Served {
    child: Child,
    /// Its address, with a slash at the end.
    pub url: String,
}

impl Served {
    /// Serves on a free port, with these options besides.
    pub fn start(options: &[&str]) -> Self {
        let dist = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dist/index.html");
        assert!(std::path::Path::new(dist).exists(), "the page is not built; to build it: cargo xtask web");
        let mut child = Command::new(env!("CARGO_BIN_EXE_attnscope"))
            .args(["serve", "--port", "0", "--no-open"])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url =
            line.split_whitespace().find(|word| word.starts_with("http://")).expect("the server says where it is");
        Self { url: url.to_owned(), child }
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
