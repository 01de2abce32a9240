//! The lists that make up a GGUF's tokenizer, which must be consistent with each other.

use super::check;
use crate::Error;
use crate::format::gguf::Metadata;
use std::collections::{HashMap, HashSet};

pub(super) const TYPES: &str = "tokenizer.ggml.token_type";
/// Types of tokens (`tokenizer.ggml.token_type`).
pub(super) const UNKNOWN: i64 = 2;
/// See [`UNKNOWN`].
pub(super) const CONTROL: i64 = 3;
/// See [`UNKNOWN`].
pub(super) const USER_DEFINED: i64 = 4;
/// See [`UNKNOWN`].
pub(super) const UNUSED: i64 = 5;
/// See [`UNKNOWN`].
pub(super) const BYTE: i64 = 6;
/// Types of tokens that are matched whole, before text is cut.
pub(super) const WHOLE: [i64; 3] = [UNKNOWN, CONTROL, USER_DEFINED];

/// Refuses lists of different lengths, and duplicate tokens.
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
    // An added token may be spelled like a byte token: it is matched before text is cut into bytes.
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

/// Refuses two tokens matched whole of which one ends as the other begins. llama.cpp matches the longest token first in
/// the whole text; here the first one in the text is matched. Only for runs of one letter are the results the same.
pub(super) fn check_overlap(tokens: &[&str], origin: &str) -> Result<(), Error> {
    let Some((a, b)) = overlap(tokens) else { return Ok(()) };
    let (a, b) = (check::short(a), check::short(b));
    let text = format!(
        "its tokens {a:?} and {b:?} can share letters of a text, which llama.cpp and attnscope would cut otherwise; use the \
         model's safetensors folder with tokenizer.json"
    );
    Err(Error::config(origin, text))
}

fn overlap<'a>(tokens: &[&'a str]) -> Option<(&'a str, &'a str)> {
    let inner = |token: &'a str| token.char_indices().skip(1).map(|(at, _)| at);
    // For each beginning, two tokens that are not runs and one that is. Keeping more would only take time.
    let mut beginnings: HashMap<&str, ([Option<&'a str>; 2], Option<&'a str>)> = HashMap::new();
    for &token in tokens {
        let is_run = is_run(token);
        for at in inner(token) {
            let (others, run) = beginnings.entry(&token[..at]).or_default();
            if is_run {
                *run = Some(token);
            } else if others[0] != Some(token) {
                *others = [Some(token), others[0]];
            }
        }
    }
    for &a in tokens {
        for end in inner(a).map(|at| &a[at..]) {
            let Some((others, run)) = beginnings.get(end) else { continue };
            let run = run.filter(|_| !is_run(a));
            if let Some(b) = others.iter().copied().chain([run]).flatten().find(|b| *b != a) {
                return Some((a, b));
            }
        }
    }
    None
}

/// Whether a token is one letter repeated.
fn is_run(token: &str) -> bool {
    let first = token.chars().next();
    token.chars().all(|c| Some(c) == first)
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn tokens_that_can_share_letters_are_found() {
        assert_eq!(overlap(&["<|im_start|>", "<|im_end|>", "\n", "\n\n", "\n\n\n", "cd"]), None);
        assert_eq!(overlap(&["xx", "cde", "abc"]), Some(("abc", "cde")));
        assert_eq!(overlap(&["aba"]), None);
        assert_eq!(overlap(&["äö", "öü"]), Some(("äö", "öü")));
    }
}
