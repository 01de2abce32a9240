//! Files that are cut off, changed, or lying: always an error that names the file, never a panic.

mod common;

use attnscope::format::{gguf, safetensors};
use attnscope::{Bytes, Capture, Error, Model};
use common::fixture;
use proptest::prelude::*;

fn read(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

fn open(bytes: Vec<u8>) -> Result<Model, Error> {
    Model::from_gguf(Bytes::from(bytes), "test.gguf")
}

fn open_safetensors(bytes: Vec<u8>) -> Result<Model, Error> {
    let files = vec![
        ("config.json".to_string(), Bytes::from(read("tiny/llama/config.json"))),
        ("model.safetensors".to_string(), Bytes::from(bytes)),
    ];
    Model::from_files(files, "test")
}

/// Opening must not panic; if it succeeds, neither must a run.
fn survive(model: Result<Model, Error>) {
    if let Ok(model) = model {
        let _ = model.run(&[1, 2, 3], &Capture::all(), &[]);
        let _ = model.encode("the hot dog 12");
    }
}

#[test]
fn a_gguf_cut_off_anywhere_is_an_error_that_names_it() {
    let whole = read("tiny/llama.gguf");
    for n in (0..whole.len()).step_by(37) {
        let error = open(whole[..n].to_vec()).err().unwrap_or_else(|| panic!("{n} bytes were enough"));
        assert!(error.to_string().contains("test.gguf"), "{error}");
    }
}

#[test]
fn a_safetensors_cut_off_anywhere_is_an_error_that_names_it() {
    let whole = read("tiny/llama/model.safetensors");
    for n in (0..whole.len()).step_by(101) {
        let error = open_safetensors(whole[..n].to_vec()).err().unwrap_or_else(|| panic!("{n} bytes were enough"));
        assert!(error.to_string().contains("model.safetensors"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((0usize..6000, any::<u8>()), 1..6)) {
        for (name, f) in [("tiny/llama.gguf", open as fn(Vec<u8>) -> _), ("tiny/llama/model.safetensors", open_safetensors)] {
            let mut bytes = read(name);
            changes.iter().for_each(|(at, to)| bytes[*at] = *to);
            survive(f(bytes));
        }
    }

    #[test]
    fn noise_is_an_error(noise in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(gguf::parse(Bytes::from(noise.clone()), "noise").is_err());
        prop_assert!(gguf::parse(Bytes::from([b"GGUF\x03\0\0\0".to_vec(), noise.clone()].concat()), "noise").is_err() || noise.len() >= 16);
        prop_assert!(safetensors::parse(Bytes::from(noise), "noise").is_err());
    }
}

#[test]
fn counts_that_the_file_cannot_hold_are_refused_before_anything_is_reserved() {
    for at in [8, 16] {
        let mut bytes = read("tiny/llama.gguf");
        bytes[at..at + 8].copy_from_slice(&u64::MAX.to_le_bytes());
        let error = open(bytes).err().unwrap().to_string();
        assert!(error.contains("18446744073709551615") && error.contains("damaged"), "{error}");
    }
}

#[test]
fn foreign_files_say_what_they_are_not() {
    let error = open(b"PK\x03\x04 a zip".to_vec()).err().unwrap().to_string();
    assert!(error.contains("not a GGUF file") && error.contains("no letters"), "{error}");
    let mut old = read("tiny/llama.gguf");
    old[4] = 1;
    assert!(open(old).err().unwrap().to_string().contains("version 1"));
}

/// Replaces a text of the file by another of the same length.
fn replaced(from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = read("tiny/llama.gguf");
    let mut found = 0;
    for at in 0..bytes.len() - from.len() {
        if &bytes[at..at + from.len()] == from.as_bytes() {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
            found += 1;
        }
    }
    assert!(found > 0, "{from} is not in the file");
    bytes
}

#[test]
fn what_is_missing_or_unknown_is_named() {
    let error = open(replaced("blk.1.attn_q.weight", "blk.1.attn_x.weight")).err().unwrap().to_string();
    assert!(error.contains("`blk.1.attn_q.weight` is missing"), "{error}");
    let error = open(replaced("llama", "lIama")).err().unwrap().to_string();
    assert!(error.contains("architecture `lIama`") && error.contains("gpt2"), "{error}");
    let error = open(replaced("smollm", "smolll")).err().unwrap().to_string();
    assert!(error.contains("pre-tokenizer is `smolll`"), "{error}");
    // The type of a tensor stands right behind its name and dimensions.
    let mut bytes = read("tiny/llama.gguf");
    let name = b"blk.0.attn_q.weight";
    let at = (0..bytes.len()).find(|i| bytes[*i..].starts_with(name)).unwrap() + name.len() + 4 + 16;
    bytes[at..at + 4].copy_from_slice(&40u32.to_le_bytes());
    let error = open(bytes).err().unwrap().to_string();
    assert!(error.contains("`blk.0.attn_q.weight`") && error.contains("NVFP4"), "{error}");
}

/// A GGUF of these entries of metadata and tensors (name, numbers, offset), with as much data.
fn gguf_of(values: &[(&str, u32, &[u8])], tensors: &[(&str, u64, u64)], data: usize) -> Vec<u8> {
    let mut out = b"GGUF\x03\0\0\0".to_vec();
    let text = |out: &mut Vec<u8>, text: &str| {
        out.extend((text.len() as u64).to_le_bytes());
        out.extend(text.as_bytes());
    };
    out.extend((tensors.len() as u64).to_le_bytes());
    out.extend((values.len() as u64).to_le_bytes());
    for (key, kind, bytes) in values {
        text(&mut out, key);
        out.extend(kind.to_le_bytes());
        out.extend(*bytes);
    }
    for (name, n, offset) in tensors {
        text(&mut out, name);
        out.extend(1u32.to_le_bytes());
        out.extend(n.to_le_bytes());
        out.extend(0u32.to_le_bytes());
        out.extend(offset.to_le_bytes());
    }
    out.resize(out.len().next_multiple_of(32) + data, 0);
    out
}

#[test]
fn tensors_lie_apart_and_where_the_alignment_says() {
    let parse = |tensors: &[(&str, u64, u64)]| gguf::parse(Bytes::from(gguf_of(&[], tensors, 256)), "odd");
    let refused = |tensors: &[(&str, u64, u64)]| parse(tensors).unwrap_err().to_string();
    assert!(parse(&[("a", 8, 0), ("b", 8, 32)]).is_ok());
    let error = refused(&[("b", 9, 0), ("a", 8, 32)]);
    assert!(error.contains("`b`") && error.contains("`a`") && error.contains("overlap"), "{error}");
    assert!(refused(&[("a", 8, 0), ("b", 8, 0)]).contains("overlap"));
    assert!(refused(&[("a", 8, 4)]).contains("no multiple of the file's alignment, 32"));
    assert!(refused(&[("a", 0, 0)]).contains("a dimension of 0"));
    assert!(refused(&[("a", 1, 0), ("a", 1, 32)]).contains("stands twice"));
}

#[test]
fn metadata_of_any_kind_is_skipped_or_refused_by_name() {
    let parse = |values: &[(&str, u32, &[u8])]| gguf::parse(Bytes::from(gguf_of(values, &[("a", 1, 0)], 64)), "odd");
    let list = |kind: u32, n: u64, inner: &[u8]| [&kind.to_le_bytes()[..], &n.to_le_bytes(), inner].concat();
    let nested = |depth: usize| (0..depth).fold(list(7, 2, &[0, 1]), |inner, _| list(9, 1, &inner));
    assert!(parse(&[("lists", 9, &nested(3))]).is_ok());
    let error = parse(&[("lists", 9, &nested(100_000))]).unwrap_err().to_string();
    assert!(error.contains("`lists`") && error.contains("deeper than 8"), "{error}");
    let error = parse(&[("general.alignment", 8, &list(1, 0, b"x")[..9])]).unwrap_err().to_string();
    assert!(error.contains("`general.alignment`: expected a whole number"), "{error}");
    let error = parse(&[("general.alignment", 4, &24u32.to_le_bytes())]).unwrap_err().to_string();
    assert!(error.contains("24, expected a power of two"), "{error}");
    let long = "k".repeat(1 << 17);
    let error = parse(&[(&long, 7, &[1])]).unwrap_err().to_string();
    assert!(error.contains("has 131072 bytes, at most 65536") && error.len() < 200, "{error}");
    let error = open(b"GGUF\0\0\0\x03".to_vec()).err().unwrap().to_string();
    assert!(error.contains("big-endian"), "{error}");
}

#[test]
fn configs_that_lie_are_refused_by_name() {
    let folder = |name: &str, change: &dyn Fn(&mut serde_json::Value)| {
        let mut config: serde_json::Value = serde_json::from_slice(&read(&format!("tiny/{name}/config.json"))).unwrap();
        change(&mut config);
        let files = vec![
            ("config.json".to_string(), Bytes::from(config.to_string().into_bytes())),
            ("model.safetensors".to_string(), Bytes::from(read(&format!("tiny/{name}/model.safetensors")))),
        ];
        Model::from_files(files, "odd").err().map(|e| e.to_string()).unwrap_or_default()
    };
    for (name, field) in [("gpt2", "n_head"), ("bert", "num_attention_heads")] {
        let error = folder(name, &|config| config[field] = 3.into());
        assert!(error.contains("3 heads cannot share the 32 numbers"), "{error}");
    }
    assert!(folder("gpt2", &|config| config["n_embd"] = u64::MAX.into()).contains("18446744073709551615"));
    assert!(folder("llama", &|config| config["num_hidden_layers"] = 4097.into()).contains("n_layers is 4097"));
    assert!(folder("llama", &|config| config["rms_norm_eps"] = 1e30.into()).contains("epsilon"));
    let windows = |config: &mut serde_json::Value| {
        config["num_hidden_layers"] = (1u64 << 62).into();
        config["layer_types"] = serde_json::Value::Null;
    };
    assert!(folder("qwen2", &windows).contains("n_layers is 4611686018427387904"));
    assert!(folder("llama", &|_| ()).is_empty());
}

#[test]
fn what_is_wrong_with_a_folder_is_said() {
    let model = |config: Vec<u8>, weights: Vec<u8>| {
        let files = [("config.json", config), ("model.safetensors", weights)];
        let files = files.map(|(name, bytes)| (name.to_string(), Bytes::from(bytes))).to_vec();
        Model::from_files(files, "odd").map(drop).map_err(|e| e.to_string())
    };
    let (config, weights) = (read("tiny/llama/config.json"), read("tiny/llama/model.safetensors"));
    assert_eq!(model([b"\xef\xbb\xbf".to_vec(), config.clone()].concat(), weights.clone()), Ok(()));
    let twice = String::from_utf8(config.clone()).unwrap().replacen('{', "{\"vocab_size\":7,", 1);
    assert!(model(twice.into_bytes(), weights.clone()).unwrap_err().contains("`vocab_size` stands twice"));
    let len = u64::from_le_bytes(*weights.first_chunk().unwrap()) as usize;
    let header = String::from_utf8(weights[8..8 + len].to_vec()).unwrap();
    let with =
        |header: String| [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &weights[8 + len..]].concat();
    let numbers = header.replacen("\"format\":\"pt\"", "\"step\":3", 1);
    assert_ne!(numbers, header);
    let error = model(config.clone(), with(numbers)).unwrap_err();
    assert!(error.contains("`__metadata__` must hold texts only, but its `step` is none"), "{error}");
    assert!(!error.contains("download it again"), "{error}");
    let error =
        model(config, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n".to_vec()).unwrap_err();
    assert!(error.contains("Git LFS"), "{error}");
}

#[test]
fn folders_without_a_model_say_what_a_model_is() {
    let folder = tempfile::tempdir().unwrap();
    let error = Model::open(folder.path()).err().unwrap().to_string();
    assert!(error.contains("config.json"), "{error}");
    assert!(Model::open(folder.path().join("none.gguf")).err().unwrap().to_string().contains("none.gguf"));
    std::fs::write(folder.path().join("empty.gguf"), b"").unwrap();
    assert!(Model::open(folder.path().join("empty.gguf")).err().unwrap().to_string().contains("empty"));
}

#[test]
fn a_file_that_belongs_to_a_model_is_said_to_do_so() {
    let error = Model::open(fixture("tiny/bert/tokenizer.json")).err().unwrap().to_string();
    assert!(error.contains("belongs to a model") && error.contains("give the folder"), "{error}");
}
