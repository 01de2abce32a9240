//! `cargo xtask bench`: measurements, recorded by date in `benchmarks/`, and the tables of its README made from them.
//!
//! Ours and its peers are measured in turn, so that other load on the machine affects both; what counts are ratios
//! within a run. A peer that is not available has a row that says so.

mod asked;
mod attention;
mod browser;
mod file;
mod length;
mod map;
mod model;
mod page;
mod peers;
mod readme;
mod results;
mod rounds;
mod shape;

use crate::shell::{self, cargo, step};
use crate::workspace::{Workspace, root};
use anyhow::{Result, bail};
use results::Row;
use std::path::PathBuf;
use std::process::Command;

/// How many threads each program gets.
const THREADS: &str = "2";

/// Measures one thing, or all but the page; then writes the README's tables from the newest results.
pub fn run(what: &[&str]) -> Result<()> {
    match what {
        [] => {
            [attention::run, model::run, length::run, map::run, browser::run].into_iter().try_for_each(|run| run())?
        }
        ["attention"] => attention::run()?,
        ["model"] => model::run()?,
        ["model", files @ ..] => file::run(&files.iter().map(PathBuf::from).collect::<Vec<_>>())?,
        ["1b", types @ ..] => file::shapes(types)?,
        ["length"] => length::run()?,
        ["map"] => map::run()?,
        ["browser"] => browser::run()?,
        ["page"] => page::run()?,
        // For changes of its text.
        ["readme"] => {}
        other => bail!(
            "expected attention, model [FILE…], 1b [TYPE…], length, map, browser, page or nothing, found {}",
            other.join(" ")
        ),
    }
    readme::write()
}

/// Builds an example of one of our crates in release, and returns its path.
fn example(package: &str, name: &str) -> Result<PathBuf> {
    step(&format!("build {name} (release)"), || {
        let args = ["build", "--quiet", "--release", "--package", package, "--example", name];
        shell::run(cargo(args).current_dir(root()))
    })?;
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    Ok(Workspace::load()?.target.join("release").join("examples").join(file))
}

/// The command `attnscope`, built in release.
pub fn attnscope() -> Result<PathBuf> {
    step("build attnscope (release)", || {
        shell::run(cargo(["build", "--quiet", "--release", "--package", "attnscope-cli"]).current_dir(root()))
    })?;
    Ok(Workspace::load()?.attnscope("release"))
}

/// Gets the model that is measured onto this machine.
fn pull(attnscope: &PathBuf) -> Result<()> {
    step("the model", || shell::run(Command::new(attnscope).args(["pull", "smollm2-135m"]).current_dir(root())))
}

/// The limits of this machine, at this moment.
fn limits() -> Result<Vec<Row>> {
    let limits = example("attnscope-kernels", "limits")?;
    let mut found = String::new();
    step("limits of this machine", || {
        found = shell::read(&mut Command::new(&limits))?;
        Ok(())
    })?;
    let mut rows = results::parse(&found);
    rows.iter_mut().for_each(|row| row.case.insert_str(0, "limit: "));
    Ok(rows)
}
