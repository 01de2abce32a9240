//! The errors of the engine, each a message of one line: what was expected, what was found, where, what to do.

use std::path::{Path, PathBuf};

/// An error of the engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file is not what it should be: truncated, of another format, or inconsistent.
    #[error("{origin}: {message}")]
    Format {
        /// The file.
        origin: String,
        /// What is wrong with it.
        message: String,
    },
    /// A file is valid, but describes a model that this engine does not run.
    #[error("{origin}: {message}")]
    Config {
        /// The file.
        origin: String,
        /// What is not supported.
        message: String,
    },
    /// A tensor that the architecture needs is not in the file.
    #[error("{origin}: tensor `{name}` is missing; the file is incomplete or not of the architecture it names")]
    MissingTensor {
        /// The file.
        origin: String,
        /// The tensor.
        name: String,
    },
    /// The caller asked for something that does not exist.
    #[error("{0}")]
    Usage(String),
    /// A word that is not in the vocabulary of a model of whole words.
    #[error("the lesson model does not know \"{word}\" (word {position}){}", hint(near))]
    UnknownWord {
        /// The word, as it was read.
        word: String,
        /// Its place in the text, counted from 1.
        position: usize,
        /// Known words with a similar spelling, nearest first.
        near: Vec<String>,
    },
    /// The operating system reported an error.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// A trace could not be written or read.
    #[error("trace: {0}")]
    Trace(String),
}

impl Error {
    /// A damaged file, or one of another format.
    pub fn format(origin: &str, message: impl Into<String>) -> Self {
        Self::Format { origin: origin.into(), message: message.into() }
    }

    /// A model that is not supported.
    pub fn config(origin: &str, message: impl Into<String>) -> Self {
        Self::Config { origin: origin.into(), message: message.into() }
    }

    /// A tensor that is not there.
    pub fn missing_tensor(origin: &str, name: &str) -> Self {
        Self::MissingTensor { origin: origin.into(), name: name.into() }
    }

    /// A wrong request.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// A file that cannot be read or written.
    pub fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.into(), source }
    }

    /// The same error under another file name.
    #[cfg(any(not(target_arch = "wasm32"), feature = "tokenizers"))]
    pub(crate) fn renamed(mut self, from: &str, to: &str) -> Self {
        if let Self::Format { origin, .. } | Self::Config { origin, .. } | Self::MissingTensor { origin, .. } =
            &mut self
            && origin == from
        {
            *origin = to.into();
        }
        self
    }

    /// Whether the request was wrong, as opposed to a file or the machine.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Usage(_) | Self::UnknownWord { .. })
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

/// Refuses an index that is not below `n`; the error says which ones exist.
pub(crate) fn check_index(at: usize, n: usize, what: &str, there_are: &str) -> Result<(), Error> {
    if at < n {
        return Ok(());
    }
    let last = n.saturating_sub(1);
    Err(Error::usage(format!("there is no {what} {at}: {there_are} 0 to {last}")))
}

/// The name whose spelling is nearest to this one, if any is similar.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_ascii_lowercase();
    let scored = names.map(|name| (strsim::jaro_winkler(&wanted, &name.to_ascii_lowercase()), name));
    scored.filter(|(score, _)| *score > 0.75).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

fn hint(near: &[String]) -> String {
    match near {
        [] => "; put another word in its place".into(),
        near => format!("; near: {}", near.join(", ")),
    }
}
