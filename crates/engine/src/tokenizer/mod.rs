//! Text to tokens and back, through Hugging Face's `tokenizers`.

mod check;
mod json;
mod lists;
mod models;
mod parts;
mod text;

use crate::Error;
use crate::format::gguf::Metadata;
use tokenizers::models::bpe::Vocab;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::{AddedToken, ModelWrapper, PreTokenizerWrapper};

/// A model's tokenizer.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    limits: text::Limits,
    /// Tokens are spelled in GPT-2's alphabet of bytes.
    byte_level: bool,
    /// Put before every text.
    bos: Option<u32>,
}

impl Tokenizer {
    /// From a `tokenizer.json`. Its truncation and padding are switched off: what is given is what is read.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let origin = "tokenizer.json";
        let (inner, limits) = json::read(json, origin)?;
        let byte_level = matches!(inner.get_decoder(), Some(tokenizers::DecoderWrapper::ByteLevel(_)));
        Ok(Self { inner, limits, byte_level, bos: None })
    }

    /// From what a GGUF carries: vocabulary, merges and the name of the pre-tokenizer.
    pub fn from_gguf(meta: &Metadata) -> Result<Self, Error> {
        let origin = meta.origin();
        let kind = meta.get_str("tokenizer.ggml.model")?;
        if kind != "gpt2" {
            let text = format!(
                "its tokenizer is `{kind}`; attnscope reads `gpt2` (byte-level BPE) from GGUF. Use the model's safetensors folder with tokenizer.json"
            );
            return Err(Error::config(origin, text));
        }
        let tokens = meta.get_strings("tokenizer.ggml.tokens")?;
        lists::check(meta, &tokens)?;
        let vocab: Vocab = tokens.iter().zip(0u32..).map(|(t, id)| (t.to_string(), id)).collect();
        let mut merges = Vec::new();
        for merge in meta.get_strings("tokenizer.ggml.merges")? {
            let (a, b) = merge
                .split_once(' ')
                .ok_or_else(|| Error::format(origin, format!("the merge {merge:?} is not two tokens")))?;
            merges.push((a.to_string(), b.to_string()));
        }
        let limits = text::Limits::byte_level(models::longest(&vocab));
        let bpe = models::byte_level_bpe(vocab, merges, origin)?;
        let mut inner = tokenizers::Tokenizer::new(bpe);
        inner.with_pre_tokenizer(Some(pre_tokenizer(meta)?));
        inner.with_decoder(Some(ByteLevel::default()));
        // Type 3 marks control tokens such as <|im_start|>, 4 tokens added by hand: both are matched as a whole.
        let types =
            if meta.has("tokenizer.ggml.token_type") { meta.get_ints("tokenizer.ggml.token_type")? } else { vec![] };
        let special = tokens.iter().zip(&types).filter(|(_, t)| [3, 4].contains(*t));
        let special: Vec<AddedToken> = special.map(|(t, kind)| AddedToken::from(t.to_string(), *kind == 3)).collect();
        check::added(&special, origin)?;
        check::guarded(|| inner.add_special_tokens(special))
            .map_err(|e| Error::format(origin, format!("its special tokens: {e}")))?;
        let add_bos = meta.get_bool("tokenizer.ggml.add_bos_token").unwrap_or(false);
        let bos = add_bos.then(|| meta.get_u64("tokenizer.ggml.bos_token_id")).transpose()?;
        Ok(Self { inner, limits, byte_level: true, bos: bos.and_then(|b| u32::try_from(b).ok()) })
    }

    /// The ids of a text, with the special tokens that the model wants around it.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, Error> {
        let encoding = check::guarded(|| self.inner.encode_fast(text, true));
        let encoding = encoding.map_err(cannot_be_cut)?;
        Ok(self.bos.into_iter().chain(encoding.get_ids().iter().copied()).collect())
    }

    /// The text of ids, special tokens included.
    pub fn decode(&self, ids: &[u32]) -> String {
        // One of the library's decoders counts down from the number of tokens.
        if !ids.iter().any(|id| self.inner.id_to_token(*id).is_some()) {
            return String::new();
        }
        check::guarded(|| self.inner.decode(ids, false)).unwrap_or_default()
    }

    /// One token as a reader sees it: bytes that are no text on their own are written `<0xF0><0x9F>`.
    pub fn text(&self, id: u32) -> String {
        let Some(token) = self.inner.id_to_token(id) else { return format!("<{id}>") };
        if !self.byte_level || self.inner.get_added_vocabulary().is_special_token(&token) {
            return token;
        }
        let Some(bytes) = token.chars().map(byte_of).collect::<Option<Vec<u8>>>() else { return token };
        String::from_utf8(bytes).unwrap_or_else(|e| e.as_bytes().iter().map(|b| format!("<0x{b:02X}>")).collect())
    }

    /// Whether tokens are words without the spaces between them, as BERT's are (pieces that go on are marked `##`).
    pub fn is_word_level(&self) -> bool {
        matches!(self.inner.get_model(), ModelWrapper::WordPiece(_) | ModelWrapper::WordLevel(_))
    }

    /// Number of tokens.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }
}

fn cannot_be_cut(e: tokenizers::Error) -> Error {
    Error::usage(format!("the text cannot be cut into tokens: {e}"))
}

/// How text is cut before merges apply; each name is one that llama.cpp gives.
fn pre_tokenizer(meta: &Metadata) -> Result<PreTokenizerWrapper, Error> {
    let bytes = ByteLevel::new(false, true, true);
    match meta.get_str("tokenizer.ggml.pre").unwrap_or("default") {
        "gpt-2" | "default" => Ok(bytes.into()),
        "smollm" => Ok(Sequence::new(vec![Digits::new(true).into(), bytes.into()]).into()),
        other => Err(Error::config(
            meta.origin(),
            format!(
                "its pre-tokenizer is `{other}`; attnscope knows gpt-2 and smollm in GGUF. Use the model's safetensors folder with tokenizer.json"
            ),
        )),
    }
}

/// The byte that a character of GPT-2's alphabet stands for: printable bytes stand for themselves,
/// the 68 others were moved to U+0100 and up, in order.
fn byte_of(c: char) -> Option<u8> {
    let printable = |b: u8| matches!(b, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let code = u32::from(c);
    match code.checked_sub(0x100) {
        Some(n) => (0..=255).filter(|b| !printable(*b)).nth(n as usize),
        None => u8::try_from(code).ok().filter(|b| printable(*b)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Tokenizer, byte_of};

    #[test]
    fn a_damaged_tokenizer_json_is_an_error() {
        for (json, expected) in [
            (&b"{\"version\":\"1.0\",\"decoder\":{\"type\"!"[..], "not a tokenizer"),
            (b"{\"version\":\"1.0\",\"normalizer\":{\"type\":", "not a tokenizer"),
            (b"{\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AA==\"}}", "Precompiled"),
            (b"[1, 2", "not a tokenizer"),
            (b"", "not a tokenizer"),
        ] {
            let error = Tokenizer::from_json(json).unwrap_err().to_string();
            assert!(error.starts_with("tokenizer.json: ") && error.contains(expected), "{error}");
        }
    }

    #[test]
    fn gpt2_alphabet_of_bytes() {
        assert_eq!(byte_of('Ġ'), Some(b' '));
        assert_eq!(byte_of('Ċ'), Some(b'\n'));
        assert_eq!(byte_of('a'), Some(b'a'));
        assert_eq!(byte_of('ð'), Some(0xf0));
        assert_eq!(byte_of('Ń'), Some(0xad));
        assert_eq!(byte_of('ń'), None);
        assert_eq!(byte_of(' '), None);
    }
}
