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
    assert!(error.contains("not a GGUF file") && error.contains("PK"), "{error}");
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
    bytes[at..at + 4].copy_from_slice(&16u32.to_le_bytes());
    let error = open(bytes).err().unwrap().to_string();
    assert!(error.contains("`blk.0.attn_q.weight`") && error.contains("ggml type 16"), "{error}");
}

#[test]
fn folders_without_a_model_say_what_a_model_is() {
    let folder = tempfile::tempdir().unwrap();
    let error = Model::open(folder.path()).err().unwrap().to_string();
    assert!(error.contains("config.json"), "{error}");
    assert!(Model::open(&folder.path().join("none.gguf")).err().unwrap().to_string().contains("none.gguf"));
    std::fs::write(folder.path().join("empty.gguf"), b"").unwrap();
    assert!(Model::open(&folder.path().join("empty.gguf")).err().unwrap().to_string().contains("empty"));
}
