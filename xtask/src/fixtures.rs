//! `cargo xtask fixtures`: the golden data of fixtures/, made anew by independent implementations.

use crate::python;
use crate::shell::{self, step};
use crate::workspace::root;
use anyhow::Result;
use std::process::Command;

/// A virtual environment below target/, the requirements, the script.
pub fn run() -> Result<()> {
    let python = python::venv("fixtures-venv")?;
    let folder = root().join("fixtures");
    step("requirements", || {
        let args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"];
        shell::run(Command::new(&python).args(args).current_dir(&folder))
    })?;
    step("make.py", || shell::run(Command::new(&python).arg("make.py").current_dir(&folder)))?;
    eprintln!("see `git diff --stat fixtures` for what changed");
    Ok(())
}
