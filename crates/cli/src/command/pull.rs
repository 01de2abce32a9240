//! `attnscope pull M`

use crate::output::print;
use crate::pull::{Route, Settings, pull};
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

/// Pulls the model and prints its path.
pub fn run(args: &PullArgs) -> Result<()> {
    let path = pull(&Settings::from_env()?, &args.model, args.from)?;
    print(format!("{}\n", path.display()))
}
