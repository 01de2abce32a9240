//! `cargo xtask wasm`: kernels and engine for wasm32 with SIMD, also where rustup has no standard library for it.

use crate::shell::{self, cargo, step};
use crate::workspace::{Workspace, root};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's compiler, the source of its standard library, and a linker for wasm.
const DEBIAN: &[&str] = &["rustc-web", "rust-web-src", "libstd-rust-web-dev", "lld-22"];

/// How a standard library for wasm32 comes about.
#[derive(Debug)]
enum Route {
    /// rustup has it ready.
    Target,
    /// Debian's compiler builds it from Debian's source.
    BuildStd { linker: PathBuf },
}

/// Builds, in release: this is what a page would ship.
pub fn run() -> Result<()> {
    let route = route()?;
    step("kernels and engine for wasm32", || shell::run(&mut command(&route, "build")?))
}

/// Checks only. Nothing is linked until the page exists, so this finds what a build would, in less time.
pub fn check() -> Result<()> {
    shell::run(&mut command(&route()?, "check")?)
}

fn command(route: &Route, verb: &str) -> Result<Command> {
    let mut command = match route {
        Route::Target => cargo([verb]),
        // Not rustup's own cargo by its path, but whichever comes first: the variables below choose the compiler.
        Route::BuildStd { .. } => Command::new("cargo"),
    };
    if let Route::BuildStd { linker } = route {
        command.arg(verb).arg("-Zbuild-std=std,panic_abort");
        // Debian's stable compiler does what else only a nightly one may: build the standard library.
        command.env("RUSTC", "/usr/bin/rustc").env("RUSTC_BOOTSTRAP", "1");
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        for inherited in ["RUSTC_WRAPPER", "RUSTUP_TOOLCHAIN"] {
            command.env_remove(inherited);
        }
    }
    command.args(["--release", "--target", TARGET, "--package", "attnscope-kernels", "--package", "attnscope"]);
    command.args(["--no-default-features", "--features", "attnscope/tokenizers"]);
    // Not RUSTFLAGS: that would reach the build scripts too. getrandom wants to be told whose random numbers to use.
    let mut flags = "-C target-feature=+simd128 --cfg getrandom_backend=\"wasm_js\"".to_owned();
    if matches!(route, Route::BuildStd { .. }) {
        flags.push_str(" -C linker-flavor=wasm-ld");
    }
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags);
    // A folder of its own: another compiler builds the procedural macros, and would throw out those of the rest.
    command.env("CARGO_TARGET_DIR", Workspace::load()?.target.join("wasm"));
    command.current_dir(root());
    Ok(command)
}

/// What is ready is taken; else rustup is asked, then apt if we may.
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
    if may_install() {
        eprintln!("   installing {} with apt-get", DEBIAN.join(" "));
        shell::run(Command::new("apt-get").args(["update", "-qq"]))?;
        let install = ["install", "-y", "-qq", "--no-install-recommends"];
        shell::run(Command::new("apt-get").args(install).args(DEBIAN).env("DEBIAN_FRONTEND", "noninteractive"))?;
        if let Some(linker) = debian() {
            return Ok(Route::BuildStd { linker });
        }
    }
    bail!(
        "no standard library for {TARGET} on this machine. One of these gets it:\n  rustup target add {TARGET}\n  \
         apt-get install {}   (as root, on Debian or Ubuntu)",
        DEBIAN.join(" ")
    )
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

fn may_install() -> bool {
    let is_root = shell::read(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    is_root && shell::works("apt-get", &["--version"])
}
