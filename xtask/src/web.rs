//! `cargo xtask web`: the page, into `dist/`: wasm modules, their JavaScript, prose and first drawings, compressed.

use crate::shell::{self, cargo, step, step_of};
use crate::wasm::{self, Module};
use crate::workspace::{Workspace, root};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The page, and the worker with the engine for real models.
const MODULES: &[&str] = &["attnscope-web", "attnscope-worker"];
/// Built a second time, for threads: a browser uses that build if the server allows shared memory.
const THREADED: &[&str] = &["attnscope-worker"];
/// From npm, and only to build and to test: Binaryen's optimizer takes a quarter off the wasm, axe finds barriers for
/// readers. Installed together, since npm removes packages that it is not told to keep.
const TOOLS: &[&str] = &["binaryen@132.0.0", "axe-core@4.14.1"];
/// Names are only for debuggers; the rest are features that the compiler may have used.
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

/// The build whose compiled crates are shared by the program that writes the page.
#[derive(Clone, Copy, PartialEq)]
pub enum With {
    /// The command as it is served, without what the page does not need: PDF, a fifth of the time that it takes.
    Quick,
    /// The whole command.
    Release,
    /// The tests of the workspace.
    Tests,
}

/// When the worker for threads is built, which takes minutes by itself.
#[derive(Clone, Copy, PartialEq)]
enum Threads {
    /// With the other modules.
    Now,
    /// Later, unless it is there already: until then the page works on one thread.
    Later,
}

/// The folder of the page.
pub fn dist() -> PathBuf {
    root().join("dist")
}

/// Builds what has changed.
pub fn run(with: With) -> Result<()> {
    build(&dist(), &[], with, Threads::Now)
}

/// Builds what has changed, but the worker for threads only if that is quick. Returns whether it is left for
/// [`add_threads`].
pub fn run_without_waiting(with: With) -> Result<bool> {
    build(&dist(), &[], with, Threads::Later)?;
    Ok(!wasm::has_threads(THREADED)? && wasm::can_have_threads()?)
}

/// Builds the rest, while a server already shows the page: what open pages still load stays where it is.
pub fn add_threads(with: With) -> Result<()> {
    build(&dist(), &["--keep"], with, Threads::Now)
}

/// The page for a host that only serves files: `cargo xtask site [FOLDER]`.
pub fn site(folder: Option<&str>) -> Result<()> {
    let folder = folder.map_or_else(|| Workspace::load().map(|w| w.target.join("site")), |f| Ok(f.into()))?;
    build(&folder, &["--static"], With::Release, Threads::Now)?;
    println!("{}", folder.display());
    Ok(())
}

fn build(dist: &Path, options: &[&str], with: With, threads: Threads) -> Result<()> {
    let target = Workspace::load()?.target;
    let package = target.join("web");
    wasm::prepare()?;
    // The modules are linked by one core for minutes: meanwhile the other compiles the program that writes the page.
    let (modules, site) = std::thread::scope(|scope| {
        let modules = scope.spawn(|| {
            let mut modules = Vec::new();
            step_of("web: wasm modules", "five minutes on two cores", || {
                modules = wasm::build(MODULES)?;
                if threads == Threads::Now || wasm::has_threads(THREADED)? {
                    modules.extend(wasm::build_for_threads(THREADED)?);
                }
                Ok(())
            })?;
            anyhow::Ok(modules)
        });
        let site = site_program(with, &target);
        (modules.join(), site)
    });
    let (modules, site) = (modules.map_err(|_| anyhow::anyhow!("the build of the modules panicked"))??, site?);
    remove_others(&modules, &package)?;
    step_of("web: bindings", "a minute", || bind_all(&modules, &package, &target))?;
    // Written anew, the page would have the release build of the command compiled anew, which holds it.
    if is_fresh(dist, &site, &package)? {
        return Ok(());
    }
    step("web: prose and drawings", || shell::run(Command::new(&site).arg(&package).arg(dist).args(options)))
}

/// Whether the page is younger than all that it is made of.
fn is_fresh(dist: &Path, site: &Path, package: &Path) -> Result<bool> {
    let own = ["story", "story/de", "story/es", "crates/site/assets", "crates/figures/fonts", "crates/words/tables"]
        .map(|folder| root().join(folder));
    let mut made_of = vec![site.to_path_buf()];
    for folder in own.iter().map(PathBuf::as_path).chain([package]) {
        // The folder's own time changes when a file goes.
        made_of.push(folder.to_path_buf());
        for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
            made_of.push(entry?.path());
        }
    }
    let page = wasm::modified(&dist.join("index.html"));
    Ok(page.is_some() && made_of.iter().all(|path| wasm::modified(path) < page))
}

/// The program that writes the page.
fn site_program(with: With, target: &Path) -> Result<PathBuf> {
    match with {
        With::Quick | With::Release => step_of("web: what writes the page (release)", "four minutes", || {
            shell::run(&mut release("attnscope-site", with))
        })?,
        With::Tests => step_of("build the tests", "eight minutes", || shell::run(&mut crate::test::build()))?,
    }
    let profile = if with == With::Tests { "debug" } else { "release" };
    Ok(target.join(profile).join(format!("attnscope-site{}", std::env::consts::EXE_SUFFIX)))
}

/// Builds one of the two programs in release, the command or what writes the page. Both packages are selected each
/// time, so that their dependencies have the same features and are compiled once.
pub fn release(program: &str, with: With) -> Command {
    let both = ["--package", "attnscope-site", "--package", "attnscope-cli"];
    let mut build = cargo(["build", "--release", "--bin", program]);
    build.args(both).args(shell::quiet()).current_dir(root());
    if with == With::Quick {
        build.arg("--no-default-features");
    }
    build
}

/// Removes the modules of earlier builds that are not among these: a worker for threads that is older than the page.
fn remove_others(modules: &[Module], package: &Path) -> Result<()> {
    for name in THREADED.iter().map(|package| format!("{}_threads", package.replace('-', "_"))) {
        if modules.iter().any(|module| module.name == name) {
            continue;
        }
        for path in [format!("{name}.js"), format!("{name}_bg.wasm")].map(|file| package.join(file)) {
            if path.exists() {
                std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
    }
    Ok(())
}

/// Two modules at a time, since the optimizer works on one core.
fn bind_all(modules: &[Module], package: &Path, target: &Path) -> Result<()> {
    let stale = |module: &&Module| wasm::modified(&bound(module, package)) <= wasm::modified(&module.path);
    let stale: Vec<&Module> = modules.iter().filter(stale).collect();
    if stale.is_empty() {
        return Ok(());
    }
    // Built without optimization, which would take twice as long as it then saves.
    let mut build = cargo(["build", "--profile", "tool", "--package", "xtask-bindgen"]);
    shell::run(build.args(shell::quiet()).current_dir(root()))?;
    let bindgen = target.join("tool").join(format!("xtask-bindgen{}", std::env::consts::EXE_SUFFIX));
    let optimizer = optimizer(target)?;
    if optimizer.is_none() {
        eprintln!("   note: there is no npm to get {} with; the wasm stays a quarter larger", TOOLS[0]);
    }
    for pair in stale.chunks(2) {
        std::thread::scope(|scope| {
            let bind = |module| bind(module, package, target, &bindgen, optimizer.as_deref());
            let started: Vec<_> = pair.iter().map(|module| scope.spawn(move || bind(module))).collect();
            let ended = started.into_iter().map(|one| one.join().map_err(|_| anyhow::anyhow!("bindings panicked"))?);
            ended.collect::<Result<()>>()
        })?;
    }
    Ok(())
}

/// The path of a module when its JavaScript is made.
fn bound(module: &Module, package: &Path) -> PathBuf {
    package.join(format!("{}_bg.wasm", module.name))
}

/// Makes the JavaScript for a module, and makes the module smaller.
fn bind(module: &Module, package: &Path, target: &Path, bindgen: &Path, optimizer: Option<&Path>) -> Result<()> {
    let (out, raw) = (bound(module, package), target.join("web-raw").join(&module.name));
    shell::run(Command::new(bindgen).arg(&module.path).arg(&raw).arg(&module.name))?;
    std::fs::create_dir_all(package).with_context(|| format!("cannot make {}", package.display()))?;
    let script = format!("{}.js", module.name);
    copy(&raw.join(&script), &package.join(&script))?;
    let from = raw.join(format!("{}_bg.wasm", module.name));
    let Some(optimizer) = optimizer else { return copy(&from, &out) };
    let mut command = Command::new("node");
    let threads = module.threads.then_some("--enable-threads");
    // More than -O1 takes five times as long, and the result is larger once it is compressed.
    command.arg(optimizer).arg("-O1").args(OPTIONS).args(threads).arg(&from).arg("-o").arg(&out);
    shell::run(&mut command)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to).map(drop).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

/// wasm-opt, if npm is here.
fn optimizer(target: &Path) -> Result<Option<PathBuf>> {
    let folder = target.join("npm");
    let installed = npm_tools(&folder)?;
    Ok(installed.then(|| folder.join("node_modules/binaryen/bin/wasm-opt")))
}

/// Installs the tools below `target/`; returns whether they are there.
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
