//! How each architecture's config and tensor names map onto the one block.

mod bert;
mod beside;
mod bloom;
mod common;
mod falcon;
mod fields;
mod gpt2;
mod gpt_neo;
mod gptj;
mod head;
mod llama;
mod loader;
mod masked;
#[cfg(test)]
mod meanings;
mod modernbert;
mod mpt;
mod neox;
mod nomic;
mod opt;
mod phi;
mod rope;
#[cfg(test)]
mod tests;
mod window;

use crate::Error;
use crate::config::Config;
use crate::format::gguf::{Gguf, Metadata};
use crate::format::{Tensor, Tensors};
use crate::weights::Weights;
use fields::{Fields, Tables};
use loader::Loader;
use serde_json::Value;

/// The result of reading a model's files.
pub struct Read {
    pub config: Config,
    pub weights: Weights,
    /// The reason why no next token can be predicted, if that is so: "an encoder: …".
    pub headless: Option<String>,
}

impl Read {
    fn head(found: Result<Tensor, String>) -> (Option<Tensor>, Option<String>) {
        match found {
            Ok(tensor) => (Some(tensor), None),
            Err(why) => (None, Some(why)),
        }
    }
}

/// From a GGUF file.
pub fn from_gguf(gguf: &Gguf, origin: &str) -> Result<Read, Error> {
    let meta = &gguf.metadata;
    refuse_other_files(meta, origin)?;
    let arch = meta.get_str("general.architecture")?;
    let loader = Loader::new(&gguf.tensors, origin);
    if let Some(member) = llama::GGUF_MEMBERS.iter().find(|member| member.name == arch) {
        return llama::gguf(meta, &loader, member);
    }
    match GGUF_OTHERS.iter().find(|other| other.0 == arch) {
        Some(Other(_, _, read)) => read(meta, &loader),
        None => Err(unknown(origin, arch, gguf_names().collect(), "GGUF")),
    }
}

/// From Hugging Face's `config.json` and its tensors.
pub fn from_hf(json: &Value, tensors: &Tensors, origin: &str) -> Result<Read, Error> {
    let loader = Loader::new(tensors, origin);
    let arch = match json.get("model_type") {
        Some(Value::String(arch)) => arch.as_str(),
        Some(other) => {
            return Err(Error::config(origin, format!("config field `model_type`: expected a text, found {other}")));
        }
        None => {
            let text = if json.is_object() {
                "config.json has no `model_type`, so it does not say which architecture the model has; take the config.json \
                 that belongs to the weights"
            } else {
                "config.json is no JSON object; take the one that belongs to the weights"
            };
            return Err(Error::config(origin, text));
        }
    };
    if let Some(member) = llama::MEMBERS.iter().find(|member| member.name == arch) {
        return llama::hf(json, &loader, member);
    }
    if let Some(kind) = bert::KINDS.iter().find(|kind| kind.name == arch) {
        return bert::hf(json, &loader, kind);
    }
    match OTHERS.iter().find(|other| other.0 == arch) {
        Some(Other(_, _, read)) => read(json, &loader),
        None => Err(unknown(origin, arch, hf_names().collect(), "safetensors")),
    }
}

/// A family of one member: its `model_type` or architecture, the tables of its fields, and what reads its files.
struct Other<F>(
    &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "the table of the documentation is made by a test"))] Tables,
    F,
);

/// Reads a `config.json` and its tensors.
type FromFolder = fn(&Value, &Loader<'_>) -> Result<Read, Error>;

/// Reads the metadata and tensors of a GGUF.
type FromGguf = fn(&Metadata, &Loader<'_>) -> Result<Read, Error>;

const OTHERS: &[Other<FromFolder>] = &[
    Other("gpt2", gpt2::TABLES, gpt2::hf),
    Other("gpt_neo", gpt_neo::TABLES, gpt_neo::hf),
    Other("gptj", gptj::TABLES, gptj::hf),
    Other("gpt_neox", neox::TABLES, neox::hf),
    Other("phi", phi::TABLES, phi::hf),
    Other("opt", opt::TABLES, opt::hf),
    Other("falcon", falcon::TABLES, falcon::hf),
    Other("bloom", bloom::TABLES, bloom::hf),
    Other("mpt", mpt::TABLES, mpt::hf),
    Other("modernbert", modernbert::TABLES, modernbert::hf),
    Other("nomic_bert", nomic::TABLES, nomic::hf),
];

const GGUF_OTHERS: &[Other<FromGguf>] = &[
    Other("gpt2", &[gpt2::GGUF_KEYS, common::LAYER_NORM_KEYS], gpt2::gguf),
    Other("bloom", &[common::LAYER_NORM_KEYS], bloom::gguf),
    Other("mpt", &[mpt::GGUF_KEYS, common::LAYER_NORM_KEYS], mpt::gguf),
    Other("gptneox", &[neox::GGUF_KEYS, beside::GGUF_KEYS, common::LAYER_NORM_KEYS], neox::gguf),
    Other("phi2", &[beside::GGUF_KEYS, common::LAYER_NORM_KEYS], phi::gguf),
    Other("falcon", &[beside::GGUF_KEYS, common::LAYER_NORM_KEYS], falcon::gguf),
    Other("bert", &[bert::gguf::GGUF_KEYS, common::LAYER_NORM_KEYS], |meta, loader| {
        bert::gguf::gguf(meta, loader, "bert")
    }),
    Other("nomic-bert", &[bert::gguf::NOMIC_KEYS, bert::gguf::GGUF_KEYS, common::LAYER_NORM_KEYS], |meta, loader| {
        bert::gguf::gguf(meta, loader, "nomic-bert")
    }),
    Other("modern-bert", &[modernbert::GGUF_KEYS, common::LAYER_NORM_KEYS], modernbert::gguf),
];

/// The architectures that are read from GGUF.
fn gguf_names() -> impl Iterator<Item = &'static str> {
    llama::GGUF_MEMBERS.iter().map(|member| member.name).chain(GGUF_OTHERS.iter().map(|other| other.0))
}

/// The `model_type`s that are read from safetensors.
fn hf_names() -> impl Iterator<Item = &'static str> {
    let families = llama::MEMBERS.iter().map(|member| member.name).chain(bert::KINDS.iter().map(|kind| kind.name));
    families.chain(OTHERS.iter().map(|other| other.0))
}

/// Refuses GGUF files that hold no language model, but something that belongs to one.
fn refuse_other_files(meta: &Metadata, origin: &str) -> Result<(), Error> {
    match meta.get_str("general.type") {
        Ok("adapter") => {
            let text = "it is a LoRA adapter, which changes a model but is none; merge it into its model first";
            Err(Error::config(origin, text))
        }
        Ok(kind @ ("imatrix" | "mmproj" | "clip-vision" | "vocab")) => {
            Err(Error::config(origin, format!("it is no language model but a file that belongs to one (`{kind}`)")))
        }
        _ => Ok(()),
    }
}

/// The error for an architecture that is not read from this kind of file, with what is known about it.
fn unknown(origin: &str, arch: &str, known: Vec<&str>, here: &str) -> Error {
    let arch: String = arch.chars().take(60).collect();
    let has = |parts: &[&str]| parts.iter().any(|part| arch.contains(part));
    let elsewhere = if has(&["moe", "mixtral", "deepseek", "dbrx", "gpt_oss", "gpt-oss"]) {
        "; it is a mixture of experts of a kind that attnscope does not compute"
    } else if has(&["mamba", "rwkv", "jamba", "qwen3next", "qwen3_next", "falcon_h1", "lfm2"]) {
        "; some of its layers are not attention, and attnscope does not compute them"
    } else if has(&["t5", "bart", "marian", "pegasus", "whisper"]) {
        "; it is an encoder with a decoder, which attnscope does not compute"
    } else if has(&["vl", "vision", "clip", "llava", "siglip"]) || ["gemma3", "gemma4", "mllama"].contains(&&*arch) {
        "; it reads pictures too, which attnscope does not: take the model for text alone"
    } else {
        ""
    };
    let text =
        format!("architecture `{arch}` is not one that attnscope reads from {here} ({}){elsewhere}", known.join(", "));
    Error::config(origin, text)
}

/// The width of a head, `d_model` ÷ `n_heads`, if no field gives it.
fn share(fields: &Fields<'_>, d_model: usize, n_heads: usize) -> Result<usize, Error> {
    match d_model.checked_rem(n_heads) {
        Some(0) => Ok(d_model / n_heads),
        _ => {
            let text = format!("{n_heads} heads cannot share the {d_model} numbers of a token equally");
            Err(Error::config(fields.origin, text))
        }
    }
}
