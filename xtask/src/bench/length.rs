//! `cargo xtask bench length`: the cost of a text against its length, as counted and as measured.

use super::asked::Asked;
use super::results::{self, OURS, digits};
use super::{attnscope, example, peers, pull};
use crate::shell;
use crate::workspace::root;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

/// What is kept, and the lengths: 4,096 tokens with all patterns would be 18 GB.
const CASES: &[(&str, &[u32])] =
    &[("nothing", &[128, 256, 512, 1024, 2048, 4096]), ("patterns", &[128, 256, 512, 1024, 2048])];
const HEADER: &str = "tokens,kept,ms,ms a token,operations,GFLOP/s,bytes held at least,memory in bytes";
const RUNS: usize = 3;

/// Each length in a fresh process, so that its memory is its own; then the plot.
pub fn run() -> Result<()> {
    pull(&attnscope()?)?;
    let ours = example("attnscope-cli", "model_speed")?;
    let plot = example("attnscope-cli", "cost_plot")?;
    let mut text = format!("{HEADER}\n");
    for &(kept, lengths) in CASES {
        for len in lengths {
            let line = measure(&ours, *len, kept)?;
            eprintln!("   {line}");
            text.push_str(&line);
            text.push('\n');
        }
    }
    results::write_text("length", &text)?;
    if let Some((file, _)) = results::newest("length")? {
        let folder = root().join("benchmarks");
        shell::run(Command::new(plot).arg(folder.join(file)).arg(folder.join("length.svg")))?;
    }
    Ok(())
}

fn measure(ours: &Path, len: u32, kept: &str) -> Result<String> {
    let mut asked = Asked::start(&mut Command::new(ours), &peers::log(OURS)?)?;
    let line = format!("prefill {len} {kept}");
    let mut runs = (0..RUNS).map(|_| asked.number(&line)).collect::<Result<Vec<f64>>>()?;
    runs.sort_by(f64::total_cmp);
    let ms = runs[RUNS / 2];
    let memory = asked.number("memory")?;
    let counts = asked.ask(&format!("counts {len} {kept}"))?;
    let (operations, bytes) = counts.split_once(' ').context("expected operations and bytes")?;
    let rate: f64 = operations.parse::<f64>()? / ms / 1e6;
    let (each, rate) = (digits(ms / f64::from(len)), digits(rate));
    Ok(format!("{len},{kept},{},{each},{operations},{rate},{bytes},{memory:.0}", digits(ms)))
}
