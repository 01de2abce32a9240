//! How fast a real model is: `cargo xtask bench model` asks this program and its peers in turn.
//!
//! A line in is `load`, `prefill TOKENS nothing|patterns|trace|all` (what is kept), `decode`, `memory` (the process's largest
//! size so far), `counts TOKENS nothing|patterns|trace|all`, `weights` (bytes that one token reads) or `file`; the line out is
//! milliseconds, bytes, `operations bytes`, or where the model lies. Its argument is the model, else SmolLM2-135M.

use attnscope::format::Tensor;
use attnscope::{Capture, KvCache, Model};
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What is measured where nothing is named.
const MODEL: &str = "smollm2-135m";
/// Tokens read before tokens are written, and tokens written.
const PROMPT: usize = 32;
const WRITTEN: usize = 64;
/// As long as this, and not longer than a call that takes longer.
const ENOUGH_MS: f64 = 100.0;

#[global_allocator]
static MEMORY: attnscope::HugePages = attnscope::HugePages;

fn main() -> Result<()> {
    let name = std::env::args().nth(1).unwrap_or_else(|| MODEL.into());
    let model = attnscope_hub::open(&name)?;
    println!("ready attnscope {}", env!("CARGO_PKG_VERSION"));
    for line in std::io::stdin().lock().lines() {
        println!("{}", answer(&name, &model, &line?)?);
        std::io::stdout().flush()?;
    }
    Ok(())
}

fn answer(name: &str, model: &Model, line: &str) -> Result<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = match words.as_slice() {
        ["load"] => milliseconds(|| attnscope_hub::open(name).map(drop).map_err(Into::into))?,
        ["prefill", len, kept] => {
            let (tokens, capture) = (tokens(model, len.parse()?), capture(kept)?);
            milliseconds(|| {
                black_box(model.run(&tokens, &capture, &[])?);
                Ok(())
            })?
        }
        ["decode"] => decode(model)?,
        ["memory"] => most_memory()?,
        ["weights"] => return Ok(matrices(model).map(|matrix| matrix.bytes.len()).sum::<usize>().to_string()),
        ["file"] => return Ok(std::path::absolute(attnscope_hub::resolve(name)?)?.display().to_string()),
        ["counts", len, kept] => {
            let (operations, bytes) = counts(model, len.parse()?, &capture(kept)?);
            return Ok(format!("{operations} {bytes}"));
        }
        _ => return Err(format!("no such case: {line}").into()),
    };
    Ok(format!("{number:.5}"))
}

fn capture(kept: &str) -> Result<Capture> {
    Ok(match kept {
        "nothing" => Capture::none(),
        "patterns" => "pattern".parse()?,
        "trace" => "embed,q,k,lse,resid_post,final_norm,logits".parse()?,
        "all" => Capture::all(),
        other => return Err(format!("expected nothing, patterns, trace or all, found {other}").into()),
    })
}

/// Any tokens do: the work is the same.
fn tokens(model: &Model, len: usize) -> Vec<u32> {
    (0..len as u32).map(|i| (1000 + 7 * i % 5000) % model.config().n_vocab as u32).collect()
}

/// All matrices that a token is multiplied with; the last is the vocabulary's.
fn matrices(model: &Model) -> impl Iterator<Item = &Tensor> {
    let weights = model.weights();
    let in_blocks = weights.blocks.iter().flat_map(|block| {
        let mlp = block.mlp.iter().flat_map(|mlp| mlp.gate.iter().chain([&mlp.up, &mlp.down]));
        [&block.q, &block.k, &block.v, &block.o].into_iter().chain(mlp).map(|linear| &linear.weight)
    });
    in_blocks.chain(&weights.unembed)
}

/// Writes tokens one by one, each the likeliest; reading the prompt is not counted.
fn decode(model: &Model) -> Result<f64> {
    let mut cache: KvCache = model.new_cache();
    let mut trace = model.run_with_cache(&mut cache, &tokens(model, PROMPT), &Capture::none(), &[])?;
    let start = Instant::now();
    for _ in 0..WRITTEN {
        let next =
            trace.last_logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(id, _)| id as u32);
        trace = model.run_with_cache(&mut cache, &[next], &Capture::none(), &[])?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

/// Multiplications and additions of a run over `len` tokens, two each, and the bytes that it must at least hold: keys
/// and values, and what is kept. Norms, positions and activations are not counted.
fn counts(model: &Model, len: usize, capture: &Capture) -> (u64, u64) {
    let (c, n) = (model.config(), len as u64);
    let size = |matrix: &Tensor| (matrix.rows() * matrix.cols()) as u64;
    let all: u64 = matrices(model).map(size).sum();
    // Only of the last token it is computed what comes next.
    let head = model.weights().unembed.as_ref().map_or(0, size);
    // Scores and mixing; each token looks at itself and what was before.
    let attention = c.n_layers as u64 * 2 * (c.n_heads * c.d_head) as u64 * n * (n + 1) / 2;
    let kept = capture.bytes(c, len, len);
    (2 * ((all - head) * n + head + attention), 4 * 2 * (c.n_layers * c.n_kv_heads * c.d_head) as u64 * n + kept)
}

/// The largest resident size of this process so far, in bytes.
fn most_memory() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc/self/status")?;
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kibibytes * 1024.0)
}

/// The median of as many calls as fill a tenth of a second. The first call finds cold caches and does not count, unless
/// it is so long that it makes no difference.
fn milliseconds(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut once = || -> Result<f64> {
        let start = Instant::now();
        work()?;
        Ok(start.elapsed().as_secs_f64() * 1e3)
    };
    let first = once()?;
    if first > 5.0 * ENOUGH_MS {
        return Ok(first);
    }
    let mut all = vec![once()?];
    while all.iter().sum::<f64>() < ENOUGH_MS {
        all.push(once()?);
    }
    all.sort_by(f64::total_cmp);
    Ok(all[all.len() / 2])
}
