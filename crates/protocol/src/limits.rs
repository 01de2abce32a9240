//! How much one request may ask for. A page that is open beside the work must never lose its machine to it.

use crate::Failure;
use attnscope::capture::pattern_len;
use attnscope::{Capture, Config, Intervention};

/// Bytes of arrays that a job holds at once.
pub const MAX_BYTES: u64 = 256 << 20;
/// The longest list of likeliest or nearest tokens.
pub const MAX_TOP: usize = 1000;
/// Changes in one run: each costs a look at every array.
pub const MAX_INTERVENTIONS: usize = 1024;
/// Pixels of a tile along one side.
pub const MAX_TILE: usize = 1024;
/// Models of one session that are being trained.
pub const MAX_TRAINED: usize = 4;
/// Bytes of the id of one.
pub const MAX_ID: usize = 64;
/// Tokens that attention is timed over. It is one step, and with them and the widest head one of many seconds.
pub const MAX_ATTEND: usize = 16_384;
/// Tokens, if the whole pattern is kept.
pub const MAX_ATTEND_FULL: usize = 4096;
/// Width of the head that is timed.
pub const MAX_D_HEAD: usize = 256;
/// Training steps of one request.
pub const MAX_STEPS: usize = 100_000;
/// Sentences that are learned from between two reports: between them the job cannot be cancelled.
pub const MAX_SENTENCES: usize = 1 << 14;

/// A list of at most `top` tokens.
pub(crate) fn check_top(top: usize) -> Result<(), Failure> {
    within("the number of tokens to name", top, 0, MAX_TOP)
}

/// A number between two others.
pub(crate) fn within(what: &str, found: usize, least: usize, most: usize) -> Result<(), Failure> {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    Err(Failure::request(format!("{what} is {found}, expected {least} to {most}")))
}

/// The memory of a run over `seq` tokens that holds the arrays of `capture`.
pub(crate) fn check_run(
    config: &Config,
    capture: &Capture,
    interventions: &[Intervention],
    seq: usize,
) -> Result<(), Failure> {
    within("the number of interventions", interventions.len(), 0, MAX_INTERVENTIONS)?;
    // To patch a pattern the engine makes one, captured or not.
    let patches = interventions
        .iter()
        .any(|change| matches!(change, Intervention::Patch { key, .. } if key.ends_with(".attn.pattern")));
    let patched = if patches { pattern_len(config, seq, seq).saturating_mul(4) } else { 0 };
    check_bytes(capture.bytes(config, seq, seq).saturating_add(patched))
}

/// Memory.
pub(crate) fn check_bytes(bytes: u64) -> Result<(), Failure> {
    if bytes <= MAX_BYTES {
        return Ok(());
    }
    let (bytes, most) = (bytes.div_ceil(1 << 20), MAX_BYTES >> 20);
    Err(Failure::request(format!(
        "the answer would need {bytes} MiB, and at most {most} MiB are held; shorten the text, or ask for fewer \
         arrays, layers or tokens"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use attnscope::Array;

    /// SmolLM2-135M's sizes, as far as they count here.
    fn config() -> Config {
        let lesson = attnscope::lesson::model().config().clone();
        Config { n_layers: 30, n_heads: 9, n_kv_heads: 3, d_head: 64, d_model: 576, n_vocab: 49152, ..lesson }
    }

    #[test]
    fn what_would_be_held_is_known_before_it_is_made() {
        let check = |capture: &str, seq| check_run(&config(), &capture.parse().unwrap(), &[], seq);
        assert!(check("pattern", 400).is_ok());
        let error = check("pattern", 8192).unwrap_err().to_string();
        assert!(error.contains("69120 MiB") && error.contains("256 MiB"), "{error}");
        assert!(check("logits", 2000).is_err());
        assert!(check("all", usize::MAX).is_err());
        assert!(check("", usize::MAX).is_ok());
    }

    #[test]
    fn a_pattern_that_is_patched_is_made_too() {
        let patch =
            |key: &str| Intervention::Patch { key: key.into(), value: Array::zeros([1]), head: None, positions: None };
        let check = |key: &str| check_run(&config(), &Capture::none(), &[patch(key)], 8192);
        assert!(check("blocks.3.attn_out").is_ok());
        assert!(check("blocks.3.attn.pattern").is_err());
    }
}
