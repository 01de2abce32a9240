//! Sentences for the lesson: *today the hot dog on the old rock was delicious*.
//!
//! The sentences are made so that a noun's meaning must be computed at the noun, and then be read from there:
//! - the word before a noun decides its kind, and the verb stands far from it;
//! - the same words stand in other places too (*the dog on the hot rock*), so their presence alone says nothing;
//! - a sentence has several nouns, each with words before it, and only the first is the subject;
//! - openings of one to three words shift everything, so that no position has a fixed meaning.

use super::lexicon::{
    ADJECTIVES, ADVERBS, DETERMINERS, HEATED, KINDS, Kind, OPENINGS, OWN, PAIRS, PREPOSITIONS, VERBS, kind_named,
};
use super::words::Words;
use crate::rng::SplitMix64;

/// Longest sentence in words: the context of the lesson model.
pub const LONGEST: usize = 16;

/// Every word of the corpus, in a fixed order.
pub fn vocabulary() -> Vec<&'static str> {
    let pairs = PAIRS.iter().flat_map(|p| [p.modifier, p.noun]);
    let kinds = KINDS.iter().flat_map(|k| k.nouns.iter().chain(k.said)).copied();
    let own = OWN.iter().flat_map(|(noun, said)| [*noun, *said]);
    let openings = OPENINGS.iter().copied().flatten().copied();
    let mut all: Vec<_> =
        DETERMINERS.into_iter().chain(ADJECTIVES).chain(PREPOSITIONS).chain(VERBS).chain(openings).collect();
    all.extend(["and"].into_iter().chain(ADVERBS).chain(HEATED).chain(pairs).chain(kinds).chain(own));
    let mut seen = std::collections::HashSet::new();
    all.retain(|word| seen.insert(*word));
    all
}

/// Makes sentences as token ids.
#[derive(Clone, Debug)]
pub struct Corpus {
    words: Words,
    rng: SplitMix64,
    sentence: Vec<&'static str>,
    /// The reader's own sentences, which are used in turn.
    own: Vec<Vec<u32>>,
    /// Number of sentences produced so far, if `own` is not empty.
    given: usize,
}

impl Corpus {
    /// The same seed gives the same sentences.
    pub fn new(seed: u64) -> Self {
        Self::with_own(seed, Vec::new())
    }

    /// Adds the sentences `own`, if there are any: the second, the fourth, ... sentence is one of them, in turn. The
    /// sentences of [`Corpus::new`] stand between them, none of them left out.
    pub(super) fn with_own(seed: u64, own: Vec<Vec<u32>>) -> Self {
        let sentence = Vec::with_capacity(2 * LONGEST);
        Self { words: Words::lesson(), rng: SplitMix64(seed), sentence, own, given: 0 }
    }

    /// Writes the next sentence over `ids`.
    pub fn next_into(&mut self, ids: &mut Vec<u32>) {
        if !self.own.is_empty() {
            self.given += 1;
            if self.given.is_multiple_of(2) {
                ids.clone_from(&self.own[(self.given / 2 - 1) % self.own.len()]);
                return;
            }
        }
        loop {
            self.write();
            if self.sentence.len() <= LONGEST {
                break;
            }
        }
        ids.clear();
        ids.extend(self.sentence.iter().filter_map(|word| self.words.id(word)));
    }

    fn write(&mut self) {
        self.sentence.clear();
        if self.rng.chance(0.35) {
            let opening = self.pick(&OPENINGS);
            self.sentence.extend(opening);
        }
        let (noun, kind) = self.noun_phrase(0.7);
        let places = [0.0, 0.4, 0.85].iter().filter(|p| self.rng.unit() >= **p).count() - 1;
        for _ in 0..places {
            self.place();
        }
        let verb = if self.rng.chance(0.6) { "was" } else { self.pick(&VERBS) };
        self.sentence.push(verb);
        if self.rng.chance(0.1) {
            let adverb = self.pick(&ADVERBS);
            self.sentence.push(adverb);
        }
        let first = self.say(noun, kind, verb, "");
        self.sentence.push(first);
        if self.rng.chance(0.15) {
            let second = self.say(noun, kind, verb, first);
            self.sentence.extend(["and", second]);
        }
    }

    /// *the big hot dog*: returns the noun and its kind in this phrase.
    fn noun_phrase(&mut self, ambiguous: f32) -> (&'static str, &'static Kind) {
        let determiner = if self.rng.chance(0.5) { "the" } else { self.pick(&DETERMINERS) };
        self.sentence.push(determiner);
        if self.rng.chance(0.3) {
            let adjective = self.pick(&ADJECTIVES);
            self.sentence.push(adjective);
        }
        let (noun, pair) = if self.rng.chance(ambiguous) {
            let pair = self.pick(&PAIRS);
            (pair.noun, Some(pair))
        } else {
            let kind = self.pick_kind();
            (self.pick(kind.nouns), None)
        };
        // Any other word before the noun keeps its kind (a *sea dog* is a dog), so neither word decides it alone.
        let own = pair.filter(|_| self.rng.chance(0.45)).map(|p| p.modifier);
        let modifier = own.or_else(|| self.rng.chance(0.35).then(|| self.pick(&PAIRS).modifier));
        self.sentence.extend(modifier.into_iter().chain([noun]));
        (noun, kind_of(modifier, noun))
    }

    /// *on the hot rock*: any noun phrase, or a plain thing or place, often after the first word of some pair.
    fn place(&mut self) {
        let preposition = self.pick(&PREPOSITIONS);
        self.sentence.push(preposition);
        if self.rng.chance(0.35) {
            self.noun_phrase(0.6);
            return;
        }
        let determiner = if self.rng.chance(0.6) { "the" } else { self.pick(&DETERMINERS) };
        self.sentence.push(determiner);
        if self.rng.chance(0.6) {
            let before = if self.rng.chance(0.7) { self.pick(&PAIRS).modifier } else { self.pick(&ADJECTIVES) };
            self.sentence.push(before);
        }
        let kind = ["thing", "place"][self.rng.below(2)];
        let noun = self.pick(kind_named(kind).map_or(&[], |k| k.nouns));
        self.sentence.push(noun);
    }

    /// What the sentence says of its subject.
    fn say(&mut self, noun: &str, kind: &Kind, verb: &str, not: &str) -> &'static str {
        let heated = matches!(kind.name, "animal" | "person") && self.sentence.contains(&"hot");
        loop {
            let own = OWN.iter().find(|(n, _)| *n == noun && kind.name == "animal").map(|(_, said)| *said);
            let said = match own.filter(|_| self.rng.chance(0.25)) {
                Some(said) => said,
                None if heated && self.rng.chance(0.4) => self.pick(&HEATED),
                None => self.pick(kind.said),
            };
            let seen = matches!(verb, "looked" | "seemed") && said.ends_with("ing");
            if !seen && said != not {
                return said;
            }
        }
    }

    fn pick_kind(&mut self) -> &'static Kind {
        loop {
            let kind = &KINDS[self.rng.below(KINDS.len())];
            if !kind.nouns.is_empty() {
                return kind;
            }
        }
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.rng.below(from.len())]
    }
}

/// The kind of a noun after a word.
fn kind_of(modifier: Option<&str>, noun: &str) -> &'static Kind {
    let pair = PAIRS.iter().find(|p| p.noun == noun);
    let together = PAIRS.iter().find(|p| p.noun == noun && modifier == Some(p.modifier));
    let name = together.map(|p| p.together).or(pair.map(|p| p.alone));
    let found = KINDS.iter().find(|k| name.map_or_else(|| k.nouns.contains(&noun), |name| k.name == name));
    found.unwrap_or(&KINDS[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_repeat_fit_and_use_every_place_and_word() {
        let (mut corpus, mut again, mut ids, mut same) = (Corpus::new(3), Corpus::new(3), Vec::new(), Vec::new());
        let (mut longest, mut seen) = (0, std::collections::HashSet::new());
        for _ in 0..20_000 {
            corpus.next_into(&mut ids);
            again.next_into(&mut same);
            assert_eq!(ids, same);
            assert!((3..=LONGEST).contains(&ids.len()));
            longest = longest.max(ids.len());
            seen.extend(ids.iter().copied());
        }
        assert_eq!((longest, seen.len()), (LONGEST, vocabulary().len()));
    }

    #[test]
    fn own_sentences_stand_in_every_second_place() {
        let own = vec![vec![1, 2], vec![3, 4, 5], vec![6, 7]];
        let (mut plain, mut mixed) = (Corpus::new(3), Corpus::with_own(3, own.clone()));
        let (mut expected, mut found) = (Vec::new(), Vec::new());
        for i in 0..10 {
            plain.next_into(&mut expected);
            mixed.next_into(&mut found);
            assert_eq!(found, expected);
            mixed.next_into(&mut found);
            assert_eq!(found, own[i % 3]);
        }
    }

    #[test]
    fn the_word_before_decides() {
        assert_eq!(kind_of(Some("hot"), "dog").name, "food");
        assert_eq!(kind_of(None, "dog").name, "animal");
        assert_eq!(kind_of(Some("sea"), "dog").name, "animal");
        assert_eq!(kind_of(Some("hot"), "soup").name, "food");
    }

    /// No word fits both kinds that a noun can have, and at least two words of each kind can follow *looked*.
    #[test]
    fn kinds_are_told_apart() {
        for pair in PAIRS {
            let kinds = [pair.together, pair.alone].map(|name| kind_named(name).unwrap());
            assert!(kinds[0].said.iter().all(|word| !kinds[1].said.contains(word)), "{pair:?}");
        }
        for kind in KINDS {
            assert!(kind.said.iter().filter(|word| !word.ends_with("ing")).count() >= 2, "{}", kind.name);
        }
    }
}
