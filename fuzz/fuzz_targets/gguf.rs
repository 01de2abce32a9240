//! Any bytes as a GGUF model: opening and a short run must not panic.
#![no_main]
use attnscope::{Bytes, Capture, Model};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(model) = Model::from_gguf(Bytes::from(data.to_vec()), "fuzz.gguf") {
        let _ = model.run(&[1, 2, 3], &Capture::all(), &[]);
    }
});
