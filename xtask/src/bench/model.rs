//! `cargo xtask bench model`: SmolLM2-135M from its GGUF file, against transformers, llama.cpp and candle.

use super::asked::Asked;
use super::results::{self, OURS, Row};
use super::rounds::{Side, measure, say};
use super::{attnscope, example, limits, peers, pull};
use crate::python;
use crate::shell;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What is kept, and over how many tokens. A trace is that of transformers: patterns, residual stream between layers,
/// logits.
const PREFILLS: &[(&str, &[u32])] =
    &[("nothing", &[128, 512, 2048]), ("patterns", &[128, 512, 2048]), ("trace", &[512, 2048]), ("all", &[512, 2048])];
const MEMORY: &[&str] = &[
    "prefill 512 nothing",
    "prefill 512 patterns",
    "prefill 2048 patterns",
    "prefill 512 trace",
    "prefill 2048 trace",
    "prefill 2048 all",
];
/// Tokens that `decode` generates.
const WRITTEN: f64 = 64.0;
const COLD_RUNS: usize = 10;
const COLD_RUNS_OF_PEERS: usize = 3;
/// Runs a command and prints the largest resident size it had, in kilobytes.
const LARGEST: &str = "import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";

/// The peers of `peers.py`: their names in the tables, and in that program.
const PEERS: [(&str, &str); 2] = [("transformers", "transformers"), ("llama.cpp", "llama.cpp")];

/// Speed, then memory, then cold starts.
pub fn run() -> Result<()> {
    let attnscope = attnscope()?;
    pull(&attnscope)?;
    let mut rows = limits()?;
    let ours = example("attnscope-cli", "model_speed")?;
    let file = PathBuf::from(start_ours(&ours)?.ask("file")?);
    let mut sides: Vec<Side> = vec![Side::new(OURS, start_ours(&ours))];
    sides.extend(PEERS.map(|(who, name)| Side::new(who, peers::start(name, &[&file]))));
    sides.push(Side::new("candle", peers::candle(&file)));
    rows.extend(sides.iter().map(Side::version));
    rows.extend(measure("load", "load", &mut sides));
    for &(kept, lengths) in PREFILLS {
        for len in lengths {
            let found = measure(&name(kept, *len), &format!("prefill {len} {kept}"), &mut sides);
            rows.extend(found.into_iter().map(|row| row.rated(f64::from(*len), "tok/s")));
        }
    }
    let found = measure("decode 64 after 32", "decode", &mut sides);
    rows.extend(found.into_iter().map(|row| row.rated(WRITTEN, "tok/s")));
    let here: Vec<(&str, &str)> = PEERS.into_iter().filter(|(who, _)| runs(&mut sides, who)).collect();
    // Memory that the others hold would be missing for the one being measured.
    drop(sides);
    rows.extend(memory(&ours, &file, &here)?);
    rows.extend(cold(&attnscope, &file, &here)?);
    results::write("model", &rows)
}

fn start_ours(program: &Path) -> Result<Asked> {
    Asked::start(&mut Command::new(program), &peers::log(OURS)?)
}

fn runs(sides: &mut [Side], who: &str) -> bool {
    sides.iter_mut().any(|side| side.who == who && side.program().is_ok())
}

fn name(kept: &str, len: u32) -> String {
    let with = match kept {
        "patterns" => " all patterns kept",
        "trace" => " full trace kept",
        "all" => " every array kept",
        _ => "",
    };
    format!("prefill {len}{with}")
}

/// The largest size of a fresh process that did one thing.
fn memory(ours: &Path, file: &Path, here: &[(&'static str, &str)]) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for line in MEMORY {
        let words: Vec<&str> = line.split(' ').collect();
        let case = format!("memory of {}", name(words[2], words[1].parse()?));
        let mut sides = vec![(OURS, start_ours(ours))];
        sides.extend(here.iter().map(|(who, name)| (*who, peers::start(name, &[file]))));
        let found: Vec<Row> = sides
            .into_iter()
            .map(|(who, started)| {
                let bytes = started.and_then(|mut asked| asked.number(line).and_then(|_| asked.number("memory")));
                match bytes {
                    Ok(bytes) => Row::new(&case, who, "MB", vec![bytes / 1e6]),
                    Err(reason) => Row::none(&case, who, &format!("{reason:#}")),
                }
            })
            .collect();
        say(&found);
        rows.extend(found);
    }
    Ok(rows)
}

/// A fresh process up to its first prediction, with the file in the system's cache.
fn cold(attnscope: &Path, file: &Path, here: &[(&'static str, &str)]) -> Result<Vec<Row>> {
    let python = python::venv("bench-venv")?;
    let predict = ["predict", "--model", "smollm2-135m", "--text", "the hot dog was"];
    let case = "process from start to prediction";
    let once = || {
        let start = Instant::now();
        let status = Command::new(attnscope).args(predict).stdout(Stdio::null()).status()?;
        if !status.success() {
            bail!("attnscope {} failed", predict.join(" "));
        }
        Ok(start.elapsed().as_secs_f64() * 1e3)
    };
    once()?;
    let ours = (0..COLD_RUNS).map(|_| once()).collect::<Result<Vec<f64>>>()?;
    let mut rows = vec![Row::new(case, OURS, "ms", ours)];
    for (who, name) in here {
        let once = || {
            let start = Instant::now();
            let mut asked = Asked::start(peers::command(&python, name).arg(file), &peers::log(name)?)?;
            asked.ask("prefill 4 nothing")?;
            Ok(start.elapsed().as_secs_f64() * 1e3)
        };
        let found: Result<Vec<f64>> = (0..COLD_RUNS_OF_PEERS).map(|_| once()).collect();
        rows.push(match found {
            Ok(runs) => Row::new(case, who, "ms", runs),
            Err(reason) => Row::none(case, who, &format!("{reason:#}")),
        });
    }
    say(&rows);
    let bytes = largest(Command::new(attnscope).args(predict))?;
    rows.push(Row::new("memory of attnscope predict", OURS, "MB", vec![bytes / 1e6]));
    Ok(rows)
}

/// Runs a command, and returns the largest resident size that it had, in bytes.
pub fn largest(command: &mut Command) -> Result<f64> {
    let python = python::venv("bench-venv")?;
    let largest =
        shell::read(Command::new(python).args(["-c", LARGEST]).arg(command.get_program()).args(command.get_args()))?;
    let kilobytes: f64 = largest.trim().parse().context("expected a size")?;
    Ok(kilobytes * 1024.0)
}
