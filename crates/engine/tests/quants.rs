//! Every format of numbers against gguf-py's own dequantization, bit for bit.

mod common;

use attnscope_kernels::dequant::{DType, dequantize_at};
use attnscope_kernels::level;

#[test]
fn every_type_equals_gguf_py() {
    let bytes = std::fs::read(common::fixture("quants.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    for dtype in DType::ALL.into_iter().filter(|d| *d != DType::F32) {
        let stored = tensors.tensor(&format!("{dtype}.bytes")).unwrap();
        let values = tensors.tensor(&format!("{dtype}.values")).unwrap();
        let expected: Vec<f32> = values.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        assert_eq!(expected.len(), 6 * 512, "{dtype}");
        for (name, level) in level::all() {
            let mut found = vec![f32::NAN; expected.len()];
            dequantize_at(level, dtype, stored.data(), &mut found);
            for (i, (f, e)) in found.iter().zip(&expected).enumerate() {
                assert!(
                    f.to_bits() == e.to_bits() || (*f == 0.0 && *e == 0.0),
                    "{dtype} on {name}: [{i}] {f} against {e}"
                );
            }
        }
    }
}
