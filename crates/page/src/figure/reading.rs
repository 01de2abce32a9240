//! One word read in several texts, and other words read where nothing more is said about them: their vectors after every
//! layer. For figures that follow a word through a model.

use crate::{Missing, Page};
use attnscope::analysis::{Depths, depths};
use attnscope::{Number, Site, Token};
use attnscope_figures::token::{excerpt, spoken};
use attnscope_protocol::{Prompt, Request, Response, Run, Spot};
use attnscope_words::{key, words};

/// Two kinds of words that the lesson model and real ones know.
pub(super) const KINDS: [(&str, &str); 2] =
    [(key!("animal"), "cat, cow, rabbit, fox, wolf"), (key!("food"), "pizza, bread, soup, cheese, cake")];

/// The text in which a word is read by itself, with a gap.
pub(super) const ALONE: &str = "the … was";

/// The name of a text in a figure: a long one's beginning, since each mark repeats it.
pub(super) fn named(text: &str) -> String {
    excerpt(text, 120)
}

/// A text, read for the vectors of one of its words.
pub(super) struct Reading {
    /// Its name in the figure.
    pub name: String,
    /// Its run.
    pub of: Prompt,
    /// The position that is followed; `None` for the word before the final `was`.
    pub position: Option<usize>,
}

impl Reading {
    /// A word in a text that says nothing more about it.
    pub fn alone(model: &str, word: &str) -> Self {
        let of = Prompt::plain(model, &ALONE.replace('…', word));
        Self { name: word.into(), of, position: None }
    }

    /// A token of the reader's sentence, in a text that says nothing more about it; `None` if it is not a word of its own:
    /// a part of one, a space, a sign.
    ///
    /// # Errors
    /// The text has not been read yet.
    pub fn of_token(page: &Page<'_>, model: &str, token: &Token, at: usize) -> Result<Option<Self>, Missing> {
        let word = token.text.trim();
        if word.is_empty() || !word.chars().all(char::is_alphabetic) {
            return Ok(None);
        }
        let alone = Self::alone(model, word);
        let found = ask(page, &alone.of)?.trace.tokens.get(alone.position(page)?).map(|token| token.id);
        // The first word of a sentence may be another token than within one.
        Ok((found == Some(token.id) || at == 0).then_some(alone))
    }

    /// The first token of a text that looks like this word.
    pub fn same_word(page: &Page<'_>, model: &str, text: &str, word: &str) -> Result<Self, Missing> {
        let of = Prompt::plain(model, text);
        let at = page.tokens_in(&of)?.0.iter().position(|token| spoken(&token.text) == word);
        let none = || Missing::Nothing(words!("The sentence to compare with has no {word:?}: {text}"));
        Ok(Self { name: named(text), of, position: Some(at.ok_or_else(none)?) })
    }

    /// The word's vectors: before any layer, and after each.
    pub fn depths(&self, page: &Page<'_>) -> Result<Depths, Missing> {
        // Of a text that may be long, one token's vectors; one that is read for its word alone is short.
        if let Some(position) = self.position {
            let request = Request::Depths { prompt: self.of.clone(), position };
            let Response::Depths(found) = page.ask(&request)? else { return Err(Missing::Waiting) };
            return Ok(found.clone());
        }
        let missing = || Missing::Nothing(words!("This model does not keep what each layer leaves.").into());
        depths(&ask(page, &self.of)?.trace, self.position(page)?).ok_or_else(missing)
    }

    /// The position of the word: the given one, or the last of the tokens before the final `was`.
    pub fn position(&self, page: &Page<'_>) -> Result<usize, Missing> {
        if let Some(position) = self.position {
            return Ok(position);
        }
        let trace = &ask(page, &self.of)?.trace;
        // After the last word an encoder reads one more token, its separator.
        let after = if trace.model.causal { 2 } else { 3 };
        Ok(trace.tokens.len().saturating_sub(after))
    }

    /// How many tokens its text has, which is a short one.
    pub fn length(&self, page: &Page<'_>) -> Result<usize, Missing> {
        Ok(ask(page, &self.of)?.trace.tokens.len())
    }

    /// Where the word stands, for a question about it.
    pub fn spot(&self, page: &Page<'_>) -> Result<Spot, Missing> {
        Ok(Spot { text: self.of.text.clone(), position: self.position(page)? })
    }

    /// The first number of the word's vector at a depth.
    pub fn number(&self, page: &Page<'_>, depth: usize) -> Result<Number, Missing> {
        let position = self.position(page)?;
        Ok(match depth.checked_sub(1) {
            None => Site::Embed.at([position, 0]),
            Some(layer) => Site::ResidPost.in_layer(layer, [position, 0]),
        })
    }
}

/// The words of a comma-separated list, at most `most`.
pub(super) fn listed(words: &str, most: usize) -> Vec<String> {
    words.split(',').map(str::trim).filter(|w| !w.is_empty()).take(most).map(str::to_owned).collect()
}

/// That some of the words are not used, if a list has more than `most`.
pub(super) fn left_out<S: AsRef<str>>(lists: &[S], most: usize) -> Option<String> {
    let longest = lists.iter().map(|words| listed(words.as_ref(), usize::MAX).len()).max()?;
    (longest > most).then(|| words!("Of each kind only the first {most} words are used."))
}

/// The vectors of all of them; if several lack an answer, all of these are wanted at once.
pub(super) fn vectors(page: &Page<'_>, readings: &[Reading]) -> Result<Vec<Depths>, Missing> {
    readings.iter().map(|reading| reading.depths(page)).collect::<Vec<_>>().into_iter().collect()
}

/// A run of a short text that keeps the stream of every layer.
fn ask<'a>(page: &Page<'a>, of: &Prompt) -> Result<&'a Run, Missing> {
    page.run_of(&Request::Run { prompt: of.clone(), capture: "embed,resid_post".into(), layers: None, top: 0 })
}
