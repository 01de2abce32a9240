//! `cargo xtask fixtures`: the golden data of fixtures/, made anew by other people's implementations.

use crate::shell::{self, step};
use crate::workspace::{Workspace, root};
use anyhow::{Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// A virtual environment below target/, the requirements, the script.
pub fn run() -> Result<()> {
    let venv = Workspace::load()?.target.join("fixtures-venv");
    let python = venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if !python.exists() {
        step("virtual environment", || shell::run(Command::new(find_python()?).args(["-m", "venv"]).arg(&venv)))?;
    }
    let folder = root().join("fixtures");
    step("requirements", || {
        let args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"];
        shell::run(Command::new(&python).args(args).current_dir(&folder))
    })?;
    step("make.py", || shell::run(Command::new(&python).arg("make.py").current_dir(&folder)))?;
    eprintln!("see `git diff --stat fixtures` for what changed");
    Ok(())
}

fn find_python() -> Result<PathBuf> {
    match ["python3", "python"].into_iter().find(|name| shell::works(name, &["--version"])) {
        Some(name) => Ok(name.into()),
        None => bail!("expected python3 or python, found neither: install Python 3 with its venv module"),
    }
}
