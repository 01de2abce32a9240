//! Which texts are tokenized at all. Tokenizing takes hundreds of bytes of memory per byte of text, so a text that
//! cannot fit is refused beforehand.

use super::Cutter;
use super::check::short;
use super::pieces::Pieces;
use crate::vocabulary::MAX_TEXT;
use crate::{Error, Tokenizer};
use fancy_regex::Regex;
use tokenizers::{
    AddedToken, NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer,
};

/// Bytes that are tokenized at once when counting tokens.
const WINDOW: usize = 32 << 10;
/// Tokens of the longest text that is read, whatever the file says: each takes about 500 bytes during tokenization.
const MOST: usize = 1 << 16;

/// The limits of a tokenizer.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    /// Bytes of the longest token.
    longest: usize,
    /// Whether every byte of a text is in some token, so that the number of tokens limits the length of the text.
    bounded: bool,
    /// A text may become this many times as long before it is cut.
    growth: usize,
    /// Patterns that may give up. The library would treat that as no match, and cut the text differently.
    patterns: Vec<Regex>,
}

impl Limits {
    pub fn new(
        longest: usize,
        added: &[AddedToken],
        bounded: bool,
        growth: usize,
        patterns: Vec<String>,
        origin: &str,
    ) -> Result<Self, Error> {
        let compile = |pattern: &String| {
            let shown = short(pattern);
            Regex::new(pattern).map_err(|e| Error::config(origin, format!("its pattern {shown:?} is none: {e}")))
        };
        let patterns = patterns.iter().map(compile).collect::<Result<_, _>>()?;
        let longest = added.iter().map(|token| token.content.len()).fold(longest, usize::max);
        let bounded = bounded && !added.iter().any(|token| token.lstrip || token.rstrip);
        Ok(Self { longest, bounded, growth, patterns })
    }

    /// Takes tokens into account that are added later.
    pub fn also(&mut self, added: &[AddedToken]) {
        self.longest = added.iter().map(|token| token.content.len()).fold(self.longest, usize::max);
        self.bounded &= !added.iter().any(|token| token.lstrip || token.rstrip);
    }

    /// The limits of a tokenizer that is computed here, whose patterns are looked at when they are used. `bounded`: every
    /// byte of a text is in some token.
    pub fn of_pieces(pieces: &Pieces, bounded: bool) -> Self {
        let bounded = bounded && !pieces.whole.values().any(|whole| whole.lstrip || whole.rstrip);
        let (longest, growth) = (pieces.vocab.longest(), pieces.normalize.growth());
        Self { longest, bounded, growth, patterns: Vec::new() }
    }
}

impl Tokenizer {
    /// Bytes of the longest token.
    pub fn longest_token(&self) -> usize {
        self.limits.longest
    }

    /// Refuses a text that `n_ctx` tokens cannot hold.
    pub fn check_text(&self, text: &str, n_ctx: usize) -> Result<(), Error> {
        crate::vocabulary::check_length(text)?;
        let (n, longest, n_ctx) = (text.len(), self.limits.longest, n_ctx.min(MOST));
        if self.limits.bounded && n > n_ctx.saturating_mul(longest) {
            return Err(Error::usage(format!(
                "the text has {n} bytes, but at most {n_ctx} tokens of at most {longest} bytes are read; shorten it"
            )));
        }
        self.check_patterns(text)?;
        self.check_count(text, n_ctx)
    }

    fn check_patterns(&self, text: &str) -> Result<(), Error> {
        for pattern in &self.limits.patterns {
            if let Some(Err(e)) = pattern.find_iter(text).find(Result::is_err) {
                let pattern = short(pattern.as_str());
                return Err(Error::usage(format!(
                    "the tokenizer's pattern {pattern:?} gives up on this text ({e}); shorten it"
                )));
            }
        }
        Ok(())
    }

    /// Counts the tokens of a long text in pieces, so that none takes much memory. A piece that ends within a word has
    /// a few more tokens than the whole text would have there, which is allowed for.
    fn check_count(&self, text: &str, n_ctx: usize) -> Result<(), Error> {
        let window = (WINDOW / self.limits.growth).max(64);
        let (mut rest, mut tokens, mut bytes, mut spare) = (text, 0usize, 0usize, 0usize);
        while text.len() > window && !rest.is_empty() {
            let end = (0..=window.min(rest.len())).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(0);
            let (piece, after) = rest.split_at(end);
            rest = after;
            bytes += self.prepared(piece)?;
            tokens += self.encode_piece(piece)?;
            spare += 16;
            if bytes > MAX_TEXT {
                return Err(Error::usage(format!(
                    "the text has {} bytes, and the tokenizer makes more than {MAX_TEXT} of them; shorten it",
                    text.len()
                )));
            }
            if tokens > n_ctx.saturating_add(spare) {
                return Err(Error::usage(format!(
                    "the text has more tokens than the {n_ctx} that are read: they end before byte {}; shorten it",
                    text.len() - rest.len()
                )));
            }
        }
        Ok(())
    }

    /// Bytes of a piece of text after normalization and pre-tokenization.
    fn prepared(&self, piece: &str) -> Result<usize, Error> {
        let inner = match &self.cutter {
            Cutter::Library(inner) => inner,
            Cutter::Pieces(pieces) => return pieces.normalized_len(piece),
        };
        let prepare = || {
            let mut text = NormalizedString::from(piece);
            inner.get_normalizer().map_or(Ok(()), |normalizer| normalizer.normalize(&mut text))?;
            let mut text = PreTokenizedString::from(text);
            inner.get_pre_tokenizer().map_or(Ok(()), |cut| cut.pre_tokenize(&mut text))?;
            let words = text.get_splits(OffsetReferential::Original, OffsetType::None);
            Ok(words.iter().map(|(word, ..)| word.len()).sum())
        };
        super::check::guarded(prepare).map_err(super::cannot_be_cut)
    }

    fn encode_piece(&self, piece: &str) -> Result<usize, Error> {
        match &self.cutter {
            Cutter::Library(inner) => {
                let encoding = super::check::guarded(|| inner.encode_fast(piece, false));
                encoding.map(|e| e.len()).map_err(super::cannot_be_cut)
            }
            Cutter::Pieces(pieces) => pieces.encode(piece).map(|ids| ids.len()),
        }
    }
}
