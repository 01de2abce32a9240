//! The lists that a GGUF's tokenizer is made of, which must fit each other.

use super::check;
use crate::Error;
use crate::format::gguf::Metadata;

/// Refuses lists of different lengths, and a first token that is none of them. Of tokens that stand twice the last is
/// taken, as llama.cpp does.
pub(super) fn check(meta: &Metadata, tokens: &[&str]) -> Result<(), Error> {
    let origin = meta.origin();
    check::count("tokens", tokens.len(), check::MOST_TOKENS, origin)?;
    check::count("merges", meta.array_len("tokenizer.ggml.merges").unwrap_or(0), check::MOST_MERGES, origin)?;
    for key in ["tokenizer.ggml.token_type", "tokenizer.ggml.scores"] {
        if let Some(n) = meta.array_len(key).filter(|n| *n != tokens.len()) {
            let message = format!("metadata `{key}` has {n} entries for {} tokens; the file is damaged", tokens.len());
            return Err(Error::format(origin, message));
        }
    }
    let (adds, key) = ("tokenizer.ggml.add_bos_token", "tokenizer.ggml.bos_token_id");
    if meta.get_bool(adds).unwrap_or(false) {
        let first = meta.get_u64(key)?;
        if first >= tokens.len() as u64 {
            let message = format!("metadata `{key}` is {first}, but there are {} tokens", tokens.len());
            return Err(Error::format(origin, message));
        }
    }
    Ok(())
}
