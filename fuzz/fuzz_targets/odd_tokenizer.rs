//! Well-formed tokenizers with odd values, chosen by the fuzzer's bytes: opened, run, and a number opened.
#![no_main]
#[path = "../../crates/engine/tests/odd/mod.rs"]
#[allow(dead_code)]
mod odd;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    odd::tokenizer_alone(&mut odd::draw::Draw::from_bytes(data));
    odd::other_tokenizer(&mut odd::draw::Draw::from_bytes(data));
});
