//! Virtual environments below target/, for tasks that need Python.

use crate::shell::{self, step};
use crate::workspace::Workspace;
use anyhow::{Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// The Python of the environment `target/NAME`, which is made if it is not there.
pub fn venv(name: &str) -> Result<PathBuf> {
    let venv = Workspace::load()?.target.join(name);
    let python = venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if !python.exists() {
        step("virtual environment", || shell::run(Command::new(find()?).args(["-m", "venv"]).arg(&venv)))?;
    }
    Ok(python)
}

fn find() -> Result<&'static str> {
    match ["python3", "python"].into_iter().find(|name| shell::works(name, &["--version"])) {
        Some(name) => Ok(name),
        None => bail!("expected python3 or python, found neither: install Python 3 with its venv module"),
    }
}
