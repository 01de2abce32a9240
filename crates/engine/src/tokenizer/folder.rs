//! The tokenizer of a model's folder: `tokenizer.json`, or else the files that other software keeps it in.

use super::beside::{self, Beside};
use super::pieces::{Pieces, Prefix};
use super::{Around, Tokenizer, byte_level, check, pre, sentencepiece, tiktoken, word_piece};
use crate::{Bytes, Error};
use serde_json::Value;

const JSON: &str = "tokenizer.json";
const MODEL: &str = "tokenizer.model";
const TEKKEN: &str = "tekken.json";
const VOCAB: &str = "vocab.json";
const MERGES: &str = "merges.txt";
const WORDS: &str = "vocab.txt";

/// The files of a folder that its tokenizer may be read from, without those that stand [`beside`](super::BESIDE).
#[cfg(not(target_arch = "wasm32"))]
pub const FILES: [&str; 6] = [JSON, MODEL, TEKKEN, VOCAB, MERGES, WORDS];

impl Tokenizer {
    /// From a model's folder: `tokenizer.json`; else `tokenizer.model` (SentencePiece, or tiktoken's text), `tekken.json`,
    /// `vocab.json` and `merges.txt`, or `vocab.txt`. `find` gives a file's bytes, `model_type` is what the model's
    /// `config.json` says. `None` if none of these is there.
    ///
    /// # Errors
    /// A damaged file; one that does not say how its text is cut; options that contradict it.
    pub fn from_folder(find: impl Fn(&str) -> Option<Bytes>, model_type: Option<&str>) -> Result<Option<Self>, Error> {
        let files = super::BESIDE.map(&find);
        let [config, special, added] = files.each_ref().map(|bytes| bytes.as_ref().map(|bytes| &bytes[..]));
        let beside = Beside { config, special, added };
        if let Some(json) = find(JSON) {
            return Self::from_files(&json, beside).map(Some);
        }
        let said = Said::read(beside, model_type)?;
        if let Some(model) = find(MODEL) {
            return said.model(&model, beside).map(Some);
        }
        if let Some(json) = find(TEKKEN) {
            let tiktoken::Read { pieces, bos } = tiktoken::read_tekken(&json, TEKKEN)?;
            return said.finish(pieces, [bos, None], [bos.is_some(), false], beside, TEKKEN).map(Some);
        }
        if let (Some(vocab), Some(merges)) = (find(VOCAB), find(MERGES)) {
            return said.byte_level(&vocab, &merges, beside).map(Some);
        }
        if let Some(words) = find(WORDS) {
            return said.words(&words, beside).map(Some);
        }
        Ok(None)
    }
}

/// What the configs say about the tokenizer.
struct Said {
    /// Its class in transformers; empty if none is said, and the model's type is not one of those known here.
    class: String,
    config: beside::Object,
}

impl Said {
    fn read(beside: Beside<'_>, model_type: Option<&str>) -> Result<Self, Error> {
        let config = beside.config()?;
        let class = match beside::class(&config) {
            "" | "PreTrainedTokenizer" => class_of(model_type.unwrap_or_default()),
            class => class,
        };
        Ok(Self { class: class.to_owned(), config })
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.config.get(name).and_then(Value::as_bool)
    }

    /// A class whose rules are not known here.
    fn unknown(&self, origin: &str) -> Error {
        let text = match check::short(&self.class).as_str() {
            "" => "neither tokenizer_config.json nor config.json says which class of tokenizer it is, and so which tokens \
                   stand around a text: it can be read from tokenizer.json"
                .into(),
            class => format!("it is a {class}, which attnscope reads only from tokenizer.json"),
        };
        Error::config(origin, format!("{text} (transformers' AutoTokenizer … save_pretrained writes one)"))
    }

    /// `tokenizer.model`.
    fn model(&self, bytes: &[u8], beside: Beside<'_>) -> Result<Tokenizer, Error> {
        if !sentencepiece::is_one(bytes) {
            let tiktoken::Read { pieces, bos } = tiktoken::read(bytes, MODEL)?;
            return self.finish(pieces, [bos, None], [bos.is_some(), false], beside, MODEL);
        }
        let prefix = match (self.flag("add_prefix_space"), self.flag("legacy")) {
            (Some(false), _) => Prefix::Never,
            (_, Some(true)) => Prefix::Each,
            _ => Prefix::First,
        };
        let sentencepiece::Read { pieces, bos, eos, unigram } = sentencepiece::read(bytes, prefix, MODEL)?;
        let around = match self.class.as_str() {
            "LlamaTokenizer" | "CodeLlamaTokenizer" | "GemmaTokenizer" | "MistralTokenizer" => [true, false],
            "T5Tokenizer" => [false, true],
            "" if !unigram => [true, false],
            _ => return Err(self.unknown(MODEL)),
        };
        self.finish(pieces, [bos, eos], around, beside, MODEL)
    }

    /// `vocab.json` and `merges.txt`.
    fn byte_level(&self, vocab: &[u8], merges: &[u8], beside: Beside<'_>) -> Result<Tokenizer, Error> {
        let (rule, around) = match self.class.as_str() {
            "GPT2Tokenizer" => ("gpt-2", false),
            "RobertaTokenizer" => ("gpt-2", true),
            "Qwen2Tokenizer" => ("qwen2", false),
            _ => return Err(self.unknown(VOCAB)),
        };
        if self.flag("add_prefix_space") == Some(true) {
            return Err(Error::config(
                "tokenizer_config.json",
                "add_prefix_space is true, which attnscope reads only from tokenizer.json",
            ));
        }
        let rule = pre::find(rule).ok_or_else(|| self.unknown(VOCAB))?;
        let vocab = super::models::vocab(vocab, VOCAB)?;
        let mut texts = vec![""; vocab.len()];
        for (text, id) in &vocab {
            let n = vocab.len();
            let place = texts.get_mut(*id as usize).filter(|place| place.is_empty());
            *place.ok_or_else(|| {
                let text = check::short(text);
                Error::format(
                    VOCAB,
                    format!("its token {text:?} has the id {id}, which is not one of {n}, or stands twice"),
                )
            })? = text;
        }
        let merges =
            std::str::from_utf8(merges).map_err(|_| Error::format(MERGES, "it is not UTF-8; download it again"))?;
        let lines = merges.lines().filter(|line| !line.is_empty() && !line.starts_with("#version"));
        check::count("merges", lines.clone().count(), check::MOST_MERGES, MERGES)?;
        let pieces = byte_level::build(&texts, |_| false, lines, rule, MERGES)?;
        let id = |name: &str| texts.iter().position(|text| *text == name).map(|id| id as u32);
        let ids = if around {
            let ids = [id("<s>"), id("</s>")];
            if ids.contains(&None) {
                return Err(Error::format(VOCAB, "it has no tokens <s> and </s>, which stand around a RoBERTa's text"));
            }
            ids
        } else {
            [None, None]
        };
        self.finish(pieces, ids, [around; 2], beside, VOCAB)
    }

    /// `vocab.txt`: BERT's.
    fn words(&self, bytes: &[u8], beside: Beside<'_>) -> Result<Tokenizer, Error> {
        if self.class != "BertTokenizer" {
            return Err(self.unknown(WORDS));
        }
        let text =
            std::str::from_utf8(bytes).map_err(|_| Error::format(WORDS, "it is not UTF-8; download it again"))?;
        let vocab: Vec<String> = text.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect();
        check::count("tokens", vocab.len(), check::MOST_TOKENS, WORDS)?;
        let id = |name: &str| {
            let id = vocab.iter().position(|token| token == name).map(|id| id as u32);
            id.ok_or_else(|| Error::format(WORDS, format!("it has no token {name}; it is damaged, or no BERT's")))
        };
        let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
        let lowercase = self.flag("do_lower_case").unwrap_or(true);
        let bert = word_piece::Bert {
            whole: special.iter().filter_map(|name| Some((id(name).ok()?, *name))).collect(),
            around: [Some(id("[CLS]")?), Some(id("[SEP]")?)],
            unknown: id("[UNK]")?,
            lowercase,
            strip_accents: self.flag("strip_accents"),
        };
        Tokenizer::from_files(&bert.json(&vocab), beside).map_err(|e| e.renamed(JSON, WORDS))
    }

    /// Adds the tokens of the files beside it, and those around a text: BOS and EOS by id, and by the class's habit unless
    /// the config says otherwise.
    fn finish(
        &self,
        mut pieces: Pieces,
        ids: [Option<u32>; 2],
        habit: [bool; 2],
        beside: Beside<'_>,
        origin: &str,
    ) -> Result<Tokenizer, Error> {
        let named = beside::extend(&mut pieces, beside, origin)?;
        let id = |which: usize| named[which].or(ids[which]);
        let wanted = [self.flag("add_bos_token"), self.flag("add_eos_token")];
        let around = |which: usize| if wanted[which].unwrap_or(habit[which]) { id(which) } else { None };
        let (before, after) = (around(0), around(1));
        let limits = if origin == MODEL && pieces.patterns.is_empty() {
            sentencepiece::limits(&pieces)
        } else {
            byte_level::limits(&pieces)
        };
        Ok(Tokenizer::of_pieces(pieces, limits, Around { start: before, bos: id(0), before, after }))
    }
}

/// The tokenizer's class of a model whose folder does not say it, for those that are read from other files than
/// `tokenizer.json`.
fn class_of(model_type: &str) -> &'static str {
    match model_type {
        "llama" | "mistral" | "mixtral" => "LlamaTokenizer",
        "gemma" | "gemma2" | "gemma3" | "gemma3_text" => "GemmaTokenizer",
        "t5" => "T5Tokenizer",
        "gpt2" => "GPT2Tokenizer",
        "roberta" => "RobertaTokenizer",
        "qwen2" | "qwen2_moe" | "qwen3" | "qwen3_moe" => "Qwen2Tokenizer",
        "bert" | "distilbert" => "BertTokenizer",
        _ => "",
    }
}
