//! Text to tokens and back: a `tokenizer.json` through Hugging Face's `tokenizers`, other files by [`pieces`].

mod beside;
mod byte_level;
mod check;
mod classes;
mod folder;
mod gguf;
mod json;
mod lists;
mod models;
mod parts;
mod pieces;
mod pre;
mod sentencepiece;
mod spelling;
mod text;
mod tiktoken;
mod word_piece;

pub use beside::{BESIDE, Beside};
#[cfg(not(target_arch = "wasm32"))]
pub use folder::FILES;

use crate::Error;
use crate::format::gguf::Metadata;
use crate::format::json::without_bom;
use pieces::Pieces;
use serde::Deserialize;
use serde_json::Value;
use spelling::Spelling;
use tokenizers::ModelWrapper;

/// A model's tokenizer.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    cutter: Cutter,
    limits: text::Limits,
    /// How the library's tokens are spelled.
    spelling: Spelling,
    around: Around,
    /// A note that a reader should know before relying on the ids.
    note: Option<String>,
}

/// What cuts texts.
#[derive(Clone, Debug)]
enum Cutter {
    Library(Box<tokenizers::Tokenizer>),
    Pieces(Box<Pieces>),
}

/// The tokens around a text.
#[derive(Clone, Copy, Debug, Default)]
struct Around {
    /// The token that every text begins with, whether the library or `before` puts it there.
    start: Option<u32>,
    /// The token that could stand there, if the file names one.
    bos: Option<u32>,
    /// The ids put before and after every text, in addition to those that the library adds.
    before: Option<u32>,
    after: Option<u32>,
}

impl Tokenizer {
    /// From a `tokenizer.json`. Its truncation and padding are switched off, so that the whole text is read.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let origin = "tokenizer.json";
        /// The parts that say how tokens are spelled.
        #[derive(Deserialize)]
        struct Parts {
            #[serde(default)]
            decoder: Value,
            #[serde(default)]
            pre_tokenizer: Value,
        }
        let (inner, limits) = json::read(json, origin)?;
        let wrong = |e: tokenizers::Error| Error::format(origin, format!("not a tokenizer: {e}"));
        let Parts { decoder, pre_tokenizer } =
            serde_json::from_slice(without_bom(json)).map_err(|e| wrong(e.into()))?;
        let start = check::guarded(|| start(&inner)).map_err(wrong)?;
        Ok(Self {
            cutter: Cutter::Library(Box::new(inner)),
            limits,
            spelling: Spelling::new(&decoder, &pre_tokenizer),
            around: Around { start, bos: start, ..Around::default() },
            note: None,
        })
    }

    fn of_pieces(pieces: Pieces, limits: text::Limits, around: Around) -> Self {
        Self { cutter: Cutter::Pieces(Box::new(pieces)), limits, spelling: Spelling::default(), around, note: None }
    }

    /// From a `tokenizer.json` and the files beside it: the tokens that they add are matched whole.
    ///
    /// # Errors
    /// A damaged file; options that contradict `tokenizer.json`.
    pub fn from_files(json: &[u8], beside: Beside<'_>) -> Result<Self, Error> {
        let mut tokenizer = Self::from_json(json)?;
        beside::apply(&mut tokenizer, beside, json)?;
        Ok(tokenizer)
    }

    /// From a GGUF's metadata.
    pub fn from_gguf(meta: &Metadata) -> Result<Self, Error> {
        gguf::read(meta)
    }

    /// The ids of a text, with the special tokens that the model wants around it.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, Error> {
        let Around { before, after, .. } = self.around;
        let ids = match &self.cutter {
            Cutter::Library(inner) => {
                let encoding = check::guarded(|| inner.encode_fast(text, true));
                encoding.map_err(cannot_be_cut)?.get_ids().to_vec()
            }
            Cutter::Pieces(pieces) => pieces.encode(text)?,
        };
        Ok(before.into_iter().chain(ids).chain(after).collect())
    }

    /// The same, with BOS (or BERT's `[CLS]`) before the text or without it, whatever the file says.
    ///
    /// # Errors
    /// If it is wanted, but the file does not say which token it is.
    pub fn encode_with_start(&self, text: &str, start: bool) -> Result<Vec<u32>, Error> {
        let mut ids = self.encode(text)?;
        match (self.around.start, self.around.bos) {
            (Some(_), _) if !start => drop(ids.remove(0)),
            (None, Some(bos)) if start => ids.insert(0, bos),
            (None, None) if start => {
                return Err(Error::usage("the model's files name no token that begins a text (BOS)"));
            }
            _ => {}
        }
        Ok(ids)
    }

    /// The ids of two texts that are read together, with the special tokens that the model wants around and between them,
    /// and the type of each token: mostly 0 up to the end of the first text, then 1.
    ///
    /// # Errors
    /// A tokenizer that does not say what stands between two texts.
    pub fn encode_pair(&self, first: &str, second: &str) -> Result<(Vec<u32>, Vec<u32>), Error> {
        let unknown = || Error::usage("the model's tokenizer does not say how two texts are read together (--pair)");
        match (&self.cutter, self.around) {
            (Cutter::Library(inner), Around { before: None, after: None, .. }) => {
                let encode = |special| check::guarded(|| inner.encode_fast((first, second), special));
                let (with, without) = (encode(true).map_err(cannot_be_cut)?, encode(false).map_err(cannot_be_cut)?);
                if with.len() < without.len() + 2 {
                    return Err(unknown());
                }
                Ok((with.get_ids().to_vec(), with.get_type_ids().to_vec()))
            }
            // RoBERTa's: <s> first </s></s> second </s>
            (Cutter::Pieces(pieces), Around { before: Some(before), after: Some(after), .. }) => {
                let (first, second) = (pieces.encode(first)?, pieces.encode(second)?);
                let ids: Vec<u32> = [&[before][..], &first, &[after, after], &second, &[after]]
                    .into_iter()
                    .flatten()
                    .copied()
                    .collect();
                let types = vec![0; ids.len()];
                Ok((ids, types))
            }
            _ => Err(unknown()),
        }
    }

    /// The text of ids, special tokens included.
    pub fn decode(&self, ids: &[u32]) -> String {
        match &self.cutter {
            // One of the library's decoders counts down from the number of tokens, and panics if there are none.
            Cutter::Library(inner) if !ids.iter().any(|id| inner.id_to_token(*id).is_some()) => String::new(),
            Cutter::Library(inner) => check::guarded(|| inner.decode(ids, false)).unwrap_or_default(),
            Cutter::Pieces(pieces) => pieces.decode(ids),
        }
    }

    /// One token as a reader sees it: bytes that are not valid text on their own are written `<0xF0><0x9F>`.
    pub fn text(&self, id: u32) -> String {
        match &self.cutter {
            Cutter::Library(inner) => {
                let Some(token) = inner.id_to_token(id) else { return format!("<{id}>") };
                // Added tokens are stored as plain text.
                let added = inner.get_added_vocabulary().get_added_tokens_decoder().contains_key(&id);
                if added { token } else { self.spelling.read(&token) }
            }
            Cutter::Pieces(pieces) => match pieces.bytes_of(id) {
                bytes if bytes.is_empty() => format!("<{id}>"),
                bytes => spelling::shown(bytes),
            },
        }
    }

    /// The token that every text begins with, if there is one: BOS, or BERT's `[CLS]`.
    pub fn start(&self) -> Option<u32> {
        self.around.start
    }

    /// The token that stands for a masked word: BERT's `[MASK]`, RoBERTa's `<mask>`.
    pub fn mask(&self) -> Option<u32> {
        const NAMES: [&str; 2] = ["[MASK]", "<mask>"];
        match &self.cutter {
            Cutter::Library(inner) => NAMES.iter().find_map(|name| inner.token_to_id(name)),
            Cutter::Pieces(pieces) => {
                let ids = 0..u32::try_from(pieces.vocab.len()).unwrap_or(0);
                ids.into_iter().find(|id| NAMES.iter().any(|name| pieces.bytes_of(*id) == name.as_bytes()))
            }
        }
    }

    /// A note for a reader before relying on the ids: that other software may cut some texts differently.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Whether tokens are words without the spaces between them, as BERT's are (continued pieces are marked `##`).
    pub fn is_word_level(&self) -> bool {
        let Cutter::Library(inner) = &self.cutter else { return false };
        matches!(inner.get_model(), ModelWrapper::WordPiece(_) | ModelWrapper::WordLevel(_))
    }

    /// Number of tokens.
    pub fn vocab_size(&self) -> usize {
        match &self.cutter {
            Cutter::Library(inner) => inner.get_vocab_size(true),
            Cutter::Pieces(pieces) => pieces.vocab.len(),
        }
    }
}

fn cannot_be_cut(e: tokenizers::Error) -> Error {
    Error::usage(format!("the text cannot be cut into tokens: {e}"))
}

/// The token that a tokenizer puts before a text.
fn start(tokenizer: &tokenizers::Tokenizer) -> tokenizers::Result<Option<u32>> {
    // A tokenizer without an unknown token may not be able to read this text, but it can read its own tokens.
    let mut texts = std::iter::once("a".to_owned()).chain((0..64).filter_map(|id| tokenizer.id_to_token(id)));
    let encode = |text: String| {
        Some((tokenizer.encode_fast(text.as_str(), true).ok()?, tokenizer.encode_fast(text, false).ok()?))
    };
    let Some((with, without)) = texts.find_map(encode) else { return Ok(None) };
    let (with, without) = (with.get_ids(), without.get_ids());
    let put_before = with.len() > without.len() && with.get(1..=without.len()) == Some(without);
    Ok(with.first().copied().filter(|_| put_before))
}

#[cfg(test)]
mod tests {
    use super::Tokenizer;

    #[test]
    fn a_damaged_tokenizer_json_is_an_error() {
        for (json, expected) in [
            (&b"{\"version\":\"1.0\",\"decoder\":{\"type\"!"[..], "not a tokenizer"),
            (b"{\"version\":\"1.0\",\"normalizer\":{\"type\":", "not a tokenizer"),
            (b"{\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AA==\"}}", "is cut off"),
            (b"[1, 2", "not a tokenizer"),
            (b"", "not a tokenizer"),
        ] {
            let error = Tokenizer::from_json(json).unwrap_err().to_string();
            assert!(error.starts_with("tokenizer.json: ") && error.contains(expected), "{error}");
        }
    }
}
