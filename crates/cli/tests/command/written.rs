//! `-o`: what is written over and what is not, with which rights, and what is left when it fails.
#![cfg(unix)]

use super::{failure, names, stdout, tiny};
use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

const TEXT: &str = "the hot dog was";

fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

/// A copy of a fixture's folder.
fn copied(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    fs::create_dir(&model).unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tiny").join(name);
    for file in names(&fixtures) {
        fs::copy(&file, model.join(file.file_name().unwrap())).unwrap();
    }
    (folder, model)
}

fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = names(folder).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    all.sort();
    all
}

#[test]
fn a_models_own_file_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("m.gguf");
    fs::copy(tiny(), &model).unwrap();
    let at = |name: &str| folder.path().join(name);
    symlink("m.gguf", at("link.npz")).unwrap();
    symlink("link.npz", at("again.safetensors")).unwrap();
    fs::hard_link(&model, at("hard.svg")).unwrap();
    fs::create_dir(at("sub")).unwrap();
    symlink("..", at("sub/up")).unwrap();
    let before = fs::read(&model).unwrap();
    let model = text(&model);
    for out in ["link.npz", "again.safetensors", "sub/../link.npz", "sub/up/link.npz"] {
        let error = failure(2, &["trace", "-m", &model, "-t", TEXT, "-o", &text(&at(out))], b"");
        assert!(error.contains("a file of the model"), "{out}: {error}");
    }
    let error = failure(2, &["render", "arcs", "-m", &model, "-t", TEXT, "-o", &text(&at("hard.svg"))], b"");
    assert!(error.contains("a file of the model"), "{error}");
    assert_eq!(fs::read(&model).unwrap(), before);
    assert!(at("link.npz").is_symlink() && at("again.safetensors").is_symlink());
    // A model that is not the one in use is a file like any other.
    let other = ["trace", "-m", "lesson", "-t", TEXT, "-o", &text(&at("link.npz"))];
    stdout(&other);
    assert_ne!(fs::read(&model).unwrap(), before);
}

#[test]
fn nor_is_any_file_of_a_models_folder() {
    for (fixture, own) in [
        ("bert", &["model.safetensors", "config.json", "tokenizer.json"][..]),
        ("llama-sharded", &["model-00002-of-00003.safetensors", "model.safetensors.index.json", "config.json"]),
    ] {
        let (folder, model) = copied(fixture);
        let before = contents(&model);
        for (i, own) in own.iter().enumerate() {
            let link = folder.path().join(format!("{i}.safetensors"));
            symlink(model.join(own), &link).unwrap();
            for named in [model.clone(), model.join(".").join("../model")] {
                let args = ["trace", "-m", &text(&named), "-t", TEXT, "-o", &text(&link)];
                assert!(failure(2, &args, b"").contains("a file of the model"), "{own}");
            }
        }
        let shard = model.join(own[0]);
        for named in [&model, &shard] {
            let args = ["trace", "-m", &text(named), "-t", TEXT, "-o", &text(&shard)];
            assert!(failure(2, &args, b"").contains("a file of the model"), "{named:?}");
        }
        assert_eq!(contents(&model), before);
    }
    // A picture beside them is none of them, also when it is drawn again.
    let (_folder, model) = copied("bert");
    let picture = text(&model.join("out.svg"));
    for _ in 0..2 {
        stdout(&["render", "arcs", "-m", &text(&model), "-t", TEXT, "-o", &picture]);
    }
    assert_eq!(names(&model).len(), contents(&model).len());
}

#[test]
fn the_models_cache_is_not_written_into() {
    let home = tempfile::tempdir().unwrap();
    let blobs = home.path().join("hub/models--a--b/blobs");
    fs::create_dir_all(&blobs).unwrap();
    fs::write(blobs.join("0123"), "weights").unwrap();
    symlink(&blobs, home.path().join("blobs")).unwrap();
    symlink(blobs.join("0123"), home.path().join("link.svg")).unwrap();
    for out in ["hub/models--a--b/blobs/new.svg", "hub/out.svg", "blobs/new.svg", "link.svg"] {
        let output = Command::new(env!("CARGO_BIN_EXE_attnscope"))
            .args(["render", "arcs", "-o"])
            .arg(home.path().join(out))
            .env("HF_HOME", home.path())
            .env_remove("HF_HUB_CACHE")
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{out}: {error}");
        assert!(error.contains("in the models' cache") && error.lines().count() == 1, "{out}: {error}");
    }
    assert_eq!(contents(&blobs), [(blobs.join("0123"), b"weights".to_vec())]);
}

#[test]
fn what_is_replaced_keeps_its_rights() {
    let folder = tempfile::tempdir().unwrap();
    for (name, mode) in [("a.svg", 0o600), ("b.csv", 0o640), ("c.npz", 0o604)] {
        let path = folder.path().join(name);
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let command = if name.ends_with("npz") { &["trace"][..] } else { &["render", "matrix"] };
        stdout(&[command, &["-t", TEXT, "-o", &text(&path)]].concat());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode, "{name}");
        assert_ne!(fs::read(&path).unwrap(), b"old");
    }
    assert_eq!(names(folder.path()).len(), 3);
}

#[test]
fn where_nothing_can_be_written_one_line_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&folder.path().join(name));
    fs::create_dir(at("folder.svg")).unwrap();
    symlink("nowhere", at("dangling.svg")).unwrap();
    symlink("loop.svg", at("loop.svg")).unwrap();
    symlink("/dev/full", at("full.csv")).unwrap();
    fs::write(at("file"), "").unwrap();
    fs::write(at("read-only.svg"), "old").unwrap();
    fs::set_permissions(at("read-only.svg"), fs::Permissions::from_mode(0o444)).unwrap();
    assert!(Command::new("mkfifo").arg(at("pipe.svg")).status().unwrap().success());
    let before = names(folder.path()).len();
    let refuse = |code: i32, out: &str| failure(code, &["render", "matrix", "-o", out], b"");
    assert!(refuse(2, "").contains("--output"));
    assert!(refuse(2, &at("folder.svg")).contains("it is a folder"));
    assert!(refuse(1, &at("dangling.svg")).contains("a link to nowhere, which is not there"));
    assert!(refuse(1, &at("loop.svg")).contains("a link to loop.svg"));
    assert!(refuse(1, &at("no/such.svg")).contains("there is no folder"));
    assert!(refuse(1, &at("file/x.svg")).contains("is a file, not a folder"));
    assert!(refuse(2, &text(folder.path())).contains("it is a folder; name a file in it"));
    assert!(refuse(1, &at("read-only.svg")).contains("read-only"));
    assert!(refuse(1, &at("full.csv")).contains("No space left"));
    // At once, and not when somebody comes to read.
    assert!(refuse(1, &at("pipe.svg")).contains("nobody reads from this pipe"));
    assert_eq!(fs::read(at("read-only.svg")).unwrap(), b"old");
    assert!(Path::new(&at("dangling.svg")).is_symlink());
    assert_eq!(names(folder.path()).len(), before);
}

#[test]
fn a_pipe_that_is_read_gets_what_a_file_would() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&folder.path().join(name));
    let pipe = at("pipe.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Open for both: the reader is there before the command begins.
    let mut reader = fs::File::options().read(true).write(true).open(&pipe).unwrap();
    stdout(&["render", "matrix", "-o", &pipe]);
    stdout(&["render", "matrix", "-o", &at("file.csv")]);
    let expected = fs::read(at("file.csv")).unwrap();
    let mut found = vec![0; expected.len()];
    reader.read_exact(&mut found).unwrap();
    assert_eq!(found, expected);
}
