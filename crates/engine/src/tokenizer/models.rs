//! The model of a `tokenizer.json`: its vocabulary, read once and checked, and the library's model built from it.

use super::check;
use crate::Error;
use crate::format::json::without_bom;
use serde::de::IgnoredAny;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::fmt;
use tokenizers::ModelWrapper;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::models::unigram::Unigram;
use tokenizers::models::wordlevel::WordLevel;
use tokenizers::models::wordpiece::WordPiece;

/// Words whose tokens the library caches. Its default, 10,000, can take 80 MB.
const CACHED: usize = 1000;
/// Longest word, in characters, that is looked up piece by piece.
const LONGEST_WORD: usize = 200;
/// Longest prefix or suffix of a part of a word, in bytes.
const LONGEST_AFFIX: usize = 64;
/// Longest Unigram token in bytes. Its tree has a node for each byte that no token before shares.
const LONGEST_PIECE: usize = 256;
const MOST_NODES: usize = 1 << 18;

/// A model, and properties that are known once it is loaded.
pub(super) struct Loaded {
    pub model: ModelWrapper,
    /// Bytes of the longest token.
    pub longest: usize,
    /// Whether one unknown token may stand for any stretch of text.
    pub has_unknown: bool,
}

/// Only the type of the model, which older files do not give.
#[derive(serde::Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: Option<String>,
    merges: Option<IgnoredAny>,
    max_input_chars_per_word: Option<IgnoredAny>,
    unk_id: Option<IgnoredAny>,
}

/// Reads a model from its part of the file.
pub(super) fn read(json: &str, origin: &str) -> Result<Loaded, Error> {
    let head: Head = parse(json, origin)?;
    let kind = head.kind.as_deref().unwrap_or(match head {
        Head { merges: Some(_), .. } => "BPE",
        Head { max_input_chars_per_word: Some(_), .. } => "WordPiece",
        Head { unk_id: Some(_), .. } => "Unigram",
        _ => "WordLevel",
    });
    match kind {
        "BPE" => bpe(parse(json, origin)?, origin),
        "WordPiece" => word_piece(parse(json, origin)?, origin),
        "WordLevel" => word_level(parse(json, origin)?, origin),
        "Unigram" => unigram(parse(json, origin)?, origin),
        other => {
            let other = check::short(other);
            Err(Error::config(
                origin,
                format!("its model is `{other}`; attnscope knows BPE, WordPiece, WordLevel and Unigram"),
            ))
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(json: &'a str, origin: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|e| Error::format(origin, format!("not a tokenizer: its model: {e}")))
}

fn wrong(origin: &str) -> impl Fn(tokenizers::Error) -> Error {
    move |e| Error::format(origin, format!("not a tokenizer: {e}"))
}

#[derive(serde::Deserialize)]
struct BpeFile {
    dropout: Option<f32>,
    unk_token: Option<String>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
    fuse_unk: Option<bool>,
    byte_fallback: Option<bool>,
    ignore_merges: Option<bool>,
    vocab: Unique,
    merges: Merges,
}

fn bpe(file: BpeFile, origin: &str) -> Result<Loaded, Error> {
    let (vocab, merges) = (file.vocab.0, file.merges.0);
    if file.dropout.is_some_and(|p| p != 0.0) {
        return Err(Error::config(origin, "its BPE drops merges by chance (`dropout`): set it to null"));
    }
    for affix in [&file.continuing_subword_prefix, &file.end_of_word_suffix].into_iter().flatten() {
        check::count("bytes before or behind a part of a word", affix.len(), LONGEST_AFFIX, origin)?;
    }
    known("unk_token", file.unk_token.as_deref(), &vocab, origin)?;
    check::merges(&merges, &vocab, file.continuing_subword_prefix.as_deref(), origin)?;
    let (longest, has_unknown) = (longest(&vocab), file.unk_token.is_some());
    let mut builder = BPE::builder()
        .vocab_and_merges(vocab, merges)
        .cache_capacity(CACHED)
        .fuse_unk(file.fuse_unk.unwrap_or(false))
        .byte_fallback(file.byte_fallback.unwrap_or(false))
        .ignore_merges(file.ignore_merges.unwrap_or(false));
    if let Some(token) = file.unk_token {
        builder = builder.unk_token(token);
    }
    if let Some(prefix) = file.continuing_subword_prefix {
        builder = builder.continuing_subword_prefix(prefix);
    }
    if let Some(suffix) = file.end_of_word_suffix {
        builder = builder.end_of_word_suffix(suffix);
    }
    let model = check::guarded(|| builder.build()).map_err(wrong(origin))?;
    Ok(Loaded { model: model.into(), longest, has_unknown })
}

/// The vocabulary of a `vocab.json`: ids by token.
pub(super) fn vocab(json: &[u8], origin: &str) -> Result<Vocab, Error> {
    let vocab: Unique = serde_json::from_slice(without_bom(json))
        .map_err(|e| Error::format(origin, format!("not a vocabulary: {e}; download it again")))?;
    Ok(vocab.0)
}

#[derive(serde::Deserialize)]
struct WordPieceFile {
    unk_token: String,
    continuing_subword_prefix: String,
    max_input_chars_per_word: usize,
    vocab: Unique,
}

fn word_piece(file: WordPieceFile, origin: &str) -> Result<Loaded, Error> {
    let vocab = file.vocab.0;
    known("unk_token", Some(&file.unk_token), &vocab, origin)?;
    check::count(
        "characters a word (`max_input_chars_per_word`)",
        file.max_input_chars_per_word,
        LONGEST_WORD,
        origin,
    )?;
    check::count("bytes before a part of a word", file.continuing_subword_prefix.len(), LONGEST_AFFIX, origin)?;
    let longest = longest(&vocab);
    let builder = WordPiece::builder()
        .vocab(vocab)
        .unk_token(file.unk_token)
        .continuing_subword_prefix(file.continuing_subword_prefix)
        .max_input_chars_per_word(file.max_input_chars_per_word);
    let model = check::guarded(|| builder.build()).map_err(wrong(origin))?;
    Ok(Loaded { model: model.into(), longest, has_unknown: true })
}

#[derive(serde::Deserialize)]
struct WordLevelFile {
    unk_token: String,
    vocab: Unique,
}

fn word_level(file: WordLevelFile, origin: &str) -> Result<Loaded, Error> {
    let vocab = file.vocab.0;
    let longest = longest(&vocab);
    let builder = WordLevel::builder().vocab(vocab).unk_token(file.unk_token);
    let model = check::guarded(|| builder.build()).map_err(wrong(origin))?;
    Ok(Loaded { model: model.into(), longest, has_unknown: true })
}

#[derive(serde::Deserialize)]
struct UnigramFile {
    unk_id: Option<usize>,
    byte_fallback: Option<bool>,
    vocab: Vec<(String, f64)>,
}

fn unigram(file: UnigramFile, origin: &str) -> Result<Loaded, Error> {
    let vocab = file.vocab;
    check::count("tokens", vocab.len(), check::MOST_TOKENS, origin)?;
    let longest = vocab.iter().map(|(token, _)| token.len()).max().unwrap_or(0);
    check::count("bytes in a token of Unigram", longest, LONGEST_PIECE, origin)?;
    check::count("different beginnings of tokens in its Unigram", nodes(&vocab), MOST_NODES, origin)?;
    // Scores are logarithms of probabilities: sums of many must stay finite.
    if let Some((token, score)) = vocab.iter().find(|(_, score)| score.abs() > 1e6) {
        let token = check::short(token);
        return Err(Error::config(origin, format!("its token {token:?} has the score {score}, expected a logarithm")));
    }
    if file.unk_id.is_some_and(|id| id >= vocab.len()) {
        return Err(Error::config(
            origin,
            format!("its `unk_id` is {:?}, but it has {} tokens", file.unk_id, vocab.len()),
        ));
    }
    let model = Unigram::from(vocab, file.unk_id, file.byte_fallback.unwrap_or(false));
    let mut model = model.map_err(wrong(origin))?;
    model.resize_cache(CACHED);
    Ok(Loaded { model: model.into(), longest, has_unknown: true })
}

/// The number of nodes in a tree of the tokens: the bytes that no token before shares.
fn nodes(vocab: &[(String, f64)]) -> usize {
    let mut tokens: Vec<&[u8]> = vocab.iter().map(|(token, _)| token.as_bytes()).collect();
    tokens.sort_unstable();
    let shared = |a: &[u8], b: &[u8]| a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let first = tokens.first().map_or(0, |token| token.len());
    first + tokens.windows(2).map(|pair| pair[1].len() - shared(pair[0], pair[1])).sum::<usize>()
}

fn known(field: &str, token: Option<&str>, vocab: &Vocab, origin: &str) -> Result<(), Error> {
    match token.filter(|token| !vocab.contains_key(*token)) {
        Some(token) => {
            let token = check::short(token);
            Err(Error::config(origin, format!("its `{field}` is {token:?}, which its vocabulary does not hold")))
        }
        None => Ok(()),
    }
}

/// Bytes of the longest token.
fn longest(vocab: &Vocab) -> usize {
    vocab.keys().map(String::len).max().unwrap_or(0)
}

/// A vocabulary without duplicate tokens.
struct Unique(Vocab);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Tokens;
        impl<'de> Visitor<'de> for Tokens {
            type Value = Unique;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a vocabulary: ids by token")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Unique, A::Error> {
                let mut vocab = Vocab::new();
                while let Some((token, id)) = all.next_entry::<String, u32>()? {
                    if vocab.len() == check::MOST_TOKENS {
                        return Err(A::Error::custom(format!("more than {} tokens", check::MOST_TOKENS)));
                    }
                    if vocab.contains_key(&token) {
                        return Err(A::Error::custom(format!("the token {:?} stands twice", check::short(&token))));
                    }
                    vocab.insert(token, id);
                }
                Ok(Unique(vocab))
            }
        }
        from.deserialize_map(Tokens)
    }
}

/// Merges, each a pair or, in older files, a text with a space.
struct Merges(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Merges {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Merges;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of merges")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Merges, A::Error> {
                let mut merges = Vec::new();
                while let Some(Merge(merge)) = all.next_element()? {
                    if merges.len() == check::MOST_MERGES {
                        return Err(A::Error::custom(format!("more than {} merges", check::MOST_MERGES)));
                    }
                    merges.extend(merge);
                }
                Ok(Merges(merges))
            }
        }
        from.deserialize_seq(All)
    }
}

/// One merge; `None` for the line that gives the version.
struct Merge(Option<(String, String)>);

impl<'de> Deserialize<'de> for Merge {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct One;
        impl<'de> Visitor<'de> for One {
            type Value = Merge;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("two tokens")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Merge, E> {
                if text.starts_with("#version") {
                    return Ok(Merge(None));
                }
                match text.split_once(' ') {
                    Some((a, b)) if !b.contains(' ') => Ok(Merge(Some((a.into(), b.into())))),
                    _ => Err(E::custom(format!("the merge {:?} is not two tokens", check::short(text)))),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<Merge, A::Error> {
                let (a, b) = (pair.next_element()?, pair.next_element()?);
                let both = a.zip(b).filter(|_| matches!(pair.next_element::<IgnoredAny>(), Ok(None)));
                both.map(|both| Merge(Some(both))).ok_or_else(|| A::Error::custom("a merge is not two tokens"))
            }
        }
        from.deserialize_any(One)
    }
}
