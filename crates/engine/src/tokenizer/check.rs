//! Refuses input that would make `tokenizers` panic or use unlimited memory, before the library sees it. Any remaining
//! panic of the library becomes an error, except in wasm, where panics do not unwind.
//!
//! These problems were found by reading version 0.23; the last column says where each is refused:
//!
//! | in `tokenizers` | what goes wrong | refused in |
//! |---|---|---|
//! | `models/bpe` `build` | a merge longer than the longest token, or than its prefix: slices out of range | [`merges`] |
//! | `models/bpe`, dropout | tokens drawn by chance | `models` |
//! | `models/wordpiece` | words without a limit: time grows with the cube of their length | `models` |
//! | `models/unigram` trie | a node a byte, dropped by recursion: memory, stack | `models` |
//! | `normalizers/precompiled` | any damage is an `expect` | `parts` |
//! | `normalizers/prepend`, `replace` | nothing to prepend, or a pattern that matches nothing: later slices out of range | `parts` |
//! | chains of `Replace`, `Prepend`, NFKD … | each multiplies the text | `parts` |
//! | any part without `type` | an `expect`, or read as another part | `parts` |
//! | `pre_tokenizers/fixed_length` | chunks of 0 | `parts` |
//! | `processors/template` | B where there is one text, tokens that are not listed, two templates in a row (`todo!`) | `parts` |
//! | `processors/template` | the text copied for each `$A` | `parts` |
//! | `decoders/strip` | more cut off than there is | `parts` |
//! | `decoders/bpe` | no tokens, or none left by the decoder before: 0 − 1 | `Tokenizer::decode`, `parts` |
//! | `utils/fancy` | a pattern that gives up is taken for one that does not match | `text` |
//! | `added_vocabulary` | spaces taken into one token that are another: slices reversed | [`added`] |
//! | `added_vocabulary` | a token of which the normalizer leaves nothing is found within characters | `json` |
//! | `added_vocabulary`, Aho–Corasick | 100 bytes of automaton for each byte of a token | [`added`] |
//! | truncation, padding | lengths of 0, strides | not read at all |

use crate::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokenizers::AddedToken;
use tokenizers::models::bpe::Vocab;

/// Tokens of a vocabulary, and merges: each takes about 200 bytes when loaded. The largest known files have 262,144 and
/// 514,906.
pub(super) const MOST_TOKENS: usize = 1 << 19;
/// See [`MOST_TOKENS`].
pub(super) const MOST_MERGES: usize = 1 << 20;
/// Tokens that are matched whole.
const MOST_ADDED: usize = 1 << 14;
/// Bytes of all of these together.
const MOST_ADDED_BYTES: usize = 1 << 18;

/// Refuses merges whose parts or whose result are not in the vocabulary. `prefix` is the prefix of tokens inside a
/// word; the second part of a merge loses it.
pub(super) fn merges(
    merges: &[(String, String)],
    vocab: &Vocab,
    prefix: Option<&str>,
    origin: &str,
) -> Result<(), Error> {
    let prefix = prefix.unwrap_or_default();
    let mut joined = String::new();
    for (a, b) in merges {
        let wrong = |what: &str| {
            let (a, b) = (short(a), short(b));
            Error::format(origin, format!("its merge of {a:?} and {b:?} {what}; the tokenizer is damaged"))
        };
        if !vocab.contains_key(a) || !vocab.contains_key(b) {
            return Err(wrong("joins what its vocabulary does not hold"));
        }
        // The library cuts off this many bytes, whatever they are.
        let rest = b.get(prefix.len()..).ok_or_else(|| wrong("is shorter than the prefix of tokens inside a word"))?;
        joined.clear();
        joined.push_str(a);
        joined.push_str(rest);
        if !vocab.contains_key(&joined) {
            return Err(wrong("makes a token that its vocabulary does not hold"));
        }
    }
    Ok(())
}

/// Refuses tokens matched whole if there are too many, or if one absorbs spaces that are another of them.
pub(super) fn added(tokens: &[AddedToken], origin: &str) -> Result<(), Error> {
    let bytes: usize = tokens.iter().map(|t| t.content.len()).sum();
    if tokens.len() > MOST_ADDED || bytes > MOST_ADDED_BYTES {
        let n = tokens.len();
        return Err(Error::config(
            origin,
            format!(
                "{n} added tokens of {bytes} bytes together; at most {MOST_ADDED} of {MOST_ADDED_BYTES} bytes are read"
            ),
        ));
    }
    let strips = tokens.iter().find(|t| t.lstrip || t.rstrip);
    let spaced = tokens.iter().find(|t| t.content.trim() != t.content);
    match (strips, spaced) {
        (Some(a), Some(b)) => {
            let (a, b) = (short(&a.content), short(&b.content));
            Err(Error::config(
                origin,
                format!(
                    "its added token {a:?} takes the spaces beside it, of which {b:?} is one: that is not supported"
                ),
            ))
        }
        _ => Ok(()),
    }
}

/// Refuses tokens matched whole if there are too many. (Those of a file with a tokenizer of its own: there they cost less.)
pub(super) fn whole(n: usize, bytes: usize, origin: &str) -> Result<(), Error> {
    count("tokens that are matched whole", n, MOST_TOKENS, origin)?;
    count("bytes in tokens that are matched whole", bytes, 16 * MOST_ADDED_BYTES, origin)
}

/// Refuses lists that are longer than the limit.
pub(super) fn count(what: &str, n: usize, most: usize, origin: &str) -> Result<(), Error> {
    if n <= most {
        return Ok(());
    }
    Err(Error::config(origin, format!("its tokenizer has {n} {what}; at most {most} are read")))
}

/// The beginning of a text from a file, for a message.
pub(super) fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Runs a call of the library and turns a panic into an error. (In wasm a panic ends the worker: see above.)
pub(super) fn guarded<T>(call: impl FnOnce() -> tokenizers::Result<T>) -> tokenizers::Result<T> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err("the library `tokenizers` failed on it".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocab(tokens: &[&str]) -> Vocab {
        tokens.iter().zip(0..).map(|(t, id)| (t.to_string(), id)).collect()
    }

    #[test]
    fn merges_that_do_not_fit_are_refused() {
        let refused = |list: &[(&str, &str)], tokens: &[&str], prefix| {
            let list: Vec<_> = list.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
            merges(&list, &vocab(tokens), prefix, "m").err().map(|e| e.to_string())
        };
        assert_eq!(refused(&[("a", "b")], &["a", "b", "ab"], None), None);
        assert_eq!(refused(&[("a", "##b")], &["a", "##b", "ab"], Some("##")), None);
        let error = refused(&[("a", "b")], &["a", "b"], None).unwrap();
        assert!(error.contains("makes a token"), "{error}");
        assert!(refused(&[("a", "c")], &["a", "b"], None).unwrap().contains("joins what"));
        assert!(refused(&[("a", "b")], &["a", "b", "ab"], Some("##")).unwrap().contains("shorter than the prefix"));
        // A prefix that ends within a character.
        assert!(refused(&[("a", "é")], &["a", "é", "aé"], Some("#")).unwrap().contains("shorter than the prefix"));
    }

    #[test]
    fn a_panic_is_an_error() {
        let error = guarded(|| -> tokenizers::Result<()> { panic!("a test of panics") }).unwrap_err();
        assert!(error.to_string().contains("failed on it"));
    }

    #[test]
    fn added_tokens_keep_to_their_limits() {
        let token = |text: &str| AddedToken::from(text, true);
        assert!(added(&[token("<a>").rstrip(true), token("<b>")], "m").is_ok());
        assert!(
            added(&[token("<a>").rstrip(true), token("  ")], "m").unwrap_err().to_string().contains("takes the spaces")
        );
        let many: Vec<_> = (0..=MOST_ADDED).map(|i| token(&i.to_string())).collect();
        assert!(added(&many, "m").unwrap_err().to_string().contains("at most"));
        assert!(added(&[token(&"x".repeat(MOST_ADDED_BYTES + 1))], "m").is_err());
    }
}
