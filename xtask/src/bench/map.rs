//! `cargo xtask bench map`: the map of one head of a long text, from its first picture to a tile of it.

use super::{example, results};
use crate::shell;
use anyhow::Result;
use std::process::Command;

/// Each twice as long as the previous one: memory that is linear doubles too.
const LENGTHS: [&str; 5] = ["8192", "16384", "32768", "65536", "131072"];

/// Each length in a process of its own.
pub fn run() -> Result<()> {
    let program = example("attnscope", "map_speed")?;
    let text = shell::read(Command::new(program).args(LENGTHS).env("RAYON_NUM_THREADS", super::THREADS))?;
    eprint!("{text}");
    results::write_text("map", &text)
}
