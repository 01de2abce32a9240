//! `cargo xtask serve`: the page, built where something is missing, served by a release build.

use crate::shell::{self, cargo, step};
use crate::web;
use crate::workspace::{Workspace, root};
use anyhow::Result;
use std::process::Command;

/// Options go to `attnscope serve`.
pub fn run(options: &[&str]) -> Result<()> {
    web::run()?;
    step("build attnscope (release)", || {
        shell::run(cargo(["build", "--quiet", "--release", "--package", "attnscope-cli"]).current_dir(root()))
    })?;
    shell::run(Command::new(Workspace::load()?.attnscope("release")).arg("serve").args(options))
}
