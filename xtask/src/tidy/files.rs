//! The files that belong to the repository, and how large they may be.

use crate::shell;
use crate::workspace::root;
use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

pub const MAX_BYTES: u64 = 2_000_000;
const MANY_LINES: usize = 350;

/// A file that git tracks, or would if it were added.
#[derive(Debug)]
pub struct File {
    /// Relative to the root, with `/`.
    pub path: String,
    /// On disk.
    pub full: PathBuf,
    /// In bytes.
    pub size: u64,
}

impl File {
    /// The text of a source file that is worth reading.
    pub fn text(&self) -> Option<String> {
        let is_source =
            [".rs", ".html", ".css", ".js", ".mjs", ".svg", ".md"].iter().any(|end| self.path.ends_with(end));
        if is_source { std::fs::read_to_string(&self.full).ok() } else { None }
    }
}

/// Every file of the repository, new ones too.
pub fn all() -> Result<Vec<File>> {
    let args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listed = shell::read(Command::new("git").args(args).current_dir(root()))?;
    let files = listed.split_terminator('\0').filter_map(|path| {
        let full = root().join(path);
        // Deleted but not yet committed, or a link that leads nowhere: nothing to check.
        let size = std::fs::metadata(&full).ok().filter(|meta| meta.is_file())?.len();
        Some(File { path: path.to_owned(), full, size })
    });
    Ok(files.collect())
}

/// Files that are too large, one line each. Files that are merely long are mentioned as well.
pub fn check_sizes(files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files {
        if file.size > MAX_BYTES {
            wrong.push(format!("{}: {} bytes; the repository keeps files up to {MAX_BYTES}", file.path, file.size));
        }
        if !file.path.ends_with(".rs") {
            continue;
        }
        let lines = file.text().map_or(0, |text| text.lines().count());
        if lines > MANY_LINES {
            eprintln!("   hint: {} has {lines} lines: is it one idea?", file.path);
        }
    }
    wrong
}
