//! The lesson model through the command: built in, no disk.

use super::{attnscope, failure, json, stdout};

const MODEL: [&str; 4] = ["--model", "lesson", "--text", "the hot dog was"];

fn first(more: &[&str]) -> String {
    json(&[&["predict", "--json"], &MODEL[..], more].concat())["next"][0]["text"].as_str().unwrap().to_string()
}

#[test]
fn one_cut_turns_food_into_an_animal() {
    let animal = ["running", "sleeping", "eating", "playing", "hungry", "tired", "wild", "barking"];
    let food = ["delicious", "tasty", "salty", "served", "cooked", "fresh"];
    assert!(food.contains(&first(&[]).as_str()));
    assert!(food.contains(&first(&["--cut", "1:3>1"]).as_str()));
    assert!(animal.contains(&first(&["--cut", "0:2>1"]).as_str()));
}

#[test]
fn every_command_takes_it() {
    let text = stdout(&[&["predict"], &MODEL[..]].concat());
    assert!(text.starts_with("the│hot│dog│was\nLesson model, 4 tokens\n"), "{text}");
    let heads = stdout(&[&["heads", "--from", "dog", "--to", "hot"], &MODEL[..]].concat());
    assert!(heads.contains("layer 0, head 0"), "{heads}");
    let svg = stdout(&[&["render", "arcs"], &MODEL[..]].concat());
    assert!(svg.contains("over “the hot dog was”"), "the description reads as a sentence: {svg}");
    for figure in ["matrix", "head-grid", "vector-strip", "components", "logit-lens", "next-tokens"] {
        let drawn = stdout(&[&["render", figure], &MODEL[..]].concat());
        assert!(drawn.contains("Lesson"), "{figure}: {drawn}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.safetensors").display().to_string();
    let summary = json(&[&["trace", "--json", "--capture", "all,pattern", "-o", &file], &MODEL[..]].concat());
    assert!(summary["arrays"]["blocks.1.attn.pattern"].is_array());
    assert!(summary["arrays"]["blocks.1.mlp_out"].is_null(), "there is no MLP");
    assert_eq!(summary["model"]["word_level"], true);
}

#[test]
fn it_is_listed_and_needs_no_pull() {
    let models = &json(&["models", "--json"])["models"];
    assert_eq!((models[0]["id"].as_str(), models[0]["built_in"].as_bool()), (Some("lesson"), Some(true)));
    assert!(stdout(&["models"]).lines().nth(1).unwrap().ends_with("built in"));
    let pull = attnscope(&["pull", "lesson"]);
    assert!(pull.status.success() && pull.stdout.is_empty());
    assert!(String::from_utf8(pull.stderr).unwrap().contains("built in"));
}

#[test]
fn words_it_does_not_know_are_refused_with_near_ones() {
    let error = failure(2, &["predict", "-m", "lesson", "-t", "the hot dogg was"], b"");
    assert!(error.contains("\"dogg\" (word 3); near: dog"), "{error}");
    let long = vec!["the"; 17].join(" ");
    assert!(failure(2, &["predict", "-m", "lesson", "-t", &long], b"").contains("at most 16"));
    let error = failure(2, &["predict", "-m", "lesson", "-t", " . "], b"");
    assert!(error.contains("at least one word"), "{error}");
}
