//! The reason why there is no answer, and what caused it.

use attnscope::Error;
use serde::{Deserialize, Serialize};

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What caused it, so that a page can show the message in the right place.
    pub kind: FailureKind,
    /// One line: what was expected, what was found, what to do.
    pub message: String,
}

/// Kinds of failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// The text: empty, too long, or with a word that the model does not know.
    Text {
        /// The word that the model does not know, if that is what is wrong.
        word: Option<String>,
        /// Known words with a similar spelling.
        near: Vec<String>,
    },
    /// The request: an edge or head that does not exist, a malformed message.
    Request,
    /// The model: it does not exist, is damaged, or is too large.
    Model,
    /// Too much at once; try again.
    Busy,
    /// The connection or the worker broke.
    Lost,
}

impl Failure {
    fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: plain(&message.into()) }
    }

    /// A wrong request.
    pub fn request(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Request, message)
    }

    /// A model that does not exist or cannot be used.
    pub fn model(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Model, message)
    }

    /// A connection or a worker that broke.
    pub fn lost(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Lost, message)
    }

    /// The message without the words that are near an unknown one, for who offers those beside it.
    pub fn without_near(&self) -> &str {
        let FailureKind::Text { near, .. } = &self.kind else { return &self.message };
        let listed = format!("; near: {}", near.join(", "));
        self.message.strip_suffix(&listed).unwrap_or(&self.message)
    }

    /// An error while a text was tokenized: errors that would otherwise blame the request blame its text.
    pub(crate) fn of_text(error: Error) -> Self {
        match Self::from(error) {
            Self { kind: FailureKind::Request, message } => {
                Self { kind: FailureKind::Text { word: None, near: Vec::new() }, message }
            }
            other => other,
        }
    }
}

impl From<Error> for Failure {
    fn from(mut error: Error) -> Self {
        if let Error::UnknownWord { word, .. } = &mut error {
            *word = word.chars().take(MAX_QUOTE).collect();
        }
        let kind = match &error {
            Error::UnknownWord { word, near, .. } => FailureKind::Text { word: Some(word.clone()), near: near.clone() },
            Error::Usage(_) | Error::Trace(_) => FailureKind::Request,
            // Errors of files and of the machine.
            _ => FailureKind::Model,
        };
        Self::new(kind, error.to_string())
    }
}

/// Characters of a request that an answer quotes.
pub const MAX_QUOTE: usize = 200;
/// Characters of a message: its own words, which are fewer, and its quotations.
const MAX_MESSAGE: usize = 1000;

/// A part of a request in quotation marks, cut to the length that is quoted.
pub fn quoted(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTE) {
        Some((end, _)) => format!("\"{}\"…", plain(&text[..end])),
        None => format!("\"{}\"", plain(text)),
    }
}

/// Stands for a character that is invisible or changes the direction of text.
const HIDDEN: &str = "[hidden character]";

/// The message as one line in which nothing is hidden.
fn plain(message: &str) -> String {
    let mut line = String::new();
    let mut before = None;
    let mut chars = message.chars().take(MAX_MESSAGE).peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\r' | '\t' => line.push(' '),
            _ if is_plain(c) => line.push(c),
            // Some emoji are several, joined.
            JOINER if before.is_some_and(is_joined) && chars.peek().copied().is_some_and(is_joined) => line.push(c),
            _ => line.push_str(HIDDEN),
        }
        before = Some(c);
    }
    if message.chars().nth(MAX_MESSAGE).is_some() {
        line.push('…');
    }
    line
}

const JOINER: char = '\u{200d}';

/// Whether a character may stand beside a joiner: one that is seen, and no letter that the joiner would hide in.
fn is_joined(c: char) -> bool {
    is_plain(c) && !c.is_ascii() && !c.is_alphabetic()
}

/// Neither a control character nor one that is invisible or changes the direction of writing.
fn is_plain(c: char) -> bool {
    let hidden = ['\u{ad}', '\u{61c}', '\u{180e}', '\u{feff}'];
    let ranges = ['\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2060}'..='\u{206f}', '\u{e0000}'..='\u{e007f}'];
    !c.is_control() && !hidden.contains(&c) && !ranges.iter().any(|range| range.contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_line_that_hides_nothing() {
        let failure = Failure::request("a\nb\u{202e}c\u{1b}[2Jd\u{200b}é");
        assert_eq!(failure.message, "a b[hidden character]c[hidden character][2Jd[hidden character]é");
        assert_eq!(
            Failure::request("👩\u{200d}🚀 ❤\u{fe0f}, x\u{200d}y").message,
            "👩\u{200d}🚀 ❤\u{fe0f}, x[hidden character]y"
        );
        assert_eq!(quoted("x"), "\"x\"");
        assert_eq!(quoted("❤\u{fe0f}\u{200b}"), "\"❤\u{fe0f}[hidden character]\"");
        assert_eq!(quoted(&"é".repeat(300)), format!("\"{}\"…", "é".repeat(200)));
        assert!(Failure::model("x".repeat(1 << 20)).message.len() < 2 * MAX_MESSAGE);
    }

    #[test]
    fn an_unknown_words_near_ones_are_listed_once() {
        let error = |near: &[&str]| Error::UnknownWord {
            word: "dogg❤\u{fe0f}".into(),
            position: 3,
            near: near.iter().map(ToString::to_string).collect(),
        };
        let failure = Failure::from(error(&["dog", "dock"]));
        assert!(failure.message.ends_with("(word 3); near: dog, dock"), "{failure}");
        assert_eq!(failure.without_near(), "the lesson model does not know \"dogg❤\u{fe0f}\" (word 3)");
        let failure = Failure::from(error(&[]));
        assert_eq!(failure.without_near(), failure.message);
    }

    #[test]
    fn an_unknown_word_is_not_repeated_without_end() {
        let error = Error::UnknownWord { word: "w".repeat(1 << 20), position: 1, near: Vec::new() };
        let Failure { kind, message } = error.into();
        assert!(matches!(kind, FailureKind::Text { word: Some(word), .. } if word.len() == MAX_QUOTE));
        assert!(message.contains(&"w".repeat(MAX_QUOTE)) && !message.contains(&"w".repeat(MAX_QUOTE + 1)));
    }
}
