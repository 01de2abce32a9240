//! A tokenizer from a GGUF's metadata: vocabulary, merges and the name of the pre-tokenizer, as llama.cpp reads them.

use super::spelling::Spelling;
use super::{Tokenizer, check, lists, models, text};
use crate::Error;
use crate::format::gguf::Metadata;
use tokenizers::models::bpe::Vocab;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::{AddedToken, PreTokenizerWrapper};

const PRE: &str = "tokenizer.ggml.pre";

/// Reads the tokenizer.
pub(super) fn read(meta: &Metadata) -> Result<Tokenizer, Error> {
    let origin = meta.origin();
    let kind = meta.get_str("tokenizer.ggml.model")?;
    if kind != "gpt2" {
        let text = format!(
            "its tokenizer is `{kind}`; attnscope reads `gpt2` (byte-level BPE) from GGUF. Use the model's safetensors \
             folder with tokenizer.json"
        );
        return Err(Error::config(origin, text));
    }
    refuse_unknown(meta)?;
    let tokens = meta.get_strings("tokenizer.ggml.tokens")?;
    lists::check(meta, &tokens)?;
    let vocab: Vocab = tokens.iter().zip(0u32..).map(|(t, id)| (t.to_string(), id)).collect();
    // If two tokens are spelled alike, the later one is matched, as in llama.cpp; the other one keeps its text.
    let hidden = tokens.iter().zip(0u32..).filter(|(token, id)| vocab.get(**token) != Some(id));
    let hidden = hidden.map(|(token, id)| (id, token.to_string())).collect();
    let mut merges = Vec::new();
    for merge in meta.get_strings("tokenizer.ggml.merges")? {
        let (a, b) = merge
            .split_once(' ')
            .ok_or_else(|| Error::format(origin, format!("the merge {merge:?} is not two tokens")))?;
        merges.push((a.to_string(), b.to_string()));
    }
    let limits = text::Limits::byte_level(models::longest(&vocab));
    let mut inner = tokenizers::Tokenizer::new(models::byte_level_bpe(vocab, merges, origin)?);
    inner.with_pre_tokenizer(Some(pre_tokenizer(meta)?));
    inner.with_decoder(Some(ByteLevel::default()));
    // Type 2 is the unknown token, 3 marks control tokens such as <|im_start|>, 4 tokens added by hand: all are matched
    // whole.
    let types = meta.get_ints(lists::TYPES)?;
    let special = tokens.iter().zip(&types).filter(|(_, t)| lists::WHOLE.contains(*t));
    let special: Vec<AddedToken> = special.map(|(t, kind)| AddedToken::from(t.to_string(), *kind == 3)).collect();
    check::added(&special, origin)?;
    lists::check_overlap(&special, origin)?;
    check::guarded(|| inner.add_special_tokens(special))
        .map_err(|e| Error::format(origin, format!("its special tokens: {e}")))?;
    let (start, end) = (around(meta, "bos", tokens.len())?, around(meta, "eos", tokens.len())?);
    Ok(Tokenizer {
        inner,
        hidden,
        limits,
        spelling: Spelling::byte_level(),
        start,
        before: start,
        after: end,
        note: None,
    })
}

/// The token that the file puts before (`bos`) or after (`eos`) every text.
fn around(meta: &Metadata, which: &str, n_vocab: usize) -> Result<Option<u32>, Error> {
    let wanted = format!("tokenizer.ggml.add_{which}_token");
    if !meta.has(&wanted) || !flag(meta, &wanted)? {
        return Ok(None);
    }
    let name = format!("tokenizer.ggml.{which}_token_id");
    let id = meta.get_u64(&name)?;
    let known = u32::try_from(id).ok().filter(|id| (*id as usize) < n_vocab);
    let wrong = || Error::format(meta.origin(), format!("metadata `{name}` is {id}, but there are {n_vocab} tokens"));
    known.map(Some).ok_or_else(wrong)
}

/// A boolean; some converters write it as a number.
fn flag(meta: &Metadata, key: &str) -> Result<bool, Error> {
    match meta.get_u64(key) {
        Ok(n @ 0..=1) => Ok(n == 1),
        _ => meta.get_bool(key),
    }
}

/// Refuses unknown keys of the tokenizer, since they may change how text is cut.
fn refuse_unknown(meta: &Metadata) -> Result<(), Error> {
    const READ: [&str; 8] =
        ["model", "pre", "tokens", "token_type", "merges", "add_bos_token", "add_eos_token", "add_sep_token"];
    // llama.cpp reads these only for other kinds of tokenizers, or for other purposes than cutting text.
    const HARMLESS: [&str; 7] = [
        "scores",
        "token_type_count",
        "add_space_prefix",
        "remove_extra_whitespaces",
        "escape_whitespaces",
        "precompiled_charsmap",
        "add_prefix_space",
    ];
    for key in meta.keys() {
        let Some(name) = key.strip_prefix("tokenizer.ggml.") else { continue };
        let an_id = name.ends_with("_token_id") || name.ends_with("_token_ids");
        if !(READ.contains(&name) || HARMLESS.contains(&name) || an_id) {
            let text = format!("metadata `{key}` is not one that attnscope knows: it may change how text is cut");
            return Err(Error::config(meta.origin(), text));
        }
    }
    let separator = "tokenizer.ggml.add_sep_token";
    if meta.has(separator) && flag(meta, separator)? {
        let text = format!("metadata `{separator}` asks for a separator after the text, which attnscope does not add");
        return Err(Error::config(meta.origin(), text));
    }
    Ok(())
}

/// How text is cut before merges apply; the names are llama.cpp's. Its `default`, which it uses if no name is given, is
/// not among these.
fn pre_tokenizer(meta: &Metadata) -> Result<PreTokenizerWrapper, Error> {
    const INSTEAD: &str = "Use the model's safetensors folder with tokenizer.json";
    if !meta.has(PRE) {
        let text = format!(
            "metadata `{PRE}` is missing, so it does not say how text is cut into words (converters before May 2024 left \
             it out). Convert the model anew. {INSTEAD}, or a newer GGUF"
        );
        return Err(Error::config(meta.origin(), text));
    }
    let bytes = ByteLevel::new(false, true, true);
    match meta.get_str(PRE)? {
        "gpt-2" => Ok(bytes.into()),
        "smollm" => Ok(Sequence::new(vec![Digits::new(true).into(), bytes.into()]).into()),
        other => {
            let other: String = other.chars().take(60).collect();
            let text =
                format!("its pre-tokenizer is `{other}` ({PRE}); attnscope knows gpt-2 and smollm in GGUF. {INSTEAD}");
            Err(Error::config(meta.origin(), text))
        }
    }
}
