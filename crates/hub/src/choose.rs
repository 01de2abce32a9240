//! Which files of a repository make up a model that the engine can open.

use super::foreign::stays_inside;
use anyhow::{Result, bail};
use attnscope::BESIDE;
use attnscope::nearest;

/// Quantizations by preference if a repository offers several: small, but not so coarse that they change the model's
/// behaviour. The engine reads all of them.
const PREFERRED: &[&str] = &[
    "Q4_K_M", "Q4_K_S", "Q4_1", "Q4_0", "Q5_K_M", "Q5_K_S", "Q5_1", "Q5_0", "Q6_K", "Q8_0", "F16", "BF16", "F32",
    "Q3_K_L", "Q3_K_M", "Q3_K_S", "Q2_K",
];

/// The files to fetch from a repository that holds `files`, weights first: the one GGUF file that was asked for, or
/// the most suitable one, or else a folder's worth of safetensors, tokenizer and config.
pub fn choose(files: &[String], wanted: Option<&str>) -> Result<Vec<String>> {
    let files: Vec<&str> = files.iter().map(String::as_str).filter(|name| stays_inside(name)).collect();
    if let Some(wanted) = wanted {
        if files.contains(&wanted) {
            return Ok(vec![wanted.to_owned()]);
        }
        let hint =
            nearest(wanted, files.iter().copied()).map_or(String::new(), |near| format!("; did you mean {near}?"));
        bail!("the repository has no file {wanted:?}{hint}");
    }
    if let Some(gguf) = best_gguf(&files) {
        return Ok(vec![gguf.to_owned()]);
    }
    let mut chosen = safetensors(&files)?;
    for needed in ["tokenizer.json", "config.json"] {
        if !files.contains(&needed) {
            bail!("the repository has safetensors but no {needed}, which is needed to read them");
        }
        chosen.push(needed.to_owned());
    }
    // If present, these say more about how text is tokenized.
    chosen.extend(BESIDE.iter().filter(|name| files.contains(name)).map(ToString::to_string));
    Ok(chosen)
}

fn best_gguf<'a>(files: &[&'a str]) -> Option<&'a str> {
    // Not: split files ("-00001-of-00003") and vision projectors, which are no models by themselves.
    let whole = |name: &str| !name.contains("-of-0") && !name.to_ascii_lowercase().contains("mmproj");
    let gguf: Vec<&str> =
        files.iter().copied().filter(|name| name.to_ascii_lowercase().ends_with(".gguf") && whole(name)).collect();
    if let [only] = gguf.as_slice() {
        return Some(only);
    }
    PREFERRED.iter().find_map(|label| gguf.iter().find(|name| has_label(name, label)).copied())
}

/// "model.Q4_1.gguf", "model-q4_1.gguf": the label comes right before the extension.
fn has_label(name: &str, label: &str) -> bool {
    let stem = name.to_ascii_uppercase();
    let stem = stem.strip_suffix(".GGUF").unwrap_or(&stem);
    stem.strip_suffix(label).is_some_and(|rest| rest.is_empty() || rest.ends_with(['.', '-', '_', '/']))
}

/// The weights in the repository's root: one file, or an index with all its shards.
fn safetensors(files: &[&str]) -> Result<Vec<String>> {
    if files.contains(&"model.safetensors") {
        return Ok(vec!["model.safetensors".to_owned()]);
    }
    let index = "model.safetensors.index.json";
    if files.contains(&index) {
        let mut shards: Vec<&str> = files.iter().copied().filter(|name| shard_count(name).is_some()).collect();
        shards.sort_unstable();
        let expected = shards.first().and_then(|name| shard_count(name)).unwrap_or(0);
        if shards.is_empty() || shards.len() != expected {
            bail!("{index} promises {expected} shards, the repository has {}", shards.len());
        }
        return Ok(shards.into_iter().chain([index]).map(str::to_owned).collect());
    }
    bail!("expected a .gguf file or model.safetensors, found neither; attnscope reads only these formats");
}

/// `model-00001-of-00003.safetensors` → 3.
fn shard_count(name: &str) -> Option<usize> {
    let middle = name.strip_prefix("model-")?.strip_suffix(".safetensors")?;
    middle.split_once("-of-")?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(files: &[&str], wanted: Option<&str>) -> Result<Vec<String>> {
        choose(&files.iter().map(|&name| name.to_owned()).collect::<Vec<_>>(), wanted)
    }

    #[test]
    fn one_gguf_is_taken_and_of_many_the_smallest_that_is_sensible() {
        assert_eq!(chosen(&["README.md", "odd-name.gguf"], None).unwrap(), ["odd-name.gguf"]);
        let many = ["m.Q2_K.gguf", "m.Q8_0.gguf", "m-q4_k_m.gguf", "m.IQ1_S.gguf", "mmproj-m.Q4_K_M.gguf"];
        assert_eq!(chosen(&many, None).unwrap(), ["m-q4_k_m.gguf"]);
        assert_eq!(chosen(&many, Some("m.Q8_0.gguf")).unwrap(), ["m.Q8_0.gguf"]);
        let error = chosen(&many, Some("m.Q8_O.gguf")).unwrap_err().to_string();
        assert!(error.contains("did you mean m.Q8_0.gguf?"), "{error}");
    }

    #[test]
    fn bf16_is_not_f16() {
        assert_eq!(chosen(&["m.BF16.gguf", "m.F16.gguf"], None).unwrap(), ["m.F16.gguf"]);
    }

    #[test]
    fn safetensors_come_with_tokenizer_and_config() {
        let files = ["config.json", "pytorch_model.bin", "model.safetensors", "tokenizer.json", "onnx/model.onnx"];
        assert_eq!(chosen(&files, None).unwrap(), ["model.safetensors", "tokenizer.json", "config.json"]);
        let files = [&files[..], &["tokenizer_config.json", "added_tokens.json"]].concat();
        assert_eq!(chosen(&files, None).unwrap()[3..], ["tokenizer_config.json", "added_tokens.json"]);
        let error = chosen(&["model.safetensors", "config.json"], None).unwrap_err().to_string();
        assert!(error.contains("no tokenizer.json"), "{error}");
        let error = chosen(&["pytorch_model.bin"], None).unwrap_err().to_string();
        assert!(error.contains("found neither"), "{error}");
    }

    #[test]
    fn a_sharded_model_needs_every_shard() {
        let index = "model.safetensors.index.json";
        let (a, b) = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors");
        let all = chosen(&[index, b, a, "config.json", "tokenizer.json"], None).unwrap();
        assert_eq!(all, [a, b, index, "tokenizer.json", "config.json"]);
        let error = chosen(&[index, a, "config.json", "tokenizer.json"], None).unwrap_err().to_string();
        assert!(error.contains("promises 2 shards, the repository has 1"), "{error}");
    }

    #[test]
    fn names_that_leave_the_folder_do_not_exist() {
        for name in ["../evil.gguf", "/etc/evil.gguf", "a/../../evil.gguf", "c:\\evil.gguf"] {
            assert!(chosen(&[name], None).is_err(), "{name}");
        }
    }
}
