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
/// Built a second time, for threads: a browser takes this one where the server lets it share memory between them.
const THREADED: &[&str] = &["attnscope-worker"];
/// From npm, and only to build and to test: Binaryen's optimizer takes a quarter off the wasm, axe looks for what would
/// keep a reader out. Installed together, as npm removes what it is not told to keep.
const TOOLS: &[&str] = &["binaryen@132.0.0", "axe-core@4.14.1"];
/// Names are for debuggers; the rest is what the compiler may have used.
const OPTIONS: &[&str] = &[
    "--strip-debug",
    "--strip-producers",
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
    build(&root().join("dist"), &[])
}

/// The page for a host that only hands out files: `cargo xtask site [FOLDER]`.
pub fn site(folder: Option<&str>) -> Result<()> {
    let folder = folder.map_or_else(|| Workspace::load().map(|w| w.target.join("site")), |f| Ok(f.into()))?;
    build(&folder, &["--static"])?;
    println!("{}", folder.display());
    Ok(())
}

fn build(dist: &Path, options: &[&str]) -> Result<()> {
    let target = Workspace::load()?.target;
    let package = target.join("web");
    let mut modules = Vec::new();
    step("web: wasm modules", || {
        modules = wasm::build(MODULES, THREADED)?;
        Ok(())
    })?;
    step("web: bindings", || modules.iter().try_for_each(|module| bind(module, &package, &target)))?;
    step("web: prose and drawings", || {
        let args = ["run", "--quiet", "--package", "attnscope-site", "--"];
        shell::run(cargo(args).arg(&package).arg(dist).args(options))
    })
}

/// The JavaScript beside a module, and the module made smaller. Nothing to do where both are newer than it.
fn bind(module: &Module, package: &Path, target: &Path) -> Result<()> {
    let out = package.join(format!("{}_bg.wasm", module.name));
    if modified(&out) > modified(&module.path) {
        return Ok(());
    }
    let raw = target.join("web-raw").join(&module.name);
    let args = ["run", "--quiet", "--package", "xtask-bindgen", "--"];
    shell::run(cargo(args).arg(&module.path).arg(&raw).arg(&module.name).current_dir(root()))?;
    std::fs::create_dir_all(package).with_context(|| format!("cannot make {}", package.display()))?;
    let script = format!("{}.js", module.name);
    copy(&raw.join(&script), &package.join(&script))?;
    let from = raw.join(format!("{}_bg.wasm", module.name));
    let Some(optimizer) = optimizer(target)? else {
        eprintln!("   note: there is no npm to get {} with; the wasm stays a quarter larger", TOOLS[0]);
        return copy(&from, &out);
    };
    let mut command = Command::new("node");
    let threads = module.threads.then_some("--enable-threads");
    command.arg(optimizer).arg("-O3").args(OPTIONS).args(threads).arg(&from).arg("-o").arg(&out);
    shell::run(&mut command)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to).map(drop).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

/// wasm-opt, if npm is here.
fn optimizer(target: &Path) -> Result<Option<PathBuf>> {
    let folder = target.join("npm");
    let installed = npm_tools(&folder)?;
    Ok(installed.then(|| folder.join("node_modules/binaryen/bin/wasm-opt")))
}

/// Installs the tools below `target/`; says whether they are there.
pub fn npm_tools(folder: &Path) -> Result<bool> {
    let modules = folder.join("node_modules");
    if ["binaryen", "axe-core"].iter().all(|name| modules.join(name).exists()) {
        return Ok(true);
    }
    if !shell::works("npm", &["--version"]) {
        return Ok(false);
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let args = ["install", "--silent", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--prefix"];
    shell::run(Command::new("npm").args(args).arg(folder).args(TOOLS))?;
    Ok(true)
}
