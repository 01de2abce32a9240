//! The program that writes the page. (A test of a package has its programs built: `cargo xtask test` takes this one.)

use std::process::Command;

#[test]
fn without_the_modules_it_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (package, dist) = (folder.path().join("none"), folder.path().join("dist"));
    let output = Command::new(env!("CARGO_BIN_EXE_attnscope-site")).args([&package, &dist]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("none"), "{error}");
    assert!(!dist.join("index.html").exists());
}
