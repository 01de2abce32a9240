//! The small parts of a `tokenizer.json`: those that change a text before it is cut, cut it, and join it again.

use super::check::short;
use crate::Error;
use serde_json::Value;

/// How many times as long a text may become on its way, at most.
pub(super) const MOST_GROWTH: usize = 256;
/// Number of parts of one kind, and nesting depth of lists of them.
const MOST_PARTS: usize = 64;
const DEEPEST: usize = 8;
/// Patterns: each takes up to 10 MB when compiled.
const MOST_PATTERNS: usize = 8;
const LONGEST_PATTERN: usize = 2048;
/// Pieces of a template, and ids of one of its special tokens.
const MOST_PIECES: usize = 64;

/// The properties of the parts that a text passes through.
#[derive(Debug)]
pub(super) struct Found {
    /// The text may become this many times as long.
    pub growth: usize,
    /// Patterns with lookaround, which may give up.
    pub patterns: Vec<String>,
    n_parts: usize,
    n_patterns: usize,
    n_templates: usize,
    n_decoders: usize,
    origin: String,
}

impl Found {
    pub fn new(origin: &str) -> Self {
        let (patterns, origin) = (Vec::new(), origin.into());
        Self { growth: 1, patterns, n_parts: 0, n_patterns: 0, n_templates: 0, n_decoders: 0, origin }
    }

    /// Checks a `normalizer`.
    pub fn normalizer(&mut self, part: &Value) -> Result<(), Error> {
        self.each("normalizer", "normalizers", part, 0, &mut Self::one_normalizer)
    }

    /// Checks a `pre_tokenizer`.
    pub fn pre_tokenizer(&mut self, part: &Value) -> Result<(), Error> {
        self.each("pre_tokenizer", "pretokenizers", part, 0, &mut Self::one_pre_tokenizer)
    }

    /// Checks a `post_processor`.
    pub fn post_processor(&mut self, part: &Value) -> Result<(), Error> {
        self.each("post_processor", "processors", part, 0, &mut Self::one_post_processor)
    }

    /// Checks a `decoder`. It reads tokens, which are short, so it has its own growth.
    pub fn decoder(&mut self, part: &Value) -> Result<(), Error> {
        let before = std::mem::replace(&mut self.growth, 1);
        self.each("decoder", "decoders", part, 0, &mut Self::one_decoder)?;
        self.growth = before;
        Ok(())
    }

    /// Calls `look` with the type of each part in nested lists.
    fn each(
        &mut self,
        slot: &str,
        list: &str,
        part: &Value,
        depth: usize,
        look: &mut dyn FnMut(&mut Self, &str, &Value) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.n_parts += 1;
        if self.n_parts > MOST_PARTS || depth > DEEPEST {
            return self.fail(format!("its `{slot}` has more than {MOST_PARTS} parts, or lists within lists"));
        }
        let Some(kind) = part.get("type").and_then(Value::as_str) else {
            return self.fail(format!("a part of its `{slot}` does not say its `type`"));
        };
        if kind != "Sequence" {
            return look(self, kind, part);
        }
        let Some(Value::Array(parts)) = part.get(list) else {
            return self.fail(format!("a `Sequence` in its `{slot}` has no list `{list}`"));
        };
        parts.iter().try_for_each(|part| self.each(slot, list, part, depth + 1, look))
    }

    fn one_normalizer(&mut self, kind: &str, part: &Value) -> Result<(), Error> {
        match kind {
            "Precompiled" => {
                let map = self.text(kind, part, "precompiled_charsmap")?;
                let map = super::tiktoken::base64(map)
                    .ok_or_else(|| self.error("its normalizer `Precompiled` is not base64"))?;
                match super::pieces::Charsmap::read(&map, &self.origin)? {
                    Some(map) => self.grow(map.growth),
                    None => self.fail("its normalizer `Precompiled` is empty"),
                }
            }
            // The library recognises this one by its fields; without them it would take it for another one.
            "Bert" | "BertNormalizer" => {
                let fields = ["clean_text", "handle_chinese_chars", "lowercase"];
                match fields.iter().find(|field| !part.get(field).is_some_and(Value::is_boolean)) {
                    Some(field) => self.fail(format!("its normalizer `{kind}` needs `{field}`, true or false")),
                    None => self.grow(9),
                }
            }
            "Strip" | "StripAccents" | "Nmt" => Ok(()),
            "Lowercase" | "ByteLevel" => self.grow(2),
            // One character grows at most 3 times, or 11 times in compatibility forms.
            "NFC" | "NFD" => self.grow(3),
            "NFKC" | "NFKD" => self.grow(11),
            "Prepend" => {
                let text = self.text(kind, part, "prepend")?;
                if text.is_empty() {
                    return self.fail("its normalizer `Prepend` has nothing to prepend");
                }
                // It is put before each piece between added tokens, the shortest of which is one byte.
                self.grow(1 + text.len())
            }
            "Replace" => self.replace(part),
            other => self.unknown("normalizer", other),
        }
    }

    fn one_pre_tokenizer(&mut self, kind: &str, part: &Value) -> Result<(), Error> {
        match kind {
            "BertPreTokenizer" | "CharDelimiterSplit" | "Delimiter" | "Whitespace" | "WhitespaceSplit"
            | "Punctuation" | "Digits" | "UnicodeScripts" => Ok(()),
            // A space before each piece, and two bytes for each byte that cannot be printed.
            "ByteLevel" if part.get("add_prefix_space").is_none_or(|b| b != false) => self.grow(4),
            "ByteLevel" => self.grow(2),
            "Metaspace" => self.grow(8),
            "FixedLength" => match part.get("length") {
                Some(n) if n.as_u64().is_none_or(|n| n == 0) => {
                    self.fail(format!("its pre-tokenizer `FixedLength` has the length {n}, expected 1 or more"))
                }
                _ => Ok(()),
            },
            "Split" => self.pattern(kind, part).map(drop),
            other => self.unknown("pre_tokenizer", other),
        }
    }

    fn one_decoder(&mut self, kind: &str, part: &Value) -> Result<(), Error> {
        self.n_decoders += 1;
        match kind {
            // It counts down from the number of tokens, and a decoder before it may have left none.
            "BPEDecoder" if self.n_decoders > 1 => self.fail("its decoder `BPEDecoder` stands behind another"),
            "ByteLevel" | "WordPiece" | "Metaspace" | "CTC" | "Fuse" | "ByteFallback" => Ok(()),
            "BPEDecoder" => match self.text(kind, part, "suffix")? {
                "" => self.fail("its decoder `BPEDecoder` has no suffix"),
                _ => Ok(()),
            },
            // The library cuts off the end without checking that enough characters are there.
            "Strip" if part.get("stop").is_none_or(|n| n != 0) => {
                self.fail("its decoder `Strip` cuts off the end of tokens (`stop`), which is not supported")
            }
            "Strip" => Ok(()),
            "Replace" => self.replace(part),
            other => self.unknown("decoder", other),
        }
    }

    fn one_post_processor(&mut self, kind: &str, part: &Value) -> Result<(), Error> {
        let known = ["ByteLevel", "RobertaProcessing", "BertProcessing", "TemplateProcessing"];
        if !known.contains(&kind) {
            return self.unknown("post_processor", kind);
        }
        // The library decides by the fields instead of the type, and so do we.
        let template = part.get("single").is_some() || part.get("special_tokens").is_some();
        if template || part.get("sep").is_some() {
            self.n_templates += 1;
            if self.n_templates > 1 {
                return self.fail("it puts special tokens around a text twice");
            }
        }
        if template { self.template(part) } else { Ok(()) }
    }

    /// `$A` once, no `$B`, and special tokens that are listed.
    fn template(&self, part: &Value) -> Result<(), Error> {
        let at = "its post-processor `TemplateProcessing`";
        let Some(Value::Array(single)) = part.get("single") else {
            return self.fail(format!("{at} has no list `single`"));
        };
        if single.len() > MOST_PIECES {
            return self.fail(format!("{at} has {} pieces, expected at most {MOST_PIECES}", single.len()));
        }
        let mut texts = 0;
        for piece in single {
            if let Some(id) = piece.pointer("/Sequence/id") {
                if id != "A" {
                    return self.fail(format!("{at} wants a second text ({id}) where there is one"));
                }
                texts += 1;
            } else {
                let id = piece.pointer("/SpecialToken/id").and_then(Value::as_str);
                let Some(id) = id else { return self.fail(format!("{at} has a piece that is neither text nor token")) };
                self.special(at, id, part)?;
            }
        }
        if texts == 1 { Ok(()) } else { self.fail(format!("{at} has the text {texts} times, expected once")) }
    }

    fn special(&self, at: &str, id: &str, part: &Value) -> Result<(), Error> {
        let id_shown = short(id);
        let Some(token) = part.get("special_tokens").and_then(|all| all.get(id)) else {
            return self.fail(format!("{at} uses the token {id_shown:?}, which it does not list"));
        };
        let len = |name: &str| token.get(name).and_then(Value::as_array).map(Vec::len);
        match (len("ids"), len("tokens")) {
            (Some(a), Some(b)) if a == b && a <= MOST_PIECES => Ok(()),
            _ => self.fail(format!("{at} lists {id_shown:?} with ids and tokens that do not fit each other")),
        }
    }

    /// A `Replace`: its pattern must not match empty text, and its replacement must not be much longer than the match.
    fn replace(&mut self, part: &Value) -> Result<(), Error> {
        let least = self.pattern("Replace", part)?;
        let Some(least) = least.filter(|n| *n > 0) else {
            return self
                .fail("its `Replace` has a pattern that may match nothing, or looks around: that is not supported");
        };
        let content = self.text("Replace", part, "content")?;
        self.grow(content.len().div_ceil(least).max(1))
    }

    /// Checks a pattern; returns the fewest bytes that it matches, if that is known.
    fn pattern(&mut self, kind: &str, part: &Value) -> Result<Option<usize>, Error> {
        let pattern = part.get("pattern");
        if let Some(text) = pattern.and_then(|p| p.get("String")).and_then(Value::as_str) {
            if text.is_empty() || text.len() > LONGEST_PATTERN {
                return self.fail(format!(
                    "its `{kind}` has a pattern of {} bytes, expected 1 to {LONGEST_PATTERN}",
                    text.len()
                ));
            }
            return Ok(Some(text.len()));
        }
        let Some(text) = pattern.and_then(|p| p.get("Regex")).and_then(Value::as_str) else {
            return self.fail(format!("its `{kind}` has no pattern, `String` or `Regex`"));
        };
        self.n_patterns += 1;
        if text.len() > LONGEST_PATTERN || self.n_patterns > MOST_PATTERNS {
            return self.fail(format!(
                "its `{kind}` has a pattern of {} bytes; at most {MOST_PATTERNS} of {LONGEST_PATTERN} bytes are read",
                text.len()
            ));
        }
        match regex_syntax::parse(text) {
            Ok(parsed) => Ok(parsed.properties().minimum_len()),
            Err(_) => {
                self.patterns.push(text.into());
                Ok(None)
            }
        }
    }

    fn text<'a>(&self, kind: &str, part: &'a Value, field: &str) -> Result<&'a str, Error> {
        match part.get(field).and_then(Value::as_str) {
            Some(text) => Ok(text),
            None => Err(self.error(format!("its `{kind}` needs `{field}`, a text"))),
        }
    }

    fn grow(&mut self, times: usize) -> Result<(), Error> {
        self.growth = self.growth.saturating_mul(times);
        if self.growth > MOST_GROWTH {
            return self.fail(format!("its parts may make a text more than {MOST_GROWTH} times as long"));
        }
        Ok(())
    }

    fn unknown(&self, slot: &str, kind: &str) -> Result<(), Error> {
        self.fail(format!("its `{slot}` has a part of the type `{}`, which attnscope does not know", short(kind)))
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T, Error> {
        Err(self.error(message))
    }

    fn error(&self, message: impl Into<String>) -> Error {
        Error::config(&self.origin, message)
    }
}
