//! Every field of a `config.json` is used, harmless or refused: a value of the wrong kind is never swallowed, and one that
//! is not known is named.

mod common;

use attnscope::{Bytes, Error, Model, Trace};
use common::{fixture, json};
use serde_json::{Value, json};

const FAMILIES: [&str; 6] = ["llama", "mistral", "qwen2", "qwen3", "gpt2", "bert"];
const IDS: [u32; 11] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

fn open(family: &str, config: &Value) -> Result<Model, Error> {
    let weights = std::fs::read(fixture(&format!("tiny/{family}/model.safetensors"))).unwrap();
    let files = vec![
        ("config.json".to_string(), Bytes::from(serde_json::to_vec(config).unwrap())),
        ("model.safetensors".to_string(), Bytes::from(weights)),
    ];
    Model::from_files(files, "test")
}

fn config(family: &str) -> Value {
    json(&format!("tiny/{family}/config.json"))
}

/// All numbers of a run, or the message.
fn run(family: &str, config: &Value) -> Result<Trace, String> {
    let model = open(family, config).map_err(|e| e.to_string())?;
    model.run(&IDS, &"all,pattern".parse().unwrap(), &[]).map_err(|e| e.to_string())
}

fn with(family: &str, changes: &[(&str, Value)]) -> Value {
    let mut config = config(family);
    for (name, value) in changes {
        config[*name] = value.clone();
    }
    config
}

fn same(a: &Trace, b: &Trace) -> bool {
    assert!(!a.arrays.is_empty());
    a.arrays == b.arrays && a.last_logits == b.last_logits
}

#[test]
fn a_value_of_the_wrong_kind_is_refused_by_name_or_changes_nothing() {
    let odd = [json!("text"), json!(true), json!(-1), json!(1.5), json!([]), json!({}), json!([1, "x"]), json!(1e300)];
    let (mut refused, mut harmless) = (0, 0);
    for family in FAMILIES {
        let unchanged = run(family, &config(family)).unwrap();
        for name in config(family).as_object().unwrap().keys() {
            for value in odd.iter().chain([&Value::Null]) {
                match run(family, &with(family, &[(name, value.clone())])) {
                    Ok(trace) if same(&trace, &unchanged) => harmless += 1,
                    Ok(_) => {
                        // Yes and no, and numbers that may be any, have other meanings that are computed as well.
                        let computed = [
                            ("is_decoder", json!(true)),
                            ("sliding_window", Value::Null),
                            ("rope_parameters", json!({})),
                            ("rope_parameters", Value::Null),
                        ];
                        let any = name.ends_with("_eps") || name.ends_with("epsilon") || name == "tie_word_embeddings";
                        assert!(any || computed.contains(&(name.as_str(), value.clone())), "{family}: {name} {value}");
                    }
                    Err(message) => {
                        // Sizes that are whole numbers, but not these weights', are named by the tensor that differs.
                        let said = message.contains(name.as_str())
                            || ["shape", "missing", "architecture"].iter().any(|word| message.contains(word));
                        assert!(
                            said || message.contains("heads")
                                || message.contains("epsilon")
                                || message.contains("expected 1 to"),
                            "{family}: {name} {value}: {message}"
                        );
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(refused > 300 && harmless > 300, "{refused} refused, {harmless} harmless");
}

#[test]
fn a_field_that_is_not_known_is_named() {
    for family in FAMILIES {
        let message = run(family, &with(family, &[("query_pre_attn_scalar", json!(256))])).unwrap_err();
        assert!(message.contains("`query_pre_attn_scalar`") && message.contains("256"), "{message}");
        let message = run(family, &with(family, &[("attn_logit_softcapping", json!(50.0))])).unwrap_err();
        assert!(message.contains("attn_logit_softcapping"), "{message}");
    }
}

/// What a config says, and what comes of it: the numbers as they were, others, or a message with this word.
enum Comes {
    Same,
    Other,
    Named(&'static str),
}

#[test]
fn switches_are_read_as_transformers_reads_them() {
    use Comes::{Named, Other, Same};
    let full = |n: usize| json!(vec!["full_attention"; n]);
    let window = |n: usize| json!(vec!["sliding_attention"; n]);
    type Case = (&'static str, Vec<(&'static str, Value)>, Comes);
    let cases: Vec<Case> = vec![
        // Windows.
        ("llama", vec![("sliding_window", json!(4)), ("use_sliding_window", json!(true))], Same),
        ("llama", vec![("layer_types", window(3)), ("sliding_window", json!(2))], Same),
        ("qwen2", vec![("sliding_window", json!(4))], Same),
        ("qwen2", vec![("layer_types", Value::Null), ("sliding_window", json!(4))], Same),
        ("qwen2", vec![("use_sliding_window", json!(true)), ("sliding_window", json!(4))], Same),
        (
            "qwen2",
            vec![("use_sliding_window", json!(true)), ("sliding_window", json!(4)), ("layer_types", window(2))],
            Other,
        ),
        (
            "qwen3",
            vec![
                ("use_sliding_window", json!(true)),
                ("sliding_window", json!(4)),
                ("layer_types", Value::Null),
                ("max_window_layers", json!(0)),
            ],
            Other,
        ),
        (
            "qwen3",
            vec![
                ("use_sliding_window", json!(true)),
                ("sliding_window", json!(4)),
                ("layer_types", Value::Null),
                ("max_window_layers", json!(1)),
            ],
            Other,
        ),
        ("qwen3", vec![("layer_types", window(2))], Named("layer_types")),
        ("qwen3", vec![("layer_types", full(1))], Named("layer_types")),
        ("qwen3", vec![("layer_types", json!(["full_attention", "linear_attention"]))], Named("linear_attention")),
        ("mistral", vec![("sliding_window", Value::Null)], Other),
        ("mistral", vec![("sliding_window", json!(0))], Named("sliding_window")),
        ("mistral", vec![("sliding_window", Value::Null), ("layer_types", window(2))], Named("layer_types")),
        ("mistral", vec![("layer_types", window(2))], Same),
        ("mistral", vec![("layer_types", full(2))], Other),
        ("mistral", vec![("layer_types", json!(["full_attention", "sliding_attention"]))], Other),
        ("qwen2", vec![("layer_types", json!(["attention", "attention"]))], Same),
        ("qwen2", vec![("use_mrope", json!(false))], Same),
        ("qwen2", vec![("use_mrope", json!(true))], Named("use_mrope")),
        ("llama", vec![("whatever_it_is", Value::Null)], Same),
        ("llama", vec![("hidden_act", Value::Null)], Named("hidden_act")),
        ("llama", vec![("rope_parameters", json!({"rope_type": null}))], Named("rope_type")),
        ("llama", vec![("quantization", json!({"bits": 4}))], Named("MLX")),
        ("mistral", vec![("use_sliding_window", json!(false))], Same),
        // Which way a token looks.
        ("llama", vec![("is_causal", json!(false))], Other),
        ("llama", vec![("is_causal", json!(true))], Same),
        ("mistral", vec![("is_causal", json!(false))], Named("is_causal")),
        ("gpt2", vec![("is_causal", json!(false))], Other),
        ("bert", vec![("is_decoder", json!(true))], Other),
        ("bert", vec![("is_decoder", json!(true)), ("is_causal", json!(false))], Same),
        ("bert", vec![("add_cross_attention", json!(true))], Named("add_cross_attention")),
        // Rotary positions.
        ("llama", vec![("rope_parameters", Value::Null)], Same),
        ("llama", vec![("rope_theta", json!(100.0))], Same),
        ("llama", vec![("rope_parameters", Value::Null), ("rope_theta", json!(100.0))], Other),
        ("llama", vec![("rope_scaling", json!({})), ("rope_theta", json!(100.0))], Same),
        ("llama", vec![("rope_scaling", json!({"rope_type": "default"}))], Same),
        ("llama", vec![("rope_scaling", json!({"rope_theta": 100.0}))], Other),
        ("llama", vec![("rope_scaling", json!({"type": "linear", "factor": 2.0}))], Other),
        ("llama", vec![("rope_scaling", json!({"type": "linear", "factor": 0}))], Named("factor")),
        ("llama", vec![("rope_scaling", json!({"type": "dynamic", "factor": 2.0}))], Same),
        ("llama", vec![("rope_scaling", json!({"rope_type": "proportional", "factor": 2.0}))], Named("proportional")),
        ("llama", vec![("rope_scaling", json!({"rope_type": "llama3", "factor": 8.0}))], Named("low_freq_factor")),
        ("llama", vec![("rope_scaling", json!({"rope_type": "longrope"}))], Named("short_factor")),
        ("llama", vec![("rope_scaling", json!({"rope_type": "default", "factor": 2.0}))], Named("factor")),
        ("llama", vec![("rope_scaling", json!({"type": "linear", "factor": 1.0}))], Same),
        ("llama", vec![("rope_parameters", json!({"rope_type": "yarn", "factor": 4.0}))], Other),
        (
            "llama",
            vec![("rope_parameters", json!({"rope_type": "yarn", "factor": 4.0, "truncate": 1}))],
            Named("truncate"),
        ),
        ("llama", vec![("rope_parameters", json!({"rope_theta": "1e4"}))], Named("rope_theta")),
        ("llama", vec![("rope_parameters", json!({"full_attention": {"rope_theta": 5.0}}))], Named("full_attention")),
        ("llama", vec![("partial_rotary_factor", json!(0.5))], Named("partial_rotary_factor")),
        // Heads and biases.
        ("llama", vec![("tie_word_embeddings", json!(true))], Same),
        ("llama", vec![("attention_bias", json!(true))], Named("bias")),
        ("llama", vec![("mlp_bias", json!(true))], Named("bias")),
        ("qwen2", vec![("attention_bias", json!(false))], Same),
        ("qwen2", vec![("tie_word_embeddings", json!(false))], Named("lm_head.weight")),
        ("qwen2", vec![("architectures", json!(["Qwen2Model"])), ("tie_word_embeddings", json!(false))], Other),
        ("qwen3", vec![("architectures", json!(["Qwen3ForSequenceClassification"]))], Other),
        ("qwen3", vec![("architectures", json!(["LlamaForCausalLM"]))], Named("LlamaForCausalLM")),
        ("qwen3", vec![("head_dim", Value::Null)], Named("head_dim")),
        ("bert", vec![("num_attention_heads", json!(5))], Named("5 heads")),
        ("bert", vec![("type_vocab_size", json!(0))], Named("type_vocab_size")),
        ("gpt2", vec![("n_head", json!(5))], Named("5 heads")),
        ("gpt2", vec![("hidden_size", json!(32))], Same),
        ("gpt2", vec![("hidden_size", json!(64))], Named("n_embd")),
        ("gpt2", vec![("scale_attn_by_inverse_layer_idx", json!(true))], Named("scale_attn_by_inverse_layer_idx")),
        // What other programs leave there.
        ("llama", vec![("quantization_config", json!({"quant_method": "gptq"}))], Named("gptq")),
        ("llama", vec![("auto_map", json!({"AutoModel": "modeling_own.Own"}))], Named("auto_map")),
        ("llama", vec![("auto_map", json!({"AutoConfig": "configuration_own.Own"}))], Same),
        ("llama", vec![("pruned_heads", json!({"1": [2]}))], Named("pruned_heads")),
        ("llama", vec![("pruned_heads", json!({}))], Same),
        ("llama", vec![("num_local_experts", json!(8))], Named("experts")),
        ("llama", vec![("model_type", json!("mixtral"))], Named("mixtral")),
    ];
    for (family, changes, comes) in &cases {
        let unchanged = run(family, &config(family)).unwrap();
        let what = format!("{family} {changes:?}");
        match (run(family, &with(family, changes)), comes) {
            (Ok(trace), Same) => assert!(same(&trace, &unchanged), "{what}: other numbers"),
            (Ok(trace), Other) => assert!(!same(&trace, &unchanged), "{what}: the same numbers"),
            (Err(message), Named(word)) => assert!(message.contains(word), "{what}: {message}"),
            (Err(message), _) => panic!("{what}: {message}"),
            (Ok(_), Named(_)) => panic!("{what}: accepted"),
        }
    }
}

#[test]
fn a_model_without_a_head_says_why_it_predicts_nothing() {
    let classifier = with("qwen3", &[("architectures", json!(["Qwen3ForSequenceClassification"]))]);
    let model = open("qwen3", &classifier).unwrap();
    let message = model.require_vocab_head().unwrap_err().to_string();
    assert!(message.contains("Qwen3ForSequenceClassification") && message.contains("lm_head"), "{message}");
    let trace = model.run(&IDS, &"pattern".parse().unwrap(), &[]).unwrap();
    assert!(trace.last_logits.is_empty());
    let message = open("bert", &config("bert")).unwrap().require_vocab_head().unwrap_err().to_string();
    assert!(message.contains("encoder"), "{message}");
}

#[test]
fn what_a_family_takes_where_nothing_is_said_is_transformers_default() {
    // A file without any size is one of the family's first size, which these weights are not.
    for (family, width) in
        [("llama", 4096), ("mistral", 4096), ("qwen2", 4096), ("qwen3", 4096), ("gpt2", 768), ("bert", 768)]
    {
        let config = json!({"model_type": family});
        let message = run(family, &config).unwrap_err();
        assert!(message.contains(&width.to_string()), "{family}: {message}");
    }
    // Mistral's window of 4,096 tokens, where nothing is said.
    let mut config = config("mistral");
    config.as_object_mut().unwrap().remove("sliding_window");
    assert_eq!(open("mistral", &config).unwrap().config().layers[0].attention.window, Some(4096));
}
