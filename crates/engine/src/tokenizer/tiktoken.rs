//! Vocabularies of bytes with ranks: tiktoken's text (a token in base64 and its rank, line by line), as Llama 3 ships it
//! under the name `tokenizer.model`, and Mistral's `tekken.json`.

use super::pieces::{self, Merge, Model, Normalize, Order, Pieces, Prefixes, Vocab, Whole};
use super::{check, pre};
use crate::Error;
use serde::Deserialize;
use std::collections::{HashMap, HashSet};

/// Bytes of a longest token in one of these files.
const LONGEST: usize = 1 << 12;

/// What tiktoken's text does not say: it is known by the number of its tokens.
struct Known {
    name: &'static str,
    n: usize,
    pattern: &'static str,
    /// Special tokens, whose ids follow.
    special: fn() -> Vec<String>,
    bos: Option<&'static str>,
}

const KNOWN: [Known; 3] = [
    Known { name: "Llama 3", n: 128_000, pattern: pre::LLAMA3, special: llama_3, bos: Some("<|begin_of_text|>") },
    Known { name: "Llama 4", n: 200_000, pattern: pre::GPT4O, special: llama_4, bos: Some("<|begin_of_text|>") },
    Known { name: "cl100k", n: 100_256, pattern: CL100K, special: cl100k, bos: None },
];

const CL100K: &str = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s";

fn numbered(name: &str, n: usize, from: usize) -> impl Iterator<Item = String> {
    (from..from + n).map(move |i| format!("<|{name}reserved_special_token_{i}|>"))
}

fn owned(tokens: &[&str]) -> Vec<String> {
    tokens.iter().map(|token| (*token).to_owned()).collect()
}

/// Those of Llama 3.1 and later; Llama 3 had reserved tokens where some of these have names.
fn llama_3() -> Vec<String> {
    let mut all = owned(&[
        "<|begin_of_text|>",
        "<|end_of_text|>",
        "<|reserved_special_token_0|>",
        "<|reserved_special_token_1|>",
        "<|finetune_right_pad_id|>",
        "<|step_id|>",
        "<|start_header_id|>",
        "<|end_header_id|>",
        "<|eom_id|>",
        "<|eot_id|>",
        "<|python_tag|>",
        "<|image|>",
    ]);
    all.extend(numbered("", 256 - all.len(), 2));
    all
}

fn llama_4() -> Vec<String> {
    let mut all = owned(&[
        "<|begin_of_text|>",
        "<|end_of_text|>",
        "<|fim_prefix|>",
        "<|fim_middle|>",
        "<|fim_suffix|>",
        "<|header_start|>",
        "<|header_end|>",
        "<|eom|>",
        "<|eot|>",
        "<|step|>",
    ]);
    all.extend(numbered("text_post_train_", 6, 0));
    all.extend(owned(&["<|python_start|>", "<|python_end|>", "<|finetune_right_pad|>"]));
    all.extend(numbered("text_post_train_", 61, 8));
    all.extend(owned(&["<|image_start|>", "<|image_end|>"]));
    all.extend(numbered("vision_", 2, 0));
    all.extend(owned(&["<|tile_x_separator|>", "<|tile_y_separator|>"]));
    all.extend(numbered("vision_", 4, 2));
    all.push("<|image|>".into());
    all.extend(numbered("vision_", 1, 6));
    all.push("<|patch|>".into());
    all.extend(numbered("vision_", 1041, 7));
    all.extend(numbered("reasoning_", 8, 0));
    all.extend(owned(&["<|reasoning_thinking_start|>", "<|reasoning_thinking_end|>"]));
    all.extend(numbered("", 2048 - all.len(), 0));
    all
}

fn cl100k() -> Vec<String> {
    // Ids that stand for nothing are empty here.
    let mut all = vec![String::new(); 21];
    let named = ["<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"];
    named.iter().zip(1..).for_each(|(name, at)| all[at] = (*name).to_owned());
    all[20] = "<|endofprompt|>".into();
    all
}

/// A tokenizer of this kind, and the id of BOS.
pub(super) struct Read {
    pub pieces: Pieces,
    pub bos: Option<u32>,
}

/// Reads tiktoken's text.
pub(super) fn read(bytes: &[u8], origin: &str) -> Result<Read, Error> {
    let text = std::str::from_utf8(bytes).map_err(|_| {
        Error::format(origin, "it is neither a SentencePiece model nor tiktoken's text; download it again")
    })?;
    let mut vocab = Vocab::default();
    for (line, at) in text.lines().filter(|line| !line.is_empty()).zip(0usize..) {
        let damaged = || {
            let line = check::short(line);
            Error::format(
                origin,
                format!("its line {} is {line:?}, expected a token in base64 and the rank {at}", at + 1),
            )
        };
        let (token, rank) = line.split_once(' ').ok_or_else(damaged)?;
        let token = base64(token).filter(|token| !token.is_empty()).ok_or_else(damaged)?;
        if rank.trim().parse() != Ok(at) {
            return Err(damaged());
        }
        check::count("tokens", at + 1, check::MOST_TOKENS, origin)?;
        check::count("bytes in a token", token.len(), LONGEST, origin)?;
        vocab.push(&token);
    }
    let n = vocab.len();
    let known = KNOWN.iter().find(|known| known.n == n).ok_or_else(|| {
        let all: Vec<String> = KNOWN.iter().map(|known| format!("{} ({})", known.name, known.n)).collect();
        let text = format!(
            "it has {n} tokens in tiktoken's text, which does not say how text is cut into words; attnscope knows that of \
             {}. Use tokenizer.json",
            all.join(", ")
        );
        Error::config(origin, text)
    })?;
    let special = (known.special)();
    let bos = known.bos.and_then(|bos| special.iter().position(|token| token == bos)).map(|at| (n + at) as u32);
    special.iter().for_each(|token| vocab.push(token.as_bytes()));
    let pieces = build(vocab, 0..n as u32, n as u32..(n + special.len()) as u32, known.pattern, origin)?;
    Ok(Read { pieces, bos })
}

/// The tokenizer: `ranked` are the tokens that merges make, in the order of their ranks.
fn build(
    mut vocab: Vocab,
    ranked: std::ops::Range<u32>,
    special: std::ops::Range<u32>,
    pattern: &str,
    origin: &str,
) -> Result<Pieces, Error> {
    vocab.index(ranked.clone());
    if let Some(byte) = (0..=255u8).find(|byte| vocab.find(&[*byte]).is_none()) {
        return Err(Error::format(origin, format!("it has no token for the byte {byte:#04x}; it is damaged")));
    }
    let mut scores = vec![0.0; vocab.len()];
    for (id, rank) in ranked.zip(0u32..) {
        scores[id as usize] = -(rank as f32);
    }
    let merge = Merge {
        order: Order::Scores(scores),
        by_bytes: true,
        ignore_merges: true,
        frozen: Prefixes::default(),
        unused: HashSet::new(),
    };
    let mut pieces = Pieces {
        vocab,
        model: Model::Merge(merge),
        whole: HashMap::new(),
        prefixes: Prefixes::default(),
        normalize: Normalize::Nothing,
        patterns: pieces::compile(&[pattern], origin)?,
        bytes: None,
        unknown: None,
    };
    let special: Vec<u32> = special.filter(|id| !pieces.vocab.get(*id).is_empty()).collect();
    check::whole(special.len(), special.iter().map(|id| pieces.vocab.get(*id).len()).sum(), origin)?;
    pieces.match_whole(special.into_iter().map(|id| (id, Whole::default())));
    Ok(pieces)
}

/// `tekken.json`. Texts are borrowed where they can be; other fields are not read.
#[derive(Deserialize)]
struct Tekken<'a> {
    config: TekkenConfig,
    #[serde(borrow)]
    vocab: Vec<Ranked<'a>>,
    special_tokens: Option<Vec<Special>>,
}

#[derive(Deserialize)]
struct TekkenConfig {
    pattern: String,
    default_vocab_size: usize,
    default_num_special_tokens: usize,
}

#[derive(Deserialize)]
struct Ranked<'a> {
    rank: usize,
    token_bytes: &'a str,
}

#[derive(Deserialize)]
struct Special {
    rank: usize,
    token_str: String,
}

/// The special tokens of files that list none.
const TEKKEN_SPECIAL: [&str; 20] = [
    "<unk>",
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
    "[TOOL_CALLS]",
    "[IMG]",
    "<pad>",
    "[IMG_BREAK]",
    "[IMG_END]",
    "[PREFIX]",
    "[MIDDLE]",
    "[SUFFIX]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[TOOL_CONTENT]",
];

/// Reads `tekken.json`: the special tokens come first, then those with ranks, as many as the file says are used.
pub(super) fn read_tekken(json: &[u8], origin: &str) -> Result<Read, Error> {
    let wrong = |what: String| Error::format(origin, format!("not a tekken.json: {what}"));
    let json = crate::format::json::without_bom(json);
    let file: Tekken<'_> = serde_json::from_slice(json).map_err(|e| wrong(e.to_string()))?;
    let n_special = file.config.default_num_special_tokens;
    let n = file.config.default_vocab_size;
    check::count("tokens", n, check::MOST_TOKENS, origin)?;
    check::count("bytes in its pattern", file.config.pattern.len(), LONGEST, origin)?;
    let n_ranked = n.checked_sub(n_special).filter(|n| *n <= file.vocab.len());
    let n_ranked = n_ranked.ok_or_else(|| {
        wrong(format!("{n} tokens, of which {n_special} are special, but its list has {}", file.vocab.len()))
    })?;
    let mut special: Vec<String> = (0..n_special).map(|i| format!("<SPECIAL_{i}>")).collect();
    let named: Vec<(usize, String)> = match file.special_tokens {
        Some(list) => list.into_iter().map(|token| (token.rank, token.token_str)).collect(),
        None => TEKKEN_SPECIAL.iter().map(|token| (*token).to_owned()).enumerate().collect(),
    };
    for (rank, token) in named {
        let place =
            special.get_mut(rank).ok_or_else(|| wrong(format!("its special token {rank} is one of {n_special}")))?;
        *place = token;
    }
    let mut vocab = Vocab::default();
    special.iter().for_each(|token| vocab.push(token.as_bytes()));
    for (token, at) in file.vocab[..n_ranked].iter().zip(0usize..) {
        let bytes = base64(token.token_bytes).filter(|bytes| !bytes.is_empty() && token.rank == at);
        let bytes = bytes.ok_or_else(|| wrong(format!("its token {at} has the rank {}, or no base64", token.rank)))?;
        check::count("bytes in a token", bytes.len(), LONGEST, origin)?;
        vocab.push(&bytes);
    }
    let bos = special.iter().position(|token| token == "<s>").map(|id| id as u32);
    let pieces = build(vocab, n_special as u32..n as u32, 0..n_special as u32, &file.config.pattern, origin)?;
    Ok(Read { pieces, bos })
}

/// The bytes of a text in base64; `None` if it is none.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let value = |c: u8| match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut n) = (0u32, 0);
    for c in text.trim_end_matches('=').bytes() {
        bits = bits << 6 | u32::from(value(c)?);
        n += 6;
        if n >= 8 {
            n -= 8;
            bytes.push((bits >> n) as u8);
            bits &= (1 << n) - 1;
        }
    }
    (n < 6).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read() {
        assert_eq!(base64("aGk="), Some(b"hi".to_vec()));
        assert_eq!(base64("AP/+"), Some(vec![0, 255, 254]));
        assert_eq!(base64(""), Some(Vec::new()));
        assert_eq!((base64("a"), base64("a-b=")), (None, None));
    }

    #[test]
    fn special_tokens_are_as_many_as_ids() {
        let n = |known: &Known| (known.special)().len();
        assert_eq!(KNOWN.each_ref().map(n), [256, 2048, 21]);
        for known in &KNOWN {
            let all: Vec<String> = (known.special)().into_iter().filter(|token| !token.is_empty()).collect();
            let different: HashSet<&String> = all.iter().collect();
            assert_eq!(different.len(), all.len(), "{}", known.name);
            assert!(known.bos.is_none_or(|bos| all[0] == bos), "{}", known.name);
        }
    }
}
