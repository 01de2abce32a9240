//! The command `attnscope`. The binary is thin; everything is here, so that tests can reach it.
#![forbid(unsafe_code)]

pub mod command;
pub mod pull;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Attention, visualized: look at every number of a transformer's attention
#[derive(Debug, Parser)]
#[command(name = "attnscope", version, arg_required_else_help = true)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "each has its text at its arguments, and clap shows that one")]
pub enum Command {
    Pull(command::pull::PullArgs),
    Models(command::models::ModelsArgs),
}

impl Cli {
    /// Does what was asked for.
    pub fn run(&self) -> Result<()> {
        match &self.command {
            Command::Pull(args) => command::pull::run(args),
            Command::Models(args) => command::models::run(args),
        }
    }
}
