//! The tokens of a vocabulary as bytes, one after the other, found by their bytes or as the beginning of a text.

use std::hash::{BuildHasher, RandomState};

const EMPTY: u32 = u32::MAX;

/// Tokens by id.
#[derive(Clone, Debug, Default)]
pub(in crate::tokenizer) struct Vocab {
    bytes: Vec<u8>,
    /// Where each token ends in `bytes`.
    ends: Vec<usize>,
    /// A hash table of ids, whose size is a power of two; at most half of it is taken.
    slots: Vec<u32>,
    hasher: RandomState,
}

impl Vocab {
    /// Adds the next token. It is not found until it is indexed.
    pub fn push(&mut self, token: &[u8]) {
        self.bytes.extend_from_slice(token);
        self.ends.push(self.bytes.len());
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// A token's bytes; nothing if there is no such token.
    pub fn get(&self, id: u32) -> &[u8] {
        let id = id as usize;
        let start = if id == 0 { 0 } else { self.ends.get(id - 1).copied().unwrap_or(self.bytes.len()) };
        let end = self.ends.get(id).copied().unwrap_or(start);
        &self.bytes[start..end]
    }

    /// Makes these tokens be found by their bytes. Of tokens with the same bytes the last one is.
    pub fn index(&mut self, ids: impl Iterator<Item = u32>) {
        self.slots = vec![EMPTY; (2 * self.len().max(1)).next_power_of_two()];
        for id in ids {
            let slot = self.slot(self.get(id));
            self.slots[slot] = id;
        }
    }

    /// The id of a token.
    pub fn find(&self, token: &[u8]) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        Some(self.slots[self.slot(token)]).filter(|id| *id != EMPTY)
    }

    /// The slot that holds a token, or would.
    fn slot(&self, token: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = self.hasher.hash_one(token) as usize & mask;
        while self.slots[slot] != EMPTY && self.get(self.slots[slot]) != token {
            slot = (slot + 1) & mask;
        }
        slot
    }

    /// Bytes of the longest token.
    pub fn longest(&self) -> usize {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| end - start).max().unwrap_or(0)
    }
}

/// Some tokens of a vocabulary, sorted, so that those that a text begins with are found.
#[derive(Clone, Debug, Default)]
pub(in crate::tokenizer) struct Prefixes(Vec<u32>);

impl Prefixes {
    /// Empty tokens are left out.
    pub fn new(vocab: &Vocab, ids: impl Iterator<Item = u32>) -> Self {
        let mut ids: Vec<u32> = ids.filter(|id| !vocab.get(*id).is_empty()).collect();
        ids.sort_by_key(|id| (vocab.get(*id), *id));
        Self(ids)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Calls `each` with every token that the text begins with, shortest first. Of tokens with the same bytes, with the
    /// last.
    pub fn each(&self, vocab: &Vocab, text: &[u8], mut each: impl FnMut(u32)) {
        let mut ids = &self.0[..];
        for (at, byte) in text.iter().enumerate() {
            let next = |id: &u32| vocab.get(*id).get(at).copied();
            // All of them begin with text[..at].
            let from = ids.partition_point(|id| next(id) < Some(*byte));
            let to = from + ids[from..].partition_point(|id| next(id) == Some(*byte));
            ids = &ids[from..to];
            let ended = ids.partition_point(|id| vocab.get(*id).len() == at + 1);
            if let Some(id) = ids[..ended].last() {
                each(*id);
            }
            if ended == ids.len() {
                return;
            }
        }
    }

    /// The longest token that the text begins with.
    pub fn longest(&self, vocab: &Vocab, text: &[u8]) -> Option<u32> {
        let mut longest = None;
        self.each(vocab, text, |id| longest = Some(id));
        longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_whole_and_as_beginnings() {
        let mut vocab = Vocab::default();
        for token in ["a", "ab", "", "abc", "b", "ab"] {
            vocab.push(token.as_bytes());
        }
        assert_eq!(vocab.find(b"a"), None);
        vocab.index(0..6);
        assert_eq!(
            (vocab.find(b"ab"), vocab.find(b"abc"), vocab.find(b"c"), vocab.longest()),
            (Some(5), Some(3), None, 3)
        );
        assert_eq!((vocab.get(0), vocab.get(2), vocab.get(9)), (&b"a"[..], &b""[..], &b""[..]));
        let prefixes = Prefixes::new(&vocab, 0..6);
        let all = |text: &str| {
            let mut all = Vec::new();
            prefixes.each(&vocab, text.as_bytes(), |id| all.push(id));
            all
        };
        assert_eq!(all("abd"), [0, 5]);
        assert_eq!(all("abcd"), [0, 5, 3]);
        assert_eq!(all("c"), [0u32; 0]);
        assert_eq!(prefixes.longest(&vocab, b"bb"), Some(4));
    }
}
