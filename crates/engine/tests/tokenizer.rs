//! Token ids against other people's tokenizers.

mod common;

use attnscope::{Bytes, Model, Tokenizer, format::gguf};
use common::{fixture, json, minilm, smollm2};
use serde_json::Value;

fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as u32).collect()
}

#[test]
fn tiny_gguf() {
    let bytes = std::fs::read(fixture("tiny/llama.gguf")).unwrap();
    let file = gguf::parse(Bytes::from(bytes), "llama.gguf").unwrap();
    let tokenizer = Tokenizer::from_gguf(&file.metadata).unwrap();
    let cases = json("tiny/llama-gguf-tokens.json");
    let cases = cases["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let text = case["text"].as_str().unwrap();
        assert_eq!(tokenizer.encode(text).unwrap(), ids(&case["ids"]), "{text:?}");
    }
}

#[test]
fn real_model_smollm2_sentences() {
    let model = Model::open(smollm2()).unwrap();
    let fixture = json("smollm2.json");
    let sentences = fixture["sentences"].as_array().unwrap();
    assert!(sentences.len() >= 14);
    for sentence in sentences {
        let text = sentence["text"].as_str().unwrap();
        assert_eq!(model.encode(text).unwrap(), ids(&sentence["ids_digits"]), "{text:?}");
    }
    let hot_dog: Vec<String> =
        model.encode("the hot dog was").unwrap().into_iter().map(|id| model.token(id).text).collect();
    assert_eq!(hot_dog, ["the", " hot", " dog", " was"]);
    let emoji: Vec<String> = model.encode("🌭").unwrap().into_iter().map(|id| model.token(id).text).collect();
    assert!(emoji.iter().all(|t| !t.contains('\u{fffd}')) && emoji.concat().contains("<0xF0>"), "{emoji:?}");
}

#[test]
fn real_model_minilm_sentences() {
    let model = Model::open(minilm()).unwrap();
    let fixture = json("minilm.json");
    for sentence in fixture["sentences"].as_array().unwrap() {
        let text = sentence["text"].as_str().unwrap();
        assert_eq!(model.encode(text).unwrap(), ids(&sentence["ids"]), "{text:?}");
    }
}
