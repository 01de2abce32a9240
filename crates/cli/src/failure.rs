//! Errors of the command: one line on stderr and an exit code.

use attnscope_figures::token::{excerpt, plain};
use std::fmt::Display;
use std::io;
use std::process::ExitCode;

/// A longer message is cut to this much of its beginning, and its end, which says what to do.
const BEGINNING: usize = 900;
const END: usize = 300;

/// The most characters of a quotation in a message.
const MOST_QUOTED: usize = 80;

/// The user asked for something impossible: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(String);

/// An error of usage with this message.
pub fn usage(message: impl Into<String>) -> anyhow::Error {
    Usage(message.into()).into()
}

/// Words of the user, a file or a host, made plain and short for quoting in a message.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", excerpt(text, MOST_QUOTED))
}

/// Prints progress as one line on stderr.
pub fn note(message: impl Display) {
    anstream::eprintln!("{}", line(&message.to_string()));
}

/// A message as one plain line that is not too long, whatever it quotes.
fn line(message: &str) -> String {
    let message = message.trim_end();
    let length = message.chars().count();
    if length <= BEGINNING + END {
        return plain(message);
    }
    let end: String = message.chars().skip(length - END).collect();
    format!("{} {}", excerpt(message, BEGINNING), plain(&end))
}

/// Prints the error and returns the exit code: 2 for bad usage, 1 for failure. A reader that has closed the pipe
/// (`attnscope … | head`) is not a failure.
pub fn report(error: &anyhow::Error) -> ExitCode {
    if error.chain().any(is_broken_pipe) {
        return ExitCode::SUCCESS;
    }
    anstream::eprintln!("attnscope: {}", line(&message(error)));
    if error.chain().any(is_usage) { ExitCode::from(2) } else { ExitCode::FAILURE }
}

/// Prints a warning as one line on stderr; the work continues.
pub fn warn(message: &str) {
    note(format!("attnscope: warning: {message}"));
}

/// Prints clap's message about the arguments: help and version in full, errors on one line.
pub fn report_parsing(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};
    if matches!(error.kind(), DisplayHelp | DisplayVersion | DisplayHelpOnMissingArgumentOrSubcommand) {
        // A closed pipe is not a failure.
        let _ = error.print();
        return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
    }
    report(&usage(one_line(&error.to_string())))
}

/// clap's message without its heading, usage lines and last paragraph, but with a reference to the help.
fn one_line(message: &str) -> String {
    let paragraphs = message.trim_start_matches("error: ").split("\n\n").map(str::trim);
    let said = paragraphs.filter(|p| !p.is_empty() && !p.starts_with("Usage:") && !p.starts_with("For more"));
    let said: Vec<String> = said.map(|p| p.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    format!("{}; `attnscope help` says what there is", said.join("; "))
}

/// The error and its causes, each only once: many errors quote their cause in their own message.
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
        || matches!(cause.downcast_ref(), Some(attnscope_hub::Error::Open(error)) if error.is_usage())
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
    fn what_clap_says_fits_on_a_line() {
        use clap::Parser;
        let said = |args: &[&str]| {
            let args = [&["attnscope"], args].concat();
            one_line(&crate::Cli::try_parse_from(args).unwrap_err().to_string())
        };
        let more = "; `attnscope help` says what there is";
        let missing = "the following required arguments were not provided: --output <FILE>";
        assert_eq!(said(&["trace", "-t", "x"]), format!("{missing}{more}"));
        let wrong = said(&["completions", "bas"]);
        assert!(wrong.contains("'bas'") && wrong.contains("possible values: bash") && !wrong.contains('\n'), "{wrong}");
        assert!(said(&["predict", "--txt", "x"]).contains("--text"), "{}", said(&["predict", "--txt", "x"]));
    }

    #[test]
    fn a_message_is_one_plain_line_of_no_great_length() {
        assert_eq!(line("a\u{1b}[2Jb\nc\u{9b}d\u{202e}e\n"), "a<0x1B>[2Jb↵c<0x9B>d<U+202E>e");
        let long = line(&format!("begin {} end", "\u{200b}x".repeat(1_000_000)));
        assert!(long.starts_with("begin <U+200B>x") && long.ends_with("x end") && long.contains("… "), "{long}");
        assert!(long.chars().count() < 9 * (BEGINNING + END), "{}", long.len());
        assert_eq!(quoted("a\"b"), "\"a\"b\"");
        assert_eq!(quoted(&"é".repeat(1000)), format!("\"{}…\"", "é".repeat(MOST_QUOTED)));
    }

    #[test]
    fn causes_are_said_once() {
        let error = anyhow::anyhow!("no space").context("cannot write: no space").context("out.npz");
        assert_eq!(message(&error), "out.npz: cannot write: no space");
    }
}
