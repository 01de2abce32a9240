//! `cargo xtask bench browser`: a real model in a worker of Chromium, ours against wllama.

use super::{attnscope, example, peers, pull, results};
use crate::shell::{self, step};
use crate::workspace::{Workspace, root};
use crate::{test, web};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// llama.cpp and onnxruntime for browsers, from npm: what to install, and the folder that is served.
const WLLAMA: (&str, &str) = ("@wllama/wllama@3.8.1", "@wllama/wllama");
const ORT: (&str, &str) = ("onnxruntime-web@1.30.0", "onnxruntime-web/dist");

/// Builds the page, gets the peer, and measures both in one browser after the other, in turn.
pub fn run() -> Result<()> {
    web::run(web::With::Release)?;
    step("a browser", test::browser)?;
    let attnscope = attnscope()?;
    pull(&attnscope)?;
    let program = example("attnscope-cli", "browser_speed")?;
    let mut command = Command::new(program);
    command.arg(attnscope).current_dir(root());
    let folder = Workspace::load()?.target.join("bench-npm");
    for path in [peer(&folder, WLLAMA), peer(&folder, ORT), operator(&folder)] {
        command.arg(path.unwrap_or_else(|reason| {
            eprintln!("   without a peer: {reason:#}");
            "-".into()
        }));
    }
    let found = shell::read(&mut command)?;
    print!("{found}");
    results::write_text("browser", &found)
}

/// A folder of the package, installed below target/, each in its own place: npm removes packages it was not asked for.
fn peer(folder: &Path, (package, served): (&str, &str)) -> Result<PathBuf> {
    let folder = &folder.join(package.replace(['@', '/'], "-"));
    let found = folder.join("node_modules").join(served);
    if !found.exists() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let args = ["install", "--silent", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--prefix"];
        shell::run(Command::new("npm").args(args).arg(folder).arg(package))?;
    }
    Ok(found)
}

/// onnxruntime's operator for attention as a file.
fn operator(folder: &Path) -> Result<PathBuf> {
    let file = folder.join("attention.onnx");
    peers::start("onnxruntime", &[])?.ask(&format!("operator {}", file.display()))?;
    Ok(file)
}
