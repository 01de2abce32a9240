//! A folder of files as a model: which of the files is the model, and the error if none is.

use crate::{Bytes, Error};

/// Refuses a folder with several models, since the engine does not guess which one is meant, or with a LoRA adapter.
pub(crate) fn check<'a>(files: impl Iterator<Item = &'a str> + Clone, origin: &str) -> Result<(), Error> {
    let whole = |name: &str| is_gguf(name) || ["model.safetensors", "model.safetensors.index.json"].contains(&name);
    let models: Vec<&str> = files.clone().filter(|name| whole(name)).collect();
    if let [first, second, rest @ ..] = models.as_slice() {
        let whole =
            part(first).map(|(stem, count)| models.iter().all(|name| part(name) == Some((stem.clone(), count))));
        if whole == Some(true) {
            return Ok(());
        }
        if models == ["model.safetensors", "model.safetensors.index.json"] {
            let text = "there are model.safetensors and an index of shards here; give the path of model.safetensors, or take \
                        that file out of the folder to have the shards read";
            return Err(Error::format(origin, text));
        }
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        let text =
            format!("there are several models here: {first}, {second}{more}; give the path of the one that is meant");
        return Err(Error::format(origin, text));
    }
    let adapter = files.clone().any(|name| name == "adapter_config.json");
    match (adapter, models.as_slice()) {
        (false, _) => Ok(()),
        (true, []) => Err(Error::config(
            origin,
            "it is a LoRA adapter, which changes a model but is none; merge it into its model first",
        )),
        (true, [model, ..]) => Err(Error::config(
            origin,
            format!(
                "beside {model} there is a LoRA adapter (adapter_config.json), which attnscope does not read; merge \
                     the two, or take the adapter out of the folder"
            ),
        )),
    }
}

/// Whether a file has the name of a GGUF.
pub(crate) fn is_gguf(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".gguf")
}

/// The model that a file is a part of, and into how many it was split: `m-00001-of-00003.gguf` → `m`, 3.
pub(crate) fn part(name: &str) -> Option<(String, u32)> {
    let lower = name.to_ascii_lowercase();
    let (before, count) = lower.strip_suffix(".gguf")?.rsplit_once("-of-")?;
    let (stem, no) = before.rsplit_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(no) && is_number(count)).then(|| Some((stem.to_owned(), count.parse().ok()?)))?
}

/// The error for a file that a folder must have.
pub(crate) fn missing(name: &str, files: &[(String, Bytes)], origin: &str) -> Error {
    let is_weights = |name: &str| name.ends_with(".safetensors");
    if let Some((other, _)) = files.iter().find(|(file, _)| is_weights(file) && is_weights(name)) {
        return Error::format(origin, format!("there is no {name}, but {other}; if that is the model, give its path"));
    }
    let text = format!(
        "there is no {name}; a model is one .gguf file, or config.json and model.safetensors (PyTorch's .bin and .pth \
         files are not read: save the model as safetensors)"
    );
    Error::format(origin, text)
}

/// The error for a part of the weights that the index names but the folder lacks.
pub(crate) fn no_shard(name: &str, origin: &str) -> Error {
    let name: String = name.chars().take(100).collect();
    Error::format(
        origin,
        format!("the shard {name}, which model.safetensors.index.json names, is missing; download it"),
    )
}

/// The error for a folder without tokenizer.json, with which no text can be read.
pub(crate) fn no_tokenizer(origin: &str) -> Error {
    let text = "there is no tokenizer.json, so no text can be read; from other forms of it, transformers' \
                AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER) writes one";
    Error::format(origin, text)
}
