//! What the parity tests share: fixtures, models, and comparisons that cannot be fooled.
#![allow(dead_code)] // each test file uses its part

mod models;

use attnscope::{Array, Trace};
#[allow(unused_imports)]
pub use models::{minilm, smollm2};
use std::path::{Path, PathBuf};

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

/// The reference arrays of a fixture, with its ids as tokens.
pub fn reference(name: &str) -> Trace {
    let bytes = std::fs::read(fixture(name)).unwrap_or_else(|e| panic!("fixtures/{name}: {e}"));
    // The references call their ids `input_ids`, which a trace calls `tokens`.
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut trace = Trace::default();
    for (key, view) in tensors.tensors() {
        if key == "input_ids" {
            let ids = view.data().chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().unwrap()) as u32);
            trace.tokens = ids.map(|id| attnscope::Token { id, text: String::new() }).collect();
        } else {
            let data = view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
            trace.arrays.insert(key, Array::new(view.shape(), data));
        }
    }
    trace
}

pub fn ids(trace: &Trace) -> Vec<u32> {
    trace.tokens.iter().map(|t| t.id).collect()
}

pub fn json(name: &str) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(fixture(name)).unwrap()).unwrap()
}

/// Largest |found − expected|, each row divided by the largest |expected| of that row where `relative`.
/// Lengths must agree; NaN counts as infinitely wrong; a row of zeros must be met by zeros.
pub fn error(found: &[f32], expected: &[f32], row: usize, relative: bool) -> f32 {
    assert_eq!(found.len(), expected.len(), "lengths differ");
    assert!(!expected.is_empty(), "nothing to compare");
    let mut worst = 0f32;
    for (f, e) in found.chunks(row).zip(expected.chunks(row)) {
        let size = if relative { e.iter().fold(0f32, |m, x| m.max(x.abs())) } else { 1.0 };
        for (f, e) in f.iter().zip(e) {
            let d = (f - e).abs();
            let d = if d == 0.0 { 0.0 } else { d / size };
            worst = if d.is_nan() { f32::INFINITY } else { worst.max(d) };
        }
    }
    worst
}

/// The relative error that is allowed in an array of a run. Weights have twice as much as other numbers: the relative error
/// of a weight is the absolute error of its score, and scores of the test models reach 30. (How many numbers are added up
/// at once, and with it the rounding, depends on the machine's instructions.)
pub fn tolerance(key: &str) -> f32 {
    if key.ends_with("attn.pattern") { 2e-5 } else { 1e-5 }
}

/// Fails unless the arrays agree row by row, relative to the row's largest number.
pub fn close(what: &str, found: &Array, expected: &Array, tolerance: f32) {
    assert_eq!(found.shape(), expected.shape(), "{what}: shapes differ");
    let row = *expected.shape().last().unwrap();
    let worst = error(found.data(), expected.data(), row, true);
    assert!(worst <= tolerance, "{what}: relative error {worst:e}, allowed {tolerance:e}");
}

#[test]
fn comparisons_fail_on_nan_and_on_zeros_that_are_not_met() {
    assert_eq!(error(&[1.0, 2.0], &[1.0, 2.0], 2, true), 0.0);
    assert_eq!(error(&[f32::NAN], &[1.0], 1, true), f32::INFINITY);
    assert_eq!(error(&[1.0], &[f32::NAN], 1, true), f32::INFINITY);
    assert_eq!(error(&[1e-20], &[0.0], 1, true), f32::INFINITY);
    assert_eq!(error(&[0.0], &[0.0], 1, true), 0.0);
    assert!((error(&[1.1, 100.0], &[1.0, 100.0], 1, true) - 0.1).abs() < 1e-5);
}
