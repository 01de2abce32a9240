//! Why there is no answer, and whose fault it is.

use attnscope::Error;
use serde::{Deserialize, Serialize};

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Whose fault, so that a page can say it in the right place.
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
        /// Words that are near it.
        near: Vec<String>,
    },
    /// The request: an edge or head that does not exist, a malformed message.
    Request,
    /// The model: not here, damaged, too large.
    Model,
    /// Too much at once; try again.
    Busy,
    /// The connection or the worker broke.
    Lost,
}

impl Failure {
    /// A wrong request.
    pub fn request(message: impl Into<String>) -> Self {
        Self { kind: FailureKind::Request, message: message.into() }
    }

    /// A model that is not here or cannot be used.
    pub fn model(message: impl Into<String>) -> Self {
        Self { kind: FailureKind::Model, message: message.into() }
    }

    /// A connection or a worker that broke.
    pub fn lost(message: impl Into<String>) -> Self {
        Self { kind: FailureKind::Lost, message: message.into() }
    }

    /// What went wrong while a text was cut into tokens: what is wrong with a request there, is wrong with its text.
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
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::UnknownWord { word, near, .. } => FailureKind::Text { word: Some(word.clone()), near: near.clone() },
            Error::Usage(_) | Error::Trace(_) => FailureKind::Request,
            Error::Format { .. } | Error::Config { .. } | Error::MissingTensor { .. } | Error::Io { .. } => {
                FailureKind::Model
            }
        };
        Self { kind, message: error.to_string() }
    }
}
