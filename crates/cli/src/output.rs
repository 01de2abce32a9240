//! Where results are written: stdout, or a file that is written completely or not at all.

mod destination;
mod whole;

pub use destination::Destination;

use crate::failure::usage;
use crate::terminal::path_text;
use anyhow::{Context, Result};
use attnscope_figures::token::is_hidden;
use std::io::{IsTerminal, Write, stdout};
use std::path::Path;

/// Writes to stdout.
pub fn print(bytes: impl AsRef<[u8]>) -> Result<()> {
    let mut out = stdout().lock();
    out.write_all(bytes.as_ref()).and_then(|()| out.flush()).context("cannot write to stdout")
}

/// Writes a path to stdout: plain in a terminal, the exact bytes for another program.
pub fn print_path(path: &Path) -> Result<()> {
    if stdout().is_terminal() {
        return print(path_text(path) + "\n");
    }
    print([path.as_os_str().as_encoded_bytes(), b"\n"].concat())
}

/// Writes one line of JSON to stdout.
pub fn print_json(value: &impl serde::Serialize) -> Result<()> {
    print(escaped(&serde_json::to_string(value)?) + "\n")
}

/// JSON without hidden characters. JSON escapes only those below a space, but a terminal interprets others too, some of
/// which change the direction of text. They only occur inside strings, where an escape has the same meaning.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if is_hidden(c) {
            let mut units = [0; 2];
            out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

/// The lower-case extension of an output file, if it is one of `known`. Checked before any work is done.
pub fn extension<'a>(path: &Path, known: &[&'a str]) -> Result<&'a str> {
    let found = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    known.iter().copied().find(|&known| known == found).ok_or_else(|| {
        if path.is_dir() {
            return usage(format!("cannot write {}: it is a folder; name a file in it", path_text(path)));
        }
        let known: Vec<String> = known.iter().map(|known| format!(".{known}")).collect();
        usage(format!("cannot write {}: its name must end in {}", path_text(path), known.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_named_in_the_error() {
        assert_eq!(extension(Path::new("a/B.SVG"), &["svg", "png"]).unwrap(), "svg");
        let error = extension(Path::new("b"), &["svg", "png"]).unwrap_err().to_string();
        assert_eq!(error, "cannot write b: its name must end in .svg, .png");
    }

    #[test]
    fn json_means_the_same_and_hides_nothing() {
        let text: String =
            ('\0'..='\u{2FF}').chain("\u{202e}\u{2028}\u{200b}\u{e0041}\u{10fffd}👩‍👧 الكلب\u{a0}".chars()).collect();
        let json = escaped(&serde_json::to_string(&[&text]).unwrap());
        assert!(!json.chars().any(is_hidden), "{json:?}");
        assert!(json.contains("\\u009b") && json.contains("\\u007f") && json.contains("\\u202e"), "{json}");
        assert!(json.contains("\\udb40\\udc41") && json.contains("👩‍👧 الكلب"), "{json}");
        assert_eq!(serde_json::from_str::<[String; 1]>(&json).unwrap()[0], text);
    }
}
