//! `cargo xtask lesson`: trains the lesson model anew. The same settings give the same file, bit for bit.

use crate::shell::{self, cargo, step};
use crate::workspace::root;
use anyhow::Result;

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
    eprintln!("cargo test --package attnscope lesson   proves the circuit");
    Ok(())
}
