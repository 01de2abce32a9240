//! Reads a `tokenizer.json` part by part. The library could read it whole, but would take twenty times the file in
//! memory, and might read something other than what was checked here: of a duplicate key, both values.

use super::check::{self, guarded};
use super::models::{self, Loaded};
use super::parts::Found;
use super::text::Limits;
use crate::Error;
use crate::format::json::without_bom;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokenizers::{AddedToken, ModelWrapper, NormalizedString, Normalizer, Tokenizer};

/// Bytes of one part that is neither vocabulary nor merges. (SentencePiece's table of letters for NFKC has 316,000.)
const MOST_PART: usize = 1 << 20;

/// Parts are kept as text until each is checked. Truncation and padding are not read, so that texts are read whole.
#[derive(Deserialize)]
struct File<'a> {
    version: Option<String>,
    #[serde(borrow)]
    added_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    normalizer: Option<&'a RawValue>,
    #[serde(borrow)]
    pre_tokenizer: Option<&'a RawValue>,
    #[serde(borrow)]
    post_processor: Option<&'a RawValue>,
    #[serde(borrow)]
    decoder: Option<&'a RawValue>,
    #[serde(borrow)]
    model: Option<&'a RawValue>,
}

/// Reads a file; one that the library cannot handle is refused with an error of one line.
pub(super) fn read(json: &[u8], origin: &str) -> Result<(Tokenizer, Limits), Error> {
    let file: File<'_> = serde_json::from_slice(without_bom(json)).map_err(|e| not_one(origin, e))?;
    if let Some(version) = file.version.filter(|v| v != "1.0") {
        let version = check::short(&version);
        return Err(Error::config(origin, format!("its version is {version:?}; attnscope reads 1.0")));
    }
    let mut found = Found::new(origin);
    let normalizer = part(file.normalizer, "normalizer", origin, |p| found.normalizer(p))?;
    let pre_tokenizer = part(file.pre_tokenizer, "pre_tokenizer", origin, |p| found.pre_tokenizer(p))?;
    let post_processor = part(file.post_processor, "post_processor", origin, |p| found.post_processor(p))?;
    let decoder = part(file.decoder, "decoder", origin, |p| found.decoder(p))?;
    let added = added(file.added_tokens, origin)?;
    let model = file.model.ok_or_else(|| not_one(origin, "it has no `model`"))?;
    let Loaded { model, longest, has_unknown } = models::read(model.get(), origin)?;

    let plain = matches!(model, ModelWrapper::BPE(_)) && !has_unknown && file.normalizer.is_none();
    let limits =
        Limits::new(longest, &added, plain && !drops(file.pre_tokenizer), found.growth, found.patterns, origin)?;
    let mut tokenizer = Tokenizer::new(model);
    let build = || -> tokenizers::Result<()> {
        tokenizer.with_normalizer(typed::<tokenizers::NormalizerWrapper>(normalizer)?)?;
        tokenizer.with_pre_tokenizer(typed::<tokenizers::PreTokenizerWrapper>(pre_tokenizer)?);
        tokenizer.with_post_processor(typed::<tokenizers::PostProcessorWrapper>(post_processor)?);
        tokenizer.with_decoder(typed::<tokenizers::DecoderWrapper>(decoder)?);
        check_normalised(&tokenizer, &added)?;
        tokenizer.add_tokens(added)?;
        Ok(())
    };
    guarded(build).map_err(|e| not_one(origin, e))?;
    check_ids(file.added_tokens, &tokenizer, origin)?;
    Ok((tokenizer, limits))
}

fn not_one(origin: &str, e: impl std::fmt::Display) -> Error {
    Error::format(origin, format!("not a tokenizer: {e}"))
}

/// A part that has been checked.
fn part(
    raw: Option<&RawValue>,
    name: &str,
    origin: &str,
    look: impl FnOnce(&Value) -> Result<(), Error>,
) -> Result<Option<Value>, Error> {
    let Some(raw) = raw else { return Ok(None) };
    check::count(&format!("bytes in its `{name}`"), raw.get().len(), MOST_PART, origin)?;
    let value = crate::format::json::parse(raw.get().as_bytes(), name, origin)?;
    look(&value)?;
    Ok(Some(value))
}

fn typed<T: serde::de::DeserializeOwned>(part: Option<Value>) -> tokenizers::Result<Option<T>> {
    Ok(part.map(serde_json::from_value).transpose()?)
}

/// The tokens that are matched whole. Their ids are those of the vocabulary, or follow it in order.
fn added(raw: Option<&RawValue>, origin: &str) -> Result<Vec<AddedToken>, Error> {
    let Some(raw) = raw else { return Ok(Vec::new()) };
    // Each token has its six field names, hence the larger limit.
    check::count("bytes in its `added_tokens`", raw.get().len(), 4 * MOST_PART, origin)?;
    let tokens: Vec<AddedToken> =
        serde_json::from_str(raw.get()).map_err(|e| not_one(origin, format!("its added tokens: {e}")))?;
    check::added(&tokens, origin)?;
    Ok(tokens)
}

/// Refuses an added token whose id would differ from the file's.
fn check_ids(raw: Option<&RawValue>, tokenizer: &Tokenizer, origin: &str) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Said {
        id: u32,
        content: String,
    }
    let said: Vec<Said> =
        raw.map_or(Ok(Vec::new()), |raw| serde_json::from_str(raw.get())).map_err(|e| not_one(origin, e))?;
    for Said { id, content } in said.iter().filter(|said| !said.content.is_empty()) {
        if let Some(found) = tokenizer.token_to_id(content).filter(|found| found != id) {
            let content = check::short(content);
            let text =
                format!("its added token {content:?} says that its id is {id}, but it follows the others as {found}");
            return Err(Error::format(origin, text));
        }
    }
    Ok(())
}

/// Refuses added tokens that the normalizer makes empty: they would match between any two bytes.
pub(super) fn check_normalised(tokenizer: &Tokenizer, added: &[AddedToken]) -> tokenizers::Result<()> {
    let Some(normalizer) = tokenizer.get_normalizer() else { return Ok(()) };
    for token in added.iter().filter(|token| token.normalized && !token.content.is_empty()) {
        let mut text = NormalizedString::from(token.content.as_str());
        normalizer.normalize(&mut text)?;
        if text.is_empty() {
            return Err(
                format!("of its added token {:?} the normalizer leaves nothing", check::short(&token.content)).into()
            );
        }
    }
    Ok(())
}

/// Whether parts of a text may be in no token.
fn drops(pre_tokenizer: Option<&RawValue>) -> bool {
    // Only this pre-tokenizer certainly keeps every byte.
    pre_tokenizer.is_none_or(|raw| !raw.get().contains("ByteLevel") || raw.get().contains("Removed"))
}
