//! The prose, and the comparison of what it says with what was found.

use std::path::Path;

/// Checks that a text says this: `"07"` is a chapter of the story, `"README"` the file. What stands in brackets is
/// compared with the values that follow, in order.
macro_rules! says {
    ($text:literal, $quote:literal $(, $found:expr)* $(,)?) => {
        $crate::prose::check($text, $quote, &[$($crate::prose::Found::from($found)),*])
    };
}
pub(crate) use says;

/// What a model or a figure says.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    Number(f64),
    Word(String),
}

impl From<f32> for Found {
    fn from(x: f32) -> Self {
        Self::Number(x.into())
    }
}

impl From<usize> for Found {
    fn from(n: usize) -> Self {
        Self::Number(n as f64)
    }
}

impl From<&str> for Found {
    fn from(word: &str) -> Self {
        Self::Word(word.trim().into())
    }
}

impl From<&String> for Found {
    fn from(word: &String) -> Self {
        word.as_str().into()
    }
}

/// What [`says!`] does.
#[track_caller]
pub fn check(text: &str, quote: &str, found: &[Found]) {
    let prose = plain(&read(text));
    assert!(prose.contains(&plain(quote)), "{text} no longer says: {}", plain(quote));
    let claimed: Vec<&str> = quote.split('[').skip(1).filter_map(|part| Some(part.split_once(']')?.0)).collect();
    assert_eq!(claimed.len(), found.len(), "as many brackets as values: {quote}");
    for (claimed, found) in claimed.into_iter().zip(found) {
        assert!(agree(claimed, found), "{text} says {claimed}, found {found:?}: {quote}");
    }
}

/// The Markdown of a text.
pub fn read(text: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (folder, begin) = if text == "README" { (root, "README.md") } else { (root.join("story"), text) };
    let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = files.find(|path| path.file_name().unwrap().to_string_lossy().starts_with(begin));
    std::fs::read_to_string(found.unwrap_or_else(|| panic!("there is no text {text}"))).unwrap()
}

/// Markdown as it is read: without emphasis, tags and the addresses of links, and with one space between words.
fn plain(markdown: &str) -> String {
    let without_addresses = leave_out(markdown, "](", ")");
    // A `<` that is followed by a space is none of a tag's.
    let without_tags = leave_out(&without_addresses.replace("< ", "\u{0}"), "<", ">").replace('\u{0}', "< ");
    let signs = ['*', '`', '[', ']', '“', '”', '"'];
    without_tags.replace(signs, "").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text without its parts from `begin` to `end`.
fn leave_out(text: &str, begin: &str, end: &str) -> String {
    let mut parts = text.split(begin);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.split_once(end).map_or(part, |(_, rest)| rest))
}

/// Whether a number is the claimed one when it is rounded to as many digits, or a word the claimed word.
fn agree(claimed: &str, found: &Found) -> bool {
    match found {
        Found::Word(word) => claimed == word,
        Found::Number(x) => number(claimed).is_some_and(|(said, unit)| (x - said).abs() <= 0.51 * unit),
    }
}

/// A number as prose writes it, and the size of one in its last digit: `3.2 %`, `−0.38`, `4,096`, `seven`.
fn number(claimed: &str) -> Option<(f64, f64)> {
    const WORDS: [&str; 11] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    if let Some(n) = WORDS.iter().position(|word| *word == claimed) {
        return Some((n as f64, 1.0));
    }
    let (digits, whole) = claimed.strip_suffix(" %").map_or((claimed, 1.0), |digits| (digits, 100.0));
    let digits = digits.replace('−', "-").replace(',', "");
    let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    Some((digits.parse::<f64>().ok()? / whole, 0.1f64.powi(decimals as i32) / whole))
}

#[test]
fn prose_is_compared_as_it_is_read() {
    let prose = "*dog* in [the “dog” was](?text=the+dog+was) has\n<i>W<sub>Q</sub></i> `-l 0` < README.md {{n}}";
    assert_eq!(plain(prose), "dog in the dog was has WQ -l 0 < README.md {{n}}");
    assert_eq!(plain("gives [92 %] of"), "gives 92 % of");
}

#[test]
fn numbers_agree_as_far_as_they_are_written_out() {
    for (claimed, found, same) in [
        ("3.2 %", 0.0325, true),
        ("3.2 %", 0.0327, false),
        ("3.2 %", f32::NAN, false),
        ("92 %", 0.9163, true),
        ("−0.38", -0.3833, true),
        ("−0.38", 0.3833, false),
        ("4,096", 4096.0, true),
        ("4,096", 4097.0, false),
        ("0.0000", 0.00004, true),
        ("seven", 7.0, true),
        ("seven", 8.0, false),
        ("some", 1.0, false),
    ] {
        assert_eq!(agree(claimed, &found.into()), same, "{claimed} {found}");
    }
    assert!(agree("sausage", &" sausage".into()) && !agree("sausage", &"soup".into()));
}

#[test]
#[should_panic(expected = "no longer says: A language model does two things.")]
fn what_is_not_in_the_prose_is_named() {
    says!("01", "A language model does two things.");
}

#[test]
#[should_panic(expected = "says one, found Number(2.0)")]
fn what_is_not_so_is_named() {
    says!("01", "A language model does [one] thing.", 2);
}
