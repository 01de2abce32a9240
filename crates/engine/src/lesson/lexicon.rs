//! The small world of the lesson: its things, and what can be said of them.

/// A kind of thing: its nouns, and the words that can follow *was*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// What to call it.
    pub name: &'static str,
    /// Nouns that are of this kind on their own.
    pub nouns: &'static [&'static str],
    /// What can be said of them. No word can be said of both kinds that a noun can have.
    pub said: &'static [&'static str],
}

/// A noun whose kind depends on the word before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The word before: *hot*.
    pub modifier: &'static str,
    /// The noun: *dog*.
    pub noun: &'static str,
    /// The kind of the two together: *food*.
    pub together: &'static str,
    /// The noun's kind without the word: *animal*.
    pub alone: &'static str,
}

const fn pair(modifier: &'static str, noun: &'static str, together: &'static str, alone: &'static str) -> Pair {
    Pair { modifier, noun, together, alone }
}

/// The pairs: nouns whose kind depends on the word before.
pub const PAIRS: [Pair; 12] = [
    pair("hot", "dog", "food", "animal"),
    pair("river", "bank", "shore", "office"),
    pair("computer", "mouse", "device", "animal"),
    pair("baseball", "bat", "club", "animal"),
    pair("sea", "lion", "swimmer", "animal"),
    pair("teddy", "bear", "toy", "animal"),
    pair("toy", "horse", "toy", "animal"),
    pair("ice", "cream", "dessert", "dairy"),
    pair("traffic", "jam", "queue", "food"),
    pair("rock", "star", "fame", "sky"),
    pair("paper", "plane", "sheet", "flight"),
    pair("finger", "nail", "hand", "metal"),
];

const fn kind(name: &'static str, nouns: &'static [&'static str], said: &'static [&'static str]) -> Kind {
    Kind { name, nouns, said }
}

/// All kinds.
pub const KINDS: [Kind; 21] = [
    kind(
        "animal",
        &["cat", "bird", "cow", "rabbit", "wolf", "fox"],
        &["running", "sleeping", "eating", "playing", "hungry", "tired", "wild"],
    ),
    kind(
        "food",
        &["soup", "bread", "cake", "cheese", "pizza", "rice"],
        &["delicious", "tasty", "salty", "served", "cooked", "fresh"],
    ),
    kind("drink", &["coffee", "tea", "milk", "juice"], &["bitter", "strong", "warm", "poured"]),
    kind("person", &["man", "woman", "boy", "girl", "teacher"], &["happy", "sad", "talking", "laughing", "walking"]),
    kind(
        "thing",
        &["rock", "stone", "table", "chair", "box", "car", "computer", "paper", "baseball"],
        &["heavy", "broken", "dirty", "lost", "expensive"],
    ),
    kind(
        "place",
        &["house", "bridge", "field", "garden", "street", "kitchen", "park", "hill", "river", "sea"],
        &["quiet", "beautiful", "empty", "dark", "wide"],
    ),
    kind("shore", &[], &["muddy", "grassy", "steep", "sandy", "flooded"]),
    kind("office", &[], &["closed", "open", "rich", "busy", "robbed"]),
    kind("device", &[], &["clicking", "wireless", "plastic", "connected", "blinking"]),
    kind("club", &[], &["wooden", "swinging", "cracked", "solid", "polished"]),
    kind("swimmer", &[], &["swimming", "diving", "splashing", "slippery", "wet"]),
    kind("toy", &[], &["soft", "cuddly", "fluffy", "stuffed", "cute"]),
    kind("dessert", &[], &["frozen", "melting", "sweet", "creamy", "dripping"]),
    kind("dairy", &[], &["thick", "sour", "whipped", "smooth", "churned"]),
    kind("queue", &[], &["long", "slow", "loud", "endless", "moving"]),
    kind("fame", &[], &["famous", "popular", "dancing", "performing", "cheered"]),
    kind("sky", &[], &["shining", "bright", "twinkling", "distant", "glowing"]),
    kind("sheet", &[], &["folded", "torn", "crumpled", "thin", "light"]),
    kind("flight", &[], &["landing", "delayed", "crowded", "boarding", "late"]),
    kind("hand", &[], &["painted", "short", "bitten", "trimmed", "pink"]),
    kind("metal", &[], &["rusty", "sharp", "bent", "pointed", "loose"]),
];

/// What can be said of one noun only, besides what can be said of its kind.
pub const OWN: [(&str, &str); 8] = [
    ("dog", "barking"),
    ("cat", "purring"),
    ("horse", "galloping"),
    ("mouse", "squeaking"),
    ("bat", "flying"),
    ("lion", "roaring"),
    ("bear", "growling"),
    ("bird", "singing"),
];

/// What can be said of an animal or a person if something in the sentence is hot.
pub const HEATED: [&str; 2] = ["panting", "thirsty"];

/// Before a noun.
pub const DETERMINERS: [&str; 6] = ["the", "a", "my", "your", "this", "our"];
/// Words that say nothing about the kind.
pub const ADJECTIVES: [&str; 10] = ["big", "small", "old", "new", "little", "red", "black", "white", "nice", "cold"];
/// Before a place.
pub const PREPOSITIONS: [&str; 8] = ["on", "in", "near", "by", "under", "behind", "with", "over"];
/// Words between the noun and what is said of it. No word in -ing follows *looked* and *seemed*.
pub const VERBS: [&str; 4] = ["was", "is", "looked", "seemed"];
/// The beginnings of sentences.
pub const OPENINGS: [&[&str]; 7] = [
    &["today"],
    &["yesterday"],
    &["now"],
    &["i", "think"],
    &["we", "know"],
    &["she", "said", "that"],
    &["he", "saw", "that"],
];
/// Before what is said.
pub const ADVERBS: [&str; 2] = ["still", "always"];

/// The kind of this name.
pub fn kind_named(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
