//! Byte-pair encoding: a text begins as letters or bytes, and the two neighbours that are best together are joined until
//! none are left that belong together.

use super::vocab::{Prefixes, Vocab};
use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap, HashSet};

const NONE: u32 = u32::MAX;

/// The ids of two neighbours, to their place in a list of merges and the id of what they become.
pub(in crate::tokenizer) type Pairs = HashMap<(u32, u32), (u32, u32)>;

/// Which neighbours are joined, and which of them first.
#[derive(Clone, Debug)]
pub(in crate::tokenizer) enum Order {
    /// Those that make a token of the vocabulary; by the token's score, highest first (SentencePiece; tiktoken, whose
    /// ranks are scores from 0 downwards).
    Scores(Vec<f32>),
    /// Those that a list of merges names, by their place in it (GPT-2).
    Pairs(Pairs),
}

/// A model of this kind.
#[derive(Clone, Debug)]
pub(in crate::tokenizer) struct Merge {
    pub order: Order,
    /// Whether a text begins as bytes, else as letters.
    pub by_bytes: bool,
    /// Whether a word that is a token is that token, whatever the order says.
    pub ignore_merges: bool,
    /// Tokens that are found whole in a text and join with nothing.
    pub frozen: Prefixes,
    /// Tokens that are only steps towards longer ones: if one is left, it is taken apart again.
    pub unused: HashSet<u32>,
}

/// A stretch of the text; those that were joined to the one before have no length.
struct Symbol {
    start: usize,
    len: usize,
    before: u32,
    after: u32,
    id: u32,
    frozen: bool,
}

/// Two neighbours that can be joined.
struct Pair {
    score: f32,
    left: u32,
    /// Their length together: if it is another when their turn comes, one of them is no longer what it was.
    len: usize,
    /// What they become.
    id: u32,
}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pair {}

/// The state while a word is joined.
struct Joining<'a> {
    merge: &'a Merge,
    vocab: &'a Vocab,
    text: &'a [u8],
    symbols: Vec<Symbol>,
    pairs: BinaryHeap<Pair>,
    /// Where a step was joined from two: its bytes to the length of the first.
    joints: HashMap<&'a [u8], usize>,
}

impl Merge {
    /// Calls `each` with the tokens of a word: its bytes, and its id if it is in the vocabulary.
    pub fn encode(&self, vocab: &Vocab, word: &str, mut each: impl FnMut(&[u8], Option<u32>)) {
        let text = word.as_bytes();
        if self.ignore_merges
            && let Some(id) = vocab.find(text)
        {
            return each(text, Some(id));
        }
        let symbols = self.symbols(vocab, word);
        let mut joining =
            Joining { merge: self, vocab, text, symbols, pairs: BinaryHeap::new(), joints: HashMap::new() };
        for right in 1..joining.symbols.len() {
            joining.look(right as u32 - 1, right as u32);
        }
        joining.join();
        let mut at = 0;
        while let Some(symbol) = joining.symbols.get(at) {
            joining.give(&text[symbol.start..symbol.start + symbol.len], symbol.id, &mut each);
            at = symbol.after as usize;
        }
    }

    /// The word as letters or bytes, and frozen tokens.
    fn symbols(&self, vocab: &Vocab, word: &str) -> Vec<Symbol> {
        let text = word.as_bytes();
        let mut symbols = Vec::new();
        let mut start = 0;
        while start < text.len() {
            let frozen = if self.frozen.is_empty() { None } else { self.frozen.longest(vocab, &text[start..]) };
            let len = match frozen {
                Some(id) => vocab.get(id).len(),
                None if self.by_bytes => 1,
                None => word[start..].chars().next().map_or(1, char::len_utf8),
            };
            let id = frozen.or_else(|| vocab.find(&text[start..start + len])).unwrap_or(NONE);
            // A byte without a token is left out, and its neighbours are neighbours then (as in the library).
            if id == NONE && matches!(self.order, Order::Pairs(_)) {
                start += len;
                continue;
            }
            let n = symbols.len() as u32;
            symbols.push(Symbol {
                start,
                len,
                before: n.checked_sub(1).unwrap_or(NONE),
                after: n + 1,
                id,
                frozen: frozen.is_some(),
            });
            start += len;
        }
        symbols
    }
}

impl<'a> Joining<'a> {
    /// Notes two neighbours if they can be joined.
    fn look(&mut self, left: u32, right: u32) {
        let (Some(a), Some(b)) = (self.symbols.get(left as usize), self.symbols.get(right as usize)) else { return };
        if a.frozen || b.frozen {
            return;
        }
        let (len, whole) = (a.len + b.len, &self.text[a.start..b.start + b.len]);
        let (score, id) = match &self.merge.order {
            Order::Scores(scores) => {
                let Some(id) = self.vocab.find(whole) else { return };
                (scores.get(id as usize).copied().unwrap_or(0.0), id)
            }
            Order::Pairs(pairs) => {
                let Some((place, id)) = pairs.get(&(a.id, b.id)) else { return };
                (-(*place as f32), *id)
            }
        };
        if self.merge.unused.contains(&id) {
            self.joints.insert(whole, a.len);
        }
        self.pairs.push(Pair { score, left, len, id });
    }

    fn join(&mut self) {
        while let Some(Pair { left, len, id, .. }) = self.pairs.pop() {
            let (a, right) = (&self.symbols[left as usize], self.symbols[left as usize].after);
            let Some(b) = self.symbols.get(right as usize) else { continue };
            if a.len == 0 || a.len + b.len != len {
                continue;
            }
            let after = b.after;
            self.symbols[right as usize].len = 0;
            let a = &mut self.symbols[left as usize];
            (a.len, a.after, a.id) = (len, after, id);
            let before = a.before;
            if let Some(next) = self.symbols.get_mut(after as usize) {
                next.before = left;
            }
            self.look(before, left);
            self.look(left, after);
        }
    }

    /// Gives a token, taken apart if it is only a step.
    fn give(&self, bytes: &'a [u8], id: u32, each: &mut impl FnMut(&[u8], Option<u32>)) {
        let mut left = vec![(bytes, id)];
        while let Some((bytes, id)) = left.pop() {
            match self.joints.get(bytes).filter(|_| self.merge.unused.contains(&id)) {
                Some(at) => {
                    let (a, b) = bytes.split_at(*at);
                    left.extend([b, a].map(|part| (part, self.vocab.find(part).unwrap_or(NONE))));
                }
                None => each(bytes, Some(id).filter(|id| *id != NONE)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocab(tokens: &[&str]) -> Vocab {
        let mut vocab = Vocab::default();
        tokens.iter().for_each(|token| vocab.push(token.as_bytes()));
        vocab.index(0..tokens.len() as u32);
        vocab
    }

    fn words(merge: &Merge, vocab: &Vocab, text: &str) -> Vec<String> {
        let mut words = Vec::new();
        merge.encode(vocab, text, |bytes, _| words.push(String::from_utf8_lossy(bytes).into_owned()));
        words
    }

    fn scores(scores: &[f32]) -> Merge {
        let order = Order::Scores(scores.to_vec());
        Merge { order, by_bytes: false, ignore_merges: false, frozen: Prefixes::default(), unused: HashSet::new() }
    }

    #[test]
    fn the_best_neighbours_are_joined_first_and_of_equals_the_leftmost() {
        let v = vocab(&["a", "b", "c", "ab", "bc", "abc", "aa"]);
        let merge = scores(&[0.0, 0.0, 0.0, -2.0, -1.0, -3.0, -1.0]);
        assert_eq!(words(&merge, &v, "abc"), ["abc"]);
        assert_eq!(words(&merge, &v, "aaab"), ["aa", "ab"]);
        assert_eq!(words(&merge, &v, "aaa"), ["aa", "a"]);
        assert_eq!(words(&merge, &v, "éab"), ["é", "ab"]);
    }

    #[test]
    fn steps_that_are_left_are_taken_apart() {
        let v = vocab(&["a", "b", "c", "ab", "abc"]);
        let mut merge = scores(&[0.0, 0.0, 0.0, -1.0, -2.0]);
        merge.unused = HashSet::from([3]);
        assert_eq!(words(&merge, &v, "abab"), ["a", "b", "a", "b"]);
        assert_eq!(words(&merge, &v, "abcab"), ["abc", "a", "b"]);
    }

    #[test]
    fn frozen_tokens_join_with_nothing() {
        let v = vocab(&["a", "b", "ab", "aba"]);
        let mut merge = scores(&[0.0, 0.0, -1.0, -2.0]);
        merge.frozen = Prefixes::new(&v, [1].into_iter());
        assert_eq!(words(&merge, &v, "aba"), ["a", "b", "a"]);
    }

    #[test]
    fn only_pairs_of_the_list_are_joined() {
        let v = vocab(&["a", "b", "c", "bc", "abc", "ab"]);
        let order = Order::Pairs(HashMap::from([((1, 2), (0, 3)), ((0, 3), (1, 4))]));
        let mut merge = Merge { order, by_bytes: true, ..scores(&[]) };
        assert_eq!(words(&merge, &v, "abc"), ["abc"]);
        assert_eq!(words(&merge, &v, "ab"), ["a", "b"]);
        let ids = |merge: &Merge, text: &str| {
            let mut ids = Vec::new();
            merge.encode(&v, text, |_, id| ids.extend(id));
            ids
        };
        assert_eq!(ids(&merge, "axbc"), [4]);
        merge.ignore_merges = true;
        assert_eq!(ids(&merge, "ab"), [5]);
    }
}
