//! `tokenizer_config.json`, which stands beside `tokenizer.json` and says some things a second time. transformers reads
//! both: where they differ it is not clear what the model was trained with, and text would be cut otherwise.

use super::{Tokenizer, check};
use crate::Error;
use crate::format::json;
use crate::format::json::without_bom;
use serde::Deserialize;
use serde_json::Value;

/// Refuses tokens that only the config adds, and letters that only one of the two makes small.
pub(super) fn check(tokenizer: &Tokenizer, config: &[u8], file: &[u8]) -> Result<(), Error> {
    const ORIGIN: &str = "tokenizer_config.json";
    let config = json::parse(config, ORIGIN, ORIGIN)?;
    for (id, token) in config.get("added_tokens_decoder").and_then(Value::as_object).into_iter().flatten() {
        let content = token.get("content").and_then(Value::as_str).unwrap_or_default();
        let known = tokenizer.inner.token_to_id(content);
        if !content.is_empty() && known.map(|known| known.to_string()).as_ref() != Some(id) {
            let (content, id) = (check::short(content), check::short(id));
            let text = format!(
                "it adds the token {content:?} as {id}, which tokenizer.json does not; which of the two is right?"
            );
            return Err(Error::config(ORIGIN, text));
        }
    }
    #[derive(Deserialize)]
    struct Normalizer {
        #[serde(default)]
        normalizer: Value,
    }
    let Ok(Normalizer { normalizer }) = serde_json::from_slice(without_bom(file)) else { return Ok(()) };
    let (said, does) = (config.get("do_lower_case").and_then(Value::as_bool), normalizer.get("lowercase"));
    if let (Some(said), Some(does)) = (said, does.and_then(Value::as_bool))
        && said != does
    {
        let text =
            format!("do_lower_case is {said}, but in tokenizer.json lowercase is {does}; which of the two is right?");
        return Err(Error::config(ORIGIN, text));
    }
    Ok(())
}
