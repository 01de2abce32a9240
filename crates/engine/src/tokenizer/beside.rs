//! The files beside `tokenizer.json`. transformers 5 reads them too: they add tokens that are matched whole, change how
//! some are matched, and set options. Their tokens are added here in the same order. If an option contradicts
//! `tokenizer.json`, it is not clear which of the two the model was trained with, so it is refused.

use super::classes::{self, Parts};
use super::pieces::{Pieces, Whole};
use super::text::Limits;
use super::{Cutter, Tokenizer, check, json as file};
use crate::Error;
use crate::format::json;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tokenizers::AddedToken;

/// The files beside `tokenizer.json`, in the order of [`Beside`]'s fields.
pub const BESIDE: [&str; 3] = [CONFIG, SPECIAL, ADDED];
const CONFIG: &str = "tokenizer_config.json";
const SPECIAL: &str = "special_tokens_map.json";
const ADDED: &str = "added_tokens.json";
/// The tokens that have a name of their own, in transformers' order.
const NAMED: [&str; 7] = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/// The files that may be present, each as its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// `tokenizer_config.json`
    pub config: Option<&'a [u8]>,
    /// `special_tokens_map.json`: read where the config has no list of tokens of its own.
    pub special: Option<&'a [u8]>,
    /// `added_tokens.json`: the same.
    pub added: Option<&'a [u8]>,
}

/// A token as these files write it.
#[derive(Clone, Debug, Deserialize)]
struct Said {
    content: String,
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    rstrip: bool,
    #[serde(default)]
    single_word: bool,
    normalized: Option<bool>,
    #[serde(default)]
    special: bool,
}

impl Said {
    fn token(self) -> AddedToken {
        let Self { content, lstrip, rstrip, single_word, normalized, special } = self;
        let normalized = normalized.unwrap_or(!special);
        AddedToken { content, single_word, lstrip, rstrip, normalized, special }
    }
}

impl Beside<'_> {
    /// `tokenizer_config.json`; empty if it is not there.
    pub(super) fn config(&self) -> Result<Object, Error> {
        object(self.config, CONFIG)
    }
}

/// What the files say.
struct All {
    config: Object,
    /// Whether they are of the older kind, in which the config lists no tokens with ids.
    old: bool,
    listed: BTreeMap<u32, AddedToken>,
    named: Vec<AddedToken>,
}

impl All {
    fn read(beside: Beside<'_>) -> Result<Self, Error> {
        let mut config = beside.config()?;
        // If the config lists tokens with their ids, the two other files are not read.
        let listed = numbered(&config)?;
        let old = listed.is_none();
        if old {
            config.extend(object(beside.special, SPECIAL)?);
        }
        let named = named(&config)?;
        let listed = match listed {
            Some(listed) => listed,
            None => older(&object(beside.added, ADDED)?, &named)?,
        };
        Ok(Self { config, old, listed, named })
    }

    /// The file that lists tokens.
    fn origin(&self) -> &'static str {
        if self.old { ADDED } else { CONFIG }
    }
}

/// Adds the files' tokens to a tokenizer that is computed here: they are matched whole. Returns the ids of BOS and EOS, if
/// the files name them.
pub(super) fn extend(pieces: &mut Pieces, beside: Beside<'_>, origin: &str) -> Result<[Option<u32>; 2], Error> {
    let all = All::read(beside)?;
    let tokens: Vec<AddedToken> = all.listed.values().chain(&all.named).cloned().collect();
    check::added(&tokens, all.origin())?;
    let wrong = |text: String| Error::config(all.origin(), text);
    let mut whole = Vec::new();
    let mut add = |id: u32, token: &AddedToken| match token.single_word {
        true => Err(wrong(format!(
            "its token {:?} counts only between words (`single_word`), which attnscope reads only from tokenizer.json",
            check::short(&token.content)
        ))),
        false => {
            whole.push((id, Whole { lstrip: token.lstrip, rstrip: token.rstrip }));
            Ok(())
        }
    };
    for (id, token) in all.listed.iter().filter(|(_, token)| !token.content.is_empty()) {
        let n = pieces.vocab.len() as u32;
        let found = pieces.vocab.get(*id);
        if *id < n && found != token.content.as_bytes() {
            let (said, found) = (check::short(&token.content), check::short(&String::from_utf8_lossy(found)));
            return Err(wrong(format!(
                "it adds the token {said:?} as {id}, which is {found:?} in {origin}; which of the two is right?"
            )));
        }
        if *id >= n {
            check::count("tokens", *id as usize + 1, n as usize + MOST_GAP, all.origin())?;
            (n..*id).for_each(|_| pieces.vocab.push(b""));
            pieces.vocab.push(token.content.as_bytes());
        }
        add(*id, token)?;
    }
    for token in all.named.iter().filter(|token| !token.content.is_empty()) {
        if all.listed.values().any(|listed| listed.content == token.content) {
            continue;
        }
        let id = place(pieces, &token.content).unwrap_or_else(|| {
            pieces.vocab.push(token.content.as_bytes());
            pieces.vocab.len() as u32 - 1
        });
        add(id, token)?;
    }
    pieces.match_whole(whole);
    let id = |name: &str| {
        let token = one(name, all.config.get(name).unwrap_or(&Value::Null)).ok().flatten()?;
        place(pieces, &token.content)
    };
    Ok([id("bos_token"), id("eos_token")])
}

/// Ids that may be left out before an added token.
const MOST_GAP: usize = 1 << 14;

/// The id of a token that is written like this.
fn place(pieces: &Pieces, content: &str) -> Option<u32> {
    (0..pieces.vocab.len() as u32).find(|id| pieces.vocab.get(*id) == content.as_bytes())
}

/// Adds the files' tokens and options to a tokenizer read from `tokenizer.json` (whose bytes are `whole`).
pub(super) fn apply(tokenizer: &mut Tokenizer, beside: Beside<'_>, whole: &[u8]) -> Result<(), Error> {
    let all = All::read(beside)?;
    let origin = all.origin();
    let All { config, listed, named, .. } = all;
    let Cutter::Library(inner) = &mut tokenizer.cutter else { return Ok(()) };
    add(inner, &mut tokenizer.limits, &listed, named)?;
    for (id, token) in &listed {
        let content = &token.content;
        if !content.is_empty() && inner.token_to_id(content) != Some(*id) {
            let content = check::short(content);
            let text = format!(
                "it adds the token {content:?} as {id}, which tokenizer.json does not; which of the two is right?"
            );
            return Err(Error::config(origin, text));
        }
    }
    let parts = Parts::of(whole);
    check_options(&config, &parts)?;
    tokenizer.note = classes::note(&config, &parts);
    if let Some(split) = config.get("split_special_tokens").and_then(Value::as_bool) {
        inner.set_encode_special_tokens(split);
    }
    if tokenizer.around.bos.is_none() {
        let bos = one("bos_token", config.get("bos_token").unwrap_or(&Value::Null))?;
        tokenizer.around.bos = bos.and_then(|bos| inner.token_to_id(&bos.content));
    }
    Ok(())
}

pub(super) type Object = serde_json::Map<String, Value>;

fn object(bytes: Option<&[u8]>, origin: &str) -> Result<Object, Error> {
    match bytes.map(|bytes| json::parse(bytes, origin, origin)).transpose()? {
        None => Ok(Object::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(Error::format(origin, "it is no JSON object; download it again")),
    }
}

/// The config's list of tokens by their ids.
fn numbered(config: &Object) -> Result<Option<BTreeMap<u32, AddedToken>>, Error> {
    let Some(list) = config.get("added_tokens_decoder").and_then(Value::as_object) else { return Ok(None) };
    let mut tokens = BTreeMap::new();
    for (id, token) in list {
        let said = id.parse().ok().zip(Said::deserialize(token).ok());
        let (id, said) = said.ok_or_else(|| {
            let (id, token) = (check::short(id), check::short(&token.to_string()));
            Error::config(CONFIG, format!("added_tokens_decoder: {id:?} is {token}, expected an id and a token"))
        })?;
        tokens.insert(id, said.token());
    }
    Ok(Some(tokens))
}

/// `added_tokens.json`, token by token: one that has a name is special, others are matched in normalised text.
fn older(list: &Object, named: &[AddedToken]) -> Result<BTreeMap<u32, AddedToken>, Error> {
    let mut tokens = BTreeMap::new();
    for (content, id) in list {
        let id = id.as_u64().and_then(|id| u32::try_from(id).ok()).ok_or_else(|| {
            let (content, id) = (check::short(content), check::short(&id.to_string()));
            Error::config(ADDED, format!("{content:?} is {id}, expected the token's id"))
        })?;
        let special = named.iter().any(|token| token.content == *content);
        tokens.insert(id, AddedToken::from(content.clone(), special));
    }
    Ok(tokens)
}

/// The named tokens: BOS and the like, and others that are declared special.
fn named(config: &Object) -> Result<Vec<AddedToken>, Error> {
    let mut tokens = Vec::new();
    for name in NAMED {
        tokens.extend(one(name, config.get(name).unwrap_or(&Value::Null))?);
    }
    let list = ["extra_special_tokens", "additional_special_tokens"];
    let list =
        list.into_iter().find_map(|name| config.get(name).filter(|list| !is_empty(list)).map(|list| (name, list)));
    match list {
        None => {}
        Some((name, Value::Array(list))) => {
            for token in list {
                tokens.extend(one(name, token)?);
            }
        }
        Some((name, Value::Object(list))) => {
            for token in list.values() {
                tokens.extend(one(name, token)?);
            }
        }
        Some((name, other)) => return Err(wrong(name, other)),
    }
    // Default tokens of the class, for names that the files do not set.
    let own = DEFAULTS.iter().filter(|(class_of, name, _)| *class_of == class(config) && !config.contains_key(*name));
    tokens.extend(own.map(|(_, _, content)| AddedToken::from((*content).to_owned(), true)));
    Ok(tokens)
}

/// The default tokens of transformers' classes.
const DEFAULTS: [(&str, &str, &str); 9] = [
    ("BertTokenizer", "unk_token", "[UNK]"),
    ("BertTokenizer", "sep_token", "[SEP]"),
    ("BertTokenizer", "pad_token", "[PAD]"),
    ("BertTokenizer", "cls_token", "[CLS]"),
    ("BertTokenizer", "mask_token", "[MASK]"),
    ("GPT2Tokenizer", "eos_token", "<|endoftext|>"),
    ("LlamaTokenizer", "bos_token", "<s>"),
    ("LlamaTokenizer", "eos_token", "</s>"),
    ("LlamaTokenizer", "unk_token", "<unk>"),
];

/// The name of the class in transformers, whose fast and slow forms are the same since version 5.
pub(super) fn class(config: &Object) -> &str {
    let said = config.get("tokenizer_class").and_then(Value::as_str).unwrap_or_default();
    said.strip_suffix("Fast").unwrap_or(said)
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Object::is_empty)
}

/// One token, given as its text or as an object with more fields; `None` if it is null.
fn one(name: &str, token: &Value) -> Result<Option<AddedToken>, Error> {
    match token {
        Value::Null => Ok(None),
        Value::String(content) => Ok(Some(AddedToken::from(content.clone(), true))),
        other => match Said::deserialize(other) {
            Ok(said) => Ok(Some(Said { special: true, ..said }.token())),
            Err(_) => Err(wrong(name, other)),
        },
    }
}

fn wrong(name: &str, found: &Value) -> Error {
    let found = check::short(&found.to_string());
    Error::config(CONFIG, format!("{name} is {found}, expected a token, as its text or as an object with `content`"))
}

/// Adds the tokens whose listing differs from the tokenizer's, then the named ones that it does not match whole.
fn add(
    inner: &mut tokenizers::Tokenizer,
    limits: &mut Limits,
    listed: &BTreeMap<u32, AddedToken>,
    named: Vec<AddedToken>,
) -> Result<(), Error> {
    let known = inner.get_added_tokens_decoder().into_values();
    let known: BTreeMap<String, AddedToken> = known.map(|token| (token.content.clone(), token)).collect();
    let mut whole: BTreeSet<String> = known.keys().cloned().collect();
    let mut new: Vec<AddedToken> =
        listed.values().filter(|token| known.get(&token.content) != Some(*token)).cloned().collect();
    whole.extend(new.iter().map(|token| token.content.clone()));
    for token in named {
        // A token that is listed keeps the properties of its listing.
        if !token.content.is_empty() && whole.insert(token.content.clone()) {
            new.push(token);
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    let all: Vec<AddedToken> = known.into_values().chain(new.iter().cloned()).collect();
    check::added(&all, CONFIG)?;
    let broken = |e: tokenizers::Error| Error::format(CONFIG, format!("its tokens: {e}"));
    check::guarded(|| {
        file::check_normalised(inner, &new)?;
        inner.add_tokens(new)?;
        Ok(())
    })
    .map_err(broken)?;
    limits.also(&all);
    Ok(())
}

/// Refuses options that contradict `tokenizer.json`.
fn check_options(config: &Object, parts: &Parts) -> Result<(), Error> {
    let found = |name: &str| parts.normalizer.get(name).and_then(Value::as_bool);
    let lowercase = found("lowercase");
    let is_bert = parts.normalizer.get("type").and_then(Value::as_str) == Some("BertNormalizer");
    // If `strip_accents` is not set, accents are stripped exactly when text is lowercased.
    let accents = found("strip_accents").or(lowercase).filter(|_| is_bert);
    let options = [
        ("do_lower_case", "lowercase", lowercase),
        ("strip_accents", "strip_accents", accents),
        ("tokenize_chinese_chars", "handle_chinese_chars", found("handle_chinese_chars")),
        ("add_prefix_space", "a space before the text", prefix_space(config, &parts.normalizer, &parts.pre_tokenizer)),
    ];
    for (option, name, does) in options {
        if let (Some(said), Some(does)) = (config.get(option).and_then(Value::as_bool), does)
            && said != does
        {
            let text =
                format!("{option} is {said}, but in tokenizer.json {name} is {does}; which of the two is right?");
            return Err(Error::config(CONFIG, text));
        }
    }
    Ok(())
}

/// Whether `tokenizer.json` puts a space before a text; `None` if it has no part that could, or if transformers ignores
/// the option.
fn prefix_space(config: &Object, normalizer: &Value, pre_tokenizer: &Value) -> Option<bool> {
    let mut parts = Vec::new();
    flatten(normalizer, "normalizers", &mut parts);
    flatten(pre_tokenizer, "pretokenizers", &mut parts);
    let kind = |part: &Value| part.get("type").and_then(Value::as_str).map(str::to_owned);
    let one = |name: &str| parts.iter().find(|part| kind(part).as_deref() == Some(name));
    if let Some(bytes) = one("ByteLevel") {
        return Some(bytes.get("add_prefix_space").and_then(Value::as_bool).unwrap_or(true));
    }
    if class(config) != "LlamaTokenizer" {
        return None;
    }
    let scheme = |part: &&Value| part.get("prepend_scheme").and_then(Value::as_str) != Some("never");
    one("Metaspace").map(scheme).or_else(|| one("Prepend").map(|_| true))
}

fn flatten<'a>(part: &'a Value, list: &str, out: &mut Vec<&'a Value>) {
    match part.get(list).and_then(Value::as_array) {
        Some(inner) => inner.iter().for_each(|part| flatten(part, list, out)),
        None => out.push(part),
    }
}
