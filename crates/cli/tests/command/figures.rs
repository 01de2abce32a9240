//! Every figure renders.

use super::{bert, stdout, tiny};
use attnscope_figures::Figure;

#[test]
fn in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    for figure in Figure::ALL.map(Figure::name) {
        for (extension, magic) in [("svg", "<svg"), ("png", "\u{89}PNG"), ("pdf", "%PDF")] {
            let path = folder.path().join(format!("{figure}.{extension}"));
            let name = path.display().to_string();
            let args = ["render", figure, "-m", &tiny(), "-t", "the hot dog was", "--theme", "dark", "-o", &name];
            assert_eq!(stdout(&args), "");
            let bytes = std::fs::read(&path).unwrap();
            let magic: Vec<u8> = magic.chars().map(|c| c as u8).collect();
            assert!(bytes.starts_with(&magic), "{figure}.{extension}: {:?}", &bytes[..20]);
        }
    }
    assert_eq!(super::names(folder.path()).len(), 3 * Figure::ALL.len());
}

#[test]
fn without_a_file_on_stdout() {
    let render = |figure: &str, more: &[&str]| {
        let model = tiny();
        stdout(&[&["render", figure, "-m", &model, "-t", "the hot dog was"], more].concat())
    };
    let matrix = render("matrix", &["--layer", "1", "--head", "1"]);
    assert!(matrix.contains("Rows are queries") && matrix.contains("·"), "{matrix}");
    assert!(matrix.starts_with("Layer 1, head 1 of "), "{matrix}");
    assert!(render("next-tokens", &[]).starts_with("the│␣hot│␣dog│␣was"));
    for figure in ["arcs", "head-grid", "vector-strip", "components", "logit-lens"] {
        assert!(render(figure, &[]).starts_with("<svg"), "{figure}");
    }
    assert!(render("arcs", &["--query", "dog"]).contains("dog"));
    let difference = render("vector-strip", &["--query", "hot", "--query", "dog", "--layer", "0"]);
    assert_ne!(difference, render("vector-strip", &["--query", "hot", "--query", "dog"]));
}

#[test]
fn an_encoder_has_patterns_too() {
    for figure in ["matrix", "arcs", "head-grid", "vector-strip", "components"] {
        stdout(&["render", figure, "-m", &bert(), "-t", "the hot dog was"]);
    }
}
