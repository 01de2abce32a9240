//! Thousands of well-formed files with odd values: none makes the engine panic, nor the library that cuts texts, whose
//! panics would be caught here, but not in a browser.

mod odd;

use odd::Outcome;
use odd::draw::Draw;
use std::sync::atomic::{AtomicUsize, Ordering};

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Runs `make` on seeds `0 .. n`, and counts what became of them.
fn run(n: u64, make: fn(&mut Draw<'_>) -> Outcome) -> [usize; 3] {
    let mut counts = [0; 3];
    let first = std::env::var("ODD_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    for seed in first..first + n {
        let before = PANICS.load(Ordering::Relaxed);
        let outcome = std::panic::catch_unwind(|| make(&mut Draw::from_seed(seed)));
        let outcome = outcome.unwrap_or_else(|_| panic!("seed {seed} panics"));
        assert_eq!(PANICS.load(Ordering::Relaxed), before, "seed {seed}: a panic was caught");
        counts[outcome as usize] += 1;
    }
    counts
}

/// How many seeds: `ODD_FILES` for long runs.
fn seeds() -> u64 {
    std::env::var("ODD_FILES").ok().and_then(|n| n.parse().ok()).unwrap_or(2000)
}

/// One after the other: what is caught is counted for the whole process.
#[test]
fn odd_values_are_refused_or_run_and_never_panic() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        usual(info);
    }));
    for (name, make) in [
        ("gguf", odd::gguf_file as fn(&mut Draw<'_>) -> Outcome),
        ("folder", odd::folder_of_files),
        ("tokenizer", odd::tokenizer_alone),
        ("other tokenizers", odd::other_tokenizer),
    ] {
        let [refused, opened, ran] = run(seeds(), make);
        println!("{name}: {refused} refused, {opened} opened, {ran} ran");
        let all = refused + opened + ran;
        // If nearly all are refused, or nearly none, the generator no longer looks at anything.
        let both = ran * 5 > all && refused * 20 > all;
        assert!(both || all < 1000, "{name}: {refused} refused, {opened} opened, {ran} ran");
    }
}
