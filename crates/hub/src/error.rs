//! What callers are told when a model cannot be pulled, found or opened.

/// Why a model could not be pulled, found or opened. Its message and its causes' are one line each.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model with this name is not on this machine; [`pull`](crate::pull) may get it.
    #[error("the model {0:?} is not on this machine: run `attnscope pull {0}`")]
    NotHere(String),
    /// The model is here, but the engine cannot open it.
    #[error(transparent)]
    Open(#[from] attnscope::Error),
    /// Anything else: a name that means no model, a setting, the disk, or the Hub.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}
