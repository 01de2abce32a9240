//! Which files of a repository make up a model that the engine can open.

use super::foreign::{shown, stays_inside};
use super::gguf::{self, Gguf};
use anyhow::{Context, Result, bail};
use attnscope::{BESIDE, TOKENIZERS, nearest};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

const WEIGHTS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
/// Bytes of an index of shards that are read.
const MOST_INDEX: usize = 16 << 20;

/// What of a repository is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A file or folder of it, and not all of it.
    pub path: Option<String>,
    /// Of several GGUF models the one that is stored so, as its name says.
    pub quantization: Option<String>,
}

/// The files of a model.
#[derive(Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Their names. Where an index of shards is among them, the shards that it names belong to it, too ([`shards`]).
    pub files: Vec<String>,
    /// The file or folder to open; empty for the repository itself.
    pub open: String,
}

/// Several models fit, and which one is meant is not guessed.
#[derive(Debug, thiserror::Error)]
#[error("there are several models: {0}; name the file that is meant: owner/name/FILE")]
pub struct Several(String);

/// The files to fetch from a repository that holds `files`, weights first: one GGUF model, the most suitable one if it is
/// not said which, or else a folder's worth of safetensors, tokenizer and config.
///
/// # Errors
/// Nothing fits; [`Several`] do; a part is missing.
pub fn choose(files: &[String], wanted: &Wanted) -> Result<Chosen> {
    let mut files: Vec<&str> = files.iter().map(String::as_str).filter(|name| stays_inside(name)).collect();
    if let Some(path) = &wanted.path {
        if files.contains(&path.as_str()) {
            return named(&files, path);
        }
        let hint = nearest(path, files.iter().copied()).map_or(String::new(), |near| format!("; did you mean {near}?"));
        files.retain(|name| name.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/')));
        if files.is_empty() {
            bail!("the repository has no file or folder {path:?}{hint}");
        }
    }
    let models = gguf::models(&files);
    if let Some(label) = &wanted.quantization {
        let found: Vec<&Gguf<'_>> = models.iter().filter(|model| model.is(label)).collect();
        return match one(&found)? {
            Some(model) => whole(model),
            None => bail!("no GGUF file is called {label}; there are: {}", names(&models.iter().collect::<Vec<_>>())),
        };
    }
    if let Some(model) = one(&gguf::preferred(&models))? {
        return whole(model);
    }
    let folder = wanted.path.as_deref().map_or(String::new(), |path| format!("{path}/"));
    match folder_of_weights(&files, &folder)? {
        Some(folder) => safetensors(&files, &folder),
        None if !models.is_empty() => Err(Several(names(&models.iter().collect::<Vec<_>>())).into()),
        None => bail!("expected a .gguf file or {WEIGHTS}, found neither; attnscope reads only these formats"),
    }
}

/// A file that is there by that name, with what belongs to it.
fn named(files: &[&str], path: &str) -> Result<Chosen> {
    if let Some(model) = gguf::models(files).iter().find(|model| model.parts.contains(&path)) {
        return whole(model);
    }
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    if !name.ends_with(".safetensors") && name != INDEX {
        return Ok(Chosen { files: vec![path.to_owned()], open: path.to_owned() });
    }
    let open = if name == INDEX { folder } else { path };
    Ok(Chosen { files: with_companions(files, &prefix, name)?, open: open.to_owned() })
}

/// The only one, or none.
fn one<'m, 'a>(models: &[&'m Gguf<'a>]) -> Result<Option<&'m Gguf<'a>>> {
    match models {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        several => Err(Several(names(several)).into()),
    }
}

/// The first few names.
fn names(models: &[&Gguf<'_>]) -> String {
    let first: Vec<String> = models.iter().take(6).map(|model| shown(model.first())).collect();
    match models.len().saturating_sub(6) {
        _ if models.is_empty() => "none".into(),
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn whole(model: &Gguf<'_>) -> Result<Chosen> {
    let (here, count) = (model.parts.len(), model.count);
    if here != count {
        bail!("{} is one of {count} parts of a model, and {here} of them are there", model.first());
    }
    Ok(Chosen { files: model.parts.iter().map(ToString::to_string).collect(), open: model.first().to_owned() })
}

/// The folder with safetensors, with a slash at its end: the one that is meant, or the only one below it that has any.
fn folder_of_weights(files: &[&str], meant: &str) -> Result<Option<String>> {
    let folder = |name: &&str| name.strip_suffix(WEIGHTS).or_else(|| name.strip_suffix(INDEX)).map(str::to_owned);
    let mut folders: BTreeSet<String> = files.iter().filter_map(folder).collect();
    folders.retain(|folder| folder.is_empty() || folder.ends_with('/'));
    if folders.contains(meant) || folders.len() < 2 {
        return Ok(folders.take(meant).or_else(|| folders.pop_first()));
    }
    let names: Vec<String> = folders.iter().take(6).map(|folder| shown(&format!("{folder}{WEIGHTS}"))).collect();
    Err(Several(names.join(", ")).into())
}

/// One file of weights, or the index of shards, and what belongs to it.
fn safetensors(files: &[&str], folder: &str) -> Result<Chosen> {
    let weights = if files.contains(&format!("{folder}{WEIGHTS}").as_str()) { WEIGHTS } else { INDEX };
    Ok(Chosen {
        files: with_companions(files, folder, weights)?,
        open: folder.strip_suffix('/').unwrap_or(folder).to_owned(),
    })
}

/// A file of a folder, with the config and the tokenizer there.
fn with_companions(files: &[&str], folder: &str, weights: &str) -> Result<Vec<String>> {
    let has = |name: &&&str| files.contains(&format!("{folder}{name}").as_str());
    let mut chosen = vec![weights];
    // `tokenizer.json`, the first of the list, says all that the others do.
    match TOKENIZERS.iter().position(|name| has(&name)) {
        Some(0) => chosen.push(TOKENIZERS[0]),
        Some(_) => chosen.extend(TOKENIZERS.iter().filter(has)),
        None => bail!(
            "the repository has safetensors but no {}, nor another file of a tokenizer that is read, beside them",
            TOKENIZERS[0]
        ),
    }
    if !has(&&"config.json") {
        bail!("the repository has safetensors but no config.json beside them, which is needed to read them");
    }
    chosen.push("config.json");
    // If present, these say more about how text is tokenized.
    chosen.extend(BESIDE.iter().filter(has));
    Ok(chosen.into_iter().map(|name| format!("{folder}{name}")).collect())
}

/// Whether a file is an index, whose shards have to be fetched as well.
pub fn is_index(name: &str) -> bool {
    name.rsplit('/').next() == Some(INDEX)
}

/// The shards that an index names, all of which must be among `files`.
pub fn shards(index: &str, bytes: &[u8], files: &[String]) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    if bytes.len() > MOST_INDEX {
        bail!("{index} has {} bytes, expected at most {MOST_INDEX}", bytes.len());
    }
    let read: Index = serde_json::from_slice(bytes)
        .map_err(|error| anyhow::anyhow!(shown(&error.to_string())))
        .with_context(|| format!("{index}: expected an index of shards"))?;
    let folder = index.strip_suffix(INDEX).unwrap_or_default();
    let names: BTreeSet<String> = read.weight_map.into_values().map(|name| format!("{folder}{name}")).collect();
    if names.is_empty() {
        bail!("{index} names no shards");
    }
    match names.iter().find(|name| !files.contains(name)) {
        Some(name) => bail!("{index} names the shard {:?}, which is not there", shown(name)),
        None => Ok(names.into_iter().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen_of(files: &[&str], wanted: &Wanted) -> Result<Vec<String>> {
        choose(&files.iter().map(|&name| name.to_owned()).collect::<Vec<_>>(), wanted).map(|chosen| chosen.files)
    }

    fn chosen(files: &[&str], path: Option<&str>) -> Result<Vec<String>> {
        chosen_of(files, &Wanted { path: path.map(str::to_owned), quantization: None })
    }

    fn quantized(files: &[&str], label: &str) -> Result<Vec<String>> {
        chosen_of(files, &Wanted { path: None, quantization: Some(label.to_owned()) })
    }

    #[test]
    fn one_gguf_is_taken_and_of_many_the_smallest_that_is_sensible() {
        assert_eq!(chosen(&["README.md", "odd-name.gguf"], None).unwrap(), ["odd-name.gguf"]);
        let many = ["m.Q2_K.gguf", "m.Q8_0.gguf", "m-q4_k_m.gguf", "m.IQ1_S.gguf", "mmproj-m.Q4_K_M.gguf"];
        assert_eq!(chosen(&many, None).unwrap(), ["m-q4_k_m.gguf"]);
        assert_eq!(chosen(&many, Some("m.Q8_0.gguf")).unwrap(), ["m.Q8_0.gguf"]);
        let error = chosen(&many, Some("m.Q8_O.gguf")).unwrap_err().to_string();
        assert!(error.contains("did you mean m.Q8_0.gguf?"), "{error}");
        assert_eq!(chosen(&["m.BF16.gguf", "m.F16.gguf"], None).unwrap(), ["m.F16.gguf"]);
    }

    #[test]
    fn a_quantization_is_found_by_name_and_two_are_named() {
        let many = ["m.Q2_K.gguf", "m.Q8_0.gguf", "old/m-q8_0.gguf", "IQ1_S/m.gguf"];
        assert_eq!(quantized(&many, "q2_k").unwrap(), ["m.Q2_K.gguf"]);
        assert_eq!(quantized(&many, "IQ1_S").unwrap(), ["IQ1_S/m.gguf"]);
        let error = quantized(&many, "Q8_0").unwrap_err().to_string();
        assert!(error.contains("several models: m.Q8_0.gguf, old/m-q8_0.gguf; name the file"), "{error}");
        let error = quantized(&many, "Q4_K_M").unwrap_err().to_string();
        assert!(error.contains("called Q4_K_M; there are: IQ1_S/m.gguf, m.Q2_K.gguf"), "{error}");
        let error = chosen(&["small.Q8_0.gguf", "large.Q8_0.gguf"], None).unwrap_err().to_string();
        assert!(error.contains("large.Q8_0.gguf, small.Q8_0.gguf"), "{error}");
        let error = chosen(&["small.gguf", "large.gguf"], None).unwrap_err();
        assert!(error.is::<Several>(), "{error}");
    }

    #[test]
    fn parts_come_together_or_not_at_all() {
        let [a, b] = ["big/m-Q4_0-00001-of-00002.gguf", "big/m-Q4_0-00002-of-00002.gguf"];
        let files = [a, b, "m-Q8_0.gguf"];
        for found in
            [chosen(&files, None), chosen(&files, Some(b)), chosen(&files, Some("big")), quantized(&files, "Q4_0")]
        {
            assert_eq!(found.unwrap(), [a, b]);
        }
        let error = quantized(&[b], "Q4_0").unwrap_err().to_string();
        assert!(error.contains("one of 2 parts of a model, and 1 of them"), "{error}");
    }

    #[test]
    fn safetensors_come_with_tokenizer_and_config() {
        let files = ["config.json", "pytorch_model.bin", "model.safetensors", "tokenizer.json", "onnx/model.onnx"];
        assert_eq!(chosen(&files, None).unwrap(), ["model.safetensors", "tokenizer.json", "config.json"]);
        let files = [&files[..], &["tokenizer_config.json", "added_tokens.json"]].concat();
        assert_eq!(chosen(&files, None).unwrap()[3..], ["tokenizer_config.json", "added_tokens.json"]);
        let found = chosen(&["model.safetensors", "config.json", "merges.txt", "vocab.json"], None).unwrap();
        assert_eq!(found, ["model.safetensors", "vocab.json", "merges.txt", "config.json"]);
        let error = chosen(&["model.safetensors", "config.json"], None).unwrap_err().to_string();
        assert!(error.contains("no tokenizer.json"), "{error}");
        let error = chosen(&["pytorch_model.bin"], None).unwrap_err().to_string();
        assert!(error.contains("found neither"), "{error}");
    }

    #[test]
    fn a_folder_of_a_repository_is_a_model_too() {
        let in_folder =
            |folder: &str| ["model.safetensors", "config.json", "tokenizer.json"].map(|n| format!("{folder}/{n}"));
        let (a, b) = (in_folder("a"), in_folder("b/c"));
        let both: Vec<&str> = a.iter().chain(&b).map(String::as_str).collect();
        let expected = ["b/c/model.safetensors", "b/c/tokenizer.json", "b/c/config.json"];
        for path in ["b/c", "b", "b/c/model.safetensors"] {
            assert_eq!(chosen(&both, Some(path)).unwrap(), expected, "{path}");
        }
        let error = chosen(&both, None).unwrap_err().to_string();
        assert!(error.contains("a/model.safetensors, b/c/model.safetensors"), "{error}");
        let open = |path: &str| {
            let files: Vec<String> = both.iter().map(ToString::to_string).collect();
            choose(&files, &Wanted { path: Some(path.into()), quantization: None }).unwrap().open
        };
        assert_eq!((open("b"), open("b/c/model.safetensors")), ("b/c".into(), "b/c/model.safetensors".into()));
    }

    #[test]
    fn an_index_names_its_shards_whatever_they_are_called() {
        let files =
            ["config.json", "tokenizer.json", "x/model.safetensors.index.json", "x/config.json", "x/tokenizer.json"];
        let expected = ["x/model.safetensors.index.json", "x/tokenizer.json", "x/config.json"];
        for path in [None, Some("x"), Some("x/model.safetensors.index.json")] {
            assert_eq!(chosen(&files, path).unwrap(), expected);
        }
        let here = ["x/one.safetensors".to_owned(), "x/two.safetensors".to_owned()];
        let index = br#"{"weight_map": {"a": "two.safetensors", "b": "one.safetensors", "c": "two.safetensors"}}"#;
        assert!(is_index(expected[0]) && !is_index("index.json"));
        assert_eq!(shards(expected[0], index, &here).unwrap(), here);
        let error = shards(expected[0], index, &here[1..]).unwrap_err().to_string();
        assert!(error.contains("names the shard \"x/one.safetensors\", which is not there"), "{error}");
        assert!(
            shards(expected[0], b"[]", &here).is_err() && shards(expected[0], br#"{"weight_map":{}}"#, &here).is_err()
        );
    }

    #[test]
    fn names_that_leave_the_folder_do_not_exist() {
        for name in ["../evil.gguf", "/etc/evil.gguf", "a/../../evil.gguf", "c:\\evil.gguf"] {
            assert!(chosen(&[name], None).is_err(), "{name}");
        }
    }
}
