//! `cargo xtask bench browser`: a real model in a worker of Chromium, ours against wllama.

use super::{attnscope, example, pull, results};
use crate::shell::{self, step};
use crate::workspace::{Workspace, root};
use crate::{test, web};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// llama.cpp for browsers, from npm.
const PEER: &str = "@wllama/wllama@3.8.1";

/// Builds the page, gets the peer, and has both measured in one browser after the other, in turn.
pub fn run() -> Result<()> {
    web::run()?;
    step("a browser", test::browser)?;
    let attnscope = attnscope()?;
    pull(&attnscope)?;
    let program = example("attnscope-cli", "browser_speed")?;
    let mut command = Command::new(program);
    command.arg(attnscope).current_dir(root());
    match peer(&Workspace::load()?.target.join("bench-npm")) {
        Ok(folder) => drop(command.arg(folder)),
        Err(reason) => eprintln!("   without wllama: {reason:#}"),
    }
    let found = shell::read(&mut command)?;
    print!("{found}");
    results::write_text("browser", &found)
}

/// The package's folder, installed below target/.
fn peer(folder: &Path) -> Result<PathBuf> {
    let package = folder.join("node_modules/@wllama/wllama");
    if !package.exists() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let args = ["install", "--silent", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--prefix"];
        shell::run(Command::new("npm").args(args).arg(folder).arg(PEER))?;
    }
    Ok(package)
}
