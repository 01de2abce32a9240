//! SentencePiece's models, from a `tokenizer.model` (a protobuf message) or from the lists of a GGUF.

use super::lists::{BYTE, CONTROL, UNKNOWN, UNUSED, USER_DEFINED};
use super::pieces::{Charsmap, Merge, Model, Normalize, Order, Pieces, Prefix, Prefixes, Spaces, Unigram, Vocab};
use super::{check, spelling, text};
use crate::Error;
use std::collections::{HashMap, HashSet};

/// Bytes of the longest token of a unigram model.
const LONGEST_PIECE: usize = 256;

/// What a model is made of.
pub(super) struct Parts {
    pub vocab: Vocab,
    pub scores: Vec<f32>,
    /// Ordinary tokens.
    pub normal: Vec<u32>,
    /// Steps towards longer tokens.
    pub unused: HashSet<u32>,
    /// Tokens that users defined: they are found in the normalized text, and join with nothing.
    pub defined: Vec<u32>,
    pub bytes: Option<Box<[u32; 256]>>,
    pub unknown: Option<u32>,
    pub unigram: bool,
    pub spaces: Spaces,
}

impl Parts {
    /// The tokenizer, in which nothing is matched whole yet.
    pub fn build(self, origin: &str) -> Result<Pieces, Error> {
        let Self { mut vocab, scores, normal, unused, defined, bytes, unknown, unigram, mut spaces } = self;
        let frozen = Prefixes::new(&vocab, defined.iter().copied());
        spaces.defined = frozen.clone();
        let model = if unigram {
            check::count("bytes in a token of Unigram", vocab.longest(), LONGEST_PIECE, origin)?;
            Model::Unigram(Unigram::new(&vocab, scores, &normal, defined.into_iter().collect()))
        } else {
            vocab.index(normal.into_iter().chain(unused.iter().copied()).chain(defined));
            Model::Merge(Merge { order: Order::Scores(scores), by_bytes: false, ignore_merges: false, frozen, unused })
        };
        let normalize = Normalize::SentencePiece(Box::new(spaces));
        let (whole, prefixes) = (HashMap::new(), Prefixes::default());
        Ok(Pieces { vocab, model, whole, prefixes, normalize, patterns: Vec::new(), bytes, unknown })
    }
}

/// Refuses scores with which sums would not stay finite.
pub(super) fn check_scores(scores: &[f32], origin: &str) -> Result<(), Error> {
    match scores.iter().find(|score| !score.is_finite() || score.abs() > 1e9) {
        Some(score) => {
            Err(Error::format(origin, format!("a token has the score {score}, expected a number of at most 1e9")))
        }
        None => Ok(()),
    }
}

/// The tokens `<0x00>` to `<0xFF>`, if they are all there.
pub(super) fn byte_tokens(vocab: &Vocab, ids: impl Iterator<Item = u32>) -> Option<Box<[u32; 256]>> {
    let mut found = [None; 256];
    for id in ids {
        let byte = std::str::from_utf8(vocab.get(id)).ok().and_then(spelling::byte_named);
        if let Some(byte) = byte {
            found[usize::from(byte)] = Some(id);
        }
    }
    let all: Option<Vec<u32>> = found.into_iter().collect();
    all?.try_into().ok().map(Box::new)
}

/// The limits of texts: where every byte is in some token, the number of tokens limits their length.
pub(super) fn limits(pieces: &Pieces) -> text::Limits {
    let plain = match &pieces.normalize {
        Normalize::SentencePiece(spaces) => !spaces.remove_extra && spaces.letters.is_none(),
        _ => false,
    };
    text::Limits::of_pieces(pieces, plain && pieces.bytes.is_some())
}

/// A `tokenizer.model`: the tokenizer, and the ids of BOS and EOS.
pub(super) struct Read {
    pub pieces: Pieces,
    pub bos: Option<u32>,
    pub eos: Option<u32>,
    pub unigram: bool,
}

/// Reads a `tokenizer.model`. `prefix`: where a space stands before a text, if the model wants one at all.
pub(super) fn read(bytes: &[u8], prefix: Prefix, origin: &str) -> Result<Read, Error> {
    let damaged = || Error::format(origin, "it is no SentencePiece model, or cut off; download it again");
    let mut vocab = Vocab::default();
    let (mut scores, mut types) = (Vec::new(), Vec::new());
    let mut trainer: &[u8] = &[];
    let mut normalizer: &[u8] = &[];
    for field in fields(bytes) {
        match field.ok_or_else(damaged)? {
            (1, Value::Bytes(piece)) => {
                let (mut text, mut score, mut kind) = (&b""[..], 0.0, 1);
                for field in fields(piece) {
                    match field.ok_or_else(damaged)? {
                        (1, Value::Bytes(bytes)) => text = bytes,
                        (2, Value::Four(bits)) => score = f32::from_bits(bits),
                        (3, Value::Int(n)) => kind = i64::try_from(n).unwrap_or(0),
                        _ => {}
                    }
                }
                std::str::from_utf8(text).map_err(|_| damaged())?;
                check::count("tokens", vocab.len() + 1, check::MOST_TOKENS, origin)?;
                vocab.push(text);
                scores.push(score);
                types.push(kind);
            }
            (2, Value::Bytes(bytes)) => trainer = bytes,
            (3, Value::Bytes(bytes)) => normalizer = bytes,
            _ => {}
        }
    }
    if vocab.len() == 0 {
        return Err(damaged());
    }
    check_scores(&scores, origin)?;
    let trainer = Trainer::read(trainer).ok_or_else(damaged)?;
    let mut spaces = Spaces {
        prefix,
        as_suffix: trainer.as_suffix,
        remove_extra: true,
        escape: true,
        letters: None,
        defined: Prefixes::default(),
    };
    for field in fields(normalizer) {
        match field.ok_or_else(damaged)? {
            (2, Value::Bytes(map)) => spaces.letters = Charsmap::read(map, origin)?,
            (3, Value::Int(0)) => spaces.prefix = Prefix::Never,
            (4, Value::Int(n)) => spaces.remove_extra = n != 0,
            (5, Value::Int(n)) => spaces.escape = n != 0,
            _ => {}
        }
    }
    let unigram = match trainer.kind {
        1 => true,
        2 => false,
        other => {
            let kind = ["WORD", "CHAR"].get(other.wrapping_sub(3) as usize).copied().unwrap_or("unknown");
            let text = format!("it is a SentencePiece model of the type {kind}; attnscope reads UNIGRAM and BPE");
            return Err(Error::config(origin, text));
        }
    };
    let of_type = |wanted: i64| {
        (0u32..).zip(&types).filter(move |(_, kind)| **kind == wanted).map(|(id, _)| id).collect::<Vec<u32>>()
    };
    let control = of_type(CONTROL);
    let named = |name: &str| control.iter().copied().find(|id| vocab.get(*id) == name.as_bytes());
    let (bos, eos) = (named(&trainer.bos), named(&trainer.eos));
    let whole: Vec<u32> = [of_type(UNKNOWN), control.clone()].concat();
    let parts = Parts {
        bytes: if trainer.byte_fallback { byte_tokens(&vocab, of_type(BYTE).into_iter()) } else { None },
        scores,
        normal: of_type(1),
        unused: of_type(UNUSED).into_iter().collect(),
        defined: of_type(USER_DEFINED),
        unknown: of_type(UNKNOWN).first().copied(),
        unigram,
        spaces,
        vocab,
    };
    let mut pieces = parts.build(origin)?;
    check::whole(whole.len(), whole.iter().map(|id| pieces.vocab.get(*id).len()).sum(), origin)?;
    pieces.match_whole(whole.into_iter().map(|id| (id, Default::default())));
    Ok(Read { pieces, bos, eos, unigram })
}

/// Of the options that the model was trained with, those that matter for reading.
struct Trainer {
    kind: u64,
    as_suffix: bool,
    byte_fallback: bool,
    bos: String,
    eos: String,
}

impl Trainer {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut trainer =
            Self { kind: 1, as_suffix: false, byte_fallback: false, bos: "<s>".into(), eos: "</s>".into() };
        for field in fields(bytes) {
            match field? {
                (3, Value::Int(kind)) => trainer.kind = kind,
                (24, Value::Int(n)) => trainer.as_suffix = n != 0,
                (35, Value::Int(n)) => trainer.byte_fallback = n != 0,
                (46, Value::Bytes(name)) => trainer.bos = std::str::from_utf8(name).ok()?.into(),
                (47, Value::Bytes(name)) => trainer.eos = std::str::from_utf8(name).ok()?.into(),
                _ => {}
            }
        }
        Some(trainer)
    }
}

/// A field's value in a protobuf message.
enum Value<'a> {
    Int(u64),
    Four(u32),
    Bytes(&'a [u8]),
    /// Eight bytes, which no field here has.
    Eight,
}

/// The fields of a message, each as its number and value; `None`, once, where the message is damaged.
fn fields(mut bytes: &[u8]) -> impl Iterator<Item = Option<(u64, Value<'_>)>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let field = field(&mut bytes);
        if field.is_none() {
            bytes = &[];
        }
        Some(field)
    })
}

fn field<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Value<'a>)> {
    let key = varint(bytes)?;
    let mut take = |n: usize| {
        let (taken, rest) = bytes.split_at_checked(n)?;
        *bytes = rest;
        Some(taken)
    };
    let value = match key & 7 {
        0 => Value::Int(varint(bytes)?),
        1 => {
            take(8)?;
            Value::Eight
        }
        2 => {
            let n = usize::try_from(varint(bytes)?).ok()?;
            let (taken, rest) = bytes.split_at_checked(n)?;
            *bytes = rest;
            Value::Bytes(taken)
        }
        5 => Value::Four(u32::from_le_bytes(take(4)?.try_into().ok()?)),
        _ => return None,
    };
    Some((key >> 3, value))
}

/// A number in groups of seven bits, the lowest first.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut n = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        n |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(n);
        }
    }
    None
}

/// Whether a file looks like SentencePiece's: its first fields are texts of the numbers that a model has.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    !bytes.is_empty() && fields(bytes).take(3).all(|field| matches!(field, Some((1..=5, Value::Bytes(_)))))
}
