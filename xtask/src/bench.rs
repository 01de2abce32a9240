//! `cargo xtask bench page`: measurements, written down by date in `benchmarks/`.

use crate::shell::{self, cargo, step};
use crate::workspace::{Workspace, root};
use crate::{test, web};
use anyhow::{Context, Result};
use std::process::Command;

/// How fast the page is, in a release build and a real browser.
pub fn page() -> Result<()> {
    web::run()?;
    step("a browser", test::browser)?;
    step("build attnscope (release)", || {
        shell::run(cargo(["build", "--quiet", "--release", "--package", "attnscope-cli"]).current_dir(root()))
    })?;
    let attnscope = Workspace::load()?.attnscope("release");
    let args = ["run", "--quiet", "--package", "attnscope-cli", "--example", "page_speed", "--"];
    let found = shell::read(cargo(args).arg(attnscope).current_dir(root()))?;
    let date = shell::read(Command::new("date").arg("+%F"))?;
    let path = root().join("benchmarks").join(format!("page-{}.csv", date.trim()));
    std::fs::write(&path, &found).with_context(|| format!("cannot write {}", path.display()))?;
    print!("{found}");
    println!("{}", path.display());
    Ok(())
}
