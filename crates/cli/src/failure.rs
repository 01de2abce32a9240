//! What goes wrong, and how it ends: one line on stderr and an exit code.

use std::io;
use std::process::ExitCode;

/// The user asked for something that cannot be: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(String);

/// An error of usage with this message.
pub fn usage(message: impl Into<String>) -> anyhow::Error {
    Usage(message.into()).into()
}

/// Prints the error and gives the exit code: 2 for bad usage, 1 for failure. Nobody reading our output any more
/// (`attnscope … | head`) is no failure.
pub fn report(error: &anyhow::Error) -> ExitCode {
    if error.chain().any(is_broken_pipe) {
        return ExitCode::SUCCESS;
    }
    // A message that quotes the user or a file may hold line breaks and worse: one line, nothing invisible.
    let message: String = message(error).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    anstream::eprintln!("attnscope: {message}");
    if error.chain().any(is_usage) { ExitCode::from(2) } else { ExitCode::FAILURE }
}

/// The error and its causes, each said once: many errors quote their cause in their own message.
fn message(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if message.is_empty() {
            message = cause;
        } else if !message.contains(&cause) {
            message = format!("{message}: {cause}");
        }
    }
    message
}

fn is_usage(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.is::<Usage>()
        || cause.downcast_ref::<attnscope::Error>().is_some_and(attnscope::Error::is_usage)
        || matches!(
            cause.downcast_ref::<attnscope_figures::figure::Error>(),
            Some(attnscope_figures::figure::Error::NoSuch { .. })
        )
        || matches!(cause.downcast_ref(), Some(attnscope_figures::OutputError::Size { .. }))
}

fn is_broken_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_said_once() {
        let error = anyhow::anyhow!("no space").context("cannot write: no space").context("out.npz");
        assert_eq!(message(&error), "out.npz: cannot write: no space");
    }
}
