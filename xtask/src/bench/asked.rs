//! A program that stays running and answers questions: one line in, one line out.

use crate::shell;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running program. Dropping it ends it.
pub struct Asked {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    log: std::path::PathBuf,
    /// What it said when it was ready: name and version.
    pub version: String,
}

impl Asked {
    /// Starts it and waits until it is ready. Its error output goes to a file.
    pub fn start(command: &mut Command, log: &std::path::Path) -> Result<Self> {
        let line = shell::show(command);
        let complaints = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let threads = super::THREADS;
        command.env("RAYON_NUM_THREADS", threads).env("OMP_NUM_THREADS", threads);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(complaints);
        let mut child = command.spawn().with_context(|| format!("cannot run: {line}"))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("no pipes to: {line}");
        };
        let mut asked = Self { child, to, from: BufReader::new(from), log: log.to_owned(), version: String::new() };
        let ready = asked.line()?;
        asked.version = ready.trim_start_matches("ready").trim().to_owned();
        Ok(asked)
    }

    /// The answer to a line.
    pub fn ask(&mut self, line: &str) -> Result<String> {
        writeln!(self.to, "{line}").and_then(|()| self.to.flush()).or_else(|_| bail!("{}", self.last_words()))?;
        self.line()
    }

    /// The answer as a number; one that begins with `no` is an error with the rest as its text.
    pub fn number(&mut self, line: &str) -> Result<f64> {
        let answer = self.ask(line)?;
        match answer.strip_prefix("no ") {
            Some(reason) => bail!("{reason}"),
            None => answer.parse().with_context(|| format!("expected a number, found {answer}")),
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.from.read_line(&mut line) {
            Ok(read) if read > 0 => Ok(line.trim().to_owned()),
            _ => bail!("{}", self.last_words()),
        }
    }

    /// Why it ended, as far as its error output says.
    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let said = log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        format!("ended: {}", said.trim().chars().take(150).collect::<String>())
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
