//! `cargo xtask bench model FILE…`: any model's file, against what the machine can do at most, measured in turn with it.

use super::asked::Asked;
use super::results::{self, OURS, digits};
use super::{attnscope, example, model, peers, shape};
use crate::shell::{self, step};
use crate::workspace::root;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

const HEADER: &str = "model,decode tok/s,decode GB/s,of memory's GB/s,prefill 512 tok/s,prefill GFLOP/s,of FMA's GFLOP/s,\
    start to prediction ms,memory of predict MB,of the file's MB";
const ROUNDS: usize = 5;
/// Tokens read, and tokens written by `decode`.
const READ: &str = "512";
const WRITTEN: f64 = 64.0;

/// Makes files of Llama 3.2 1B's shape in the named types, or in all, and measures them.
pub fn shapes(types: &[&str]) -> Result<()> {
    let mut files = Vec::new();
    step("files of Llama 3.2 1B's shape", || {
        files = shape::files(&root().join(".cache"), types)?;
        Ok(())
    })?;
    run(&files)
}

/// One line for each file.
pub fn run(files: &[PathBuf]) -> Result<()> {
    let programs = Programs {
        attnscope: attnscope()?,
        speed: example("attnscope-cli", "model_speed")?,
        limits: example("attnscope-kernels", "limits")?,
    };
    let mut text = format!("{HEADER}\n");
    for file in files {
        let line = programs.measure(file).with_context(|| format!("cannot measure {}", file.display()))?;
        eprintln!("   {line}");
        text.push_str(&line);
        text.push('\n');
    }
    results::write_text("files", &text)
}

struct Programs {
    attnscope: PathBuf,
    speed: PathBuf,
    limits: PathBuf,
}

/// What was found in each round.
#[derive(Default)]
struct Found {
    tokens: Vec<f64>,
    gigabytes: Vec<f64>,
    of_memory: Vec<f64>,
    read: Vec<f64>,
    gigaflops: Vec<f64>,
    of_fma: Vec<f64>,
}

impl Programs {
    /// Medians. What the machine can do is measured anew before each case, so that other load meets both.
    fn measure(&self, file: &Path) -> Result<String> {
        let mut asked = Asked::start(Command::new(&self.speed).arg(file), &peers::log(OURS)?)?;
        let bytes = asked.number("weights")?;
        let counts = asked.ask(&format!("counts {READ} nothing"))?;
        let operations: f64 = counts.split(' ').next().unwrap_or_default().parse().context("expected operations")?;
        let mut found = Found::default();
        // One round warms up.
        for round in 0..=ROUNDS {
            let (memory, fma) = self.limits()?;
            let decode = WRITTEN / asked.number("decode")? * 1e3;
            let prefill = asked.number(&format!("prefill {READ} nothing"))? / 1e3;
            if round > 0 {
                found.tokens.push(decode);
                found.gigabytes.push(decode * bytes / 1e9);
                found.of_memory.push(decode * bytes / 1e7 / memory);
                found.read.push(READ.parse::<f64>()? / prefill);
                found.gigaflops.push(operations / prefill / 1e9);
                found.of_fma.push(operations / prefill / 1e7 / fma);
            }
        }
        // Its pages would be counted, and its threads be in the way.
        drop(asked);
        let start = self.start(file)?;
        let memory = model::largest(&mut self.predict(file))? / 1e6;
        let size = size(file)? / 1e6;
        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().replace(',', ";");
        let f = found;
        let numbers = [f.tokens, f.gigabytes].map(|all| digits(median(all))).join(",");
        let shares = [f.of_memory, f.of_fma].map(|all| format!("{:.0} %", median(all)));
        let prefill = [f.read, f.gigaflops].map(|all| digits(median(all))).join(",");
        let (start, held) = (digits(start), digits(memory));
        Ok(format!("{name},{numbers},{},{prefill},{},{start},{held},{:.2}×", shares[0], shares[1], memory / size))
    }

    /// GB/s from memory and GFLOP/s of additions and multiplications, on two threads.
    fn limits(&self) -> Result<(f64, f64)> {
        let rows = results::parse(&shell::read(&mut Command::new(&self.limits))?);
        let of = |what: &str| {
            let row = rows.iter().find(|row| row.case == what).and_then(|row| row.median);
            row.with_context(|| format!("no limit `{what}`"))
        };
        Ok((of("read from memory on two threads")?, of("f32 FMA on two threads")?))
    }

    /// Milliseconds of a process from its start to its prediction, with the file in the system's cache.
    fn start(&self, file: &Path) -> Result<f64> {
        let mut all = Vec::new();
        for _ in 0..=ROUNDS {
            let start = std::time::Instant::now();
            shell::read(&mut self.predict(file))?;
            all.push(start.elapsed().as_secs_f64() * 1e3);
        }
        // The first one may have read from disk.
        Ok(median(all.split_off(1)))
    }

    fn predict(&self, file: &Path) -> Command {
        let mut command = Command::new(&self.attnscope);
        command.args(["predict", "--model"]).arg(file).args(["--text", "the hot dog was"]);
        command.env("RAYON_NUM_THREADS", super::THREADS);
        command
    }
}

/// Bytes of a file, or of all files of a folder.
fn size(path: &Path) -> Result<f64> {
    let meta = path.metadata().with_context(|| format!("cannot read {}", path.display()))?;
    if !meta.is_dir() {
        return Ok(meta.len() as f64);
    }
    path.read_dir()?.map(|entry| Ok(std::fs::metadata(entry?.path())?.len() as f64)).sum()
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}
