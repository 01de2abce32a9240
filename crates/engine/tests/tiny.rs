//! Tiny random models of each family against transformers in float64: every array, 1e-5 relative (weights 2e-5).

mod common;

use attnscope::Model;
use attnscope::Site;
use common::{close, fixture, ids, reference, tolerance};

/// Runs the model and compares every array that the reference holds.
fn check(model: &str, expected: &str, least: usize) {
    let model = Model::open(fixture(model)).unwrap();
    let expected = reference(expected);
    let trace = model.run(&ids(&expected), &"all,scores,pattern".parse().unwrap(), &[]).unwrap();
    let mut compared = 0;
    for (key, array) in &expected.arrays {
        let name = if key == "last_hidden_state" { "final_norm" } else { key };
        let found = trace.get(name).unwrap_or_else(|| panic!("{key} was not captured"));
        close(key, found, array, tolerance(key));
        compared += 1;
    }
    assert!(compared >= least, "only {compared} arrays compared");
    // Every row of every pattern is a distribution.
    for layer in 0..model.config().n_layers {
        for row in trace.layer(layer, Site::Pattern).unwrap().data().chunks(ids(&expected).len()) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }
}

#[test]
fn gpt2() {
    check("tiny/gpt2", "tiny/gpt2/reference.safetensors", 30);
}

#[test]
fn gpt2_gguf() {
    check("tiny/gpt2.gguf", "tiny/gpt2/reference.safetensors", 30);
}

#[test]
fn llama_with_grouped_queries() {
    check("tiny/llama", "tiny/llama/reference.safetensors", 30);
}

#[test]
fn llama_in_shards_with_an_older_config() {
    check("tiny/llama-sharded", "tiny/llama/reference.safetensors", 30);
}

#[test]
fn llama_gguf_with_interleaved_pairs() {
    check("tiny/llama.gguf", "tiny/llama-gguf-reference.safetensors", 20);
}

#[test]
fn qwen3_with_windows_in_some_layers() {
    check("tiny/qwen3-windows", "tiny/qwen3-windows/reference.safetensors", 30);
}

#[test]
fn mistral_with_a_sliding_window() {
    check("tiny/mistral", "tiny/mistral/reference.safetensors", 20);
}

#[test]
fn qwen2_with_biases() {
    check("tiny/qwen2", "tiny/qwen2/reference.safetensors", 20);
}

#[test]
fn qwen3_with_normed_queries_and_keys() {
    check("tiny/qwen3", "tiny/qwen3/reference.safetensors", 20);
}

#[test]
fn bert() {
    check("tiny/bert", "tiny/bert/reference.safetensors", 18);
}
