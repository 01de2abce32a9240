//! Checks of input from outside: text that is shown, hashes, commits, and file names that become paths. Everything that
//! a host sends passes one of these functions before it is used.

use attnscope_figures::token;
use std::fmt;

/// How many characters of a foreign text are shown.
const MOST_SHOWN: usize = 100;

/// A foreign text in a form that may be shown: without control characters and changes of direction, and not long.
pub fn shown(text: &str) -> String {
    let start: String = text.chars().take(MOST_SHOWN + 1).collect();
    let plain = token::plain(&start);
    if plain.chars().count() <= MOST_SHOWN { plain } else { plain.chars().take(MOST_SHOWN).chain(['…']).collect() }
}

/// The hash of a file's bytes, as the Hub names it: git's SHA-1 of a blob (40 digits), or SHA-256 (64).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hash(String);

impl Hash {
    /// Parses lower-case hex of one of the two lengths.
    pub fn read(text: &str) -> Option<Self> {
        is_hex_name(text).then(|| Self(text.to_owned()))
    }

    /// Parses an `ETag`: in quotes, possibly after `W/`.
    pub fn read_etag(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("W/").unwrap_or(text);
        Self::read(text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text))
    }

    /// The digits, which are safe as a file name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is a SHA-256, and not git's SHA-1.
    pub fn is_sha256(&self) -> bool {
        self.0.len() == 64
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether this may be a commit, and thus the name of a snapshot's folder.
pub fn is_commit(text: &str) -> bool {
    is_hex_name(text)
}

fn is_hex_name(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Whether a file of this name stays inside its folder on every system, and can be shown.
pub fn stays_inside(name: &str) -> bool {
    name.len() <= 1_000 && token::plain(name) == name && name.split('/').all(is_part)
}

/// Whether this is one safe part of a path. Windows drops dots and spaces at the end, and treats some names as devices,
/// whatever their extension.
fn is_part(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end().to_ascii_uppercase();
    let numbered = |name: &str| {
        let rest = stem.strip_prefix(name).unwrap_or("");
        rest.chars().count() == 1 && rest.contains(|c: char| c.is_ascii_digit() || "¹²³".contains(c))
    };
    let is_device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || numbered("COM")
        || numbered("LPT");
    !part.is_empty() && part.len() <= 255 && !part.contains(['\\', ':']) && !part.ends_with(['.', ' ']) && !is_device
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hashes_are_hashes() {
        let (git, sha256) = ("0123456789abcdef".repeat(3)[..40].to_owned(), "0123456789abcdef".repeat(4));
        for good in [git.clone(), sha256.clone(), format!("\"{git}\""), format!("W/\"{sha256}\"")] {
            assert!(Hash::read_etag(&good).is_some(), "{good}");
        }
        assert!(Hash::read(&sha256).unwrap().is_sha256() && !Hash::read(&git).unwrap().is_sha256());
        let upper = git.to_uppercase();
        for bad in ["", "\"", "\"\"", "/any/file", "../../x", &git[1..], &sha256[1..], &upper, &format!("{git}\n")] {
            assert!(Hash::read(bad).is_none() && !is_commit(bad), "{bad}");
        }
        assert!(Hash::read_etag(&format!("\"../{}\"", &git[3..])).is_none());
        // 40 bytes, but not 40 digits.
        assert!(Hash::read(&"é".repeat(20)).is_none());
    }

    #[test]
    fn names_that_would_leave_the_folder_do_not_stay_inside() {
        for good in
            ["m.gguf", "a/b/c.gguf", "model-00001-of-00002.safetensors", ".gitattributes", "Console.txt", "ü x.q"]
        {
            assert!(stays_inside(good), "{good}");
        }
        let bad = [
            "",
            "/m",
            "../m",
            "a/../m",
            "a/..",
            ".",
            "a/./m",
            "a//m",
            "a/",
            "c:m",
            "c:/m",
            "\\m",
            "a\\..\\m",
            "m\0",
            "m\n",
            "\u{1b}[2J",
            "\u{202e}fugg.m",
            "nul",
            "a/CON.gguf",
            "com1",
            "COM¹.txt",
            "lpt9.x/m",
            "m.",
            "m ",
            "aux .gguf",
        ];
        for name in bad {
            assert!(!stays_inside(name), "{name:?}");
        }
        assert!(!stays_inside(&"x".repeat(256)) && !stays_inside(&"x/".repeat(600)));
    }

    #[test]
    fn foreign_texts_are_plain_and_short() {
        assert_eq!(shown("plain"), "plain");
        assert_eq!(shown("a\u{1b}[31m\n\u{202e}"), "a<0x1B>[31m↵<U+202E>");
        assert_eq!(shown(&"x".repeat(200)), "x".repeat(100) + "…");
        assert_eq!(shown(&"x".repeat(100)), "x".repeat(100));
    }
}
