//! `cargo xtask serve`: the page, built where something is missing, served by a release build.

use crate::shell::{self, step_of};
use crate::web::{self, With};
use crate::workspace::Workspace;
use anyhow::Result;
use std::process::Command;

/// Options go to `attnscope serve`.
pub fn run(options: &[&str]) -> Result<()> {
    web::run(With::Release)?;
    step_of("build attnscope (release)", "three minutes", || shell::run(&mut web::release("attnscope")))?;
    shell::run(Command::new(Workspace::load()?.attnscope("release")).arg("serve").args(options))
}
