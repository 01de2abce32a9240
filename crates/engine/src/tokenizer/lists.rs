//! The lists that a GGUF's tokenizer is made of, which must fit each other.

use super::check;
use crate::Error;
use crate::format::gguf::Metadata;
use std::collections::HashSet;

pub(super) const TYPES: &str = "tokenizer.ggml.token_type";
/// Types of tokens that are matched as a whole, before text is cut.
pub(super) const WHOLE: [i64; 3] = [2, 3, 4];

/// Refuses lists of different lengths, and tokens that stand twice.
pub(super) fn check(meta: &Metadata, tokens: &[&str]) -> Result<(), Error> {
    let origin = meta.origin();
    check::count("tokens", tokens.len(), check::MOST_TOKENS, origin)?;
    check::count("merges", meta.array_len("tokenizer.ggml.merges").unwrap_or(0), check::MOST_MERGES, origin)?;
    for key in [TYPES, "tokenizer.ggml.scores"] {
        if let Some(n) = meta.array_len(key).filter(|n| *n != tokens.len()) {
            let message = format!("metadata `{key}` has {n} entries for {} tokens; the file is damaged", tokens.len());
            return Err(Error::format(origin, message));
        }
    }
    // An added token may be spelled as a byte is: it is matched before text is cut into bytes.
    if !meta.has(TYPES) {
        let text = format!(
            "metadata `{TYPES}` is missing, so it does not say which tokens are special; convert the model anew"
        );
        return Err(Error::config(origin, text));
    }
    let types = meta.get_ints(TYPES)?;
    let mut seen = HashSet::with_capacity(tokens.len());
    let twice = tokens.iter().zip(&types).find(|(token, kind)| !seen.insert((**token, WHOLE.contains(kind))));
    if let Some((twice, _)) = twice {
        let twice = check::short(twice);
        return Err(Error::format(origin, format!("its token {twice:?} stands twice; the file is damaged")));
    }
    Ok(())
}
