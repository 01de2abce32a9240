//! How fast attention is: `cargo xtask bench attention` asks this program and its peers in turn.
//!
//! A line in is a case, `HEADS D_HEAD TOKENS causal|full dropped|kept|reused`: whether the whole pattern is kept, and if so in
//! new memory or in that of the call before. The line out is how long it took, in milliseconds.

use attnscope_kernels::attention::{Inputs, Mask, Outputs, tiled};
use attnscope_kernels::level;
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::time::Instant;

/// As long as this, and not longer than a call that takes longer.
const ENOUGH_MS: f64 = 100.0;

#[global_allocator]
static MEMORY: attnscope_kernels::memory::HugePages = attnscope_kernels::memory::HugePages;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("ready attnscope {}", env!("CARGO_PKG_VERSION"));
    for line in std::io::stdin().lock().lines() {
        let case = Case::parse(&line?).ok_or("expected HEADS D_HEAD TOKENS causal|full dropped|kept|reused")?;
        println!("{:.5}", case.time());
        std::io::stdout().flush()?;
    }
    Ok(())
}

struct Case {
    heads: usize,
    d_head: usize,
    len: usize,
    causal: bool,
    kept: bool,
    reused: bool,
}

impl Case {
    fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [heads, d_head, len, mask, kept] = words.as_slice() else { return None };
        Some(Self {
            heads: heads.parse().ok()?,
            d_head: d_head.parse().ok()?,
            len: len.parse().ok()?,
            causal: *mask == "causal",
            kept: *kept != "dropped",
            reused: *kept == "reused",
        })
    }

    fn time(&self) -> f64 {
        let numbers = self.heads * self.len * self.d_head;
        let [q, k, v] = [1, 2, 3].map(|seed| random(seed, numbers));
        let per_head = self.len * self.d_head;
        let (k, v): (Vec<&[f32]>, Vec<&[f32]>) = (k.chunks(per_head).collect(), v.chunks(per_head).collect());
        let inputs = Inputs {
            n_heads: self.heads,
            d_head: self.d_head,
            q_len: self.len,
            kv_len: self.len,
            q: &q,
            k: &k,
            v: &v,
            scale: 1.0 / (self.d_head as f32).sqrt(),
            soft_cap: None,
            bias: &[],
            sinks: &[],
            mask: Mask { causal: self.causal, window: None },
            edges: &[],
        };
        let mut before = None;
        milliseconds(|| {
            let mut z = vec![0.0; numbers];
            let new = || vec![0.0; self.heads * self.len * self.len];
            let mut pattern = self.kept.then(|| before.take().unwrap_or_else(new));
            let outputs = Outputs { z: &mut z, scores: None, pattern: pattern.as_deref_mut(), lse: None };
            tiled::attention(level::best(), inputs, outputs);
            black_box((&z, &pattern));
            before = pattern.filter(|_| self.reused);
        })
    }
}

/// The median of as many calls as fill a tenth of a second. The first call finds cold caches and does not count, unless
/// it is so long that it makes no difference.
fn milliseconds(mut work: impl FnMut()) -> f64 {
    let mut once = || {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e3
    };
    let first = once();
    if first > 5.0 * ENOUGH_MS {
        return first;
    }
    let mut all = vec![once()];
    while all.iter().sum::<f64>() < ENOUGH_MS {
        all.push(once());
    }
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Numbers from −1 to 1 (xorshift).
fn random(seed: u64, len: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}
