//! # attnscope-words
//!
//! What readers read, in their language. The source has the English text, `words!("{n} of {total}")`, and needs no table. Every
//! other language has one, `tables/de.toml`, from the English text to its own. A language is spoken by a thread, so that
//! drawings in several languages can be made side by side.
//!
//! ```
//! use attnscope_words::{Language, speaking, words};
//!
//! let n = 3;
//! assert_eq!(words!("layer {n}"), "layer 3");
//! let german = Language::read("de", "\"layer {n}\" = \"Schicht {n}\"")?;
//! assert_eq!(speaking(Some(german), || words!("layer {n}")), "Schicht 3");
//! # Ok::<(), String>(())
//! ```
#![forbid(unsafe_code)]

// The macro names this crate, here too.
extern crate self as attnscope_words;

mod heard;
mod language;

pub use attnscope_words_macro::words;
pub use heard::heard;
pub use language::{ENGLISH, LANGUAGES, Language, language};

use std::cell::Cell;
use std::fmt::{Display, Write};

/// An English text that is looked up later, with [`text`]: where a `const` holds it.
#[macro_export]
macro_rules! key {
    ($text:literal) => {
        $text
    };
}

thread_local! {
    /// `None` is English.
    static SPOKEN: Cell<Option<&'static Language>> = const { Cell::new(None) };
}

/// From now on this thread speaks this language; `None` is English.
pub fn speak(language: Option<&'static Language>) {
    SPOKEN.set(language);
}

/// What `f` makes in a language.
pub fn speaking<T>(language: Option<&'static Language>, f: impl FnOnce() -> T) -> T {
    struct Before(Option<&'static Language>);
    impl Drop for Before {
        fn drop(&mut self) {
            speak(self.0);
        }
    }
    let _before = Before(SPOKEN.replace(language));
    f()
}

/// The language that this thread speaks; `None` is English.
pub fn spoken() -> Option<&'static Language> {
    SPOKEN.get()
}

/// The code of the language that this thread speaks: `en`.
pub fn code() -> &'static str {
    spoken().map_or(ENGLISH.0, |language| language.code)
}

/// A text without holes, in the language of this thread; in English if its table lacks it.
pub fn text(key: &'static str) -> &'static str {
    spoken().and_then(|language| language.get(key)).unwrap_or(key)
}

/// A text with its holes filled. A hole `{}` takes the next value, `{1}` and `{name}` the one of this name; what follows a
/// colon was heeded where the value was made.
pub fn filled(key: &'static str, values: &[(&str, &dyn Display)]) -> String {
    let (mut rest, mut next) = (text(key), 0_u8);
    let mut out = String::with_capacity(rest.len() + 16);
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (hole, after) = after.split_once('}').unwrap_or((after, ""));
        let name = hole.split(':').next().unwrap_or(hole);
        let value = if name.is_empty() {
            next += 1;
            values.iter().find(|(of, _)| of.as_bytes() == [b'0' + next - 1])
        } else {
            values.iter().find(|(of, _)| *of == name)
        };
        if let Some((_, value)) = value {
            let _ = write!(out, "{value}");
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_is_what_format_writes() {
        let (a, share) = (1, 0.25);
        assert_eq!(words!("{a} of {:?} is {share:.1}", "b"), format!("{a} of {:?} is {share:.1}", "b"));
        assert_eq!(words!("{b}\u{202f}%", b = a + 1), "2\u{202f}%");
        assert_eq!(words!("no hole"), "no hole");
    }

    #[test]
    fn another_language_may_turn_the_order() {
        let table = "\"{} of {}\" = \"von {1}: {0}\"\n\"{a} in {b:.1}\" = \"in {b} {a}\"\n\"yes\" = \"ja\"";
        let german = Language::read("de", table).unwrap();
        let said = speaking(Some(german), || {
            let (a, b) = ("A", 0.25);
            [
                words!("{} of {}", 1, 2),
                words!("{a} in {b:.1}"),
                words!("yes").into(),
                words!("not there").into(),
                code().into(),
            ]
        });
        assert_eq!(said, ["von 2: 1", "in 0.2 A", "ja", "not there", "de"]);
        assert_eq!((words!("yes"), code()), ("yes", "en"), "and then English again");
    }

    #[test]
    fn every_thread_speaks_its_own() {
        let german = Language::read("de", "\"yes\" = \"ja\"").unwrap();
        speaking(Some(german), || {
            assert_eq!(std::thread::spawn(|| words!("yes")).join().unwrap(), "yes");
            assert_eq!(words!("yes"), "ja");
        });
    }
}
