//! Runs other programs; if one fails, the error says exactly what was run.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::io::IsTerminal;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// `cargo` with these arguments, the same cargo that started us.
pub fn cargo<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    command
}

/// Runs it to the end, and shows its output as it comes.
pub fn run(command: &mut Command) -> Result<()> {
    let line = show(command);
    let status = command.status().with_context(|| format!("cannot run: {line}"))?;
    if !status.success() {
        bail!("failed ({status}); to repeat it: {line}");
    }
    Ok(())
}

/// Runs it to the end, and returns what it printed.
pub fn read(command: &mut Command) -> Result<String> {
    let line = show(command);
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot run: {line}"))?;
    if !output.status.success() {
        bail!("failed ({}); to repeat it: {line}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("the output is not UTF-8: {line}"))
}

/// Whether this program runs here at all.
pub fn works(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Installs Debian's packages where allowed (as root, with apt-get); returns whether it did.
pub fn apt_install(packages: &[&str]) -> Result<bool> {
    let is_root = read(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !is_root || !works("apt-get", &["--version"]) {
        return Ok(false);
    }
    eprintln!("   installing {} with apt-get", packages.join(" "));
    run(Command::new("apt-get").args(["update", "-qq"]))?;
    let install = ["install", "-y", "-qq", "--no-install-recommends"];
    run(Command::new("apt-get").args(install).args(packages).env("DEBIAN_FRONTEND", "noninteractive"))?;
    Ok(true)
}

/// The command as one would type it, with the variables that it sets.
pub fn show(command: &Command) -> String {
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.to_string_lossy(), quote(&value?.to_string_lossy()))));
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let program = if program == "cargo" { program } else { command.get_program() };
    let words = [program].into_iter().chain(command.get_args()).map(|word| quote(&word.to_string_lossy()));
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

/// The option that silences cargo where nobody watches. On a terminal it shows its progress.
pub fn quiet() -> Option<&'static str> {
    (!std::io::stderr().is_terminal()).then_some("--quiet")
}

/// A step that takes long the first time: the heading says how long.
pub fn step_of(name: &str, usual: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    step(&format!("{name} (the first time: {usual})"), work)
}

/// One step of a task: a heading, the work, the time it took.
pub fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    eprintln!("\n── {name}");
    let start = Instant::now();
    work().with_context(|| name.to_owned())?;
    eprintln!("   {name}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_as_one_would_type_them() {
        let mut command = Command::new("/somewhere/bin/cargo");
        command.args(["test", "-E", "not test(a b)"]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(show(&command), "RUSTDOCFLAGS='-D warnings' cargo test -E 'not test(a b)'");
    }

    #[test]
    fn a_failure_says_how_to_repeat_it() {
        let error = run(Command::new("false").arg("x")).unwrap_err().to_string();
        assert!(error.contains("to repeat it: false x"), "{error}");
    }
}
