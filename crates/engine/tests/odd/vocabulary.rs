//! Tokenizers of GGUF files, of each kind that is read: entries of metadata.

use super::draw::Draw;
use super::gguf::Kv;

/// A tokenizer, and how many tokens it has.
pub struct Vocabulary {
    pub entries: Vec<(String, Kv)>,
    pub len: usize,
}

const NORMAL: i32 = 1;
const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const BYTE: i32 = 6;

/// How words are cut, by llama.cpp's names: one of each kind, and two that are none.
const PRE: [&str; 24] = [
    "gpt-2",
    "smollm",
    "llama-bpe",
    "qwen2",
    "tekken",
    "gpt-4o",
    "glm4",
    "chatglm-bpe",
    "olmo",
    "dbrx",
    "falcon",
    "command-r",
    "deepseek-llm",
    "deepseek-coder",
    "deepseek-v3",
    "qwen35",
    "bloom",
    "viking",
    "chameleon",
    "bailingmoe",
    "seed-coder",
    "tiny_aya",
    "default",
    "llama",
];

/// A tokenizer of one of the kinds.
pub fn any(draw: &mut Draw<'_>) -> Vocabulary {
    match draw.below(6) {
        0..=2 => {
            let (tokens, merges) = of_bytes(draw);
            byte_level(draw, tokens, merges)
        }
        3 => sentence_piece(draw),
        4 => unigram(draw),
        _ => word_piece(draw),
    }
}

/// The alphabet of bytes, and some tokens made of it.
fn of_bytes(draw: &mut Draw<'_>) -> (Vec<String>, Vec<String>) {
    let printable = |b: u8| matches!(b, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut moved = 0x100;
    let mut alphabet = |b: u8| {
        let code = if printable(b) {
            u32::from(b)
        } else {
            moved += 1;
            moved - 1
        };
        char::from_u32(code).map(String::from).unwrap_or_default()
    };
    // All of them cost time; a few leave holes, which are odd enough.
    let first = draw.of(&[b' ', 0, b'a']);
    let mut tokens: Vec<String> =
        (0..=255).map(&mut alphabet).skip(first.into()).take(draw.of(&[96, 256, 8])).collect();
    let mut merges = Vec::new();
    for pair in ["t h", "th e", "Ġ h", "Ġh o", "o t", "d o", "do g", "1 2"] {
        let (a, b) = pair.split_once(' ').unwrap_or_default();
        let known = |t: &str| tokens.iter().any(|k| k == t);
        if known(a) && known(b) {
            tokens.push(format!("{a}{b}"));
            merges.push(pair.to_string());
        }
    }
    tokens.push("<|end|>".into());
    (tokens, merges)
}

/// `gpt2`: byte-level BPE, whose last token is a control token.
pub fn byte_level(draw: &mut Draw<'_>, tokens: Vec<String>, merges: Vec<String>) -> Vocabulary {
    let mut list = List::new("gpt2");
    let end = tokens.len().saturating_sub(1);
    for (i, token) in tokens.into_iter().enumerate() {
        list.add(token, if i == end { CONTROL } else { NORMAL }, 0.0);
    }
    list.entry("pre", Kv::Text(draw.of(&PRE).into()));
    list.entry("bos_token_id", Kv::U32(end as u32));
    list.entry("add_bos_token", Kv::Bool(draw.odd(2)));
    list.entry("merges", Kv::Texts(merges));
    list.finish(false)
}

const PIECES: [&str; 24] = [
    "▁", "t", "h", "e", "o", "d", "g", "w", "a", "s", "th", "the", "▁the", "▁h", "▁ho", "▁hot", "ot", "do", "dog",
    "▁dog", "▁was", "1", "é", ".",
];

/// `llama`: SentencePiece's BPE, with or without tokens for bytes.
fn sentence_piece(draw: &mut Draw<'_>) -> Vocabulary {
    let mut list = List::new("llama");
    for (token, kind) in [("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", CONTROL)] {
        list.add(token, kind, 0.0);
    }
    for byte in 0..draw.of(&[256, 0, 100]) {
        list.add(format!("<0x{byte:02X}>"), BYTE, 0.0);
    }
    for (i, piece) in PIECES.iter().enumerate() {
        list.add(*piece, NORMAL, -(i as f32));
    }
    for text in ["<x>", "  ", "\n"].iter().take(draw.below(4)) {
        list.add(*text, USER_DEFINED, draw.of(&[0.0, -1000.0]));
    }
    list.entry("bos_token_id", Kv::U32(1));
    list.entry("eos_token_id", Kv::U32(2));
    list.entry("unknown_token_id", Kv::U32(0));
    for name in ["add_bos_token", "add_eos_token", "add_space_prefix", "remove_extra_whitespaces"] {
        list.entry(name, Kv::Bool(draw.odd(2)));
    }
    list.entry("escape_whitespaces", Kv::Bool(!draw.odd(8)));
    list.finish(true)
}

/// `t5`: SentencePiece's unigram model, with or without its table of letters.
fn unigram(draw: &mut Draw<'_>) -> Vocabulary {
    let mut list = List::new("t5");
    for (token, kind) in [("<pad>", CONTROL), ("</s>", CONTROL), ("<unk>", UNKNOWN)] {
        list.add(token, kind, 0.0);
    }
    for (i, piece) in PIECES.iter().enumerate() {
        list.add(*piece, NORMAL, -2.0 - (i % 7) as f32);
    }
    list.add("<extra>", USER_DEFINED, 0.0);
    list.entry("eos_token_id", Kv::U32(1));
    list.entry("unknown_token_id", Kv::U32(2));
    for name in ["add_bos_token", "add_eos_token", "add_space_prefix", "remove_extra_whitespaces"] {
        list.entry(name, Kv::Bool(draw.odd(2)));
    }
    if draw.odd(2) {
        list.entry("precompiled_charsmap", Kv::Bytes(charsmap()));
    }
    list.finish(true)
}

/// The table of letters of a golden file.
fn charsmap() -> Vec<u8> {
    let bytes = include_bytes!("../../../../fixtures/tokenizers/unigram.gguf").to_vec();
    let file = attnscope::format::gguf::parse(attnscope::Bytes::from(bytes), "unigram.gguf").expect("a golden file");
    file.metadata.get_bytes("tokenizer.ggml.precompiled_charsmap").expect("its table").to_vec()
}

/// `bert`: WordPiece.
fn word_piece(draw: &mut Draw<'_>) -> Vocabulary {
    let mut list = List::new("bert");
    for token in ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] {
        list.add(token, CONTROL, 0.0);
    }
    for word in ["▁the", "▁hot", "▁dog", "▁was", "s", "▁a", "a", "▁1", "2", "▁,", "▁é"] {
        list.add(word, NORMAL, 0.0);
    }
    list.entry(draw.of(&["cls_token_id", "bos_token_id"]), Kv::U32(2));
    list.entry(draw.of(&["seperator_token_id", "eos_token_id"]), Kv::U32(3));
    list.entry("unknown_token_id", Kv::U32(1));
    for name in ["normalizer.lowercase", "normalizer.strip_accents", "add_bos_token", "add_sep_token"] {
        if draw.odd(3) {
            list.entry(name, Kv::Bool(draw.odd(2)));
        }
    }
    list.finish(false)
}

/// Tokens with their types and scores, and the other entries.
struct List {
    entries: Vec<(String, Kv)>,
    tokens: Vec<String>,
    types: Vec<i32>,
    scores: Vec<f32>,
}

impl List {
    fn new(model: &str) -> Self {
        let mut list = Self { entries: Vec::new(), tokens: Vec::new(), types: Vec::new(), scores: Vec::new() };
        list.entry("model", Kv::Text(model.into()));
        list
    }

    fn entry(&mut self, name: &str, value: Kv) {
        self.entries.push((format!("tokenizer.ggml.{name}"), value));
    }

    fn add(&mut self, token: impl Into<String>, kind: i32, score: f32) {
        self.tokens.push(token.into());
        self.types.push(kind);
        self.scores.push(score);
    }

    fn finish(mut self, scores: bool) -> Vocabulary {
        let len = self.tokens.len();
        let tokens = std::mem::take(&mut self.tokens);
        let (types, numbers) = (std::mem::take(&mut self.types), std::mem::take(&mut self.scores));
        self.entry("tokens", Kv::Texts(tokens));
        self.entry("token_type", Kv::Ints(types));
        if scores {
            self.entry("scores", Kv::Floats(numbers));
        }
        Vocabulary { entries: self.entries, len }
    }
}
