//! `attnscope pull M`

use crate::failure::note;
use crate::output::print_path;
use crate::pull::{Route, Settings, is_lesson, pull};
use anyhow::Result;

/// Get a model onto this machine
#[derive(Debug, clap::Args)]
pub struct PullArgs {
    /// A name that `attnscope models` lists, or a Hub id: owner/name, owner/name/file.gguf
    pub model: String,
    /// Where to fetch it from
    #[arg(long, value_enum, default_value_t)]
    pub from: Route,
}

/// Pulls the model and prints its path. The lesson model has none: it is part of the program.
pub fn run(args: &PullArgs) -> Result<()> {
    if is_lesson(&args.model) {
        note("the lesson model is built in: nothing to pull; use it with --model lesson");
        return Ok(());
    }
    let path = pull(&Settings::from_env()?, &args.model, args.from)?;
    print_path(&path)
}
