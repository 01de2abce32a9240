//! NaN and Inf in weights or patches: every run that meets them is an error, never a number made up.

mod common;

use attnscope::{Array, Bytes, Intervention, Model};
use common::fixture;

/// The tiny model with one number of a tensor replaced.
fn damaged(family: &str, tensor: &str, at: usize, x: f32) -> Model {
    let mut bytes = std::fs::read(fixture(&format!("tiny/{family}/model.safetensors"))).unwrap();
    let (header, metadata) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let start = 8 + header + metadata.info(tensor).unwrap().data_offsets.0;
    bytes[start + 4 * at..][..4].copy_from_slice(&x.to_le_bytes());
    let config = std::fs::read(fixture(&format!("tiny/{family}/config.json"))).unwrap();
    let files =
        vec![("config.json".to_string(), Bytes::from(config)), ("model.safetensors".to_string(), Bytes::from(bytes))];
    Model::from_files(files, "test").unwrap()
}

#[test]
fn in_weights() {
    let tensors = [
        ("llama", "model.embed_tokens.weight"),
        ("llama", "model.layers.0.self_attn.q_proj.weight"),
        ("llama", "model.layers.1.self_attn.k_proj.weight"),
        ("llama", "model.layers.1.self_attn.v_proj.weight"),
        ("llama", "model.layers.2.self_attn.o_proj.weight"),
        ("llama", "model.layers.0.mlp.gate_proj.weight"),
        ("llama", "model.layers.0.mlp.up_proj.weight"),
        ("llama", "model.layers.2.mlp.down_proj.weight"),
        ("llama", "lm_head.weight"),
        ("gpt2", "transformer.h.0.mlp.c_fc.weight"),
        ("bert", "encoder.layer.0.intermediate.dense.weight"),
    ];
    for (family, tensor) in tensors {
        for x in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let model = damaged(family, tensor, 3, x);
            for capture in ["none", "all"] {
                let capture = if capture == "none" { attnscope::Capture::none() } else { capture.parse().unwrap() };
                let error = model.run(&[0, 1, 2, 3], &capture, &[]).expect_err(tensor).to_string();
                assert!(error.contains("NaN or Inf"), "{tensor} {x}: {error}");
            }
        }
    }
}

#[test]
fn in_norms_and_biases() {
    for tensor in ["model.layers.0.input_layernorm.weight", "model.norm.weight"] {
        let error = std::panic::catch_unwind(|| damaged("llama", tensor, 0, f32::NAN));
        assert!(error.is_err(), "{tensor} was opened");
    }
}

#[test]
fn in_patches() {
    let model = Model::open(fixture("tiny/llama")).unwrap();
    for x in [f32::NAN, f32::INFINITY] {
        let mut numbers = vec![0.0; 2 * 48];
        numbers[95] = x;
        let value = Array::new([2, 48], numbers);
        let patch = Intervention::Patch { key: "blocks.1.resid_pre".into(), value, head: None, positions: None };
        let error = model.run(&[1, 2], &attnscope::Capture::none(), &[patch]).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("only numbers"), "{error}");
    }
}
