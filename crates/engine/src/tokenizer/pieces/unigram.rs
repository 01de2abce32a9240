//! SentencePiece's unigram model: of all ways to cut a text into tokens, the one whose scores add up to most.

use super::vocab::{Prefixes, Vocab};
use std::collections::HashSet;

/// How much worse an unknown letter is than the worst token.
const PENALTY: f32 = 10.0;

#[derive(Clone, Debug)]
pub(in crate::tokenizer) struct Unigram {
    /// Logarithms of probabilities, by id. Sums are made in `f32`, as SentencePiece makes them.
    scores: Vec<f32>,
    tokens: Prefixes,
    /// Tokens that count by their length.
    defined: HashSet<u32>,
    worst: f32,
    best: f32,
}

/// The best way to a place in the text: where its last token begins, and which it is.
#[derive(Clone, Copy)]
struct Way {
    from: usize,
    id: Option<u32>,
    score: f32,
}

impl Unigram {
    /// `normal`: ids of ordinary tokens; `defined`: those of tokens that users defined.
    pub fn new(vocab: &Vocab, scores: Vec<f32>, normal: &[u32], defined: HashSet<u32>) -> Self {
        let score = |id: &u32| scores.get(*id as usize).copied().unwrap_or(0.0);
        let worst = normal.iter().map(score).fold(f32::MAX, f32::min).min(0.0);
        let best = normal.iter().map(score).fold(f32::MIN, f32::max).max(-1e9);
        let tokens = Prefixes::new(vocab, normal.iter().chain(&defined).copied());
        Self { scores, tokens, defined, worst, best }
    }

    /// Calls `each` with the tokens of a text: its bytes, and its id if it is in the vocabulary.
    pub fn encode(&self, vocab: &Vocab, word: &str, mut each: impl FnMut(&[u8], Option<u32>)) {
        let text = word.as_bytes();
        let mut ways: Vec<Option<Way>> = vec![None; text.len() + 1];
        for (at, letter) in word.char_indices() {
            let so_far = ways[at].map_or(0.0, |way| way.score);
            let mut better = |len: usize, id: Option<u32>, score: f32| {
                let (to, score) = (&mut ways[at + len], so_far + score);
                if to.is_none_or(|way| score > way.score) {
                    *to = Some(Way { from: at, id, score });
                }
            };
            let mut is_known = false;
            self.tokens.each(vocab, &text[at..], |id| {
                let len = vocab.get(id).len();
                let defined = self.defined.contains(&id);
                let score = if defined { len as f32 * self.best - 0.1 } else { self.scores[id as usize] };
                better(len, Some(id), score);
                is_known |= len == letter.len_utf8();
            });
            if !is_known {
                better(letter.len_utf8(), None, self.worst - PENALTY);
            }
        }
        let mut found = Vec::new();
        let mut at = text.len();
        while let Some(way) = ways[at].filter(|way| way.from < at) {
            found.push((way.from..at, way.id));
            at = way.from;
        }
        found.into_iter().rev().for_each(|(range, id)| each(&text[range], id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_with_the_highest_sum_is_taken() {
        let mut vocab = Vocab::default();
        ["a", "b", "ab", "abb", "bb", "<x>"].iter().for_each(|token| vocab.push(token.as_bytes()));
        let scores = vec![-1.0, -2.0, -2.5, -9.0, -2.0, 0.0];
        let model = Unigram::new(&vocab, scores, &[0, 1, 2, 3, 4], HashSet::from([5]));
        let cut = |text: &str| {
            let mut all = Vec::new();
            model.encode(&vocab, text, |bytes, id| all.push((String::from_utf8_lossy(bytes).into_owned(), id)));
            all
        };
        let token = |text: &str, id| (text.to_owned(), id);
        assert_eq!(cut("abb"), [token("a", Some(0)), token("bb", Some(4))]);
        assert_eq!(cut("aéb"), [token("a", Some(0)), token("é", None), token("b", Some(1))]);
        assert_eq!(cut("a<x>"), [token("a", Some(0)), token("<x>", Some(5))]);
        assert_eq!(cut(""), []);
    }
}
