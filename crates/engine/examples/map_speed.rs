//! How fast the map of a long text is, of one causal head of random numbers: `map_speed TOKENS...`.
//!
//! A line a length, each measured in a process of its own, so that its memory is its own. From q and k: the time to the
//! first picture of everything, 1024 × 1024, with the pass that finds lse; the time of a tile of 256 × 256 once lse is
//! known, half way between the whole and single cells; the largest size of the process, and what it must at least hold.

use attnscope::LazyPattern;
use attnscope::cost::RandomHead;
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const HEADER: &str = "tokens,first picture ms,tile ms,memory in bytes,bytes held at least";
const D_HEAD: usize = 64;
const PICTURE: usize = 1024;
const TILE: usize = 256;
/// Tiles are short: the median of so many.
const TIMES: usize = 5;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.as_slice() {
        [] => return Err("expected lengths in tokens, such as 4096 32768; found none".into()),
        [only, len] if only == "one" => println!("{}", measure(len.parse()?)?),
        all => {
            println!("{HEADER}");
            for len in all {
                let status = Command::new(std::env::current_exe()?).args(["one", len]).status()?;
                if !status.success() {
                    return Err(format!("{len} tokens: {status}").into());
                }
            }
        }
    }
    Ok(())
}

fn measure(len: usize) -> Result<String> {
    let head = RandomHead::new(len, D_HEAD);
    let start = Instant::now();
    let trace = head.trace();
    let pattern = LazyPattern::of(&trace, 0, 0).ok_or("q, k and lse do not fit")?;
    black_box(pattern.tile(0..len, 0..len, (PICTURE, PICTURE)).ok_or("there are no tokens")?);
    let first = start.elapsed().as_secs_f64() * 1e3;
    // The last queries, and keys before them: nothing there is masked.
    let side = ((len * TILE) as f64).sqrt() as usize;
    let from = len.saturating_sub(2 * side) / 2;
    let mut tiles = Vec::new();
    for _ in 0..TIMES {
        let start = Instant::now();
        let tile = pattern.tile(len.saturating_sub(side)..len, from..len.min(from + side), (TILE, TILE));
        black_box(tile.ok_or("there is no such tile")?);
        tiles.push(start.elapsed().as_secs_f64() * 1e3);
    }
    tiles.sort_by(f64::total_cmp);
    // q, k, v and z, q and k once more in the trace, and lse.
    let held = RandomHead::held_bytes(len, D_HEAD) / 4 * 6 + 4 * len as u64;
    Ok(format!("{len},{first:.3},{:.3},{},{held}", tiles[TIMES / 2], most_memory()?))
}

/// The largest resident size of this process so far, in bytes.
fn most_memory() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc/self/status")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? * 1024)
}
