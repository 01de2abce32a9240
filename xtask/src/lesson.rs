//! `cargo xtask lesson`: trains the lesson model anew. The same settings give the same file, bit for bit.

use crate::shell::{self, cargo, step};
use crate::workspace::root;
use anyhow::{Context, Result, bail};

/// The engine's example does the work, in release; it prints the loss and what the circuit does.
pub fn run() -> Result<()> {
    let file = root().join("crates/engine/src/lesson/lesson.safetensors");
    step("train the lesson model", || {
        let args = [
            "run",
            "--quiet",
            "--release",
            "--package",
            "attnscope",
            "--no-default-features",
            "--example",
            "lesson",
            "--",
        ];
        shell::run(cargo(args).arg(file).current_dir(root()))
    })?;
    step("record its training", record)?;
    eprintln!("cargo test --package attnscope lesson   proves the circuit");
    Ok(())
}

/// The course of the training, which chapter 11 draws behind the reader's.
fn record() -> Result<()> {
    let path = root().join("crates/page/src/figure/training.csv");
    let args = ["run", "--quiet", "--release", "--package", "attnscope-page", "--example", "record"];
    let out = cargo(args).current_dir(root()).output().context("cannot run the example `record`")?;
    if !out.status.success() {
        bail!("the example `record` failed: {}", String::from_utf8_lossy(&out.stderr));
    }
    std::fs::write(&path, out.stdout).with_context(|| format!("cannot write {}", path.display()))
}
