//! Whether a model predicts next tokens: which task its config says it was trained for, and where its head's matrix is.

use super::fields::Fields;
use super::loader::Loader;
use crate::Error;
use crate::format::Tensor;
use serde_json::Value;

/// The task that a model was trained for, from the name of its class in transformers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Trained {
    /// To predict the next token.
    NextToken,
    /// The config does not say: it counts as next-token prediction, unless the file has a head for something else.
    Unsaid,
    /// The blocks alone, without any head.
    Blocks,
    /// Another head on top of the blocks, with the name of the class.
    Other(String),
}

/// Reads `architectures`. `prefix` is the beginning of the family's class names.
pub(super) fn trained(fields: &Fields<'_>, prefix: &str) -> Result<Trained, Error> {
    remote_code(fields)?;
    class(fields, prefix)
}

/// The same of a family whose first files name code that they brought along, before transformers had the family: its
/// classes begin with `class`, in the same folder or in a repository of `owner`, and what they compute is what transformers
/// computes. Code of another place is refused. (An edited copy of that code in the same folder cannot be told apart.)
pub(super) fn trained_with(fields: &Fields<'_>, prefix: &str, [class, owner]: &[&str; 2]) -> Result<Trained, Error> {
    let is_theirs = |value: &Value| {
        let code = value.as_str().unwrap_or_default();
        let (place, code) = code.split_once("--").unwrap_or((owner, code));
        place.starts_with(owner) && code.starts_with(class)
    };
    let map = fields.get("auto_map")?;
    let models = map.as_ref().and_then(Value::as_object).into_iter().flatten();
    if models.filter(|(name, _)| name.starts_with("AutoModel")).all(|(_, value)| is_theirs(value)) {
        return self::class(fields, prefix);
    }
    trained(fields, prefix)
}

/// Whether `architectures` names a class that begins so.
pub(super) fn names_class(fields: &Fields<'_>, prefix: &str) -> Result<bool, Error> {
    let classes = fields.get("architectures")?;
    let mut classes = classes.as_ref().and_then(Value::as_array).into_iter().flatten();
    Ok(classes.any(|class| class.as_str().is_some_and(|class| class.starts_with(prefix))))
}

/// The same of a family whose code of its own is known, and computed here as it computes.
pub(super) fn class(fields: &Fields<'_>, prefix: &str) -> Result<Trained, Error> {
    let class = match fields.get("architectures")? {
        None => return Ok(Trained::Unsaid),
        Some(Value::Array(list)) => match list.as_slice() {
            [] => return Ok(Trained::Unsaid),
            [Value::String(class)] => class.clone(),
            _ => return Err(fields.bad("architectures", "one class", &Value::Array(list).to_string())),
        },
        Some(other) => return Err(fields.bad("architectures", "a list with one class", &other.to_string())),
    };
    const OTHERS: [&str; 7] = [
        "ForSequenceClassification",
        "ForTokenClassification",
        "ForQuestionAnswering",
        "ForMaskedLM",
        "ForPreTraining",
        "ForNextSentencePrediction",
        "ForMultipleChoice",
    ];
    match class.strip_prefix(prefix) {
        Some("ForCausalLM" | "LMHeadModel" | "DoubleHeadsModel") => Ok(Trained::NextToken),
        Some("Model") => Ok(Trained::Blocks),
        Some(other) if OTHERS.contains(&other) => Ok(Trained::Other(class)),
        _ => {
            let text = format!("{prefix}Model or another class that transformers has for `{}`", fields.arch);
            Err(fields.bad("architectures", &text, &class))
        }
    }
}

/// Refuses a model that brings code of its own for its blocks: the config does not say what such code computes.
fn remote_code(fields: &Fields<'_>) -> Result<(), Error> {
    let Some(map) = fields.get("auto_map")? else { return Ok(()) };
    let class = map.as_object().and_then(|map| map.iter().find(|(name, _)| name.starts_with("AutoModel")));
    match class {
        Some((name, code)) => Err(fields.refused(
            "auto_map",
            format!("says that the model computes by code of its own ({name}: {code}), which attnscope does not run"),
        )),
        None => Ok(()),
    }
}

/// The name of its matrix in most files.
pub(super) const HEAD: &str = "lm_head.weight";

/// The embedding matrix, `[n_vocab, d_model]`. If it is tied to the head, a file may hold only the head.
pub(super) fn embed(loader: &Loader<'_>, name: &str, shape: &[usize], tied: bool, head: &str) -> Result<Tensor, Error> {
    let name = if tied && !loader.has(name) && loader.has(head) { head } else { name };
    loader.tensor(name, shape)
}

/// The matrix that computes logits, `[n_vocab, d_model]`, called `head` in the file; or the reason why there is none.
///
/// transformers uses the embedding for it if `tie_word_embeddings` says so, unless the file has another matrix.
pub(super) fn unembed(
    fields: &Fields<'_>,
    loader: &Loader<'_>,
    trained: &Trained,
    tied: bool,
    embed: &Tensor,
    head: &str,
) -> Result<Result<Tensor, String>, Error> {
    match trained {
        Trained::Other(class) => Ok(Err(format!("a {class}: it has no lm_head and predicts no next token"))),
        _ if loader.has(head) => loader.tensor(head, &embed.shape).map(Ok),
        Trained::Unsaid if classifies(loader) => {
            Ok(Err(format!("a classifier (score or classifier, without {head}): it predicts no next token")))
        }
        _ if tied => Ok(Ok(embed.clone())),
        Trained::Blocks => Ok(Err(format!("without the vocabulary head ({head}): it predicts no next token"))),
        Trained::NextToken | Trained::Unsaid => Err(Error::config(
            fields.origin,
            format!(
                "tensor `{head}` is missing: the config says that the head is not the embedding (tie_word_embeddings is \
                 false or left out); the file is incomplete"
            ),
        )),
    }
}

/// Whether the file has a head of another kind.
fn classifies(loader: &Loader<'_>) -> bool {
    const HEADS: [&str; 3] = ["score.", "classifier.", "qa_outputs."];
    loader.tensors.all_names().any(|name| HEADS.iter().any(|head| name.starts_with(head)))
}
