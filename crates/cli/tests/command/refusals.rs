//! What is refused, and how: one line that says what to do, the right code, and nothing left behind.

use std::process::Command;

use super::{attnscope, bert, failure, names, tiny};

const TEXT: &str = "the hot dog was";

#[test]
fn bad_usage_ends_with_2() {
    let model = tiny();
    let refuse = |more: &[&str]| {
        let (command, more) = more.split_first().unwrap();
        failure(2, &[&[*command], &["--model", model.as_str(), "--text", TEXT][..], more].concat(), b"")
    };
    assert!(refuse(&["predict", "--ablate", "0.99"]).contains("99"));
    assert!(refuse(&["predict", "--ablate", "9"]).contains('9'));
    assert!(refuse(&["predict", "--ablate", "x"]).contains('x'));
    assert!(refuse(&["predict", "--cut", "2"]).contains('2'));
    // The query may not see the key anyway: a cut without effect.
    assert!(refuse(&["predict", "--cut", "1>2"]).contains('2'));
    assert!(refuse(&["predict", "--cut", "7>1"]).contains('7'));
    assert!(refuse(&["predict", "--set", "2>1"]).contains("0.5"));
    let both = ["predict", "--set", "2>1=0.8", "--set", "0:2>0=0.7"];
    assert!(refuse(&both).contains("query 2 in layer 0, head 0 add up to 1.5"));
    // Of two changes to one place it is not clear which is meant.
    assert!(
        refuse(&["predict", "--set", "2>1=0.8", "--cut", "2>1"]).contains("edge 2>1 (all heads) is changed in two")
    );
    assert!(refuse(&["predict", "--ablate", "0.1", "--mean-ablate", "0.1"]).contains("head (0.1) is changed in two"));
    assert!(refuse(&["predict", "--top", "-5"]).contains("'-5'"));
    assert!(refuse(&["predict", "--cut", "-1:2>1"]).contains("-1"));
    assert!(refuse(&["heads", "--from", "1", "--to", "2"]).contains("there is no edge 1>2"));
    assert!(refuse(&["heads", "--from", "cat", "--to", "0"]).contains("no token reads \"cat\""));
    assert!(refuse(&["heads", "--from", "4", "--to", "0"]).contains("positions 0 to 3"));
    assert!(failure(2, &["predict", "-m", &model, "-t", ""], b"").contains("text is empty"));
    assert!(failure(2, &["predict", "-m", &bert(), "-t", TEXT], b"").contains("encoder"));
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.npz").display().to_string();
    let logits = ["trace", "-m", &bert(), "-t", TEXT, "--capture", "logits", "-o", &out];
    assert!(failure(2, &logits, b"").contains("encoder"));
    assert!(refuse(&["trace", "--capture", "", "-o", &out]).contains("found nothing"));
    assert!(names(folder.path()).is_empty());
    let render = |more: &[&str]| failure(2, &[&["render", "matrix", "-m", &model, "-t", TEXT], more].concat(), b"");
    assert!(render(&["--head", "99"]).contains("there is no head 99"));
    assert!(render(&["--layer", "99"]).contains("there is no layer 99"));
    assert!(render(&["--query", "0", "--query", "1"]).contains("vector-strip"));
    // What would change nothing.
    assert!(render(&["--top", "3"]).contains("matrix does not depend on --top; it takes --model, --text, --layer"));
    let one = |args: &[&str]| failure(2, &[&["render"], args].concat(), b"");
    assert!(one(&["dot-product", "-t", TEXT]).contains("dot-product does not depend on --text; it takes none"));
    assert!(one(&["cost", "-m", &model]).contains("cost does not depend on --model"));
    for wrong in ["seed=abc", "seed=-1", "seed="] {
        assert!(one(&["training", "--control", wrong]).contains("expected a whole number"), "{wrong}");
    }
    for usage in [&["predict"][..], &["render", "heat"], &["nothing"], &["heads", "--from", "1"], &[]] {
        assert_eq!(attnscope(usage).status.code(), Some(2), "{usage:?}");
    }
    assert!(failure(2, &["predict", "-m", &model], b"").contains("--text"));
    assert!(refuse(&["predict", "--top", "0"]).contains("'0'"));
}

#[test]
fn stdin_must_be_text() {
    let args = ["predict", "-m", &tiny(), "-t", "-"];
    assert!(failure(2, &args, b"the \xff dog").contains("not UTF-8 (byte 4)"));
    assert!(failure(2, &args, b"").contains("text is empty"));
    assert!(failure(2, &args, b"\n").contains("text is empty"));
}

#[test]
fn texts_that_cannot_fit_are_refused_before_they_are_cut() {
    let long = "hot dog ".repeat(20_000);
    for (args, stdin) in [(["-t", "-"], long.as_bytes()), (["-t", &long[..100_000]], b"")] {
        let model = tiny();
        let args = [&["predict", "-m", &model][..], &args].concat();
        let error = failure(2, &args, stdin);
        assert!(error.contains("bytes, but at most") && error.contains("shorten it"), "{error}");
    }
    // Words have no longest token, and spaces are none: they are only not read without end.
    let spaces = vec![b' '; attnscope::MAX_TEXT + 3];
    for model in ["lesson".to_string(), tiny()] {
        let error = failure(2, &["predict", "-m", &model, "-t", "-"], &spaces);
        assert!(error.contains("1048576 bytes"), "{error}");
    }
}

#[test]
fn unknown_extensions_are_refused_before_the_model_is_opened() {
    let trace = failure(2, &["trace", "-m", "/nowhere.gguf", "-t", TEXT, "-o", "out.csv"], b"");
    assert!(trace.contains(".safetensors, .npz"), "{trace}");
    let render = failure(2, &["render", "arcs", "-m", "/nowhere.gguf", "-t", TEXT, "-o", "out"], b"");
    assert!(render.contains(".svg, .png, .pdf, .csv"), "{render}");
}

#[test]
fn a_model_that_cannot_be_read_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(tiny()).unwrap();
    for length in [0, 3, 24, 1000, whole.len() / 2, whole.len() - 1] {
        let path = folder.path().join("cut.gguf");
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = failure(1, &["predict", "-m", &path.display().to_string(), "-t", TEXT], b"");
        assert!(error.contains("cut.gguf"), "{length}: {error}");
    }
    // Named without a folder, in the folder where it lies, and beside a file that is none of its business.
    std::fs::write(folder.path().join("cut.gguf"), b"").unwrap();
    std::fs::write(folder.path().join("lone.safetensors"), b"{}").unwrap();
    let alone = Command::new(env!("CARGO_BIN_EXE_attnscope"))
        .args(["predict", "-m", "lone.safetensors", "-t", TEXT])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&alone.stderr).contains("there is no config.json"), "{alone:?}");
    assert!(failure(1, &["predict", "-m", "/nowhere/m.gguf", "-t", TEXT], b"").contains("/nowhere/m.gguf"));
    assert!(failure(1, &["predict", "-m", "smolm2", "-t", TEXT], b"").contains("did you mean smollm2-135m?"));
}

#[test]
fn probabilities_that_are_no_numbers_are_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(tiny()).unwrap();
    let weights = bytes.len() - 4000;
    bytes[weights..weights + 400].as_chunks_mut::<4>().0.fill(f32::NAN.to_le_bytes());
    let model = folder.path().join("nan.gguf").display().to_string();
    std::fs::write(&model, bytes).unwrap();
    assert!(failure(1, &["predict", "-m", &model, "-t", TEXT, "--json"], b"").contains("NaN"));
    assert!(failure(1, &["render", "next-tokens", "-m", &model, "-t", TEXT], b"").contains("NaN"));
}

#[test]
fn nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.png");
    let out_name = out.display().to_string();
    let huge = failure(2, &["render", "arcs", "-m", &tiny(), "-t", TEXT, "--scale", "1000", "-o", &out_name], b"");
    assert!(huge.contains("choose another scale"), "{huge}");
    let missing = folder.path().join("no/such/out.npz").display().to_string();
    assert!(failure(1, &["trace", "-m", &tiny(), "-t", TEXT, "-o", &missing], b"").contains("there is no folder"));
    assert!(names(folder.path()).is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_once() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["out.npz", "out.safetensors"] {
        let out = folder.path().join(name);
        std::os::unix::fs::symlink("/dev/full", &out).unwrap();
        let out = out.display().to_string();
        assert!(failure(1, &["trace", "-m", &tiny(), "-t", TEXT, "-o", &out], b"").contains("No space left"));
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_is_no_failure() {
    use std::process::Stdio;
    let mut child = Command::new(env!("CARGO_BIN_EXE_attnscope"))
        .args(["heads", "-m", &tiny(), "-t", TEXT])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
