//! Folders of Hugging Face: config, tokenizer, weights; well formed, with odd values here and there.

use super::draw::Draw;
use super::numbers::weights;
use super::plan::{Plan, Shape, spoil};
use super::tokenizer;
use attnscope_kernels::dequant::DType;
use serde_json::{Map, Value, json};

const ARCHS: [&str; 6] = ["llama", "gpt2", "bert", "mistral", "qwen2", "qwen3"];

/// The files by name.
pub fn files(draw: &mut Draw<'_>) -> Vec<(String, Vec<u8>)> {
    let (tokenizer, n_tokens) = tokenizer::json(draw);
    let vocab = if draw.odd(8) { draw.below(8) } else { n_tokens };
    let plan = Plan::draw(draw, &ARCHS, vocab);
    let mut config = config(&plan);
    let mut tensors = plan.hf();
    let oddities = draw.of(&[0, 0, 0, 1, 0, 1, 2, 3]);
    let mut header = Header::default();
    for _ in 0..oddities {
        match draw.below(8) {
            0 | 1 => spoil(draw, &mut tensors),
            2 => header.alias = true,
            3 => header.gap = draw.below(9),
            4 => {
                header.metadata = Some(draw.of(&[json!({"step": 3}), json!(null), json!({"format": "pt"}), json!([1])]))
            }
            5 => header.dtype = Some(draw.of(&["F64", "I64", "F8_E4M3", "X", "BF16", "F16"])),
            _ => odd_field(draw, &mut config),
        }
    }
    let mut text = Value::Object(config).to_string();
    if draw.odd(40) {
        text = format!("\u{feff}{text}");
    }
    vec![
        ("config.json".into(), text.into_bytes()),
        ("tokenizer.json".into(), tokenizer.into_bytes()),
        ("model.safetensors".into(), safetensors(draw, &tensors, &header)),
    ]
}

/// A config and weights of this plan with nothing odd, stored as F16.
#[allow(dead_code)] // the test of memory
pub fn plain(plan: &Plan) -> Vec<(String, Vec<u8>)> {
    // The second of the three that are chosen from.
    let draw = &mut Draw::from_bytes(&[1]);
    let weights = safetensors(draw, &plan.hf(), &Header::default());
    vec![
        ("config.json".into(), Value::Object(config(plan)).to_string().into_bytes()),
        ("model.safetensors".into(), weights),
    ]
}

fn config(plan: &Plan) -> Map<String, Value> {
    let value = match plan.arch {
        "gpt2" => json!({
            "model_type": "gpt2", "n_embd": plan.d, "n_layer": plan.layers, "n_head": plan.heads, "n_inner": plan.d_ff,
            "n_positions": plan.ctx, "vocab_size": plan.vocab, "activation_function": "gelu_new",
            "layer_norm_epsilon": 1e-5, "tie_word_embeddings": true,
        }),
        "bert" => json!({
            "model_type": "bert", "hidden_size": plan.d, "num_hidden_layers": plan.layers,
            "num_attention_heads": plan.heads, "intermediate_size": plan.d_ff, "max_position_embeddings": plan.ctx,
            "vocab_size": plan.vocab, "hidden_act": "gelu", "layer_norm_eps": 1e-12, "type_vocab_size": 2,
        }),
        arch => json!({
            "model_type": arch, "hidden_size": plan.d, "num_hidden_layers": plan.layers, "head_dim": plan.d_head,
            "num_attention_heads": plan.heads, "num_key_value_heads": plan.kv, "intermediate_size": plan.d_ff,
            "max_position_embeddings": plan.ctx, "vocab_size": plan.vocab, "hidden_act": "silu", "rms_norm_eps": 1e-6,
            "rope_theta": 10000.0, "tie_word_embeddings": plan.tied, "attention_bias": plan.has_biases(),
            "sliding_window": null,
        }),
    };
    let Value::Object(mut map) = value else { return Map::new() };
    if plan.arch == "qwen2" {
        map.remove("attention_bias");
    }
    map
}

fn odd_field(draw: &mut Draw<'_>, config: &mut Map<String, Value>) {
    let keys: Vec<String> = config.keys().cloned().collect();
    let new = ["sliding_window", "head_dim", "is_causal", "layer_types", "rope_scaling", "new"];
    let key = if draw.odd(5) { draw.of(&new).to_string() } else { draw.of(&keys) };
    let number = draw.number();
    let value = match draw.below(8) {
        0 => return drop(config.remove(&key)),
        1 => json!(null),
        2 => json!(draw.text()),
        3 => json!(-1),
        4 => json!(f64::from(draw.float())),
        5 => json!([number]),
        6 => json!({"a": number}),
        _ => json!(number),
    };
    config.insert(key, value);
}

/// What is odd about the table of tensors.
#[derive(Default)]
struct Header {
    alias: bool,
    gap: usize,
    metadata: Option<Value>,
    dtype: Option<&'static str>,
}

fn safetensors(draw: &mut Draw<'_>, tensors: &[Shape], header: &Header) -> Vec<u8> {
    let (name, dtype) = draw.of(&[("F32", DType::F32), ("F16", DType::F16), ("BF16", DType::BF16)]);
    // Not a map: a name may stand twice.
    let mut entries = Vec::new();
    if let Some(metadata) = &header.metadata {
        entries.push(format!("\"__metadata__\":{metadata}"));
    }
    let (mut data, odd) = (Vec::new(), draw.below(tensors.len()));
    for (i, (tensor, shape)) in tensors.iter().enumerate() {
        let strange = i == odd;
        if strange {
            data.resize(data.len() + header.gap, 0);
        }
        let start = data.len();
        data.extend(weights(draw, dtype, shape.iter().product()));
        let (start, end) = if header.alias && strange { (0, data.len() - start) } else { (start, data.len()) };
        let dtype = header.dtype.filter(|_| strange).unwrap_or(name);
        let info = json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]});
        entries.push(format!("{}:{info}", Value::from(tensor.as_str())));
    }
    let header = format!("{{{}}}", entries.join(","));
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
}
