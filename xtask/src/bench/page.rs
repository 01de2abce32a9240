//! `cargo xtask bench page`: how fast the page is, in a release build and a real browser.

use super::{attnscope, results};
use crate::shell::{self, cargo, step};
use crate::workspace::root;
use crate::{test, web};
use anyhow::Result;

/// Builds the page, measures it in a browser, and records the results.
pub fn run() -> Result<()> {
    web::run(web::With::Release)?;
    step("a browser", test::browser)?;
    let args = ["run", "--quiet", "--package", "attnscope-cli", "--example", "page_speed", "--"];
    let found = shell::read(cargo(args).arg(attnscope()?).current_dir(root()))?;
    print!("{found}");
    results::write_text("page", &found)
}
