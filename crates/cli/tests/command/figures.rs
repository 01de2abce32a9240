//! Every figure renders.

use super::{bert, failure, stdout, tiny};
use attnscope_page::{FIGURES, Follows, Kind};

#[test]
fn in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    for Kind { name: figure, follows, .. } in FIGURES {
        for (extension, magic) in [("svg", "<svg"), ("png", "\u{89}PNG"), ("pdf", "%PDF"), ("csv", "")] {
            let path = folder.path().join(format!("{figure}.{extension}"));
            let name = path.display().to_string();
            let mut args = vec!["render", figure, "--theme", "dark", "-o", &name];
            // Where a model can be chosen, one whose tokens are bytes. It knows too few words for a journey.
            let model = tiny();
            if follows.contains(&Follows::Model) && figure != "journey" {
                args.extend(["-m", &model, "-t", "the hot dog was"]);
            }
            // Measured and trained elsewhere.
            match figure {
                "training" => args.extend(["--control", "step"]),
                "cost" if extension != "svg" => continue,
                _ => {}
            }
            assert_eq!(stdout(&args), "");
            let bytes = std::fs::read(&path).unwrap();
            let magic: Vec<u8> = magic.chars().map(|c| c as u8).collect();
            assert!(bytes.starts_with(&magic), "{figure}.{extension}: {:?}", &bytes[..20]);
        }
    }
    assert_eq!(super::names(folder.path()).len(), 4 * FIGURES.len() - 3);
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
fn figures_of_the_story_are_set_as_on_the_page() {
    // Drawings keep their spaces by no-break ones.
    let render = |figure: &str, more: &[&str]| stdout(&[&["render", figure], more].concat()).replace('\u{a0}', " ");
    // Attention off: both answers are the same; only who is asked differs.
    assert!(render("two-answers", &["--control", "compare=off"]).contains("without attention"));
    assert!(render("two-answers", &["-t", "the cold dog was"]).contains("the cold dog was"));
    assert!(render("softmax", &["--query", "was", "--layer", "1"]).contains("“was” in layer 1"));
    assert_ne!(render("attention-steps", &[]), render("attention-steps", &["--control", "step=2"]));
    let cut = render("cut-edge", &["-m", &tiny(), "--control", "from=3", "--control", "to=0"]);
    assert!(cut.contains("may not attend to"), "{cut}");
    assert!(render("training", &["--control", "step", "--control", "step"]).contains("after 2 steps"));
    assert!(render("training", &["--control", "step", "--control", "seed=7"]).contains("after 1 step"));
}

#[test]
fn a_table_has_the_runs_own_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let csv = |figure: &str| {
        let path = folder.path().join(format!("{figure}.csv"));
        stdout(&["render", figure, "-o", &path.display().to_string()]);
        std::fs::read_to_string(path).unwrap()
    };
    let model = attnscope::lesson::model();
    let trace = model.run(&model.encode("the hot dog was").unwrap(), &"pattern".parse().unwrap(), &[]).unwrap();
    let row = &trace.pattern(0, 0).unwrap().into_data()[8..11];
    let dog = format!("dog,{:e},{},{},\r\n", row[0], row[1], row[2]);
    let matrix = csv("matrix");
    assert!(matrix.starts_with("query,the,hot,dog,was\r\n") && matrix.contains(&dog), "{matrix}: {dog}");
    assert!(csv("attention-steps").contains(&row[1].to_string()), "the page's figures too");
}

#[test]
fn the_deepest_zoom_of_a_map_is_the_patterns_own_cells() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.csv");
    let name = path.display().to_string();
    let text = "the hot dog was not the dog that was hot";
    let part = ["--layer", "1", "--head", "2", "--rows", "3..7", "--cols", "2..9", "-m", &tiny(), "-t", text];
    assert_eq!(stdout(&[&["render", "map", "-o", &name], &part[..]].concat()), "");
    let csv = std::fs::read_to_string(path).unwrap();
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("query,last query,key,last key,largest weight,mean weight"));
    let model = attnscope::Model::open(tiny()).unwrap();
    let trace = model.run(&model.encode(text).unwrap(), &"pattern".parse().unwrap(), &[]).unwrap();
    let (n, pattern) = (trace.tokens.len(), trace.pattern(1, 2).unwrap().into_data());
    for (q, k) in (3..7).flat_map(|q| (2..9).map(move |k| (q, k))) {
        let fields: Vec<&str> = lines.next().unwrap().split(',').collect();
        let at = [q, q, k, k].map(|at: usize| at.to_string());
        assert_eq!(fields[..4], at);
        if k > q {
            assert_eq!(fields[4..], ["", ""], "masked");
            continue;
        }
        let found: f32 = fields[4].parse().unwrap();
        // By the rounding of lse.
        assert!((found - pattern[q * n + k]).abs() <= 1e-5 && fields[4] == fields[5], "{q}, {k}: {fields:?}");
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn a_map_shows_what_it_is_asked_for() {
    let render = |more: &[&str]| stdout(&[&["render", "map"], more].concat()).replace('\u{a0}', " ");
    assert!(render(&[]).contains("Queries 0 to 3 and keys 0 to 3 of 4 tokens."));
    assert!(render(&["--rows", "2..", "--cols", "..2"]).contains("queries 2 to 3 and keys 0 to 1"));
    // One weight is its own mean.
    assert_eq!(render(&["--pool", "max"]), render(&["--pool", "mean"]));
    let far = render(&["-m", &tiny(), "-t", &"hot dog ".repeat(7), "--width", "400"]);
    // A sentence may go on in the next line.
    let pieces: Vec<&str> = far.split('<').filter_map(|tag| tag.split_once('>')).map(|(_, text)| text.trim()).collect();
    let text = pieces.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
    assert!(text.contains("Each pixel is one weight.") && !text.contains("part shown"), "{text}");
    // Changes to the run are seen.
    let cut = ["--layer", "1", "--rows", "2..3", "--cols", "1..2"];
    assert_ne!(render(&cut), render(&[&cut[..], &["--cut", "2>1"]].concat()));
}

#[test]
fn what_a_figure_has_not_is_refused_with_what_it_has() {
    let refuse = |figure: &str, more: &[&str]| failure(2, &[&["render", figure], more].concat(), b"");
    assert!(refuse("softmax", &["--control", "temprature=2"]).contains("temperature=0.1..20"));
    assert!(refuse("softmax", &["--control", "temperature=99"]).contains("found \"temperature=99\""));
    assert!(refuse("projection", &["--control", "part=Z"]).contains("part=Q|K|V"));
    assert!(refuse("softmax", &["--control", "reset"]).contains("reset (not now)"));
    assert!(refuse("matrix", &["--control", "step=1"]).contains("no control \"step\" here; there are: layer=0|1"));
    assert!(
        refuse("tokens", &["--cut", "2>1"])
            .contains("tokens does not depend on --cut; it takes --model, --text, --query")
    );
    assert!(refuse("softmax", &["--layer", "2"]).contains("layers 0 to 1"));
    assert!(refuse("softmax", &["--query", "cat"]).contains("the hot dog was"));
    assert!(refuse("softmax", &["-t", "the dogg was"]).contains("near: dog"));
    assert!(refuse("map", &["--rows", "2..9"]).contains("B at most 4, since the text has 4 tokens; found 2..9"));
    assert!(refuse("map", &["--cols", "3..3"]).contains("found 3..3"));
    assert!(refuse("map", &["--rows", "two"]).contains("expected A..B"));
    assert!(refuse("map", &["--layer", "2"]).contains("layers 0 to 1"));
    assert!(refuse("matrix", &["--rows", "0..2"]).contains("matrix does not depend on --rows"));
    assert!(refuse("softmax", &["--pool", "mean"]).contains("softmax does not depend on --pool"));
    assert!(refuse("map", &["--pool", "min"]).contains("possible values: max, mean"));
    assert!(refuse("training", &["--layer", "1"]).contains("none of the options of a run"));
    assert!(refuse("map", &["--query", "1"]).contains("--cut, --set, --rows, --cols, --pool"));
    assert!(refuse("vector-strip", &["--layer", "2"]).contains("layers 0 to 1"));
    assert!(refuse("softmax", &["--query", "1", "--control", "word=2"]).contains("say the same"));
    assert!(refuse("softmax", &["--control", "temperature=1", "--control", "temperature=2"]).contains("given twice"));
    assert!(refuse("attention-steps", &["--control", "step=1.5"]).contains("in steps of 1"));
    assert!(refuse("journey", &["--against", "the cat was"]).contains("no \"dog\""));
    assert!(refuse("journey", &["--control", "from=dog,cat", "--control", "to=dog,cat"]).contains("no line"));
    failure(1, &["render", "softmax", "-m", "/nowhere.gguf"], b"");
}

#[test]
fn a_changed_run_is_drawn_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figure.svg").display().to_string();
    let render = |figure: &str, more: &[&str]| {
        stdout(&[&["render", figure, "-o", &path], more].concat());
        std::fs::read_to_string(&path).unwrap().replace('\u{a0}', " ")
    };
    for kind in FIGURES.iter().filter(|kind| kind.follows.contains(&Follows::Changes)) {
        assert!(render(kind.name, &["--cut", "2>1"]).contains("Changed in this run: cut 2"), "{}", kind.name);
        assert!(!render(kind.name, &[]).contains("Changed in"), "{}", kind.name);
    }
    assert_ne!(render("running-softmax", &["--cut", "2>1"]), render("running-softmax", &["--cut", "2>0"]));
    assert!(render("weighted-sum", &["--ablate", "0.0"]).contains("another z than this sum"));
}

#[test]
fn an_encoder_has_patterns_too() {
    for figure in ["matrix", "arcs", "map", "head-grid", "vector-strip", "components"] {
        stdout(&["render", figure, "-m", &bert(), "-t", "the hot dog was"]);
    }
}

#[test]
fn work_that_fails_writes_no_picture() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("curve.csv");
    std::fs::write(&path, "kept").unwrap();
    let name = path.display().to_string();
    let said =
        failure(2, &["render", "training", "--control", "own=the dogg was", "--control", "train", "-o", &name], b"");
    assert!(said.contains("dogg") && said.lines().count() == 1, "{said}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "kept");
}

#[test]
fn what_is_no_word_is_not_read_by_itself() {
    let model = tiny();
    let figure = ["render", "in-context", "-m", &model, "-t"];
    let said = failure(2, &[&figure[..], &["the hot dog was!"]].concat(), b"");
    assert!(said.contains("no word of its own"), "{said}");
    let changed = stdout(&[&figure[..], &["the hot dog was", "--query", "dog", "--cut", "2>1"]].concat());
    let changed = changed.replace('\u{a0}', " ");
    assert!(changed.contains("in “the hot dog was, changed”"), "{changed}");
}
