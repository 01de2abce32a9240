//! The peers that run in Python: their packages, in an environment below target/.

use super::asked::Asked;
use crate::python;
use crate::shell::{self, step};
use crate::workspace::{Workspace, root};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The name of each in `peers.py`, and the packages that it needs: name to install, name to import.
const PACKAGES: &[(&str, &[(&str, &str)])] = &[
    ("pytorch", &[("numpy", "numpy"), ("torch", "torch")]),
    ("onnxruntime", &[("numpy", "numpy"), ("onnx", "onnx"), ("onnxruntime", "onnxruntime")]),
    (
        "transformers",
        &[("torch", "torch"), ("gguf", "gguf"), ("accelerate", "accelerate"), ("transformers", "transformers")],
    ),
    ("llama.cpp", &[("numpy", "numpy"), ("llama-cpp-python", "llama_cpp")]),
];
/// Seconds that installing a package may take: llama.cpp is compiled.
const PATIENCE: &str = "600";

/// Starts a peer, after installing what it lacks.
pub fn start(who: &str, arguments: &[&Path]) -> Result<Asked> {
    let python = python::venv("bench-venv")?;
    let packages = PACKAGES.iter().find(|(name, _)| *name == who).map_or(&[][..], |(_, packages)| packages);
    for (package, module) in packages {
        install(&python, package, module)?;
    }
    Asked::start(command(&python, who).args(arguments), &log(who)?)
}

/// Starts candle, after building it for this exact processor: otherwise it uses no vector instructions.
pub fn candle(file: &Path) -> Result<Asked> {
    let target = Workspace::load()?.target.join("bench-candle");
    step("build candle", || {
        let mut command = shell::cargo(["build", "--quiet", "--release", "--locked", "--target-dir"]);
        command.arg(&target).env("RUSTFLAGS", "-C target-cpu=native");
        shell::run(command.current_dir(root().join("benchmarks/candle")))
    })?;
    let mut command = Command::new(target.join("release").join(format!("candle-peer{}", std::env::consts::EXE_SUFFIX)));
    Asked::start(command.arg(file), &log("candle")?)
}

/// `peers.py WHO`
pub fn command(python: &Path, who: &str) -> Command {
    let mut command = Command::new(python);
    command.arg(root().join("benchmarks/peers.py")).arg(who).env("TQDM_DISABLE", "1");
    command
}

/// The file for a program's error output.
pub fn log(who: &str) -> Result<PathBuf> {
    let folder = Workspace::load()?.target.join("bench");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder.join(format!("{who}.log")))
}

/// Installs a package unless it is there. One that failed is not tried again until its log is deleted.
fn install(python: &Path, package: &str, module: &str) -> Result<()> {
    let found = format!("import importlib.util, sys; sys.exit(importlib.util.find_spec('{module}') is None)");
    if shell::works(&python.to_string_lossy(), &["-c", &found]) {
        return Ok(());
    }
    let log = log(&format!("install-{package}"))?;
    if log.exists() {
        bail!("{package} could not be installed; delete {} to try again", relative(&log));
    }
    let outcome = step(&format!("install {package}"), || {
        let pip = ["-m", "pip", "install", "--disable-pip-version-check", package];
        let mut command = Command::new("timeout");
        let said = std::fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        command.arg(PATIENCE).arg(python).args(pip).env("CMAKE_ARGS", "-DGGML_NATIVE=ON");
        shell::run(command.stdout(said.try_clone()?).stderr(said))
    });
    match outcome {
        Ok(()) => std::fs::remove_file(&log).with_context(|| format!("cannot delete {}", log.display())),
        Err(_) => bail!("{package} could not be installed in {PATIENCE} s, see {}", relative(&log)),
    }
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
