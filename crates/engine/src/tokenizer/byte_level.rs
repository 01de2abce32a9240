//! Byte-level BPE as GPT-2 has it: words by patterns, then merges of bytes, which the vocabulary writes in an alphabet of
//! its own.

use super::pieces::{self, Merge, Model, Normalize, Order, Pieces, Prefixes, Vocab};
use super::{check, pre, spelling, text};
use crate::Error;
use std::collections::{HashMap, HashSet};

/// The tokenizer, in which nothing is matched whole yet. `is_whole`: tokens that will be, which are written as they are;
/// `merges`: two tokens each, with a space between.
pub(super) fn build<'a>(
    texts: &[&str],
    is_whole: impl Fn(usize) -> bool,
    merges: impl Iterator<Item = &'a str>,
    rule: &pre::Rule,
    origin: &str,
) -> Result<Pieces, Error> {
    let mut vocab = Vocab::default();
    for (id, text) in texts.iter().enumerate() {
        match spelling::bytes_of(text).filter(|_| !is_whole(id)) {
            Some(bytes) => vocab.push(&bytes),
            None => vocab.push(text.as_bytes()),
        }
    }
    // Of two tokens with the same bytes the one that is not matched whole stands for them within words.
    let ids = 0..texts.len() as u32;
    vocab.index(ids.clone().filter(|id| is_whole(*id as usize)).chain(ids.filter(|id| !is_whole(*id as usize))));
    let merge = Merge {
        order: Order::Pairs(pairs(texts, merges, origin)?),
        by_bytes: true,
        ignore_merges: rule.ignore_merges,
        frozen: Prefixes::default(),
        unused: HashSet::new(),
    };
    Ok(Pieces {
        vocab,
        model: Model::Merge(merge),
        whole: HashMap::new(),
        prefixes: Prefixes::default(),
        normalize: if rule.nfc { Normalize::Nfc } else { Normalize::Nothing },
        patterns: pieces::compile(rule.patterns, origin)?,
        bytes: None,
        // Bytes for which there is no token are left out, as in the library and in llama.cpp.
        unknown: None,
    })
}

/// The list of merges: the ids of both parts to its place and the id of what they make.
fn pairs<'a>(texts: &[&str], merges: impl Iterator<Item = &'a str>, origin: &str) -> Result<pieces::Pairs, Error> {
    // Of tokens that are spelled alike the later one is meant.
    let ids: HashMap<&str, u32> = texts.iter().copied().zip(0u32..).collect();
    let mut pairs = HashMap::new();
    let mut joined = String::new();
    for (merge, place) in merges.zip(0u32..) {
        // The first part may begin with a space: then it is one.
        let at = merge.char_indices().skip(1).find(|(_, c)| *c == ' ').map(|(at, _)| at);
        let not_two = || Error::format(origin, format!("the merge {:?} is not two tokens", check::short(merge)));
        let (a, b) = at.map(|at| (&merge[..at], &merge[at + 1..])).ok_or_else(not_two)?;
        let wrong = |what: &str| {
            let (a, b) = (check::short(a), check::short(b));
            Error::format(origin, format!("its merge of {a:?} and {b:?} {what}; the tokenizer is damaged"))
        };
        joined.clear();
        joined.push_str(a);
        joined.push_str(b);
        let parts = ids.get(a).zip(ids.get(b));
        let (a, b) = parts.ok_or_else(|| wrong("joins what its vocabulary does not hold"))?;
        let id = ids.get(joined.as_str());
        let id = id.ok_or_else(|| wrong("makes a token that its vocabulary does not hold"))?;
        pairs.entry((*a, *b)).or_insert((place, *id));
    }
    Ok(pairs)
}

/// The limits of texts: where every byte is in some token, the number of tokens limits their length.
pub(super) fn limits(pieces: &Pieces) -> text::Limits {
    let in_texts = (0..=255u8).filter(|byte| !matches!(byte, 0xc0 | 0xc1 | 0xf5..));
    let all = in_texts.into_iter().all(|byte| pieces.vocab.find(&[byte]).is_some());
    text::Limits::of_pieces(pieces, all && matches!(pieces.normalize, Normalize::Nothing))
}
