//! `cargo xtask web`: the page, into `dist/`: wasm modules, their JavaScript, prose and first drawings, compressed.

use crate::shell::{self, cargo, step};
use crate::wasm::{self, Module};
use crate::workspace::{Workspace, root};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// The page, and the worker with the engine for real models.
const MODULES: &[&str] = &["attnscope-web", "attnscope-worker"];
/// Binaryen's optimizer, from npm: it takes a quarter off.
const BINARYEN: &str = "binaryen@132.0.0";
/// What the compiler may have used.
const FEATURES: &[&str] = &[
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
    "--enable-extended-const",
];

/// Builds what has changed.
pub fn run() -> Result<()> {
    let target = Workspace::load()?.target;
    let package = target.join("web");
    let mut modules = Vec::new();
    step("web: wasm modules", || {
        modules = wasm::build(MODULES)?;
        Ok(())
    })?;
    step("web: bindings", || modules.iter().try_for_each(|module| bind(module, &package, &target)))?;
    step("web: prose and drawings", || {
        let args = ["run", "--quiet", "--package", "attnscope-site", "--"];
        shell::run(cargo(args).arg(&package).arg(root().join("dist")).current_dir(root()))
    })
}

/// The JavaScript beside a module, and the module made smaller. Nothing to do where both are newer than it.
fn bind(module: &Module, package: &Path, target: &Path) -> Result<()> {
    let out = package.join(format!("{}_bg.wasm", module.name));
    if modified(&out) > modified(&module.path) {
        return Ok(());
    }
    let raw = target.join("web-raw");
    let args = ["run", "--quiet", "--package", "xtask-bindgen", "--"];
    shell::run(cargo(args).arg(&module.path).arg(&raw).current_dir(root()))?;
    std::fs::create_dir_all(package).with_context(|| format!("cannot make {}", package.display()))?;
    let script = format!("{}.js", module.name);
    copy(&raw.join(&script), &package.join(&script))?;
    let from = raw.join(format!("{}_bg.wasm", module.name));
    let Some(optimizer) = optimizer(target)? else {
        eprintln!("   note: there is no npm to get {BINARYEN} with; the wasm stays a quarter larger");
        return copy(&from, &out);
    };
    let mut command = Command::new("node");
    command.arg(optimizer).arg("-O3").args(FEATURES).arg(&from).arg("-o").arg(&out);
    shell::run(&mut command)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to).map(drop).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

/// wasm-opt, installed below target/ if npm is here.
fn optimizer(target: &Path) -> Result<Option<PathBuf>> {
    let folder = target.join("npm");
    let script = folder.join("node_modules/binaryen/bin/wasm-opt");
    if !script.exists() {
        if !shell::works("npm", &["--version"]) {
            return Ok(None);
        }
        npm_install(&folder, &[BINARYEN])?;
    }
    Ok(Some(script))
}

/// Installs packages of npm in a folder.
pub fn npm_install(folder: &Path, packages: &[&str]) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let args = ["install", "--silent", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--prefix"];
    shell::run(Command::new("npm").args(args).arg(folder).args(packages))
}
