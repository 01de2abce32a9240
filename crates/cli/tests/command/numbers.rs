//! What comes out.

use super::{bert, json, stdout, tiny, with_stdin};
use serde_json::Value;

const TEXT: &str = "the hot dog was";

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn predict_json_has_its_documented_shape() {
    let out = json(&["predict", "--model", &tiny(), "--text", TEXT, "--top", "3", "--json"]);
    assert_eq!(keys(&out), ["next", "rest", "tokens"]);
    let tokens: Vec<(u64, &str)> = out["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| (t["id"].as_u64().unwrap(), t["text"].as_str().unwrap()))
        .collect();
    assert_eq!(tokens, [(260, "the"), (273, " hot"), (265, " dog"), (272, " was")]);
    let next = out["next"].as_array().unwrap();
    assert_eq!(next.len(), 3);
    assert_eq!(keys(&next[0]), ["id", "p", "text"]);
    let p: Vec<f64> = next.iter().map(|next| next["p"].as_f64().unwrap()).collect();
    assert!(p[0] >= p[1] && p[1] >= p[2] && p[2] > 0.0, "{p:?}");
    // Each p is printed as the f32 that it is, rest as f64.
    assert!((p.iter().sum::<f64>() + out["rest"].as_f64().unwrap() - 1.0).abs() < 1e-6);
}

/// A model for masked words says what stands in their place, of one text or of a pair.
#[test]
fn masked_words_are_filled_in() {
    let model = super::fixture("families/bert-masked");
    let predict = |more: &[&str]| json(&[&["predict", "-m", &model, "--json"], more].concat());
    let masked = predict(&["-t", "the hot [MASK] was"]);
    assert_eq!(masked["next"], predict(&["-t", "the hot [MASK] was", "--at", "3"])["next"]);
    assert_ne!(masked["next"], predict(&["-t", "the hot [MASK] was", "--at", "2"])["next"]);
    let pair = predict(&["-t", "the hot [MASK]", "--pair", "was the dog"]);
    assert_eq!(pair["tokens"].as_array().unwrap().len(), 9);
    let refused = |more: &[&str]| super::failure(2, &[&["predict", "-m", &model], more].concat(), b"");
    assert!(refused(&["-t", "the hot dog"]).contains("[MASK]"));
    assert!(refused(&["-t", "the hot dog", "--at", "5"]).contains("tokens 0 to 4"));
    assert!(refused(&["-t", "-", "--pair", "x"]).contains("--text"));
    let lesson = super::failure(2, &["predict", "-t", "the hot dog", "--pair", "was"], b"");
    assert!(lesson.contains("attends back only"), "{lesson}");
}

#[test]
fn stdin_is_a_text_like_any_other() {
    let named = stdout(&["predict", "--model", &tiny(), "--text", TEXT]);
    let piped = with_stdin(&["predict", "--model", &tiny(), "--text", "-"], b"the hot dog was\n");
    assert_eq!(String::from_utf8(piped.stdout).unwrap(), named);
    assert!(named.starts_with("the│␣hot│␣dog│␣was\n"), "{named}");
    assert!(!named.contains('\u{1b}'), "colours where there is no terminal");
}

#[test]
fn changes_change_what_comes_next() {
    let top = |changes: &[&str]| {
        let model = tiny();
        let args = [&["predict", "--model", &model, "--text", TEXT, "--json"], changes].concat();
        json(&args)["next"].clone()
    };
    let plain = top(&[]);
    for change in
        [["--ablate", "0.0"], ["--ablate", "0"], ["--mean-ablate", "0.0"], ["--cut", "2>1"], ["--cut", "0:2>1"]]
    {
        assert_ne!(top(&change), plain, "{change:?}");
    }
    assert_ne!(top(&["--set", "0.0:3>1=0.9"]), plain);
    // To give an edge nothing is to cut it.
    assert_eq!(top(&["--set", "0.0:2>1=0"]), top(&["--cut", "0.0:2>1"]));
}

#[test]
fn heads_answers_who_attends_from_here_to_there() {
    let model = tiny();
    let out = json(&["heads", "--model", &model, "--text", TEXT, "--json"]);
    let heads = out["heads"].as_array().unwrap();
    assert_eq!(keys(&heads[0]), ["duplicate", "entropy", "first", "head", "induction", "layer", "own", "previous"]);
    let by_text = json(&["heads", "--model", &model, "--text", TEXT, "--from", "dog", "--to", " hot", "--json"]);
    assert_eq!(keys(&by_text), ["from", "heads", "to", "tokens"]);
    assert_eq!((by_text["from"].as_u64(), by_text["to"].as_u64()), (Some(2), Some(1)));
    let found = by_text["heads"].as_array().unwrap();
    assert_eq!(found.len(), heads.len());
    let weights: Vec<f64> = found.iter().map(|one| one["weight"].as_f64().unwrap()).collect();
    assert!(weights.is_sorted_by(|a, b| a >= b), "{weights:?}");
    let by_place = json(&["heads", "--model", &model, "--text", TEXT, "--from", "2", "--to", "1", "--json"]);
    assert_eq!(by_place, by_text);
    let text = stdout(&["heads", "--model", &bert(), "--text", TEXT]);
    assert!(text.contains("Who attends to the token before?"), "{text}");
}

#[test]
fn trace_writes_what_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for extension in ["safetensors", "npz"] {
        let path = folder.path().join(format!("out.{extension}"));
        let name = path.display().to_string();
        let args = ["trace", "-m", &tiny(), "-t", TEXT, "--capture", "pattern,logits", "--last", "-o", &name, "--json"];
        let out = json(&args);
        assert_eq!(keys(&out), ["arrays", "bytes", "model", "path", "tokens"]);
        assert_eq!(out["bytes"].as_u64(), Some(std::fs::metadata(&path).unwrap().len()));
        let bytes = std::fs::read(&path).unwrap();
        let trace = match extension {
            "npz" => attnscope::Trace::load_npz(&bytes).unwrap(),
            _ => attnscope::Trace::load_safetensors(&bytes).unwrap(),
        };
        let shapes: serde_json::Map<String, Value> =
            trace.arrays.iter().map(|(key, array)| (key.clone(), array.shape().into())).collect();
        assert_eq!(out["arrays"], Value::Object(shapes));
        assert_eq!(out["arrays"]["blocks.1.attn.pattern"][1], 4);
        assert_eq!(out["arrays"]["logits"][0], 1);
    }
    assert_eq!(super::names(folder.path()).len(), 2);
}

#[test]
fn completions_and_pages_name_the_subcommands() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&["completions", shell]).contains("predict"), "{shell}");
    }
    assert!(stdout(&["man"]).contains("attnscope\\-predict"));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(stdout(&["man", "-o", &folder.path().display().to_string()]), "");
    let page = std::fs::read_to_string(folder.path().join("attnscope-render.1")).unwrap();
    assert!(page.contains("logit\\-lens"), "{page}");
}
