//! Every key of a GGUF under its architecture's name is used, harmless or refused, as llama.cpp reads it.

mod common;

use attnscope::{Bytes, Model, Trace};
use common::fixture;

/// A value to be written into a GGUF: its type's number and its bytes.
type Written = (u32, Vec<u8>);

fn u(n: u32) -> Written {
    (4, n.to_le_bytes().to_vec())
}

fn f(x: f32) -> Written {
    (6, x.to_le_bytes().to_vec())
}

fn yes(b: bool) -> Written {
    (7, vec![u8::from(b)])
}

fn text(s: &str) -> Written {
    (8, [&(s.len() as u64).to_le_bytes()[..], s.as_bytes()].concat())
}

fn several(all: &[u32]) -> Written {
    let head = [&4u32.to_le_bytes()[..], &(all.len() as u64).to_le_bytes()].concat();
    (9, head.into_iter().chain(all.iter().flat_map(|n| n.to_le_bytes())).collect())
}

fn pair(key: &str, (kind, bytes): &Written) -> Vec<u8> {
    let len = (key.len() as u64).to_le_bytes();
    [&len[..], key.as_bytes(), &kind.to_le_bytes(), bytes].concat()
}

/// The file with one more key. A second one fills up, so that the tensors keep their alignment.
fn with(name: &str, key: &str, value: &Written) -> Vec<u8> {
    let file = std::fs::read(fixture(name)).unwrap();
    let added = pair(key, value);
    let filled = pair("fill", &text("")).len();
    let fill = pair("fill", &text(&"x".repeat(64 - (added.len() + filled) % 32)));
    let count = u64::from_le_bytes(file[16..24].try_into().unwrap()) + 2;
    [&file[..16], &count.to_le_bytes(), &added, &fill, &file[24..]].concat()
}

fn run(bytes: Vec<u8>) -> Result<(Vec<u32>, Trace), String> {
    let model = Model::from_gguf(Bytes::from(bytes), "test.gguf").map_err(|e| e.to_string())?;
    let ids = model.encode("the hot dog").map_err(|e| e.to_string())?;
    let trace = model.run(&[3, 4, 5, 6, 7, 8, 9], &"all,pattern".parse().unwrap(), &[]).map_err(|e| e.to_string())?;
    Ok((ids, trace))
}

enum Comes {
    Same,
    Other,
    Named(&'static str),
}

#[test]
fn keys_are_read_as_llama_cpp_reads_them() {
    use Comes::{Named, Other, Same};
    let cases: Vec<(&str, Written, Comes)> = vec![
        ("llama.attention.causal", yes(false), Other),
        ("llama.attention.causal", u(0), Other),
        ("llama.attention.causal", yes(true), Same),
        ("llama.attention.causal", text("no"), Named("attention.causal")),
        ("llama.attention.sliding_window", u(0), Same),
        ("llama.attention.sliding_window", u(64), Same),
        ("llama.attention.sliding_window", u(4), Named("sliding_window")),
        ("llama.attention.scale", f(0.0), Same),
        ("llama.attention.scale", f(0.353_553_4), Same),
        ("llama.attention.scale", f(0.25), Named("attention.scale")),
        ("llama.attention.key_length", u(8), Same),
        ("llama.attention.value_length", u(8), Same),
        ("llama.attention.value_length", u(4), Named("value_length")),
        ("llama.rope.scaling.type", text("none"), Same),
        ("llama.rope.scaling.type", text("linear"), Same),
        ("llama.rope.scaling.type", text("yarn"), Same),
        ("llama.rope.scaling.type", text("another"), Named("another")),
        ("llama.rope.scaling.factor", f(1.0), Same),
        ("llama.rope.scaling.factor", f(0.0), Same),
        ("llama.rope.scaling.factor", f(4.0), Other),
        ("llama.rope.scaling.factor", f(-1.0), Named("rope.scaling.factor")),
        ("llama.rope.scaling.factor", text("4"), Named("rope.scaling.factor")),
        ("llama.rope.scale_linear", f(4.0), Other),
        ("llama.rope.scaling.original_context_length", u(32), Same),
        ("llama.rope.scaling.attn_factor", f(0.5), Other),
        ("llama.rope.scaling.attn_factor", f(0.0), Named("attn_factor")),
        ("llama.rope.scaling.attn_factor", f(1.0), Same),
        ("llama.pooling_type", u(3), Same),
        ("llama.expert_count", u(0), Same),
        ("llama.expert_count", u(8), Named("expert_used_count")),
        ("llama.logit_scale", f(2.0), Named("logit_scale")),
        ("llama.something_new", f(2.0), Named("llama.something_new")),
        ("llama.something_new", several(&[1, 2]), Named("llama.something_new")),
        ("other.something_new", f(2.0), Same),
        ("split.count", u(1), Same),
        ("split.count", u(3), Named("split into 3 files")),
        ("tokenizer.ggml.add_sep_token", yes(false), Same),
        // It is about pairs of texts.
        ("tokenizer.ggml.add_sep_token", yes(true), Same),
        ("tokenizer.ggml.add_eos_token", yes(true), Other),
        ("tokenizer.ggml.add_eos_token", u(1), Other),
        ("tokenizer.ggml.add_eos_token", u(7), Named("add_eos_token")),
        ("tokenizer.ggml.eot_token_id", u(2), Same),
        ("tokenizer.ggml.something_new", u(2), Named("something_new")),
    ];
    let unchanged = run(std::fs::read(fixture("tiny/llama.gguf")).unwrap()).unwrap();
    for (key, value, comes) in &cases {
        match (run(with("tiny/llama.gguf", key, value)), comes) {
            (Ok(found), Same) => assert!(found == unchanged, "{key} {value:?}: other numbers"),
            (Ok(found), Other) => assert!(found != unchanged, "{key} {value:?}: the same numbers"),
            (Err(message), Named(word)) => assert!(message.contains(word), "{key} {value:?}: {message}"),
            (Err(message), _) => panic!("{key} {value:?}: {message}"),
            (Ok(_), Named(_)) => panic!("{key} {value:?}: accepted"),
        }
    }
}

#[test]
fn numbers_for_each_layer_are_taken_if_they_are_alike() {
    let file = "tiny/gpt2.gguf";
    let ids = |bytes| run(bytes).map(|(_, trace)| trace.arrays.len());
    let whole = ids(std::fs::read(fixture(file)).unwrap());
    assert_eq!(ids(with(file, "gpt2.attention.head_count_kv", &several(&[4, 4, 4]))), whole);
    let message = ids(with(file, "gpt2.attention.head_count_kv", &several(&[4, 2, 4]))).unwrap_err();
    assert!(message.contains("head_count_kv") && message.contains("differs between layers"), "{message}");
    let message = ids(with(file, "gpt2.attention.head_count_kv", &several(&[4, 4]))).unwrap_err();
    assert!(message.contains("one for each of the 3 layers"), "{message}");
}

/// The name as `general.file_type` has it, or by the tensors where it says nothing that is known.
#[test]
fn a_name_says_how_the_weights_are_stored() {
    let file = std::fs::read(fixture("tiny/llama.gguf")).unwrap();
    let key = b"general.file_type";
    let at = file.windows(key.len()).position(|part| part == key).unwrap() + key.len() + 4;
    let name = |number: u32| {
        let bytes = [&file[..at], &number.to_le_bytes(), &file[at + 4..]].concat();
        Model::from_gguf(Bytes::from(bytes), "test.gguf").unwrap()
    };
    assert_eq!(name(3).info().name, "tiny llama Q4_1");
    assert_eq!(name(15).info().name, "tiny llama Q4_K_M");
    assert_eq!(name(999).info().name, "tiny llama F32", "that of the tensors");
    assert_eq!(name(15).named("my Q4_K_M").info().name, "my Q4_K_M", "not twice");
    assert_eq!(name(15).named("mine").info().name, "mine Q4_K_M");
    assert_eq!(Model::open(fixture("tiny/llama")).unwrap().info().name, "llama", "a folder says nothing of it");
}
