//! Everything that a developer or CI runs, as `cargo xtask TASK`. One file per task.
#![forbid(unsafe_code)]

mod bench;
mod film;
mod fixtures;
mod lesson;
mod python;
mod run;
mod serve;
mod shell;
mod test;
mod tidy;
mod wasm;
mod web;
mod workspace;

use anyhow::Result;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask TASK

  serve     build what is missing and open the page; options go to `attnscope serve`
  test      everything CI runs, fast to slow; stops at the first failure
  tidy      format, clippy, docs, and the house's rules (crate arrows, unsafe, file sizes)
  run       see attention in your terminal: pulls SmolLM2 (98 MB) once, release build
  web       build the page: engine for wasm32, prose and figures, into dist/
  site      the page for a host of files only, into FOLDER (or target/site)
  bench     measure: `bench [attention|model|map|browser|page]`, all but the page; any file: `bench model FILE…`; results in benchmarks/
  film      film the page for README: docs/film.gif
  fixtures  make the golden data in fixtures/ anew, with Python
  lesson    train the lesson model anew (crates/engine/src/lesson/), release build
  help      this text
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] | ["help" | "-h" | "--help"] => {
            print!("{HELP}");
            Ok(())
        }
        ["test"] => test::run(),
        ["tidy"] => tidy::run(),
        ["run"] => run::run(),
        ["web"] => web::run(web::With::Release),
        ["bench", what @ ..] => bench::run(what),
        // Some write `--` before options that go on to another program.
        ["serve", "--", options @ ..] | ["serve", options @ ..] => serve::run(options),
        ["site"] => web::site(None),
        ["site", folder] => web::site(Some(folder)),
        ["film"] => film::run(),
        ["fixtures"] => fixtures::run(),
        ["lesson"] => lesson::run(),
        other => {
            eprint!("error: no such task: {}\n\n{HELP}", other.join(" "));
            return ExitCode::from(2);
        }
    };
    report(done)
}

fn report(done: Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
