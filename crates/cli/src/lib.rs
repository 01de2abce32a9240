//! The command `attnscope`. The binary only calls this library, so that tests can reach everything.
#![forbid(unsafe_code)]

pub mod command;
pub mod failure;
pub mod heatmap;
pub mod model_args;
pub mod output;
pub mod place;
pub mod progress;
pub mod server;
pub mod terminal;

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
    Predict(command::predict::PredictArgs),
    Render(Box<command::render::RenderArgs>),
    Heads(command::heads::HeadsArgs),
    Trace(command::trace::TraceArgs),
    Serve(command::serve::ServeArgs),
    Pull(command::pull::PullArgs),
    Models(command::models::ModelsArgs),
    Completions(command::shell::CompletionsArgs),
    Man(command::shell::ManArgs),
}

impl Cli {
    /// Does what was asked for.
    pub fn run(&self) -> Result<()> {
        match &self.command {
            Command::Predict(args) => command::predict::run(args),
            Command::Render(args) => command::render::run(args),
            Command::Heads(args) => command::heads::run(args),
            Command::Trace(args) => command::trace::run(args),
            Command::Serve(args) => command::serve::run(args),
            Command::Pull(args) => command::pull::run(args),
            Command::Models(args) => command::models::run(args),
            Command::Completions(args) => command::shell::completions(args),
            Command::Man(args) => command::shell::man(args),
        }
    }
}
