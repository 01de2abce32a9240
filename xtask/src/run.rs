//! `cargo xtask run`: the product, seen from a terminal. *dog* attends to *hot*, and the model predicts food.

use crate::shell::{self, cargo, step};
use crate::workspace::{Workspace, root};
use anyhow::Result;
use std::process::Command;

const SENTENCE: &str = "the hot dog was";

/// Builds, pulls the model if it is not here, shows its attention, and leaves a figure to open.
pub fn run() -> Result<()> {
    step("build attnscope (release)", || {
        shell::run(cargo(["build", "--quiet", "--release", "--package", "attnscope-cli"]).current_dir(root()))
    })?;
    let workspace = Workspace::load()?;
    let attnscope = |args: &[&str]| {
        let mut command = Command::new(workspace.attnscope("release"));
        command.args(args).current_dir(root());
        command
    };
    step("the model", || shell::run(&mut attnscope(&["pull", "smollm2-135m"])))?;

    let what = ["--model", "smollm2-135m", "--text", SENTENCE];
    step(&format!("what comes after {SENTENCE:?}"), || shell::run(attnscope(&["predict"]).args(what)))?;
    let head = ["--layer", "16", "--head", "0"];
    step("who attends to whom, in layer 16, head 0", || {
        shell::run(attnscope(&["render", "matrix"]).args(what).args(head))
    })?;
    let figure = workspace.target.join("the-hot-dog-was.svg");
    step("the same as a figure", || {
        shell::run(attnscope(&["render", "matrix"]).args(what).args(head).arg("-o").arg(&figure))
    })?;
    println!("{}", figure.display());
    Ok(())
}
