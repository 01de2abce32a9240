//! Packages for wasm32 with SIMD, also where rustup has no standard library for it.

use crate::shell::{self, cargo};
use crate::workspace::{Workspace, root};
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Instant, SystemTime};

const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's compiler, the source of its standard library, and a linker for wasm.
const DEBIAN: &[&str] = &["rustc-web", "rust-web-src", "libstd-rust-web-dev", "lld-22"];

/// How to get a standard library for wasm32.
enum Route {
    /// rustup has it ready-made; it does not support threads.
    Target,
    /// rustup's compiler builds it from rustup's source.
    RustSrc,
    /// Debian's compiler builds it from Debian's source.
    BuildStd { linker: PathBuf },
}

/// A built module.
pub struct Module {
    /// `target/wasm/wasm32-unknown-unknown/web/attnscope_web.wasm`
    pub path: PathBuf,
    /// `attnscope_web`
    pub name: String,
    /// Whether threads may share its memory.
    pub threads: bool,
}

/// Installs what is missing, before anything else uses the compilers.
pub fn prepare() -> Result<()> {
    with_threads(route()?).map(drop)
}

/// Builds these packages, each by itself: together they would share their features, and the page's own engine would
/// include the tokenizers of real models.
pub fn build(packages: &[&str]) -> Result<Vec<Module>> {
    let route = route()?;
    packages.iter().map(|package| build_one(&route, package, false)).collect()
}

/// Builds these packages for threads that share their memory, if the standard library can be built for them.
pub fn build_for_threads(packages: &[&str]) -> Result<Vec<Module>> {
    let Some(route) = with_threads(route()?)? else {
        eprintln!("   note: rustup's standard library for {TARGET} knows no threads; in browsers one will work");
        eprintln!("   to have several: rustup component add rust-src");
        return Ok(Vec::new());
    };
    let modules = packages.iter().map(|package| build_one(&route, package, true)).collect::<Result<Vec<_>>>()?;
    if !has_threads(packages)? {
        // Two compilers build the two: what did not have to be built anew is as new as the rest all the same.
        for module in &modules {
            let touch = || File::options().append(true).open(&module.path)?.set_modified(SystemTime::now());
            touch().with_context(|| format!("cannot touch {}", module.path.display()))?;
        }
    }
    Ok(modules)
}

/// Whether anything here can build for threads.
pub fn can_have_threads() -> Result<bool> {
    Ok(with_threads(route()?)?.is_some())
}

/// Whether the builds of these packages for threads are at least as new as those without.
pub fn has_threads(packages: &[&str]) -> Result<bool> {
    let built = |package: &str, threads| -> Result<_> { Ok(modified(&path(package, &folder(threads)?))) };
    for package in packages {
        let with = built(package, true)?;
        if with.is_none() || with < built(package, false)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// When a file was last written, if it is there.
pub fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

/// Each standard library has its own folder, since its build would remove the other's.
fn folder(threads: bool) -> Result<PathBuf> {
    Ok(Workspace::load()?.target.join(if threads { "wasm-threads" } else { "wasm" }))
}

/// A package's module below its folder.
fn path(package: &str, target: &Path) -> PathBuf {
    target.join(TARGET).join("web").join(format!("{}.wasm", package.replace('-', "_")))
}

fn build_one(route: &Route, package: &str, threads: bool) -> Result<Module> {
    let target = folder(threads)?;
    let start = Instant::now();
    let with = if threads { ", for threads" } else { "" };
    eprintln!("   {package}{with} …");
    shell::run(&mut command(route, package, &target, threads))?;
    eprintln!("   {package}{with}: {:.0} s", start.elapsed().as_secs_f64());
    let name = package.replace('-', "_") + if threads { "_threads" } else { "" };
    Ok(Module { path: path(package, &target), name, threads })
}

fn command(route: &Route, package: &str, target: &Path, threads: bool) -> Command {
    let mut command = match route {
        Route::Target | Route::RustSrc => cargo(["build"]),
        // Not rustup's own cargo by its path, but whichever comes first: the variables below choose the compiler.
        Route::BuildStd { .. } => Command::new("cargo"),
    };
    if !matches!(route, Route::Target) {
        // Lets a stable compiler do what otherwise only a nightly one may: build the standard library.
        command.env("RUSTC_BOOTSTRAP", "1");
    }
    if let Route::RustSrc = route {
        command.arg("-Zbuild-std=std,panic_abort");
    }
    if let Route::BuildStd { linker } = route {
        command.args(["build", "-Zbuild-std=std,panic_abort"]);
        command.env("RUSTC", "/usr/bin/rustc");
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        for inherited in ["RUSTC_WRAPPER", "RUSTUP_TOOLCHAIN"] {
            command.env_remove(inherited);
        }
    }
    command.args(shell::quiet());
    command.args(["--locked", "--profile", "web", "--target", TARGET, "--package", package]);
    // Not RUSTFLAGS: that would reach the build scripts too. getrandom must be told which random numbers to use.
    let mut flags = "-C target-feature=+simd128 --cfg getrandom_backend=\"wasm_js\"".to_owned();
    if matches!(route, Route::BuildStd { .. }) {
        flags.push_str(" -C linker-flavor=wasm-ld");
    }
    if threads {
        flags.push_str(" -C target-feature=+atomics,+bulk-memory,+mutable-globals");
        // The memory is imported, as large as wasm allows, and every thread makes its own stack in it.
        flags.push_str(" -C link-arg=--shared-memory -C link-arg=--import-memory -C link-arg=--max-memory=4294967296");
        for own in ["__heap_base", "__wasm_init_tls", "__tls_size", "__tls_align", "__tls_base"] {
            flags.push_str(&format!(" -C link-arg=--export={own}"));
        }
    }
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags);
    // A folder of its own: another compiler builds the procedural macros, and would remove those of other builds.
    command.env("CARGO_TARGET_DIR", target);
    command.current_dir(root());
    command
}

/// Whatever is installed is used; otherwise rustup is asked, then apt if allowed.
fn route() -> Result<Route> {
    if rustup_has_target() {
        return Ok(Route::Target);
    }
    if let Some(linker) = debian() {
        return Ok(Route::BuildStd { linker });
    }
    if shell::works("rustup", &["target", "add", TARGET]) && rustup_has_target() {
        return Ok(Route::Target);
    }
    if shell::apt_install(DEBIAN)?
        && let Some(linker) = debian()
    {
        return Ok(Route::BuildStd { linker });
    }
    bail!(
        "no standard library for {TARGET} on this machine. One of these gets it:\n  rustup target add {TARGET}\n  \
         apt-get install {}   (as root, on Debian or Ubuntu)",
        DEBIAN.join(" ")
    )
}

/// There is no ready-made standard library for threads: it must be built from source.
fn with_threads(route: Route) -> Result<Option<Route>> {
    if !matches!(route, Route::Target) {
        return Ok(Some(route));
    }
    let has_source = || {
        let root = shell::read(Command::new("rustc").args(["--print", "sysroot"])).unwrap_or_default();
        Path::new(root.trim()).join("lib/rustlib/src/rust/library/Cargo.lock").exists()
    };
    if has_source() || shell::works("rustup", &["component", "add", "rust-src"]) && has_source() {
        return Ok(Some(Route::RustSrc));
    }
    if debian().is_none() && !shell::apt_install(DEBIAN)? {
        return Ok(None);
    }
    Ok(debian().map(|linker| Route::BuildStd { linker }))
}

fn rustup_has_target() -> bool {
    let folder = shell::read(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]));
    let Some(files) = folder.ok().and_then(|folder| std::fs::read_dir(folder.trim()).ok()) else { return false };
    files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
}

/// Debian's compiler and source, if both are here; returns the linker to use with them.
fn debian() -> Option<PathBuf> {
    let complete =
        Path::new("/usr/bin/rustc").exists() && Path::new("/usr/lib/rustlib/src/rust/library/Cargo.lock").exists();
    if !complete {
        return None;
    }
    ["wasm-ld-22", "wasm-ld", "rust-lld"].into_iter().find_map(find_program).or_else(|| rust_lld().ok())
}

fn find_program(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The linker that rustup's compiler brings along, beside its libraries.
fn rust_lld() -> Result<PathBuf> {
    let host = shell::read(Command::new("rustc").args(["--print", "target-libdir"]))?;
    let folder = Path::new(host.trim()).parent().context("a library folder has a parent")?.join("bin/rust-lld");
    if folder.is_file() { Ok(folder) } else { bail!("no linker for wasm: apt-get install lld-22") }
}
