//! Where the tests find real models: in the Hub's cache, where `attnscope pull` has put them.
#![allow(dead_code)] // each test uses its part

use std::path::{Path, PathBuf};

/// SmolLM2's GGUF in the model cache; a missing model fails the test, it is never skipped.
pub fn smollm2() -> PathBuf {
    find("SmolLM2-135M-Instruct.Q4_1.gguf", "").unwrap_or_else(|| missing("smollm2-135m"))
}

/// The folder of all-MiniLM-L6-v2 in the model cache.
pub fn minilm() -> PathBuf {
    let file = find("model.safetensors", "all-MiniLM-L6-v2").unwrap_or_else(|| missing("all-minilm-l6-v2"));
    file.parent().unwrap().into()
}

fn missing(model: &str) -> PathBuf {
    panic!("{model} is not in the model cache: run `cargo xtask test`, or `attnscope pull {model}` first")
}

/// Searches the Hub's cache for a file below a folder whose name holds `folder`.
fn find(name: &str, folder: &str) -> Option<PathBuf> {
    let home = std::env::var_os("HF_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache/huggingface")))?;
    let mut open = vec![home];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(at).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().is_some_and(|n| n == name) && path.to_string_lossy().contains(folder) {
                return Some(path);
            }
        }
    }
    None
}
