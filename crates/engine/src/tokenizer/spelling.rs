//! How tokens are spelled in a vocabulary, and thus what each means on its own: `Ġdog` and `▁dog` are " dog", `<0x0A>`
//! is a line break.

use fancy_regex::{NoExpand, Regex};
use serde_json::Value;
use std::borrow::Cow;

/// The steps that turn a token's spelling into its text.
#[derive(Clone, Debug, Default)]
pub(super) struct Spelling(Vec<Step>);

#[derive(Clone, Debug)]
enum Step {
    /// GPT-2's alphabet: each character stands for a byte.
    ByteLevel,
    /// `<0x0A>` is a byte.
    ByteFallback,
    /// One text stands for another: `▁` for a space, `</w>` for the end of a word.
    Replace(String, String),
    /// The same for every match of a pattern.
    ReplaceAll(Box<Regex>, String),
}

impl Spelling {
    /// The spelling that a `tokenizer.json` uses, from its decoder or, without one, from its pre-tokenizer.
    pub fn new(decoder: &Value, pre_tokenizer: &Value) -> Self {
        let mut steps = Vec::new();
        collect(if decoder.is_null() { pre_tokenizer } else { decoder }, &mut steps);
        Self(steps)
    }

    /// One token as a reader sees it. Bytes that are not valid text on their own are written `<0xF0><0x9F>`.
    pub fn read(&self, token: &str) -> String {
        let mut text = token.to_string();
        for step in &self.0 {
            match step {
                Step::ByteLevel => {
                    let Some(bytes) = bytes_of(&text) else { return text };
                    text = shown(bytes);
                }
                Step::ByteFallback => {
                    if let Some(byte) = byte_named(&text) {
                        text = shown(vec![byte]);
                    }
                }
                Step::Replace(from, to) => text = text.replace(from, to),
                Step::ReplaceAll(pattern, to) => {
                    // A pattern that gives up (reaches its limit) changes nothing.
                    let replaced = pattern.try_replacen(&text, 0, NoExpand(to)).map(Cow::into_owned);
                    text = replaced.unwrap_or(text);
                }
            }
        }
        text
    }
}

/// Collects a decoder's steps, except those that only matter between tokens (joining, dropping the first space).
fn collect(part: &Value, steps: &mut Vec<Step>) {
    let text =
        |value: Option<&Value>| value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_string);
    for name in ["decoders", "pretokenizers"] {
        part.get(name).and_then(Value::as_array).into_iter().flatten().for_each(|inner| collect(inner, steps));
    }
    match part.get("type").and_then(Value::as_str) {
        Some("ByteLevel") => steps.push(Step::ByteLevel),
        Some("ByteFallback") => steps.push(Step::ByteFallback),
        Some("Metaspace") => {
            steps.extend(text(part.get("replacement")).map(|mark| Step::Replace(mark, " ".into())));
        }
        Some("BPEDecoder") => {
            let suffix = text(part.get("suffix")).unwrap_or_else(|| "</w>".into());
            steps.push(Step::Replace(suffix, " ".into()));
        }
        Some("Replace") => {
            let content = part.get("content").and_then(Value::as_str).unwrap_or_default();
            let pattern = |kind| text(part.get("pattern").and_then(|pattern| pattern.get(kind)));
            steps.extend(pattern("String").map(|from| Step::Replace(from, content.into())));
            let regex = pattern("Regex").and_then(|regex| Regex::new(&regex).ok());
            steps.extend(regex.map(|regex| Step::ReplaceAll(Box::new(regex), content.into())));
        }
        _ => {}
    }
}

/// Bytes as a reader sees them: those that are not valid text on their own are written `<0xF0><0x9F>`.
pub(super) fn shown(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|e| e.as_bytes().iter().map(|b| format!("<0x{b:02X}>")).collect())
}

/// `<0x0A>` → 10.
pub(super) fn byte_named(token: &str) -> Option<u8> {
    let digits = token.strip_prefix("<0x")?.strip_suffix('>')?;
    (digits.len() == 2).then(|| u8::from_str_radix(digits, 16).ok())?
}

/// The bytes that a token in GPT-2's alphabet stands for; `None` if it has other letters.
pub(super) fn bytes_of(token: &str) -> Option<Vec<u8>> {
    token.chars().map(byte_of).collect()
}

/// The byte that a character of GPT-2's alphabet stands for: printable bytes stand for themselves,
/// the 68 others were moved to U+0100 and up, in order.
fn byte_of(c: char) -> Option<u8> {
    let printable = |b: u8| matches!(b, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let code = u32::from(c);
    match code.checked_sub(0x100) {
        Some(n @ 0..=32) => Some(n as u8),
        Some(n @ 33..=66) => Some((n - 33 + 127) as u8),
        Some(n) => (n == 67).then_some(0xad),
        None => u8::try_from(code).ok().filter(|b| printable(*b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn gpt2_alphabet_of_bytes() {
        assert_eq!(byte_of('Ġ'), Some(b' '));
        assert_eq!(byte_of('Ċ'), Some(b'\n'));
        assert_eq!(byte_of('a'), Some(b'a'));
        assert_eq!(byte_of('ð'), Some(0xf0));
        assert_eq!(byte_of('Ń'), Some(0xad));
        assert_eq!(byte_of('ń'), None);
        assert_eq!(byte_of(' '), None);
        let bytes = Spelling::new(&json!({"type": "ByteLevel"}), &Value::Null);
        assert_eq!((bytes.read("Ġdog").as_str(), bytes.read("ðŁ").as_str()), (" dog", "<0xF0><0x9F>"));
        assert_eq!((bytes_of("Ġa"), bytes_of("a b")), (Some(b" a".to_vec()), None));
    }

    #[test]
    fn decoders_say_how_tokens_read() {
        let llama = json!({"decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        ]}});
        let read = |file: &Value, token: &str| Spelling::new(&file["decoder"], &file["pre_tokenizer"]).read(token);
        assert_eq!(read(&llama, "▁dog"), " dog");
        assert_eq!(read(&llama, "<0x0A>"), "\n");
        assert_eq!(read(&llama, "<0xF0>"), "<0xF0>");
        assert_eq!(read(&llama, "<0xZZ>"), "<0xZZ>");
        let metaspace = json!({"decoder": null, "pre_tokenizer": {"type": "Metaspace", "replacement": "▁"}});
        assert_eq!(read(&metaspace, "▁the▁dog"), " the dog");
        let suffix = json!({"decoder": {"type": "BPEDecoder", "suffix": "</w>"}});
        assert_eq!(read(&suffix, "dog</w>"), "dog ");
        assert_eq!(read(&json!({"decoder": {"type": "ByteLevel"}}), "Ġdog"), " dog");
        assert_eq!(read(&json!({"decoder": {"type": "WordPiece"}}), "##ing"), "##ing");
    }
}
