//! `cargo xtask serve`: the page, built where something is missing, served by a release build.

use crate::shell::{self, step_of};
use crate::web::{self, With};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::process::Command;
use std::time::Duration;

/// Options go to `attnscope serve`. What takes minutes the first time and what the page can begin without, the worker for
/// threads and figures as PDF, is built while the page is already there.
pub fn run(options: &[&str]) -> Result<()> {
    let program = Workspace::load()?.attnscope("release");
    let with = if program.exists() { With::Release } else { With::Quick };
    let threads_are_left = web::run_without_waiting(with)?;
    step_of("build attnscope (release)", "two minutes", || shell::run(&mut web::release("attnscope", with)))?;
    let mut serve = Command::new(program);
    serve.arg("serve").args(options);
    if !threads_are_left && with == With::Release {
        return shell::run(&mut serve);
    }
    // Without the options, of which one may be a secret.
    let line = "attnscope serve";
    // From the folder, which the rest of the build changes; unless the options name another one.
    if !options.iter().any(|option| option.starts_with("--assets")) {
        serve.arg("--assets").arg(web::dist());
    }
    let mut server = serve.spawn().with_context(|| format!("cannot run: {line}"))?;
    // Refused options and taken ports are said at once.
    std::thread::sleep(Duration::from_secs(1));
    if server.try_wait()?.is_none() {
        eprintln!(
            "\nThe page is there. What follows builds its second worker, so that real models use several threads."
        );
        match web::add_threads(with) {
            Ok(()) if server.try_wait()?.is_none() => eprintln!("\nReload the page to use several threads."),
            Ok(()) => {}
            Err(error) => eprintln!("\nThe page stays on one thread: {error:#}"),
        }
        let whole = || shell::run(&mut web::release("attnscope", With::Release));
        if with == With::Quick
            && let Err(error) = step_of("build the command with PDF (release)", "two minutes", whole)
        {
            eprintln!("\nThe command stays without PDF: {error:#}");
        }
    }
    let status = server.wait()?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}
