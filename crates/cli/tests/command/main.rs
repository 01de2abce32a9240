//! The command as users call it, on models small enough for a test.

mod figures;
mod lesson;
mod numbers;
mod plain;
mod refusals;
mod written;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name).display().to_string()
}

/// A Llama of two layers with a byte-level tokenizer.
fn tiny() -> String {
    fixture("tiny/llama.gguf")
}

/// An encoder.
fn bert() -> String {
    fixture("tiny/bert")
}

fn attnscope(args: &[&str]) -> Output {
    with_stdin(args, b"")
}

fn with_stdin(args: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_attnscope"))
        .args(args)
        .env_remove("CLICOLOR_FORCE")
        .env_remove("COLUMNS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("attnscope starts");
    // A command that fails early does not read.
    let _ = child.stdin.take().expect("piped").write_all(stdin);
    child.wait_with_output().expect("attnscope ends")
}

/// Stdout of a run that must succeed.
fn stdout(args: &[&str]) -> String {
    let output = attnscope(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn json(args: &[&str]) -> serde_json::Value {
    let text = stdout(args);
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(&text).expect("JSON")
}

/// The one line on stderr of a run that must fail with this code, and print nothing.
fn failure(code: i32, args: &[&str], stdin: &[u8]) -> String {
    let output = with_stdin(args, stdin);
    let error = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(code), "{args:?}: {error}");
    assert!(output.stdout.is_empty(), "{args:?} prints before it fails");
    assert_eq!(error.lines().count(), 1, "{args:?}: {error}");
    assert!(error.starts_with("attnscope: "), "{error}");
    error
}

/// What lies in a folder.
fn names(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry").path()).collect()
}
