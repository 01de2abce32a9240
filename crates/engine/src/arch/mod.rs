//! How each architecture's config and tensor names map onto the one block.

mod bert;
mod gpt2;
mod llama;
mod loader;

use crate::config::Config;
use crate::format::{Tensors, gguf::Gguf};
use crate::weights::Weights;
use crate::{Error, config};
use loader::Loader;
use serde_json::Value;

/// The architectures that work, for messages.
const KNOWN: &str = "llama, mistral, qwen2, qwen3, gpt2, bert";

/// From a GGUF file.
pub fn from_gguf(gguf: &Gguf, origin: &str) -> Result<(Config, Weights), Error> {
    let arch = gguf.metadata.get_str("general.architecture")?.to_string();
    let loader = Loader { tensors: &gguf.tensors, origin };
    let (config, weights) = match arch.as_str() {
        "llama" | "qwen2" | "qwen3" => llama::gguf(&gguf.metadata, &loader, &arch)?,
        "gpt2" => gpt2::gguf(&gguf.metadata, &loader)?,
        _ => return Err(unknown(origin, &arch)),
    };
    Ok((config, weights))
}

/// From Hugging Face's `config.json` and its tensors.
pub fn from_hf(json: &Value, tensors: &Tensors, origin: &str) -> Result<(Config, Weights), Error> {
    let arch = json.get("model_type").and_then(Value::as_str).unwrap_or("(no model_type)");
    let loader = Loader { tensors, origin };
    match arch {
        "llama" | "mistral" | "qwen2" | "qwen3" => llama::hf(json, &loader, arch),
        "gpt2" => gpt2::hf(json, &loader),
        "bert" => bert::hf(json, &loader),
        _ => Err(unknown(origin, arch)),
    }
}

fn unknown(origin: &str, arch: &str) -> Error {
    Error::config(origin, format!("architecture `{arch}` is not one that attnscope knows ({KNOWN})"))
}

/// Fields of a `config.json`, with errors that name them.
struct Json<'a> {
    value: &'a Value,
    origin: &'a str,
}

impl Json<'_> {
    fn size(&self, name: &str) -> Result<usize, Error> {
        self.size_or(name, None)
    }

    fn size_or(&self, name: &str, default: Option<usize>) -> Result<usize, Error> {
        match self.value.get(name) {
            Some(Value::Null) | None => default.ok_or_else(|| self.bad(name, "a whole number", "nothing")),
            Some(v) => v
                .as_u64()
                .and_then(|n| usize::try_from(n).ok())
                .ok_or_else(|| self.bad(name, "a whole number", &v.to_string())),
        }
    }

    fn float_or(&self, name: &str, default: f32) -> Result<f32, Error> {
        match self.value.get(name) {
            Some(Value::Null) | None => Ok(default),
            Some(v) => v.as_f64().map(|x| x as f32).ok_or_else(|| self.bad(name, "a number", &v.to_string())),
        }
    }

    fn activation(&self, name: &str) -> Result<config::Activation, Error> {
        use config::Activation::*;
        match self.value.get(name).and_then(Value::as_str) {
            Some("silu" | "swish") => Ok(Silu),
            Some("gelu") => Ok(Gelu),
            Some("gelu_new" | "gelu_pytorch_tanh") => Ok(GeluTanh),
            Some("relu") => Ok(Relu),
            other => Err(self.bad(name, "silu, gelu, gelu_new or relu", other.unwrap_or("nothing"))),
        }
    }

    fn bad(&self, name: &str, expected: &str, found: &str) -> Error {
        Error::config(self.origin, format!("config field `{name}`: expected {expected}, found {found}"))
    }
}
