//! How the weights of a GGUF file are stored, in a word that its users know: `Q4_K_M`.

use super::gguf::Gguf;
use attnscope_kernels::dequant::DType;

/// llama.cpp's names for the numbers of `general.file_type`.
const FILE_TYPES: [(u64, &str); 33] = [
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
    (19, "IQ2_XXS"),
    (20, "IQ2_XS"),
    (21, "Q2_K_S"),
    (22, "IQ3_XS"),
    (23, "IQ3_XXS"),
    (24, "IQ1_S"),
    (25, "IQ4_NL"),
    (26, "IQ3_S"),
    (27, "IQ3_M"),
    (28, "IQ2_S"),
    (29, "IQ2_M"),
    (30, "IQ4_XS"),
    (31, "IQ1_M"),
    (32, "BF16"),
    (36, "TQ1_0"),
    (37, "TQ2_0"),
    (38, "MXFP4"),
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
