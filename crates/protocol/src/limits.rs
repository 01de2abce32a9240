//! How much one request may ask for. A page that is open must stay usable while the work runs.

use crate::Failure;
use attnscope::{Capture, Config, Intervention, Site};

/// Bytes of arrays that a job keeps at one time, for its answer.
pub const MAX_BYTES: u64 = 256 << 20;
/// Bytes that its run needs in addition. SmolLM2-135M reads its longest text, 8,192 tokens, with 0.6 GiB.
pub const MAX_RUN_BYTES: u64 = 1 << 30;
/// The longest list of likeliest or nearest tokens.
pub const MAX_TOP: usize = 1000;
/// Words that define the groups between which a token is placed: each of them is read.
pub const MAX_SPOTS: usize = 64;
/// Interventions in one run: each is compared with every array.
pub const MAX_INTERVENTIONS: usize = 1024;
/// Pixels of a tile along one side.
pub const MAX_TILE: usize = 1024;
/// Models in training in one session. For one more, the least recently used one is removed.
pub const MAX_TRAINED: usize = 4;
/// Bytes of such a model's id.
pub const MAX_ID: usize = 64;
/// Tokens that attention is timed over, in a single step. With the widest head it takes many seconds.
pub const MAX_ATTEND: usize = 16_384;
/// The same if the whole pattern is kept.
pub const MAX_ATTEND_FULL: usize = 4096;
/// Width of the head that is timed.
pub const MAX_D_HEAD: usize = 256;
/// Training steps of one request.
pub const MAX_STEPS: usize = 100_000;
/// Sentences learned from between two reports, since the job cannot be cancelled between them.
pub const MAX_SENTENCES: usize = 1 << 14;

/// Memory that one request may ask for, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of arrays that a job keeps at one time, for its answer.
    pub kept: u64,
    /// Bytes that its run needs in addition.
    pub run: u64,
}

impl Default for Limits {
    /// The limits of a session that shares its machine with other work: [`MAX_BYTES`] and [`MAX_RUN_BYTES`].
    fn default() -> Self {
        Self { kept: MAX_BYTES, run: MAX_RUN_BYTES }
    }
}

impl Limits {
    /// Those of a caller that waits for the one answer, on a machine of its own: a mistake must not fill all of it.
    pub const ALONE: Self = Self { kept: 4 << 30, run: 4 << 30 };
}

/// Checks the length of a list of tokens.
pub(crate) fn check_top(top: usize) -> Result<(), Failure> {
    within("the number of tokens to name", top, 0, MAX_TOP)
}

/// Checks that a number lies between two others.
pub(crate) fn within(what: &str, found: usize, least: usize, most: usize) -> Result<(), Failure> {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    Err(Failure::request(format!("{what} is {found}, expected {least} to {most}")))
}

impl Limits {
    /// Checks and returns the bytes of memory of a run over `seq` tokens, including those of the arrays that it keeps.
    pub(crate) fn check_run(
        self,
        config: &Config,
        capture: &Capture,
        interventions: &[Intervention],
        seq: usize,
    ) -> Result<u64, Failure> {
        within("the number of interventions", interventions.len(), 0, MAX_INTERVENTIONS)?;
        // To patch a pattern the engine computes one, captured or not.
        let patches = interventions
        .iter()
        .any(|change| matches!(change, Intervention::Patch { key, .. } if Site::of_key(key).is_some_and(|(site, _)| site == Site::Pattern)));
        let kept = self.check_length(seq, |seq| {
            let patched = if patches { Site::Pattern.len(config, 0, seq, seq).saturating_mul(4) } else { 0 };
            capture.bytes(config, seq, seq).saturating_add(patched)
        })?;
        let needed = check_memory(seq, self.run, |seq| config.run_bytes(seq, seq))?;
        Ok(kept.saturating_add(needed))
    }

    /// The same if up to `more` tokens are generated after them, one by one.
    pub(crate) fn check_generation(
        self,
        config: &Config,
        interventions: &[Intervention],
        seq: usize,
        more: usize,
    ) -> Result<u64, Failure> {
        self.check_run(config, &Capture::none(), interventions, seq)?;
        let most = seq.saturating_add(more).min(config.n_ctx.max(seq));
        check_memory(most, self.run, |most| config.run_bytes(seq.min(most), most))
    }

    /// Checks and returns the bytes of memory of an answer about `seq` tokens; `bytes` must grow with their number.
    pub(crate) fn check_length(self, seq: usize, bytes: impl Fn(usize) -> u64) -> Result<u64, Failure> {
        check_memory(seq, self.kept, bytes)
    }
}

fn check_memory(seq: usize, most: u64, bytes: impl Fn(usize) -> u64) -> Result<u64, Failure> {
    let needed = bytes(seq);
    if needed <= most {
        return Ok(needed);
    }
    let (mut fits, mut over) = (0, seq);
    while over - fits > 1 {
        let middle = fits + (over - fits) / 2;
        if bytes(middle) <= most { fits = middle } else { over = middle }
    }
    let (needed, most) = (needed.div_ceil(1 << 20), most >> 20);
    let mend = match fits {
        0 => "this model is too large for it".to_owned(),
        1 => "shorten it to one token".to_owned(),
        n => format!("shorten it to {n} tokens"),
    };
    Err(Failure::request(format!(
        "the text is too long for this: its {seq} tokens need {needed} MiB of memory, at most {most} MiB are held; {mend}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use attnscope::Array;

    /// SmolLM2-135M's sizes, as far as they matter here.
    fn config() -> Config {
        let lesson = attnscope::lesson::model().config().clone();
        Config { n_layers: 30, n_heads: 9, n_kv_heads: 3, d_head: 64, d_model: 576, n_vocab: 49152, ..lesson }
    }

    #[test]
    fn what_would_be_held_is_known_before_it_is_made() {
        let check = |capture: &str, seq| Limits::default().check_run(&config(), &capture.parse().unwrap(), &[], seq);
        assert!(check("pattern", 400).is_ok());
        let error = check("pattern", 8192).unwrap_err().to_string();
        assert!(error.contains("8192 tokens need 69120 MiB") && error.contains("256 MiB"), "{error}");
        // The length that the error suggests is the longest that is accepted.
        let longest = error.split("shorten it to ").nth(1).and_then(|n| n.split(' ').next()).unwrap().parse().unwrap();
        assert!(check("pattern", longest).is_ok() && check("pattern", longest + 1).is_err(), "{error}");
        let one_is_too_much = Limits::default().check_length(3, |_| u64::MAX).unwrap_err().to_string();
        assert!(one_is_too_much.ends_with("too large for it"), "{one_is_too_much}");
        assert!(check("logits", 2000).is_err());
        assert!(check("all", usize::MAX).is_err());
        // Arrays that are not kept still need memory while they are computed.
        assert!(check("", 8192).is_ok());
        let error = check("", usize::MAX).unwrap_err().to_string();
        assert!(error.contains("at most 1024 MiB"), "{error}");
    }

    #[test]
    fn what_is_written_after_a_text_counts() {
        let check =
            |seq, more| Limits::default().check_generation(&Config { n_ctx: 1 << 26, ..config() }, &[], seq, more);
        assert!(check(100, 1000).is_ok());
        let error = check(100, usize::MAX).unwrap_err().to_string();
        assert!(error.contains("67108864 tokens need") && error.contains("1024 MiB"), "{error}");
        // No more tokens can be generated than the context holds.
        assert!(Limits::default().check_generation(&Config { n_ctx: 2048, ..config() }, &[], 100, usize::MAX).is_ok());
    }

    #[test]
    fn a_pattern_that_is_patched_is_made_too() {
        let patch =
            |key: &str| Intervention::Patch { key: key.into(), value: Array::zeros([1]), head: None, positions: None };
        let check = |key: &str| Limits::default().check_run(&config(), &Capture::none(), &[patch(key)], 8192);
        assert!(check("blocks.3.attn_out").is_ok());
        assert!(check("blocks.3.attn.pattern").is_err());
    }
}
