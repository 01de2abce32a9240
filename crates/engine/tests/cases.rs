//! Small models after what people reported: each gives the numbers that transformers gives, or is refused by name.
//! `fixtures/cases/NAME/expected.json` says what must come out.

mod common;

use attnscope::Site;
use attnscope::{Capture, Model, Trace};
use common::fixture;
use serde_json::Value;

/// What attnscope does not read yet, and says so: what the message must name.
const NOT_YET: [(&str, &str); 3] = [("11-llama-bpe", "llama-bpe"), ("11-qwen2", "qwen2"), ("13-gguf", "llama-bpe")];

/// A model's answer: its run, or the message.
fn answer(expected: &Value, folder: &str) -> Result<(Model, Trace), String> {
    let (file, text) = (expected["file"].as_str().unwrap(), expected["text"].as_str().unwrap());
    let path = fixture(&format!("cases/{folder}"));
    let path = if file == "." { path } else { path.join(file) };
    let model = Model::open(&path).map_err(|e| e.to_string())?;
    let tokens = model.encode(text).map_err(|e| e.to_string())?;
    let warning = model.warning(&tokens);
    if let Some(words) = expected["warning"].as_array().filter(|_| expected["error"].is_null()) {
        let warning = warning.expect("a warning");
        assert!(words.iter().any(|word| warning.contains(word.as_str().unwrap())), "{warning}");
    }
    let trace = model.run(&tokens, &"pattern".parse::<Capture>().unwrap(), &[]).map_err(|e| e.to_string())?;
    Ok((model, trace))
}

/// Whether the message says what it must.
fn is_named(expected: &Value, folder: &str, message: &str) -> bool {
    let words = expected["error"].as_array().into_iter().flatten().map(|word| word.as_str().unwrap());
    let not_yet = NOT_YET.iter().filter(|(name, _)| *name == folder).map(|(_, word)| *word);
    words.chain(not_yet).any(|word| message.contains(word))
}

fn check(folder: &str) {
    let expected = common::json(&format!("cases/{folder}/expected.json"));
    let (model, trace) = match answer(&expected, folder) {
        Ok(answer) => answer,
        Err(message) => return assert!(is_named(&expected, folder, &message), "{folder}: {message}"),
    };
    if let Some(ids) = expected["ids"].as_array() {
        let ids: Vec<u64> = ids.iter().map(|id| id.as_u64().unwrap()).collect();
        assert_eq!(trace.tokens.iter().map(|t| u64::from(t.id)).collect::<Vec<_>>(), ids, "{folder}");
    }
    if let Some(texts) = expected["texts"].as_array() {
        let texts: Vec<&str> = texts.iter().map(|text| text.as_str().unwrap()).collect();
        assert_eq!(trace.tokens.iter().map(|t| t.text.as_str()).collect::<Vec<_>>(), texts, "{folder}");
    }
    let row = &expected["row"];
    if row.is_object() {
        let at = |name: &str| row[name].as_u64().unwrap() as usize;
        let found = trace.layer(at("layer"), Site::Pattern).unwrap().row(&[at("head"), at("query")]).unwrap();
        let weights: Vec<f32> = row["weights"].as_array().unwrap().iter().map(|w| w.as_f64().unwrap() as f32).collect();
        let off = common::error(found, &weights, weights.len(), false);
        assert!(off <= 2e-5, "{folder}: the row is off by {off}");
    }
    match expected["top"].as_array().filter(|_| model.has_vocab_head()) {
        Some(top) => {
            let found = model.next_tokens(&trace, top.len());
            assert_eq!(found.len(), top.len(), "{folder}");
            for (found, expected) in found.iter().zip(top) {
                assert_eq!(u64::from(found.id), expected[0].as_u64().unwrap(), "{folder}");
                assert!((f64::from(found.p) - expected[1].as_f64().unwrap()).abs() <= 2e-5, "{folder}: {found:?}");
            }
        }
        // Where only an error will do, predicting must be one.
        None if row.is_null() && expected["texts"].is_null() && expected["warning"].is_null() => {
            let message = model.require_vocab_head().expect_err(folder).to_string();
            assert!(is_named(&expected, folder, &message), "{folder}: {message}");
        }
        None => {}
    }
}

#[test]
fn each_gives_right_numbers_or_is_refused_by_name() {
    let mut folders: Vec<String> = std::fs::read_dir(fixture("cases"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    folders.sort();
    folders.iter().for_each(|folder| check(folder));
    assert!(folders.len() >= 37, "only {} cases", folders.len());
}
