//! What others have named reaches the terminal plain: nothing that it obeys, nothing that hides.
#![cfg(unix)]

use super::{failure, json, names, stdout, tiny};
use attnscope_figures::token::is_hidden;
use std::path::{Path, PathBuf};

const TEXT: &str = "the hot dog was";
/// Clears a screen, in two spellings, and turns the line around.
const EVIL: &str = "\u{1b}[2J\u{9b}2J\u{202e}evil\u{200b}";

fn require_plain(text: &str) {
    let hidden: Vec<char> = text.chars().filter(|&c| c != '\n' && is_hidden(c)).collect();
    assert!(hidden.is_empty(), "{hidden:?} in {text}");
}

/// A model's folder that is called so.
fn folder_called(name: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join(name);
    std::fs::create_dir(&model).unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tiny/bert");
    for file in names(&fixtures) {
        std::fs::copy(&file, model.join(file.file_name().unwrap())).unwrap();
    }
    let model = model.to_str().unwrap().to_owned();
    (folder, model)
}

#[test]
fn a_models_name_in_text_drawing_and_json() {
    let (folder, model) = folder_called(EVIL);
    let text = stdout(&["render", "matrix", "-m", &model, "-t", TEXT]);
    assert!(text.starts_with("Layer 0, head 0 of <0x1B>[2J<0x9B>2J<U+202E>evil<U+200B>\n"), "{text}");
    for figure in ["matrix", "arcs", "head-grid", "vector-strip"] {
        require_plain(&stdout(&["render", figure, "-m", &model, "-t", TEXT]));
    }
    require_plain(&stdout(&["heads", "-m", &model, "-t", TEXT]));
    let out = folder.path().join(format!("{EVIL}.npz"));
    let args = ["trace", "-m", &model, "-t", TEXT, "-o", out.to_str().unwrap()];
    require_plain(&stdout(&args));
    let line = stdout(&[&args[..], &["--json"]].concat());
    require_plain(&line);
    let said: serde_json::Value = serde_json::from_str(&line).unwrap();
    // Escaped, and the same.
    assert_eq!(said["model"]["name"], EVIL);
    assert_eq!(said["path"].as_str(), out.to_str());
}

#[test]
fn whatever_an_error_quotes() {
    let model = tiny();
    let long = "\u{202e}x".repeat(20_000);
    for (code, args) in [
        (1, &["predict", "-t", TEXT, "-m", EVIL][..]),
        (1, &["predict", "-t", TEXT, "-m", "/no/\u{1b}[31m.gguf"]),
        (2, &["predict", "-t", TEXT, "-m", &model, "--top", EVIL]),
        (2, &["predict", "-t", EVIL]),
        (2, &["predict", "-t", &long]),
        (2, &["predict", "-t", TEXT, "-m", &model, "--cut", EVIL]),
        (2, &["predict", "-t", TEXT, "-m", &model, "--ablate", &long]),
        (2, &["heads", "-t", TEXT, "-m", &model, "--from", EVIL, "--to", "0"]),
        (2, &["heads", "-t", TEXT, "-m", &model, "--from", &long, "--to", "0"]),
        (2, &["render", "softmax", "--control", EVIL]),
        (2, &["render", "softmax", "--control", &long]),
        (2, &["render", EVIL]),
        (2, &["trace", "-t", TEXT, "-o", EVIL]),
        (1, &["trace", "-t", TEXT, "-o", "/no/\u{1b}[31m/\u{202e}.npz"]),
        (2, &[EVIL]),
        (1, &["predict", "-t", TEXT, "-m", &long]),
    ] {
        let error = failure(code, args, b"");
        require_plain(&error);
        assert!(error.chars().count() < 12_000, "{}", error.chars().count());
    }
}

#[test]
fn tokens_of_other_scripts_stay_as_they_are() {
    let text = "👩‍👩‍👧 الكلب שלום 我喜欢";
    let out = json(&["predict", "-m", &tiny(), "-t", text, "--json"]);
    let tokens: Vec<&str> = out["tokens"].as_array().unwrap().iter().map(|t| t["text"].as_str().unwrap()).collect();
    assert!(tokens.len() > 4, "{tokens:?}");
    let (_folder, model) = folder_called("👩‍👩‍👧 الكلب");
    let drawn = stdout(&["render", "matrix", "-m", &model, "-t", TEXT]);
    assert!(drawn.starts_with("Layer 0, head 0 of 👩‍👩‍👧 الكلب\n"), "{drawn}");
}

#[test]
fn no_cell_of_a_table_is_a_formula() {
    let folder = tempfile::tempdir().unwrap();
    let model = tiny();
    for figure in ["matrix", "next-tokens", "vector-strip", "head-grid"] {
        let path: PathBuf = folder.path().join(format!("{figure}.csv"));
        let out = path.to_str().unwrap();
        let query: &[&str] = if matches!(figure, "matrix" | "vector-strip") { &["--query", "0"] } else { &[] };
        stdout(&[&["render", figure, "-m", &model, "-t", "=1+1 @x -a\t=2 ＝3", "-o", out], query].concat());
        let csv = std::fs::read_to_string(&path).unwrap();
        require_plain(&csv.replace("\r\n", "\n"));
        let mut quoted = 0;
        for field in csv.split(['\n', ',']).map(|field| field.trim_matches(['\r', '"'])) {
            quoted += usize::from(field.starts_with('\''));
            let begins = field.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
            assert!(!begins || field.parse::<f64>().is_ok(), "{figure}: {field:?}");
        }
        assert!(quoted > 0 || figure != "matrix", "{csv}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn paths_need_not_be_utf_8() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join(std::ffi::OsStr::from_bytes(b"\xff\xfe.npz"));
    for (json, said) in [(false, "<0xFF><0xFE>.npz: "), (true, "\u{fffd}\u{fffd}.npz\"")] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_attnscope"))
            .args(["trace", "-t", TEXT, "-o"])
            .arg(&out)
            .args(json.then_some("--json"))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains(said), "{text} {:?}", String::from_utf8(output.stderr));
    }
    assert_eq!(names(folder.path()), [out]);
}
