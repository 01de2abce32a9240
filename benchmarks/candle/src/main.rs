//! candle on one GGUF file, asked by lines as `peers.py` is: `load`, `prefill TOKENS nothing|...`, `decode`, `memory`.

use candle_core::quantized::gguf_file;
use candle_core::{Device, Result, Tensor};
use candle_transformers::models::quantized_llama::ModelWeights;
use std::io::{BufRead, Write};
use std::time::Instant;

const PROMPT: usize = 32;
const WRITTEN: usize = 64;
/// More tokens are not asked for: these take it seconds, and its time grows with them.
const MOST: usize = 128;
/// As long as this, and not longer than a call that takes longer.
const ENOUGH_MS: f64 = 100.0;

fn main() -> Result<()> {
    let file = std::env::args().nth(1).expect("the model's file");
    let mut model = open(&file)?;
    println!("ready candle 0.9.2");
    for line in std::io::stdin().lock().lines() {
        match answer(&mut model, &file, &line?) {
            Ok(number) => println!("{number:.5}"),
            Err(error) => println!("no {}", error.to_string().lines().next().unwrap_or_default()),
        }
        std::io::stdout().flush()?;
    }
    Ok(())
}

fn open(path: &str) -> Result<ModelWeights> {
    let mut file = std::fs::File::open(path)?;
    let content = gguf_file::Content::read(&mut file)?;
    ModelWeights::from_gguf(content, &mut file, &Device::Cpu)
}

fn answer(model: &mut ModelWeights, file: &str, line: &str) -> Result<f64> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["load"] => once(|| open(file).map(drop)),
        ["prefill", len, "nothing"] => {
            let len = len.parse().unwrap_or(0);
            if len > MOST {
                candle_core::bail!("takes seconds for {MOST} tokens; is not asked for more");
            }
            let tokens: Vec<u32> = (0..len as u32).map(|i| 1000 + 7 * i % 5000).collect();
            milliseconds(|| read(model, &tokens, 0).map(drop))
        }
        ["prefill", ..] => candle_core::bail!("gives out no patterns"),
        ["decode"] => decode(model),
        ["memory"] => memory(),
        _ => candle_core::bail!("cannot read {line:?}"),
    }
}

/// Logits of the last token.
fn read(model: &mut ModelWeights, tokens: &[u32], first: usize) -> Result<Vec<f32>> {
    let tokens = Tensor::new(tokens, &Device::Cpu)?.unsqueeze(0)?;
    model.forward(&tokens, first)?.flatten_all()?.to_vec1()
}

/// Reading the prompt is not counted.
fn decode(model: &mut ModelWeights) -> Result<f64> {
    let prompt: Vec<u32> = (0..PROMPT as u32).map(|i| 1000 + 7 * i).collect();
    let mut logits = read(model, &prompt, 0)?;
    once(|| {
        for i in 0..WRITTEN {
            let best = (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap_or(0);
            logits = read(model, &[best as u32], PROMPT + i)?;
        }
        Ok(())
    })
}

fn once(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

/// The median of as many calls as fill a tenth of a second. The first call finds cold caches and does not count, unless
/// it is so long that it makes no difference.
fn milliseconds(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let first = once(&mut work)?;
    if first > 5.0 * ENOUGH_MS {
        return Ok(first);
    }
    let mut all = vec![once(&mut work)?];
    while all.iter().sum::<f64>() < ENOUGH_MS {
        all.push(once(&mut work)?);
    }
    all.sort_by(f64::total_cmp);
    Ok(all[all.len() / 2])
}

/// The largest resident size of this process so far, in bytes.
fn memory() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0.0);
    Ok(kilobytes * 1024.0)
}
