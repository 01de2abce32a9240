//! The reasons why a repository could not be fetched.

/// An error of the Hub. Each message continues a sentence that begins with "the Hub".
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No answer.
    #[error("cannot be reached ({0})")]
    Unreachable(String),
    /// An answer with an error status.
    #[error("says {0} ({hint})", hint = hint(*.0))]
    Refused(u16),
    /// An answer that does not follow the Hub's protocol, or that cannot be trusted.
    #[error("gives an answer that cannot be used: {0}")]
    Unusable(String),
    /// A file whose transfer did not complete, however often it was resumed.
    #[error("broke off ({0}); pull again to go on from there")]
    BrokeOff(String),
    /// An error that is not the Hub's.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

fn hint(status: u16) -> &'static str {
    match status {
        300..=399 => "a redirect of a kind that is not followed: check HF_ENDPOINT",
        401 => {
            "the repository does not exist, is private, or asks for its terms to be accepted on its page: check its name, or set HF_TOKEN"
        }
        403 => "access is not granted: accept the model's terms on its page, and set HF_TOKEN",
        404 => "no such repository or revision: check the name",
        416 => "it has not the part of the file that was asked for: pull again",
        429 => "too many requests: wait a while, or set HF_TOKEN",
        _ => "try again later",
    }
}
