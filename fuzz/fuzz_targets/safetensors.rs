//! Any bytes as safetensors, as a sharded index, and as a saved trace.
#![no_main]
use attnscope::{Bytes, Error, Trace, format::safetensors};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = safetensors::parse(Bytes::from(data.to_vec()), "fuzz.safetensors");
    let _ = safetensors::parse_sharded(data, |name| Err(Error::format(name, "no such shard")));
    let _ = Trace::load_safetensors(data);
    let _ = Trace::load_npz(data);
});
