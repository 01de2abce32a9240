//! The command `attnscope`: reads its arguments, runs, and reports an error on one line.
#![forbid(unsafe_code)]

use attnscope_cli::{Cli, failure};
use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static MEMORY: attnscope::HugePages = attnscope::HugePages;

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => cli.run().map_or_else(|error| failure::report(&error), |()| ExitCode::SUCCESS),
        Err(error) => failure::report_parsing(&error),
    }
}
