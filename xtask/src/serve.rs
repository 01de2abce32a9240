//! `cargo xtask serve`: the page, built where something is missing, served by a release build.

use crate::shell::{self, cargo, step_of};
use crate::web::{self, With};
use crate::workspace::{Workspace, root};
use anyhow::Result;
use std::process::Command;

/// Options go to `attnscope serve`.
pub fn run(options: &[&str]) -> Result<()> {
    web::run(With::Release)?;
    step_of("build attnscope (release)", "three minutes", || {
        // The packages are those that were chosen for what writes the page.
        let both = ["--package", "attnscope-site", "--package", "attnscope-cli"];
        let mut build = cargo(["build", "--release", "--bin", "attnscope"]);
        shell::run(build.args(both).args(shell::quiet()).current_dir(root()))
    })?;
    shell::run(Command::new(Workspace::load()?.attnscope("release")).arg("serve").args(options))
}
