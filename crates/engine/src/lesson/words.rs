//! A tokenizer that a reader can follow by hand: one word, one token.

use super::corpus;
use crate::Error;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// A list of words; the index of a word is its id. Clones share it.
#[derive(Clone, Debug)]
pub struct Words {
    list: Arc<[&'static str]>,
    ids: Arc<HashMap<&'static str, u32>>,
}

impl Words {
    /// The words of the lesson model.
    pub fn lesson() -> Self {
        static WORDS: OnceLock<Words> = OnceLock::new();
        WORDS.get_or_init(|| Self::new(corpus::vocabulary())).clone()
    }

    fn new(list: Vec<&'static str>) -> Self {
        let ids = list.iter().copied().zip(0..).collect();
        Self { list: list.into(), ids: Arc::new(ids) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// A word's id.
    pub fn id(&self, word: &str) -> Option<u32> {
        self.ids.get(word).copied()
    }

    /// The word of an id.
    pub fn word(&self, id: u32) -> Option<&'static str> {
        self.list.get(id as usize).copied()
    }
}

impl Words {
    /// Text to ids: split at white space, lower-cased, punctuation at a word's end dropped.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, Error> {
        let words = text.split_whitespace().map(|word| word.trim_end_matches(PUNCTUATION).to_lowercase());
        let words = words.filter(|word| !word.is_empty()).zip(1..);
        words.map(|(word, position)| self.id(&word).ok_or_else(|| self.unknown(word, position))).collect()
    }

    fn unknown(&self, word: String, position: usize) -> Error {
        // No typing error is this long, and comparing takes time.
        const LONG: usize = 64;
        let mut scored: Vec<(f64, &str)> = Vec::new();
        if word.len() <= LONG {
            scored.extend(self.list.iter().map(|known| (strsim::jaro_winkler(&word, known), *known)));
        }
        scored.retain(|(score, _)| *score > 0.75);
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        let near = scored.into_iter().take(3).map(|(_, known)| known.to_string()).collect();
        let word = word.chars().take(LONG).collect();
        Error::UnknownWord { word, position, near }
    }
}

const PUNCTUATION: [char; 10] = ['.', ',', ';', ':', '!', '?', '"', '\'', '”', '…'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_punctuation_do_not_matter() {
        let words = Words::lesson();
        let ids = words.encode("the hot dog was").unwrap();
        assert_eq!(words.encode(" The  hot\tDOG, was...\n").unwrap(), ids);
        assert_eq!(ids.iter().map(|id| words.word(*id).unwrap()).collect::<Vec<_>>(), ["the", "hot", "dog", "was"]);
        assert!(words.encode(" . ").unwrap().is_empty());
    }

    #[test]
    fn an_unknown_word_is_named_with_its_place_and_what_is_near() {
        let error = Words::lesson().encode("the hot dogg was").unwrap_err();
        assert!(error.is_usage());
        let text = error.to_string();
        assert!(text.starts_with("the lesson model does not know \"dogg\" (word 3); near: dog"), "{text}");
        let text = Words::lesson().encode("qqqq").unwrap_err().to_string();
        assert_eq!(text, "the lesson model does not know \"qqqq\" (word 1); put another word in its place");
        let text = Words::lesson().encode(&"x".repeat(100_000)).unwrap_err().to_string();
        assert!(text.len() < 200, "{text}");
    }
}
