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

/// The files of a folder, as bytes.
fn folder(files: &[(&str, &[u8])], model_type: &str) -> Result<Tokenizer, attnscope::Error> {
    let find = |name: &str| files.iter().find(|(n, _)| *n == name).map(|(_, bytes)| Bytes::from(bytes.to_vec()));
    Tokenizer::from_folder(find, Some(model_type)).map(|tokenizer| tokenizer.expect("a tokenizer"))
}

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(fixture("tokenizers").join(name)).unwrap()
}

fn golden_gguf(name: &str) -> Tokenizer {
    let file = gguf::parse(Bytes::from(golden(name)), name).unwrap();
    Tokenizer::from_gguf(&file.metadata).unwrap()
}

/// Small vocabularies in each form, cut by the software that they are made with (`fixtures/compare_tokenizers.py`).
#[test]
fn every_form_cuts_as_its_own_software_does() {
    let cases = json("tokenizers/cases.json");
    let texts: Vec<&str> = cases["texts"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    assert!(texts.len() >= 40);
    let no_bos = &br#"{"add_bos_token": false}"#[..];
    let t5 = &br#"{"tokenizer_class": "T5Tokenizer", "add_eos_token": false}"#[..];
    let model = |name: &str, config: &[u8]| {
        folder(&[("tokenizer.model", &golden(name)), ("tokenizer_config.json", config)], "llama").unwrap()
    };
    for (kind, form, tokenizer) in [
        ("bpe", "tokenizer.model", model("bpe.model", no_bos)),
        ("bpe", "GGUF", golden_gguf("bpe.gguf")),
        ("bpe-plain", "tokenizer.model", model("bpe-plain.model", no_bos)),
        ("bpe-plain", "GGUF", golden_gguf("bpe-plain.gguf")),
        ("unigram", "tokenizer.model", model("unigram.model", t5)),
        ("unigram", "GGUF", golden_gguf("unigram.gguf")),
        ("bert", "vocab.txt", folder(&[("vocab.txt", &golden("vocab.txt"))], "bert").unwrap()),
        ("bert", "GGUF", golden_gguf("bert.gguf")),
        ("tekken", "tekken.json", folder(&[("tekken.json", &golden("tekken.json"))], "").unwrap()),
    ] {
        for (text, expected) in texts.iter().zip(cases["ids"][kind].as_array().unwrap()) {
            assert_eq!(tokenizer.encode(text).unwrap(), ids(expected), "{kind}, {form}: {text:?}");
        }
    }
}

#[test]
fn vocab_json_and_merges_are_a_tokenizer() {
    let file = json("tokenizers/byte-level.json");
    let tokens = file["tokens"].as_array().unwrap();
    let vocab: serde_json::Map<String, Value> =
        tokens.iter().zip(0..).map(|(token, id)| (token.as_str().unwrap().to_owned(), Value::from(id))).collect();
    let vocab = Value::Object(vocab).to_string();
    let merges: Vec<&str> = file["merges"].as_array().unwrap().iter().map(|merge| merge.as_str().unwrap()).collect();
    let merges = format!("#version: 0.2\n{}\n", merges.join("\n"));
    let files = [("vocab.json", vocab.as_bytes()), ("merges.txt", merges.as_bytes())];
    for (model_type, rule) in [("gpt2", "gpt-2"), ("qwen2", "qwen2")] {
        let tokenizer = folder(&files, model_type).unwrap();
        for (text, expected) in file["texts"].as_array().unwrap().iter().zip(file["ids"][rule].as_array().unwrap()) {
            assert_eq!(tokenizer.encode(text.as_str().unwrap()).unwrap(), ids(expected), "{rule}: {text}");
        }
    }
    let error = folder(&files, "strange").unwrap_err().to_string();
    assert!(error.contains("which class of tokenizer"), "{error}");
    let error = folder(&files, "roberta").unwrap_err().to_string();
    assert!(error.contains("<s> and </s>"), "{error}");
}

#[test]
fn tokens_around_a_text_are_as_the_files_say_or_as_they_are_asked_for() {
    let file = golden("bpe.model");
    let read =
        |config: &str| folder(&[("tokenizer.model", &file), ("tokenizer_config.json", config.as_bytes())], "llama");
    let tokenizer = read("{}").unwrap();
    let plain = read(r#"{"add_bos_token": false}"#).unwrap().encode("the dog").unwrap();
    let with_bos: Vec<u32> = std::iter::once(1).chain(plain.iter().copied()).collect();
    assert_eq!((tokenizer.start(), tokenizer.encode("the dog").unwrap()), (Some(1), with_bos.clone()));
    assert_eq!(tokenizer.encode_with_start("the dog", false).unwrap(), plain);
    let without = read(r#"{"add_bos_token": false, "add_eos_token": true}"#).unwrap();
    let ended: Vec<u32> = with_bos.iter().copied().chain([2]).collect();
    assert_eq!(without.encode_with_start("the dog", true).unwrap(), ended);
    // A token that is matched whole: no space is put behind it, unless the file is of the older kind.
    assert_eq!(tokenizer.encode("<s>the").unwrap()[..2], [1, 1]);
    assert_ne!(tokenizer.encode("</s>the").unwrap(), read(r#"{"legacy": true}"#).unwrap().encode("</s>the").unwrap());
    // Tokens that the config adds.
    let added = read(r#"{"added_tokens_decoder": {"500": {"content": "<|im_start|>"}}}"#).unwrap();
    assert_eq!(added.encode("<|im_start|>").unwrap(), [1, 500]);
    assert_eq!((added.text(500).as_str(), added.text(499).as_str()), ("<|im_start|>", "<499>"));
    for (config, said) in [
        (r#"{"added_tokens_decoder": {"1": {"content": "<|x|>"}}}"#, "which of the two is right"),
        (r#"{"added_tokens_decoder": {"900000": {"content": "<|x|>"}}}"#, "at most"),
        (r#"{"added_tokens_decoder": {"500": {"content": "x", "single_word": true}}}"#, "single_word"),
        (
            r#"{"tokenizer_class": "XLMRobertaTokenizer"}"#,
            "XLMRobertaTokenizer, which attnscope reads only from tokenizer.json",
        ),
    ] {
        let error = read(config).unwrap_err().to_string();
        assert!(error.contains(said) && !error.contains('\n'), "{error}");
    }
}

#[test]
fn pieces_read_as_text() {
    let tokenizer = golden_gguf("bpe.gguf");
    let ids = tokenizer.encode("the 🌭").unwrap();
    let texts: Vec<String> = ids.iter().map(|id| tokenizer.text(*id)).collect();
    assert!(texts[0].starts_with(' ') && texts.iter().all(|text| !text.contains('▁')), "{texts:?}");
    assert_eq!(tokenizer.decode(&ids), " the 🌭");
    assert_eq!(texts[texts.len() - 1], "<0xAD>");
}

#[test]
fn damaged_files_are_refused_by_name() {
    for (name, bytes, said) in [
        ("tokenizer.model", &b"\xff\xff"[..], "neither a SentencePiece model nor tiktoken's text"),
        ("tokenizer.model", b"aGk= 0\naGk", "line 2"),
        ("tokenizer.model", b"aGk= 0\n", "1 tokens in tiktoken's text"),
        ("tekken.json", b"{}", "not a tekken.json"),
        ("vocab.txt", b"a\nb\n", "no token"),
    ] {
        let error = folder(&[(name, bytes)], "bert").unwrap_err().to_string();
        assert!(error.starts_with(name) && error.contains(said) && !error.contains('\n'), "{error}");
    }
    let cut = &golden("bpe.model")[..100];
    assert!(folder(&[("tokenizer.model", cut)], "llama").unwrap_err().to_string().contains("cut off"));
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
