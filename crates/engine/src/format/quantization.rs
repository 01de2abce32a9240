//! How the weights of a GGUF file are stored, in a word that its users know: `Q4_K_M`.

use super::gguf::Gguf;
use attnscope_kernels::dequant::DType;

/// llama.cpp's names for the numbers of `general.file_type`.
const FILE_TYPES: [(u64, &str); 18] = [
    (0, "F32"),
    (1, "F16"),
    (2, "Q4_0"),
    (3, "Q4_1"),
    (7, "Q8_0"),
    (8, "Q5_0"),
    (9, "Q5_1"),
    (10, "Q2_K"),
    (11, "Q3_K_S"),
    (12, "Q3_K_M"),
    (13, "Q3_K_L"),
    (14, "Q4_K_S"),
    (15, "Q4_K_M"),
    (16, "Q5_K_S"),
    (17, "Q5_K_M"),
    (18, "Q6_K"),
    (21, "Q2_K_S"),
    (32, "BF16"),
];

/// As the file says it; where it does not, the type that most of its matrices have.
pub fn quantization(file: &Gguf) -> Option<String> {
    let number = file.metadata.get_u64("general.file_type").ok();
    let said = FILE_TYPES.iter().find(|(known, _)| Some(*known) == number);
    said.map(|(_, name)| (*name).to_owned()).or_else(|| most_common(file).map(|dtype| dtype.to_string()))
}

/// The type that most matrices have; of two that are equally common, the first of [`DType::ALL`].
fn most_common(file: &Gguf) -> Option<DType> {
    let matrices = || file.tensors.all().filter(|tensor| tensor.shape.len() == 2);
    let count = |dtype: DType| matrices().filter(|tensor| tensor.dtype == dtype).count();
    let counted = DType::ALL.into_iter().rev().map(|dtype| (count(dtype), dtype));
    counted.max_by_key(|(count, _)| *count).filter(|(count, _)| *count > 0).map(|(_, dtype)| dtype)
}
