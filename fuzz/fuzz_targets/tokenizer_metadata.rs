//! Any bytes as the metadata a tokenizer is built from, and as a `tokenizer.json`.
#![no_main]
use attnscope::{Bytes, Tokenizer, format::gguf};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(file) = gguf::parse(Bytes::from(data.to_vec()), "fuzz.gguf")
        && let Ok(tokenizer) = Tokenizer::from_gguf(&file.metadata)
    {
        let _ = tokenizer.encode("the hot dog was 12 🌭");
        (0..8).for_each(|id| drop(tokenizer.text(id)));
    }
    if let Ok(tokenizer) = Tokenizer::from_json(data)
        && let text = "the hot dog was 12 🌭"
        && tokenizer.check_text(text, 100).is_ok()
    {
        let ids = tokenizer.encode(text).unwrap_or_default();
        let _ = tokenizer.decode(&ids);
    }
});
