//! The command `attnscope`: reads its arguments, runs, and reports an error on one line.
#![forbid(unsafe_code)]

use attnscope_cli::{Cli, failure};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Bad usage that clap sees ends in here, with code 2 and clap's own message.
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error),
    }
}
