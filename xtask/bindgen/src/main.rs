//! `xtask-bindgen IN.wasm FOLDER NAME`: writes the JavaScript for a wasm module, under this name. It is a program of
//! its own, so that `cargo xtask` stays quick to build.
#![forbid(unsafe_code)]

use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [wasm, out, name] = args.as_slice() else { bail!("expected three arguments: IN.wasm FOLDER NAME") };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name(&name.to_string_lossy()).web(true)?.typescript(false);
    bindgen.generate(out).with_context(|| format!("cannot make bindings for {}", wasm.display()))
}
