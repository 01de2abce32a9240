//! A tokenizer from a GGUF's metadata, as llama.cpp's converter writes it: `gpt2` (byte-level BPE), `llama` (SentencePiece's
//! BPE), `t5` (its unigram model) and `bert` (WordPiece).

use super::lists::{self, BYTE, CONTROL, UNKNOWN, UNUSED, USER_DEFINED, WHOLE};
use super::pieces::{self, Charsmap, MARK, Pieces, Prefix, Prefixes, Spaces, Vocab};
use super::sentencepiece::{self, Parts};
use super::{Around, Tokenizer, byte_level, check, pre, word_piece};
use crate::Error;
use crate::format::gguf::Metadata;

const PRE: &str = "tokenizer.ggml.pre";
const INSTEAD: &str = "Use the model's safetensors folder with tokenizer.json";

/// The tokens with their types, which every kind of tokenizer has.
struct Tokens<'a> {
    meta: &'a Metadata,
    texts: Vec<&'a str>,
    types: Vec<i64>,
}

/// Reads the tokenizer.
pub(super) fn read(meta: &Metadata) -> Result<Tokenizer, Error> {
    let origin = meta.origin();
    let kind = meta.get_str("tokenizer.ggml.model")?;
    if !["gpt2", "llama", "t5", "bert"].contains(&kind) {
        let kind = check::short(kind);
        let text = format!(
            "its tokenizer is `{kind}`; of GGUF attnscope reads gpt2 (byte-level BPE), llama and t5 (SentencePiece) and \
             bert (WordPiece). {INSTEAD}"
        );
        return Err(Error::config(origin, text));
    }
    refuse_unknown(meta)?;
    let texts = meta.get_strings("tokenizer.ggml.tokens")?;
    lists::check(meta, &texts)?;
    let tokens = Tokens { meta, texts, types: meta.get_ints(lists::TYPES)? };
    match kind {
        "gpt2" => tokens.byte_level(),
        "bert" => tokens.word_piece(),
        _ => tokens.sentence_piece(kind == "t5"),
    }
}

impl<'a> Tokens<'a> {
    fn origin(&self) -> &'a str {
        self.meta.origin()
    }

    /// The ids of all tokens of some types.
    fn of_types(&self, types: &[i64]) -> impl Iterator<Item = u32> {
        (0u32..).zip(&self.types).filter(move |(_, kind)| types.contains(kind)).map(|(id, _)| id)
    }

    /// GPT-2's kind: words by patterns, then merges of bytes.
    fn byte_level(&self) -> Result<Tokenizer, Error> {
        let origin = self.origin();
        let rule = rule(self.meta)?;
        // Types 2, 3 and 4 are the unknown token, control tokens such as <|im_start|> and tokens added by hand: all are
        // matched whole.
        let merges = self.meta.get_strings("tokenizer.ggml.merges")?;
        let is_whole = |id: usize| WHOLE.contains(&self.types[id]);
        let mut pieces = byte_level::build(&self.texts, is_whole, merges.into_iter(), rule, origin)?;
        self.match_whole(&mut pieces, &WHOLE)?;
        let limits = byte_level::limits(&pieces);
        let around = self.around(rule.bos, false)?;
        Ok(Tokenizer::of_pieces(pieces, limits, around))
    }

    /// SentencePiece's models: `llama` is BPE, `t5` unigram.
    fn sentence_piece(&self, unigram: bool) -> Result<Tokenizer, Error> {
        let (meta, origin) = (self.meta, self.origin());
        let flag = |name: &str, default: bool| flag_or(meta, &format!("tokenizer.ggml.{name}"), default);
        let scores = meta.get_floats("tokenizer.ggml.scores")?;
        sentencepiece::check_scores(&scores, origin)?;
        let prefix = flag("add_space_prefix", !unigram)?;
        let escape = flag("escape_whitespaces", true)?;
        // Tokens that users defined are found in the normalized text; where a space is put before every text, they are
        // tokens that a fine-tuned model got, and a space follows them too.
        let frozen = unigram || !prefix;
        let mut vocab = Vocab::default();
        for (text, kind) in self.texts.iter().zip(&self.types) {
            let text = if *kind == USER_DEFINED && frozen && escape { &text.replace(' ', MARK) } else { *text };
            vocab.push(text.as_bytes());
        }
        let defined: Vec<u32> = self.of_types(&[USER_DEFINED]).filter(|_| frozen).collect();
        let normal: Vec<u32> = (0u32..)
            .zip(&self.types)
            .filter(|(_, kind)| ![UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE].contains(kind))
            .map(|(id, _)| id)
            .collect();
        let map = "tokenizer.ggml.precompiled_charsmap";
        let letters = if meta.has(map) { Charsmap::read(meta.get_bytes(map)?, origin)? } else { None };
        let unknown = "tokenizer.ggml.unknown_token_id";
        let unknown = if meta.has(unknown) {
            meta.get_u64(unknown)?
        } else if unigram {
            2
        } else {
            0
        };
        let parts = Parts {
            bytes: sentencepiece::byte_tokens(&vocab, self.of_types(&[BYTE])),
            vocab,
            scores,
            normal,
            unused: self.of_types(&[UNUSED]).collect(),
            defined,
            unknown: u32::try_from(unknown).ok().filter(|id| (*id as usize) < self.texts.len()),
            unigram,
            spaces: Spaces {
                prefix: if prefix { Prefix::Each } else { Prefix::Never },
                as_suffix: false,
                remove_extra: flag("remove_extra_whitespaces", false)?,
                escape,
                letters,
                defined: Prefixes::default(),
            },
        };
        let mut pieces = parts.build(origin)?;
        self.match_whole(&mut pieces, if frozen { &[UNKNOWN, CONTROL] } else { &WHOLE })?;
        let limits = sentencepiece::limits(&pieces);
        let around = self.around(!unigram, unigram)?;
        Ok(Tokenizer::of_pieces(pieces, limits, around))
    }

    /// BERT's, stored with `▁` before words instead of `##` before their other parts.
    fn word_piece(&self) -> Result<Tokenizer, Error> {
        let (meta, origin) = (self.meta, self.origin());
        let flag = |name: &str, default: bool| flag_or(meta, &format!("tokenizer.ggml.{name}"), default);
        let spelled = self.texts.iter().zip(&self.types).map(|(text, kind)| match text.strip_prefix(MARK) {
            _ if WHOLE.contains(kind) => (*text).to_owned(),
            Some(word) => word.to_owned(),
            None if text.starts_with('[') && text.ends_with(']') && text.len() > 2 => (*text).to_owned(),
            None => format!("##{text}"),
        });
        let vocab: Vec<String> = spelled.collect();
        let whole: Vec<u32> = self.of_types(&WHOLE).filter(|id| !vocab[*id as usize].is_empty()).collect();
        let token = |names: &[&str], text: &str| {
            let keys = names.iter().map(|name| format!("tokenizer.ggml.{name}_token_id"));
            match keys.into_iter().find(|key| meta.has(key)) {
                Some(key) => self.id(&key).map(Some),
                None => Ok(vocab.iter().position(|token| token == text).map(|id| id as u32)),
            }
        };
        let missing = |what: &str| Error::format(origin, format!("its WordPiece has no token {what}; convert it anew"));
        let cls = token(&["cls", "bos"], "[CLS]")?.ok_or_else(|| missing("[CLS]"))?;
        let sep = token(&["seperator", "sep", "eos"], "[SEP]")?.ok_or_else(|| missing("[SEP]"))?;
        let unknown = token(&["unknown"], "[UNK]")?.ok_or_else(|| missing("[UNK]"))?;
        let lowercase = flag("normalizer.lowercase", true)?;
        let bert = word_piece::Bert {
            whole: whole.iter().map(|id| (*id, vocab[*id as usize].as_str())).collect(),
            around: [flag("add_bos_token", true)?.then_some(cls), flag("add_sep_token", true)?.then_some(sep)],
            unknown,
            lowercase,
            strip_accents: Some(flag("normalizer.strip_accents", lowercase)?),
        };
        let file = bert.json(&vocab);
        Tokenizer::from_json(&file).map_err(|e| e.renamed("tokenizer.json", origin))
    }

    /// Makes tokens of these types be matched whole.
    fn match_whole(&self, pieces: &mut Pieces, types: &[i64]) -> Result<(), Error> {
        let ids: Vec<u32> = self.of_types(types).filter(|id| !self.texts[*id as usize].is_empty()).collect();
        let texts: Vec<&str> = ids.iter().map(|id| self.texts[*id as usize]).collect();
        check::whole(texts.len(), texts.iter().map(|text| text.len()).sum(), self.origin())?;
        lists::check_overlap(&texts, self.origin())?;
        pieces.match_whole(ids.into_iter().map(|id| (id, pieces::Whole::default())));
        Ok(())
    }

    /// The tokens that the file puts around every text; what it does where it does not say so.
    fn around(&self, bos: bool, eos: bool) -> Result<Around, Error> {
        let (before, after) = (self.one_around("bos", bos)?, self.one_around("eos", eos)?);
        let key = "tokenizer.ggml.bos_token_id";
        let bos = if self.meta.has(key) { self.id(key).ok() } else { before };
        Ok(Around { start: before, bos, before, after })
    }

    fn one_around(&self, which: &str, default: bool) -> Result<Option<u32>, Error> {
        let wanted = format!("tokenizer.ggml.add_{which}_token");
        let name = format!("tokenizer.ggml.{which}_token_id");
        if !flag_or(self.meta, &wanted, default && self.meta.has(&name))? {
            return Ok(None);
        }
        self.id(&name).map(Some)
    }

    /// A token that the file names by its id.
    fn id(&self, key: &str) -> Result<u32, Error> {
        let id = self.meta.get_u64(key)?;
        u32::try_from(id).ok().filter(|id| (*id as usize) < self.texts.len()).ok_or_else(|| {
            let n = self.texts.len();
            Error::format(self.origin(), format!("metadata `{key}` is {id}, but there are {n} tokens"))
        })
    }
}

/// A boolean; some converters write it as a number.
fn flag(meta: &Metadata, key: &str) -> Result<bool, Error> {
    match meta.get_u64(key) {
        Ok(n @ 0..=1) => Ok(n == 1),
        _ => meta.get_bool(key),
    }
}

fn flag_or(meta: &Metadata, key: &str, default: bool) -> Result<bool, Error> {
    if meta.has(key) { flag(meta, key) } else { Ok(default) }
}

/// Refuses unknown keys of the tokenizer, since they may change how text is cut.
fn refuse_unknown(meta: &Metadata) -> Result<(), Error> {
    const READ: [&str; 15] = [
        "model",
        "pre",
        "tokens",
        "token_type",
        "merges",
        "scores",
        "add_bos_token",
        "add_eos_token",
        "add_sep_token",
        "add_space_prefix",
        "remove_extra_whitespaces",
        "escape_whitespaces",
        "precompiled_charsmap",
        "normalizer.lowercase",
        "normalizer.strip_accents",
    ];
    // Read for other purposes than cutting text: the number of segments; tokens that are not to be written; and a key that
    // stood for `add_space_prefix` for a while, which llama.cpp no longer reads.
    const HARMLESS: [&str; 3] = ["token_type_count", "suppress_tokens", "add_prefix_space"];
    for key in meta.keys() {
        let Some(name) = key.strip_prefix("tokenizer.ggml.") else { continue };
        let an_id = name.ends_with("_token_id") || name.ends_with("_token_ids");
        if !(READ.contains(&name) || HARMLESS.contains(&name) || an_id) {
            let text = format!("metadata `{key}` is not one that attnscope knows: it may change how text is cut");
            return Err(Error::config(meta.origin(), text));
        }
    }
    Ok(())
}

/// How text is cut before merges apply; the names are llama.cpp's. Its `default`, which it uses if no name is given, is
/// not among these.
fn rule(meta: &Metadata) -> Result<&'static pre::Rule, Error> {
    if !meta.has(PRE) {
        let text = format!(
            "metadata `{PRE}` is missing, so it does not say how text is cut into words (converters before May 2024 left \
             it out). Convert the model anew. {INSTEAD}, or a newer GGUF"
        );
        return Err(Error::config(meta.origin(), text));
    }
    let name = meta.get_str(PRE)?;
    pre::find(name).ok_or_else(|| {
        let name = check::short(name);
        let text = if pre::REFUSED.contains(&name.as_str()) {
            format!("its pre-tokenizer is `{name}` ({PRE}), which attnscope does not read. {INSTEAD}")
        } else {
            format!("its pre-tokenizer is `{name}` ({PRE}), which attnscope does not know. {INSTEAD}")
        };
        Error::config(meta.origin(), text)
    })
}
