//! `cargo xtask film`: the page as it plays, filmed in a browser for README.

use crate::bench::attnscope;
use crate::shell::{self, cargo, step};
use crate::tidy::MAX_BYTES;
use crate::workspace::root;
use crate::{test, web};
use anyhow::{Result, ensure};

/// Builds the page, and films its first picture and chapter 8.
pub fn run() -> Result<()> {
    web::run(web::With::Release)?;
    step("a browser", test::browser)?;
    let args = ["run", "--quiet", "--package", "attnscope-cli", "--example", "film", "--"];
    let file = root().join("docs/film.gif");
    shell::run(cargo(args).arg(attnscope()?).arg(&file).current_dir(root()))?;
    let bytes = std::fs::metadata(&file)?.len();
    ensure!(bytes <= MAX_BYTES, "the film has {bytes} bytes; the repository keeps files up to {MAX_BYTES}: film less");
    Ok(())
}
