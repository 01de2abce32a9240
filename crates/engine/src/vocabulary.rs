//! What converts a model's text into ids and back.

use crate::Error;
use crate::lesson::Words;

/// Bytes of the longest text that is read. 32,768 tokens of English have 150,000 bytes, and tokenizing takes about
/// fifty times as much memory as the text.
pub const MAX_TEXT: usize = 1 << 20;

/// Refuses a text that is too long for any model.
pub(crate) fn check_length(text: &str) -> Result<(), Error> {
    if text.len() <= MAX_TEXT {
        return Ok(());
    }
    Err(Error::usage(format!("the text has {} bytes; at most {MAX_TEXT} are read: shorten it", text.len())))
}

/// A tokenizer, a list of words, or nothing if the model has none.
#[derive(Clone, Debug)]
pub(crate) enum Vocabulary {
    /// Subword tokens, as real models have them.
    #[cfg(feature = "tokenizers")]
    Pieces(Box<crate::Tokenizer>),
    /// One word, one token: the lesson model.
    Words(Words),
    /// Ids only.
    None,
}

impl Vocabulary {
    /// Refuses a text that `n_ctx` tokens cannot hold, before it is tokenized.
    #[cfg_attr(not(feature = "tokenizers"), allow(unused_variables))] // without pieces a token is a word
    pub fn check_text(&self, text: &str, n_ctx: usize) -> Result<(), Error> {
        match self {
            #[cfg(feature = "tokenizers")]
            Self::Pieces(tokenizer) => tokenizer.check_text(text, n_ctx),
            Self::Words(_) | Self::None => {
                let _ = n_ctx;
                check_length(text)
            }
        }
    }

    /// Text to ids, with BOS before it or without, or as the model's files say; `origin` is the model's file, for the error.
    pub fn encode(&self, text: &str, bos: Option<bool>, origin: &str) -> Result<Vec<u32>, Error> {
        match (self, bos) {
            #[cfg(feature = "tokenizers")]
            (Self::Pieces(tokenizer), Some(bos)) => tokenizer.encode_with_start(text, bos),
            (Self::Words(_), Some(true)) => Err(Error::usage("whole words have no token that begins a text (BOS)")),
            (vocabulary, _) => vocabulary.encode_as_said(text, origin),
        }
    }

    fn encode_as_said(&self, text: &str, origin: &str) -> Result<Vec<u32>, Error> {
        match self {
            #[cfg(feature = "tokenizers")]
            Self::Pieces(tokenizer) => tokenizer.encode(text),
            Self::Words(words) => words.encode(text),
            Self::None if cfg!(feature = "tokenizers") => Err(crate::folder::no_tokenizer(origin)),
            Self::None => Err(Error::format(origin, "this build has no tokenizers, so no text can be read: give ids")),
        }
    }

    /// Two texts that are read together: ids, and each one's type.
    #[cfg_attr(not(feature = "tokenizers"), allow(unused_variables))] // only pieces have types
    pub fn encode_pair(&self, first: &str, second: &str, origin: &str) -> Result<(Vec<u32>, Vec<u32>), Error> {
        match self {
            #[cfg(feature = "tokenizers")]
            Self::Pieces(tokenizer) => tokenizer.encode_pair(first, second),
            Self::Words(_) => Err(Error::usage("whole words are read as one text, not as a pair")),
            // The error that says which file is missing.
            Self::None => self.encode_as_said(first, origin).map(|ids| (ids, Vec::new())),
        }
    }

    /// One token as a reader sees it.
    pub fn text(&self, id: u32) -> String {
        match self {
            #[cfg(feature = "tokenizers")]
            Self::Pieces(tokenizer) => tokenizer.text(id),
            Self::Words(words) => words.word(id).map_or_else(|| format!("<{id}>"), str::to_string),
            Self::None => format!("<{id}>"),
        }
    }

    /// A remark about the tokenizer, if there is one.
    pub fn note(&self) -> Option<&str> {
        match self {
            #[cfg(feature = "tokenizers")]
            Self::Pieces(tokenizer) => tokenizer.note(),
            _ => None,
        }
    }

    /// The token that stands for a masked word, if there is one.
    pub fn mask(&self) -> Option<u32> {
        match self {
            #[cfg(feature = "tokenizers")]
            Self::Pieces(tokenizer) => tokenizer.mask(),
            _ => None,
        }
    }

    /// The token that is put before every text, if there is one.
    pub fn start(&self) -> Option<u32> {
        match self {
            #[cfg(feature = "tokenizers")]
            Self::Pieces(tokenizer) => tokenizer.start(),
            _ => None,
        }
    }

    /// Whether tokens are whole words, written without the spaces between them.
    pub fn is_word_level(&self) -> bool {
        match self {
            #[cfg(feature = "tokenizers")]
            Self::Pieces(tokenizer) => tokenizer.is_word_level(),
            Self::Words(_) => true,
            Self::None => false,
        }
    }
}
