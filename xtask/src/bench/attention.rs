//! `cargo xtask bench attention`: the kernel alone, against PyTorch and onnxruntime.

use super::asked::Asked;
use super::results::{self, OURS};
use super::rounds::{Side, measure};
use super::{example, limits, peers};
use anyhow::Result;
use std::process::Command;

/// Heads, and width of a head: those of SmolLM2-135M, and those of a large model.
const SHAPES: [(u64, u64); 2] = [(9, 64), (32, 128)];
const LENGTHS: [u64; 4] = [128, 512, 2048, 8192];
/// One head over a long text.
const LONG: (u64, u64, u64) = (1, 64, 32_768);
/// The whole pattern is kept if it has no more bytes than this.
const MOST_KEPT: u64 = 2_000_000_000;

/// All cases, ours and the peers in turn.
pub fn run() -> Result<()> {
    let mut rows = limits()?;
    let ours = example("attnscope-kernels", "attention_speed")?;
    let mut sides = [
        Side::new(OURS, Asked::start(&mut Command::new(ours), &peers::log(OURS)?)),
        Side::new("PyTorch", peers::start("pytorch", &[])),
        Side::new("onnxruntime", peers::start("onnxruntime", &[])),
    ];
    rows.extend(sides.iter().map(Side::version));
    let short = SHAPES.iter().flat_map(|&(heads, width)| LENGTHS.map(|len| (heads, width, len)));
    for (heads, width, len) in short.chain([LONG]) {
        for mask in ["causal", "full"] {
            for kept in ["dropped", "kept", "reused"] {
                if kept != "dropped" && heads * len * len * 4 > MOST_KEPT {
                    continue;
                }
                let with = match kept {
                    "kept" => " pattern kept",
                    "reused" => " pattern kept in memory of before",
                    _ => "",
                };
                let case = format!("H={heads} d={width} n={len} {mask}{with}");
                let found = measure(&case, &format!("{heads} {width} {len} {mask} {kept}"), &mut sides);
                let operations = 4 * len * len * width * heads / if mask == "causal" { 2 } else { 1 };
                rows.extend(found.into_iter().map(|row| row.rated(operations as f64 / 1e9, "GFLOP/s")));
            }
        }
    }
    results::write("attention", &rows)
}
