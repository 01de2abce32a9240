//! `attnscope completions SHELL` and `attnscope man`

use crate::Cli;
use crate::output::{Destination, print};
use crate::terminal::path_text;
use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;
use std::io::Write;
use std::path::PathBuf;

/// Print completions for a shell
///
/// For bash: attnscope completions bash > ~/.local/share/bash-completion/completions/attnscope
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Print the manual page, or write the pages of all subcommands into a folder
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// The folder to write attnscope.1, attnscope-predict.1 … into
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// Prints the completions.
pub fn completions(args: &CompletionsArgs) -> Result<()> {
    // Written to memory first: clap_complete panics if writing fails, which a closed pipe must not cause.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "attnscope", &mut script);
    print(script)
}

/// Prints or writes the pages.
pub fn man(args: &ManArgs) -> Result<()> {
    let Some(folder) = &args.output else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        return print(page);
    };
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", path_text(folder)))?;
    let mut command = Cli::command().disable_help_subcommand(true);
    // Builds the subcommands, so that each knows its full name.
    command.build();
    page(&command, folder)?;
    command.get_subcommands().try_for_each(|sub| page(sub, folder))
}

fn page(command: &clap::Command, folder: &std::path::Path) -> Result<()> {
    let man = clap_mangen::Man::new(command.clone());
    let name = man.get_filename();
    Destination::new(&folder.join(name), None)?.write(|file| {
        let mut page = Vec::new();
        man.render(&mut page)?;
        Ok(file.write_all(&page)?)
    })
}
