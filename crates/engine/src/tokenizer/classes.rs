//! The tokenizer classes that transformers 5 rebuilds: it takes only vocabulary and merges from `tokenizer.json`, and
//! cuts text by rules of the class. transformers 4 took the whole file, and so do we; a note says where they differ.

use super::beside::{Object, class};
use crate::format::json::without_bom;
use serde::Deserialize;
use serde_json::{Value, json};

const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The parts of a `tokenizer.json` that such a class replaces.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Parts {
    #[serde(default)]
    pub normalizer: Value,
    #[serde(default)]
    pub pre_tokenizer: Value,
    #[serde(default)]
    post_processor: Value,
    #[serde(default)]
    model: Model,
}

#[derive(Debug, Default, Deserialize)]
struct Model {
    #[serde(default)]
    byte_fallback: Option<bool>,
}

impl Parts {
    pub fn of(file: &[u8]) -> Self {
        serde_json::from_slice(without_bom(file)).unwrap_or_default()
    }
}

/// A note for a tokenizer whose class has rules other than those of its file.
pub(super) fn note(config: &Object, parts: &Parts) -> Option<String> {
    let class = class(config);
    let option = |name: &str, default: bool| config.get(name).and_then(Value::as_bool).unwrap_or(default);
    let bytes =
        |prefix: bool, regex: bool| json!({"type": "ByteLevel", "add_prefix_space": prefix, "use_regex": regex});
    let (normalizer, pre_tokenizer) = match class {
        "BertTokenizer" => {
            let lower = option("do_lower_case", true);
            let found = parts.normalizer.get("strip_accents").and_then(Value::as_bool);
            // An option that is set to its default counts the same as one that is left out.
            let accents = option("strip_accents", lower) == found.unwrap_or(option("lowercase", lower));
            let accents = if accents { found.into() } else { Value::from("other") };
            (
                json!({"type": "BertNormalizer", "clean_text": true, "strip_accents": accents, "lowercase": lower,
                    "handle_chinese_chars": option("tokenize_chinese_chars", true)}),
                json!({"type": "BertPreTokenizer"}),
            )
        }
        "GPT2Tokenizer" => (Value::Null, bytes(option("add_prefix_space", false), true)),
        "LlamaTokenizer" => {
            let scheme = match (option("add_prefix_space", true), option("legacy", false)) {
                (false, _) => "never",
                (true, true) => "always",
                (true, false) => "first",
            };
            (Value::Null, json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": false}))
        }
        "Qwen2Tokenizer" => {
            let split = json!({"type": "Split", "pattern": {"Regex": QWEN2}, "behavior": "Isolated", "invert": false});
            let bytes = bytes(option("add_prefix_space", false), false);
            (json!({"type": "NFC"}), json!({"type": "Sequence", "pretokenizers": [split, bytes]}))
        }
        _ => return None,
    };
    let other = if !same(&parts.normalizer, &normalizer) {
        "normalizer"
    } else if !same(&parts.pre_tokenizer, &pre_tokenizer) {
        "pre_tokenizer"
    } else if class == "BertTokenizer" && parts.post_processor.is_null() {
        "post_processor"
    } else if class == "LlamaTokenizer" && parts.model.byte_fallback != Some(true) {
        "byte_fallback"
    } else {
        return None;
    };
    Some(format!(
        "its tokenizer is a {class}, for which transformers 5 has another `{other}` than tokenizer.json says; here \
         tokenizer.json counts, as in transformers 4: some texts are cut otherwise"
    ))
}

/// Whether a part has everything that is expected of it. A sequence of one part equals that part.
fn same(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            let only = ["normalizers", "pretokenizers"].iter().find_map(|list| found.get(*list)?.as_array());
            if let Some([only]) = only.map(Vec::as_slice) {
                return same(only, &Value::Object(expected.clone()));
            }
            expected.iter().all(|(key, value)| same(found.get(key).unwrap_or(&Value::Null), value))
        }
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len() && found.iter().zip(expected).all(|(found, expected)| same(found, expected))
        }
        (found, expected) => found == expected,
    }
}
