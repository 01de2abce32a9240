//! The words of the lesson model, as a reader may look for them, and sentences made of them.

use attnscope::lesson::corpus::Corpus;
use attnscope::lesson::lexicon::{ADJECTIVES, DETERMINERS, KINDS, OPENINGS, PAIRS, PREPOSITIONS, VERBS};
use attnscope::lesson::{Words, lexicon};
use attnscope_words::words;

/// The words that a sentence can be made of, in groups with a name.
pub fn groups() -> Vec<(&'static str, Vec<String>)> {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let nouns = KINDS.iter().filter(|kind| !kind.nouns.is_empty()).map(|kind| (kind.name, words(kind.nouns)));
    let mut alone: Vec<String> = Vec::new();
    for pair in PAIRS {
        if !alone.iter().any(|noun| noun == pair.noun) {
            alone.push(pair.noun.into());
        }
    }
    let pairs = PAIRS.iter().map(|pair| format!("{} {}", pair.modifier, pair.noun)).collect();
    let openings = OPENINGS.iter().map(|opening| opening.join(" ")).collect();
    let first = [
        (words!("two words, one thing"), pairs),
        (words!("the same without the first"), alone),
        (words!("before a noun"), words(&DETERMINERS)),
        (words!("how it is"), words(&ADJECTIVES)),
    ];
    let last = [
        (words!("where"), words(&PREPOSITIONS)),
        (words!("verbs"), words(&VERBS)),
        (words!("to begin with"), openings),
    ];
    first.into_iter().chain(nouns).chain(last).collect()
}

/// A sentence of the kind that the lesson model was trained on, up to its verb: what it says next is to be guessed.
pub fn surprise(seed: u64) -> String {
    let (mut corpus, mut ids, words) = (Corpus::new(seed), Vec::new(), Words::lesson());
    loop {
        corpus.next_into(&mut ids);
        let sentence: Vec<&str> = ids.iter().filter_map(|id| words.word(*id)).collect();
        let verb = sentence.iter().rposition(|word| VERBS.contains(word));
        // Sentences with a pair are those in which attention has something to do.
        let has_pair = lexicon::PAIRS.iter().any(|p| sentence.windows(2).any(|two| two == [p.modifier, p.noun]));
        if let (Some(verb), true) = (verb, has_pair) {
            return sentence[..=verb].join(" ");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_palette_is_known() {
        let words = Words::lesson();
        for (name, group) in groups() {
            assert!(!group.is_empty(), "{name}");
            group.iter().for_each(|entry| assert!(words.encode(entry).is_ok(), "{name}: {entry}"));
        }
    }

    #[test]
    fn surprises_can_be_read_and_differ() {
        let all: std::collections::BTreeSet<String> = (0..50).map(surprise).collect();
        assert!(all.len() > 40, "{}", all.len());
        for sentence in &all {
            let n = Words::lesson().encode(sentence).unwrap().len();
            assert!((3..16).contains(&n), "{sentence}");
            assert!(VERBS.iter().any(|verb| sentence.ends_with(verb)), "{sentence}");
        }
    }
}
