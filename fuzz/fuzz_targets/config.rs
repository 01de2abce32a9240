//! Any bytes as `config.json` beside sound weights: opening and a short run must not panic.
#![no_main]
use attnscope::{Bytes, Capture, Model};

static WEIGHTS: &[u8] = include_bytes!("../../fixtures/tiny/llama/model.safetensors");

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let files = vec![
        ("config.json".to_string(), Bytes::from(data.to_vec())),
        ("model.safetensors".to_string(), Bytes::new(WEIGHTS)),
    ];
    if let Ok(model) = Model::from_files(files, "fuzz") {
        let _ = model.run(&[1, 2, 3], &Capture::all(), &[]);
    }
});
