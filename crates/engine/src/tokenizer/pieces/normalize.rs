//! What happens to a text before it is cut: SentencePiece's normalizer, or Unicode's NFC.

use super::charsmap::Charsmap;
use super::vocab::{Prefixes, Vocab};
use std::borrow::Cow;
use tokenizers::normalizers::unicode::NFC;
use tokenizers::{NormalizedString, Normalizer};

/// What SentencePiece writes for a space.
pub(in crate::tokenizer) const MARK: &str = "\u{2581}";

/// Where a space is put before a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tokenizer) enum Prefix {
    Never,
    /// Before the text, unless a token that is matched whole stands there.
    First,
    /// Also behind every token that is matched whole.
    Each,
}

/// The steps before a text is cut.
#[derive(Clone, Debug)]
pub(in crate::tokenizer) enum Normalize {
    Nothing,
    Nfc,
    SentencePiece(Box<Spaces>),
}

/// SentencePiece's options.
#[derive(Clone, Debug)]
pub(in crate::tokenizer) struct Spaces {
    pub prefix: Prefix,
    /// The space is put behind the text instead of before it.
    pub as_suffix: bool,
    /// Of several spaces one is kept, and none at the ends.
    pub remove_extra: bool,
    /// Spaces become `▁`.
    pub escape: bool,
    pub letters: Option<Charsmap>,
    /// Tokens that users defined stay as they are.
    pub defined: Prefixes,
}

impl Normalize {
    /// A stretch of text, normalized. `first`: it begins the text; otherwise it follows a token that was matched whole.
    pub fn apply<'a>(&self, vocab: &Vocab, text: &'a str, first: bool) -> tokenizers::Result<Cow<'a, str>> {
        match self {
            Self::Nothing => Ok(text.into()),
            Self::Nfc if text.is_ascii() => Ok(text.into()),
            Self::Nfc => {
                let mut text = NormalizedString::from(text);
                NFC.normalize(&mut text)?;
                Ok(text.get().to_owned().into())
            }
            Self::SentencePiece(spaces) => Ok(spaces.apply(vocab, text, first).into()),
        }
    }

    /// A text may become this many times as long.
    pub fn growth(&self) -> usize {
        match self {
            Self::Nothing => 1,
            Self::Nfc => 3,
            // A space takes one byte, its mark three.
            Self::SentencePiece(spaces) => 3 * spaces.letters.as_ref().map_or(1, |letters| letters.growth),
        }
    }
}

impl Spaces {
    fn apply(&self, vocab: &Vocab, text: &str, first: bool) -> String {
        let space = if self.escape { MARK } else { " " };
        let prefix = self.prefix == Prefix::Each || self.prefix == Prefix::First && first;
        let mut out = String::with_capacity(text.len() + text.len() / 2);
        let mut rest = text;
        if self.remove_extra {
            while let Some(after) = self.next(vocab, rest).filter(|(_, piece)| *piece == " ").map(|(len, _)| len) {
                rest = &rest[after..];
            }
        }
        if rest.is_empty() {
            return out;
        }
        if prefix && !self.as_suffix {
            out.push_str(space);
        }
        let mut after_space = self.remove_extra;
        while let Some((len, piece)) = self.next(vocab, rest) {
            let piece = if after_space { piece.trim_start_matches(' ') } else { piece };
            for c in piece.chars() {
                if c == ' ' { out.push_str(space) } else { out.push(c) }
            }
            if !piece.is_empty() {
                after_space = piece.ends_with(' ');
            }
            after_space &= self.remove_extra;
            rest = &rest[len..];
        }
        if self.remove_extra {
            out.truncate(out.trim_end_matches(space).len());
        }
        if prefix && self.as_suffix {
            out.push_str(space);
        }
        out
    }

    /// What the text begins with: its length, and what is written for it.
    fn next<'a>(&'a self, vocab: &Vocab, text: &'a str) -> Option<(usize, &'a str)> {
        let letter = text.chars().next()?.len_utf8();
        if let Some(id) = self.defined.longest(vocab, text.as_bytes()) {
            let len = vocab.get(id).len();
            return Some((len, text.get(..len)?));
        }
        let replaced = self.letters.as_ref().and_then(|letters| letters.longest(text.as_bytes()));
        // A beginning that ends within a letter is none.
        let replaced = replaced.filter(|(len, _)| text.is_char_boundary(*len));
        Some(replaced.unwrap_or((letter, &text[..letter])))
    }
}

#[cfg(test)]
mod tests {
    use super::super::charsmap::tests::small;
    use super::*;

    #[test]
    fn spaces_are_kept_or_removed() {
        let spaces = Spaces {
            prefix: Prefix::First,
            as_suffix: false,
            remove_extra: false,
            escape: true,
            letters: Charsmap::read(&small(), "m").unwrap(),
            defined: Prefixes::default(),
        };
        let apply = |spaces: &Spaces, text: &str, first| spaces.apply(&Vocab::default(), text, first);
        assert_eq!(apply(&spaces, " A  b ", true), "▁▁a▁▁b▁");
        assert_eq!(apply(&spaces, "A", false), "a");
        assert_eq!(apply(&spaces, "", true), "");
        assert_eq!(apply(&Spaces { prefix: Prefix::Each, ..spaces.clone() }, "A", false), "▁a");
        let removing = Spaces { remove_extra: true, ..spaces.clone() };
        assert_eq!(apply(&removing, "  A   b ", true), "▁a▁b");
        assert_eq!(apply(&removing, "   ", true), "");
        assert_eq!(apply(&Spaces { as_suffix: true, ..removing }, " A b", true), "a▁b▁");
        assert_eq!(apply(&Spaces { escape: false, prefix: Prefix::Never, ..spaces }, "A b", true), "a b");
    }

    #[test]
    fn nfc_puts_accents_on_their_letters() {
        let composed = Normalize::Nfc.apply(&Vocab::default(), "e\u{301}", true).unwrap();
        assert_eq!(composed, "\u{e9}");
    }
}
