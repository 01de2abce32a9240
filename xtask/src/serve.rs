//! `cargo xtask serve`: the page, built where something is missing, served by a release build.

use crate::shell::{self, step_of};
use crate::web::{self, With};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::process::Command;
use std::time::Duration;

/// Options go to `attnscope serve`. The worker for threads, which takes minutes the first time, is built while the page
/// is already there.
pub fn run(options: &[&str]) -> Result<()> {
    let rest = web::run_without_waiting(With::Release)?;
    step_of("build attnscope (release)", "two minutes", || shell::run(&mut web::release("attnscope")))?;
    let mut serve = Command::new(Workspace::load()?.attnscope("release"));
    serve.arg("serve").args(options);
    if !rest {
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
        match web::add_threads(With::Release) {
            Ok(()) if server.try_wait()?.is_none() => eprintln!("\nReload the page to use several threads."),
            Ok(()) => {}
            Err(error) => eprintln!("\nThe page stays on one thread: {error:#}"),
        }
    }
    let status = server.wait()?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}
