//! Well-formed folders of config, tokenizer and weights with odd values, chosen by the fuzzer's bytes: opened, run, and a number opened.
#![no_main]
#[path = "../../crates/engine/tests/odd/mod.rs"]
#[allow(dead_code)]
mod odd;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    odd::folder_of_files(&mut odd::draw::Draw::from_bytes(data));
});
