//! Tokenizers that are computed here: SentencePiece's two models, tiktoken's, and the byte-level BPE of GGUF. (Those of
//! `tokenizer.json` are computed by the library `tokenizers`, whose files they are.)
//!
//! A text is split at tokens that are matched whole; what lies between is normalized, cut into words by patterns, and
//! each word into tokens.

mod charsmap;
mod merge;
mod normalize;
mod unigram;
mod vocab;

pub(super) use charsmap::Charsmap;
pub(super) use merge::{Merge, Order, Pairs};
pub(super) use normalize::{MARK, Normalize, Prefix, Spaces};
pub(super) use unigram::Unigram;
pub(super) use vocab::{Prefixes, Vocab};

use super::check::short;
use crate::Error;
use fancy_regex::Regex;
use std::collections::HashMap;

/// How words become tokens.
#[derive(Clone, Debug)]
pub(super) enum Model {
    Merge(Merge),
    Unigram(Unigram),
}

/// How a token without text of its own is shown, and found in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Whole {
    /// It takes the spaces before it and behind it.
    pub lstrip: bool,
    pub rstrip: bool,
}

/// A tokenizer.
#[derive(Clone, Debug)]
pub(super) struct Pieces {
    /// The tokens as bytes of the text that they stand for, spaces as `▁` where the normalizer makes them so.
    pub vocab: Vocab,
    pub model: Model,
    /// Tokens that are matched whole before anything else, the longest of those that begin at the same place.
    pub whole: HashMap<u32, Whole>,
    pub prefixes: Prefixes,
    pub normalize: Normalize,
    pub patterns: Vec<Regex>,
    /// The token of each byte, for letters that are not in the vocabulary.
    pub bytes: Option<Box<[u32; 256]>>,
    /// The token for what is not in the vocabulary; a run of it is one token. Without one, such letters are left out.
    pub unknown: Option<u32>,
}

impl Pieces {
    /// Makes these tokens be matched whole, too.
    pub fn match_whole(&mut self, tokens: impl IntoIterator<Item = (u32, Whole)>) {
        self.whole.extend(tokens);
        self.prefixes = Prefixes::new(&self.vocab, self.whole.keys().copied());
    }

    /// The ids of a text.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, Error> {
        let mut ids = Vec::new();
        // Where the stretch between two tokens that are matched whole begins, and where it is searched.
        let (mut start, mut at) = (0, 0);
        let mut first = true;
        while at < text.len() {
            let found = if self.prefixes.is_empty() {
                at = text.len();
                break;
            } else {
                self.prefixes.longest(&self.vocab, &text.as_bytes()[at..])
            };
            let Some(id) = found else {
                at += 1;
                continue;
            };
            let Whole { lstrip, rstrip } = self.whole.get(&id).copied().unwrap_or_default();
            let before = &text[start..at];
            self.between(if lstrip { before.trim_end() } else { before }, first, &mut ids)?;
            ids.push(id);
            at += self.vocab.get(id).len();
            if rstrip {
                at = text.len() - text[at..].trim_start().len();
            }
            (start, first) = (at, false);
        }
        debug_assert!(at >= text.len());
        self.between(&text[start..], first, &mut ids)?;
        Ok(ids)
    }

    /// Bytes of a piece of text after normalization.
    pub fn normalized_len(&self, text: &str) -> Result<usize, Error> {
        self.normalize.apply(&self.vocab, text, true).map(|text| text.len()).map_err(super::cannot_be_cut)
    }

    /// The ids of a stretch without tokens that are matched whole.
    fn between(&self, text: &str, first: bool, ids: &mut Vec<u32>) -> Result<(), Error> {
        if text.is_empty() {
            return Ok(());
        }
        let text = self.normalize.apply(&self.vocab, text, first).map_err(super::cannot_be_cut)?;
        let mut after_unknown = false;
        for word in self.words(&text)? {
            let each = |bytes: &[u8], id: Option<u32>| match (id, &self.bytes, self.unknown) {
                (Some(id), ..) => {
                    ids.push(id);
                    after_unknown = false;
                }
                (None, Some(of), _) => {
                    ids.extend(bytes.iter().map(|byte| of[usize::from(*byte)]));
                    after_unknown = false;
                }
                (None, None, Some(unknown)) => {
                    if !std::mem::replace(&mut after_unknown, true) {
                        ids.push(unknown);
                    }
                }
                (None, None, None) => {}
            };
            match &self.model {
                Model::Merge(merge) => merge.encode(&self.vocab, word, each),
                Model::Unigram(unigram) => unigram.encode(&self.vocab, word, each),
            }
        }
        Ok(())
    }

    /// The words of a text: what each pattern matches, and what lies between.
    fn words<'a>(&self, text: &'a str) -> Result<Vec<&'a str>, Error> {
        let mut words = vec![text];
        for pattern in &self.patterns {
            let mut next = Vec::with_capacity(words.len());
            for word in words {
                let mut end = 0;
                for found in pattern.find_iter(word) {
                    let found = found.map_err(|e| {
                        let pattern = short(pattern.as_str());
                        Error::usage(format!(
                            "the tokenizer's pattern {pattern:?} gives up on this text ({e}); shorten it"
                        ))
                    })?;
                    next.extend(
                        [&word[end..found.start()], found.as_str()].into_iter().filter(|word| !word.is_empty()),
                    );
                    end = found.end();
                }
                next.extend(Some(&word[end..]).filter(|word| !word.is_empty()));
            }
            words = next;
        }
        Ok(words)
    }

    /// The bytes of the text that a token stands for.
    pub fn bytes_of(&self, id: u32) -> Vec<u8> {
        let bytes = self.vocab.get(id);
        if self.whole.contains_key(&id) {
            return bytes.to_vec();
        }
        if self.bytes.is_some()
            && let Some(byte) = std::str::from_utf8(bytes).ok().and_then(super::spelling::byte_named)
        {
            return vec![byte];
        }
        match (&self.normalize, std::str::from_utf8(bytes)) {
            (Normalize::SentencePiece(spaces), Ok(text)) if spaces.escape => text.replace(MARK, " ").into_bytes(),
            _ => bytes.to_vec(),
        }
    }

    /// The text of ids. Bytes that are no text are written as `\u{fffd}`.
    pub fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|id| self.bytes_of(*id)).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Patterns of attnscope's own tables, or of a file.
pub(super) fn compile(patterns: &[&str], origin: &str) -> Result<Vec<Regex>, Error> {
    let one = |pattern: &&str| {
        Regex::new(pattern).map_err(|e| Error::config(origin, format!("its pattern {:?} is none: {e}", short(pattern))))
    };
    patterns.iter().map(one).collect()
}
