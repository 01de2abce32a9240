//! `cargo xtask test`: everything that CI runs, in an order that finds mistakes early.
//!
//! A test that needs a real model has `real_model` in its name (a module of that name will do). Those run last, after
//! the models were pulled. All tests share the dev profile, so that nothing is built twice.

use crate::shell::{self, cargo, step};
use crate::tidy;
use crate::web::{self, With};
use crate::workspace::{Workspace, root};
use anyhow::{Result, bail};
use std::process::Command;
use std::time::Instant;

/// The models that the tests need.
const MODELS: &[&str] = &["smollm2-135m", "all-minilm-l6-v2"];

/// Stops at the first failure; the error says how to repeat the step.
pub fn run() -> Result<()> {
    let start = Instant::now();
    tidy::run()?;
    web::run(With::Tests)?;
    step("a browser", browser)?;
    step("tests without real models", || shell::run(&mut tests(Models::Without)))?;
    step("examples in the documentation", || {
        shell::run(cargo(["test", "--quiet", "--workspace", "--doc"]).current_dir(root()))
    })?;
    step("models", pull)?;
    step("tests with real models", || shell::run(&mut tests(Models::With)))?;
    eprintln!("\nall passed in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
enum Models {
    Without,
    With,
}

/// The tests, with nextest where it is installed: it runs the tests of all crates side by side.
fn tests(models: Models) -> Command {
    let mut command = if shell::works("cargo", &["nextest", "--version"]) {
        let filter = if models == Models::With { "test(real_model)" } else { "not test(real_model)" };
        // Until the first such test is written there may be none.
        cargo(["nextest", "run", "--workspace", "--no-tests=warn", "--filterset", filter])
    } else if models == Models::With {
        cargo(["test", "--workspace", "--lib", "--bins", "--tests", "real_model"])
    } else {
        cargo(["test", "--workspace", "--lib", "--bins", "--tests", "--", "--skip", "real_model"])
    };
    command.current_dir(root());
    command
}

/// Builds the tests, and with them the programs that they use.
pub fn build() -> Command {
    let mut command = if shell::works("cargo", &["nextest", "--version"]) {
        let mut command = cargo(["nextest", "run", "--no-run", "--workspace"]);
        command.args(shell::quiet().map(|_| "--cargo-quiet"));
        command
    } else {
        let mut command = cargo(["test", "--no-run", "--workspace", "--lib", "--bins", "--tests"]);
        command.args(shell::quiet());
        command
    };
    command.current_dir(root());
    command
}

/// Tests the page in a real browser, and with axe.
pub fn browser() -> Result<()> {
    let here = || ["chromium", "chromedriver"].iter().all(|name| shell::works(name, &["--version"]));
    if !here() {
        shell::apt_install(&["chromium", "chromium-driver"])?;
    }
    if !here() {
        bail!("the page's tests need Chromium and its driver: apt-get install chromium chromium-driver");
    }
    if !web::npm_tools(&Workspace::load()?.target.join("npm"))? {
        bail!("the page's tests need axe-core from npm: install Node.js with npm");
    }
    Ok(())
}

/// Pulls with the command that was just tested: the previous tests have built it, in the same profile.
fn pull() -> Result<()> {
    let attnscope = Workspace::load()?.attnscope("debug");
    if !attnscope.exists() {
        bail!("{} was not built; to build it: cargo build --package attnscope-cli", attnscope.display());
    }
    for model in MODELS {
        shell::run(Command::new(&attnscope).args(["pull", model]).current_dir(root()))?;
    }
    Ok(())
}
