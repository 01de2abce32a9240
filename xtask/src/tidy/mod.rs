//! `cargo xtask tidy`: the rules of the repository that a machine can check.

mod arrows;
mod circles;
mod files;
mod printing;
mod source;

pub use files::MAX_BYTES;

use crate::shell::{self, cargo, step};
use crate::workspace::{Workspace, root};
use anyhow::{Result, bail};

/// Runs all checks, cheap ones first.
pub fn run() -> Result<()> {
    step("tidy: format", || shell::run(cargo(["fmt", "--all", "--check"]).current_dir(root())))?;
    step("tidy: the house's rules", house)?;
    step("tidy: clippy", || {
        let args = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
        shell::run(cargo(args).current_dir(root()))
    })?;
    step("tidy: documentation", || {
        let args = ["doc", "--quiet", "--no-deps", "--workspace", "--document-private-items"];
        shell::run(cargo(args).env("RUSTDOCFLAGS", "-Dwarnings").current_dir(root()))
    })
}

/// All rules, all violations at once, so that they can be fixed together.
fn house() -> Result<()> {
    let mut wrong = arrows::check(&Workspace::load()?.members);
    let files = files::all()?;
    wrong.extend(files::check_sizes(&files));
    let texts: Vec<(&str, String)> = files.iter().filter_map(|file| Some((file.path.as_str(), file.text()?))).collect();
    wrong.extend(circles::check(texts.iter().map(|(path, text)| (*path, text.as_str()))));
    for file in &files {
        if let Some(text) = file.text() {
            wrong.extend(source::check(&file.path, &text));
            wrong.extend(printing::check(&file.path, &text));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    for violation in &wrong {
        eprintln!("   {violation}");
    }
    bail!("{} violations of the house's rules; to repeat it: cargo xtask tidy", wrong.len())
}
