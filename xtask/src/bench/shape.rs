//! Model files of the shape of Llama 3.2 1B, with numbers at random: all that speed and memory depend on is as in the real
//! file (sizes, types, as many tokens), and nothing of what the model knows. The same bytes every time.

use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Numbers a row has, and rows, of what makes a model large.
#[derive(Clone, Copy)]
struct Shape {
    layers: usize,
    d_model: usize,
    heads: usize,
    kv_heads: usize,
    d_head: usize,
    d_ff: usize,
    /// Of which the last 256 are control tokens, and the first 256 single bytes.
    vocab: usize,
}

const LLAMA_1B: Shape =
    Shape { layers: 16, d_model: 2048, heads: 32, kv_heads: 8, d_head: 64, d_ff: 8192, vocab: 128_256 };

/// How the numbers of all matrices are stored.
struct Type {
    name: &'static str,
    /// ggml's number for it.
    id: u32,
    /// Numbers in a block, and bytes.
    block: (usize, usize),
    /// Makes random bytes numbers of about ±0.02, as weights are.
    tame: fn(&mut [u8]),
}

/// The f16 numbers 2⁻⁸, 2⁻¹⁰, 2⁻¹² and 2⁻¹³, as their upper byte; the lower one is 0.
const UP_8: u8 = 0x1c;
const UP_10: u8 = 0x14;
const UP_12: u8 = 0x0c;
const UP_13: u8 = 0x08;

const TYPES: [Type; 4] = [
    Type { name: "Q8_0", id: 8, block: (32, 34), tame: |b| b[..2].copy_from_slice(&[0, UP_12]) },
    Type { name: "Q4_0", id: 2, block: (32, 18), tame: |b| b[..2].copy_from_slice(&[0, UP_8]) },
    Type { name: "Q4_K", id: 12, block: (256, 144), tame: |b| b[..4].copy_from_slice(&[0, UP_13, 0, UP_10]) },
    // Exponents of 2⁻⁶, any sign.
    Type { name: "F16", id: 1, block: (1, 2), tame: |b| b[1] = b[1] & 0x83 | 0x24 },
];
const F32: u32 = 0;

/// The files of the named types (all, if none is named), made where they are not there yet.
pub fn files(folder: &Path, names: &[&str]) -> Result<Vec<PathBuf>> {
    let names: Vec<&str> = if names.is_empty() { TYPES.iter().map(|of| of.name).collect() } else { names.to_vec() };
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    names.into_iter().map(|name| made(folder, name)).collect()
}

fn made(folder: &Path, name: &str) -> Result<PathBuf> {
    let Some(of) = TYPES.iter().find(|of| of.name == name) else {
        let known: Vec<&str> = TYPES.iter().map(|of| of.name).collect();
        bail!("expected a type of numbers out of {}, found {name}", known.join(", "));
    };
    let path = folder.join(format!("llama-1b-random-{name}.gguf"));
    if !path.exists() {
        // Under another name until it is whole.
        let part = path.with_extension("part");
        let file = File::create(&part).with_context(|| format!("cannot write {}", part.display()))?;
        let written = write(&mut BufWriter::with_capacity(1 << 20, file), LLAMA_1B, of);
        written.with_context(|| format!("cannot write {}", part.display()))?;
        std::fs::rename(&part, &path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(path)
}

/// A GGUF file, from its first byte to its last.
fn write(to: &mut impl Write, shape: Shape, of: &Type) -> std::io::Result<()> {
    let tensors = tensors(shape, of);
    let metadata = metadata(shape, of);
    let mut head = b"GGUF".to_vec();
    head.extend(3u32.to_le_bytes());
    head.extend((tensors.len() as u64).to_le_bytes());
    head.extend((metadata.len() as u64).to_le_bytes());
    for (key, value) in metadata {
        string(&mut head, &key);
        head.extend(value);
    }
    let mut at = 0;
    for tensor in &tensors {
        string(&mut head, &tensor.name);
        head.extend((tensor.axes.len() as u32).to_le_bytes());
        tensor.axes.iter().for_each(|n| head.extend((*n as u64).to_le_bytes()));
        head.extend(tensor.id.to_le_bytes());
        head.extend((at as u64).to_le_bytes());
        at += tensor.bytes.next_multiple_of(ALIGNMENT);
    }
    head.resize(head.len().next_multiple_of(ALIGNMENT), 0);
    to.write_all(&head)?;
    let mut random = Random(1);
    let mut piece = Vec::new();
    for tensor in &tensors {
        let mut left = tensor.bytes;
        while left > 0 {
            piece.resize(left.min(PIECE * of.block.1), 0);
            tensor.fill(of, &mut random, &mut piece);
            to.write_all(&piece)?;
            left -= piece.len();
        }
        to.write_all(&vec![0; tensor.bytes.next_multiple_of(ALIGNMENT) - tensor.bytes])?;
    }
    to.flush()
}

/// Every tensor begins at a multiple of this.
const ALIGNMENT: usize = 32;
/// Blocks that are made at a time.
const PIECE: usize = 4096;

struct Tensor {
    name: String,
    /// Innermost first, as GGUF has them.
    axes: Vec<usize>,
    id: u32,
    bytes: usize,
}

impl Tensor {
    fn fill(&self, of: &Type, random: &mut Random, bytes: &mut [u8]) {
        if self.id == F32 {
            bytes.as_chunks_mut::<4>().0.iter_mut().for_each(|one| *one = 1f32.to_le_bytes());
            return;
        }
        random.fill(bytes);
        bytes.chunks_exact_mut(of.block.1).for_each(of.tame);
    }
}

fn tensors(shape: Shape, of: &Type) -> Vec<Tensor> {
    let matrix = |name: String, rows: usize, cols: usize| Tensor {
        name: name + ".weight",
        axes: vec![cols, rows],
        id: of.id,
        bytes: rows * cols / of.block.0 * of.block.1,
    };
    let ones = |name: String, len: usize| Tensor { name: name + ".weight", axes: vec![len], id: F32, bytes: 4 * len };
    let (d, q, kv) = (shape.d_model, shape.heads * shape.d_head, shape.kv_heads * shape.d_head);
    let mut out = vec![
        matrix("token_embd".into(), shape.vocab, d),
        ones("rope_freqs".into(), shape.d_head / 2),
        ones("output_norm".into(), d),
    ];
    for l in 0..shape.layers {
        let name = |part: &str| format!("blk.{l}.{part}");
        out.extend([
            ones(name("attn_norm"), d),
            matrix(name("attn_q"), q, d),
            matrix(name("attn_k"), kv, d),
            matrix(name("attn_v"), kv, d),
            matrix(name("attn_output"), d, q),
            ones(name("ffn_norm"), d),
            matrix(name("ffn_gate"), shape.d_ff, d),
            matrix(name("ffn_up"), shape.d_ff, d),
            matrix(name("ffn_down"), d, shape.d_ff),
        ]);
    }
    out
}

/// Keys, and values with their type before them.
fn metadata(shape: Shape, of: &Type) -> Vec<(String, Vec<u8>)> {
    let [uint, float, text] = [4u32, 6, 8].map(u32::to_le_bytes);
    let number = |n: usize| [uint, (n as u32).to_le_bytes()].concat();
    let real = |x: f32| [float, x.to_le_bytes()].concat();
    let word = |s: &str| {
        let mut out = text.to_vec();
        string(&mut out, s);
        out
    };
    let (tokens, merges) = vocabulary(shape.vocab);
    let types = (0..tokens.len()).map(|id| if id < shape.vocab - CONTROL { 1u32 } else { 3 });
    let types: Vec<u8> = types.flat_map(u32::to_le_bytes).collect();
    let first_control = shape.vocab - CONTROL;
    [
        ("general.architecture", word("llama")),
        ("general.name", word(&format!("Llama 3.2 1B's shape, random {}", of.name))),
        ("llama.block_count", number(shape.layers)),
        ("llama.context_length", number(131_072)),
        ("llama.embedding_length", number(shape.d_model)),
        ("llama.feed_forward_length", number(shape.d_ff)),
        ("llama.attention.head_count", number(shape.heads)),
        ("llama.attention.head_count_kv", number(shape.kv_heads)),
        ("llama.attention.layer_norm_rms_epsilon", real(1e-5)),
        ("llama.rope.freq_base", real(500_000.0)),
        ("llama.rope.dimension_count", number(shape.d_head)),
        ("llama.vocab_size", number(shape.vocab)),
        ("tokenizer.ggml.model", word("gpt2")),
        ("tokenizer.ggml.pre", word("llama-bpe")),
        ("tokenizer.ggml.tokens", strings(&tokens)),
        ("tokenizer.ggml.token_type", [&array(5, tokens.len())[..], &types].concat()),
        ("tokenizer.ggml.merges", strings(&merges)),
        ("tokenizer.ggml.bos_token_id", number(first_control)),
        ("tokenizer.ggml.eos_token_id", number(first_control + 1)),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

/// Tokens at the end that are no text.
const CONTROL: usize = 256;

/// Tokens: all bytes, pairs of bytes, triples until there are enough; and how each is put together from shorter ones. There are
/// two thirds as many merges as Llama 3 has.
fn vocabulary(len: usize) -> (Vec<String>, Vec<String>) {
    let letters: Vec<char> = byte_letters();
    let mut tokens: Vec<String> = letters.iter().map(char::to_string).collect();
    let mut merges = Vec::new();
    let left = |tokens: &[String]| (len - CONTROL).saturating_sub(tokens.len());
    let pairs = letters.iter().flat_map(|a| letters.iter().map(move |b| (*a, *b)));
    for (a, b) in pairs.clone().take(left(&tokens)) {
        tokens.push(format!("{a}{b}"));
        merges.push(format!("{a} {b}"));
    }
    let triples = pairs.flat_map(|(a, b)| letters.iter().map(move |c| (a, b, *c)));
    for (a, b, c) in triples.take(left(&tokens)) {
        tokens.push(format!("{a}{b}{c}"));
        merges.extend([format!("{a}{b} {c}"), format!("{a} {b}{c}")]);
    }
    tokens.extend((0..CONTROL).map(|i| format!("<|control_{i}|>")));
    (tokens, merges)
}

/// The letter that stands for each byte in byte-level tokens: itself where it can be seen, else one from 256 on.
fn byte_letters() -> Vec<char> {
    let mut hidden = 0x100;
    let mut letter = |byte: u8| match byte {
        b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff => char::from(byte),
        _ => {
            hidden += 1;
            char::from_u32(hidden - 1).unwrap_or('?')
        }
    };
    (0..=255).map(&mut letter).collect()
}

fn string(to: &mut Vec<u8>, text: &str) {
    to.extend((text.len() as u64).to_le_bytes());
    to.extend(text.as_bytes());
}

/// What stands before the values of an array: that it is one, of which type, how long.
fn array(of: u32, len: usize) -> Vec<u8> {
    [&9u32.to_le_bytes()[..], &of.to_le_bytes(), &(len as u64).to_le_bytes()].concat()
}

fn strings(all: &[String]) -> Vec<u8> {
    let mut out = array(8, all.len());
    all.iter().for_each(|text| string(&mut out, text));
    out
}

/// xorshift.
struct Random(u64);

impl Random {
    fn fill(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            part.copy_from_slice(&self.0.to_le_bytes()[..part.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Shape = Shape { layers: 2, d_model: 256, heads: 4, kv_heads: 2, d_head: 64, d_ff: 512, vocab: 600 };

    #[test]
    fn a_file_is_as_long_as_its_tensors_and_the_same_every_time() {
        for of in &TYPES {
            let mut file = Vec::new();
            write(&mut file, SMALL, of).unwrap();
            let numbers: usize = 600 * 256 + 2 * (2 * 256 * 256 + 2 * 128 * 256 + 3 * 512 * 256);
            let ones = 4 * (32 + 256 + 2 * 2 * 256);
            let data = numbers / of.block.0 * of.block.1 + ones;
            let head = file.len() - data;
            assert!(head.is_multiple_of(ALIGNMENT) && (10_000..100_000).contains(&head), "{}: {head}", of.name);
            let mut again = Vec::new();
            write(&mut again, SMALL, of).unwrap();
            assert!(file == again, "{}", of.name);
        }
    }

    #[test]
    fn tokens_are_all_different_and_each_longer_one_has_a_merge() {
        for len in [600, 70_000] {
            let (tokens, merges) = vocabulary(len);
            let different: std::collections::BTreeSet<&String> = tokens.iter().collect();
            assert_eq!((tokens.len(), different.len()), (len, len));
            let merged: std::collections::BTreeSet<String> = merges.iter().map(|pair| pair.replace(' ', "")).collect();
            assert!(merged.iter().all(|text| different.contains(text)));
            assert_eq!(merged.len(), len - CONTROL - 256);
        }
    }
}
