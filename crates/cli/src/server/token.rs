//! Where the token comes from, and which characters it may have.

use crate::failure::usage;
use anyhow::{Context, Result};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The variable that may hold it: unlike an argument, it is not visible to other users of the machine.
pub const VARIABLE: &str = "ATTNSCOPE_TOKEN";
/// Characters that need no encoding in a URL or a cookie.
const CHARS: &str = "letters, digits, - and _";
const LEAST: usize = 16;
const MOST: usize = 1024;

/// The token from the command line, a file, or the environment: the first that is there. The others that are there are
/// named in a message, so that it is clear which one counts.
pub fn find(
    given: Option<&str>,
    file: Option<&Path>,
    variable: Option<String>,
) -> Result<(Option<String>, Vec<&'static str>)> {
    let places = [("--token", given.is_some()), ("--token-file", file.is_some()), (VARIABLE, variable.is_some())];
    let mut there = places.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name);
    let Some(name) = there.next() else { return Ok((None, Vec::new())) };
    let token = match (given, file) {
        (Some(token), _) => token.to_owned(),
        (_, Some(file)) => read(file)?,
        _ => variable.unwrap_or_default(),
    };
    if !(LEAST..=MOST).contains(&token.len()) || !token.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
        return Err(usage(format!("{name} must be a token of {LEAST} to {MOST} characters, of {CHARS}")));
    }
    Ok((Some(token), there.collect()))
}

/// Reads one line, with or without a line break.
fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    let file = File::open(path).with_context(|| format!("cannot open --token-file {}", path.display()))?;
    file.take(MOST as u64 + 3)
        .read_to_string(&mut text)
        .with_context(|| format!("cannot read --token-file {}", path.display()))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

/// A token that cannot be guessed.
pub fn random() -> Result<String> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|e| anyhow::anyhow!("no random numbers for a token: {e}; give one with --token-file"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: [&str; 3] = ["argument-argument", "file-file-file-file", "variable-variable"];

    #[test]
    fn the_first_place_counts_and_the_others_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, format!("{}\r\n", TOKENS[1])).unwrap();
        let found = |given: bool, file: bool, variable: bool| {
            let variable = variable.then(|| TOKENS[2].to_owned());
            find(given.then_some(TOKENS[0]), file.then_some(path.as_path()), variable).unwrap()
        };
        assert_eq!(found(false, false, false), (None, vec![]));
        assert_eq!(found(true, false, false), (Some(TOKENS[0].into()), vec![]));
        assert_eq!(found(true, true, true), (Some(TOKENS[0].into()), vec!["--token-file", VARIABLE]));
        assert_eq!(found(false, true, true), (Some(TOKENS[1].into()), vec![VARIABLE]));
        assert_eq!(found(false, false, true), (Some(TOKENS[2].into()), vec![]));
    }

    #[test]
    fn what_is_no_token_is_refused_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let long = "x".repeat(MOST + 1);
        for wrong in ["", "\n", "short", "two-lines-of-text\nand-another-one\n", "with spaces in it", &long] {
            std::fs::write(&path, wrong).unwrap();
            let error = find(None, Some(&path), None).unwrap_err().to_string();
            assert!(error.starts_with("--token-file must be a token of 16 to 1024"), "{error}");
        }
        let error = find(None, None, Some("secret!".into())).unwrap_err().to_string();
        assert!(error.contains(VARIABLE) && !error.contains("secret"), "{error}");
        std::fs::write(&path, [0xff; 20]).unwrap();
        assert!(find(None, Some(&path), None).is_err());
        assert!(find(None, Some(folder.path()), None).is_err());
        assert!(find(None, Some(&folder.path().join("none")), None).is_err());
    }
}
