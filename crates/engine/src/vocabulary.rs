//! What turns a model's text into ids and back.

use crate::Error;
use crate::lesson::Words;

/// A tokenizer, a list of words, or nothing where a model came without.
#[derive(Clone, Debug)]
pub(crate) enum Vocabulary {
    /// Pieces of words, as real models have them.
    #[cfg(feature = "tokenizers")]
    Pieces(Box<crate::Tokenizer>),
    /// One word, one token: the lesson model.
    Words(Words),
    /// Ids only.
    None,
}

impl Vocabulary {
    /// Text to ids; `origin` is the model's file, for the error.
    pub fn encode(&self, text: &str, origin: &str) -> Result<Vec<u32>, Error> {
        match self {
            #[cfg(feature = "tokenizers")]
            Self::Pieces(tokenizer) => tokenizer.encode(text),
            Self::Words(words) => words.encode(text),
            Self::None if cfg!(feature = "tokenizers") => {
                Err(Error::format(origin, "there is no tokenizer.json, so no text can be read"))
            }
            Self::None => Err(Error::format(origin, "this build has no tokenizers, so no text can be read: give ids")),
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
