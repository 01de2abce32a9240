//! The tables of all languages against the sources: every text that readers see is in each table, nothing else is, and what
//! has a hole in English has it in every language.

use attnscope_words::{LANGUAGES, Language, language};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The crates that write texts for readers.
const SPEAKING: [&str; 4] = ["figures", "page", "web", "site"];
/// Those whose English sentences are known by their templates.
const HEARD: [&str; 3] = ["engine", "protocol", "figures"];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The sources of a crate without its tests: path and text.
fn sources(name: &str) -> Vec<(String, String)> {
    let (mut folders, mut found) = (vec![crates().join(name).join("src")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
                found.push((path.display().to_string(), code.to_owned()));
            }
        }
    }
    found
}

/// The string literal at the beginning of `code`, and what follows it.
fn literal(code: &str) -> Option<(String, &str)> {
    let mut rest = code.trim_start().strip_prefix('"')?;
    let mut out = String::new();
    loop {
        let at = rest.find(['"', '\\'])?;
        out.push_str(&rest[..at]);
        let (sign, after) = rest[at..].split_at(1);
        if sign == "\"" {
            return Some((out, after));
        }
        let escape = after.chars().next()?;
        rest = &after[escape.len_utf8()..];
        match escape {
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            '\n' => rest = rest.trim_start(),
            'u' => {
                let (code, after) = rest.strip_prefix('{')?.split_once('}')?;
                out.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
                rest = after;
            }
            escape => out.push(escape),
        }
    }
}

/// The literals that these macros are given.
fn given(code: &str, macros: &[&str]) -> Vec<String> {
    let after = |name: &&str| code.split(*name).skip(1).filter_map(|rest| Some(literal(rest)?.0)).collect::<Vec<_>>();
    macros.iter().flat_map(after).collect()
}

/// The nouns that are counted, one and many: `plural(n, "token")`, and lists of which some are not drawn.
fn counted(code: &str) -> Vec<String> {
    let mut nouns = Vec::new();
    for call in ["plural(", "over(", "cut("] {
        for rest in code.split(call).skip(1) {
            // The last argument before the call's own bracket closes.
            let mut depth = 1;
            let end = rest.char_indices().find(|(_, c)| {
                depth += match c {
                    '(' => 1,
                    ')' => -1,
                    _ => 0,
                };
                depth == 0
            });
            let arguments = end.map_or("", |(end, _)| &rest[..end]);
            if let Some((noun, "")) = arguments.rsplit_once(", ").and_then(|(_, last)| literal(last)) {
                nouns.extend([format!("{noun}s"), noun]);
            }
        }
    }
    nouns
}

/// All texts of the sources, with the file in which one stands.
fn texts() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (path, code) in SPEAKING.iter().flat_map(|name| sources(name)) {
        for text in given(&code, &["words!(", "key!("]).into_iter().chain(counted(&code)) {
            all.insert(text, path.clone());
        }
    }
    assert!(all.len() > 500, "the sources are read");
    all
}

fn tables() -> Vec<&'static Language> {
    LANGUAGES.iter().map(|(code, ..)| language(code).unwrap().unwrap()).collect()
}

/// The names of the holes; those without one are named by their place.
fn holes(text: &str) -> BTreeSet<String> {
    let mut next = 0;
    let name = |hole: &str| match hole.split([':', '}']).next().unwrap_or_default() {
        "" => {
            next += 1;
            (next - 1).to_string()
        }
        name => name.to_owned(),
    };
    text.split('{').skip(1).map(name).collect()
}

#[test]
fn every_text_is_in_every_table_and_nothing_else_is() {
    let texts = texts();
    let heard: String =
        HEARD.iter().flat_map(|name| sources(name)).map(|(_, code)| code.replace("\\\"", "\"")).collect();
    let one_line = heard.split("\\\n").map(str::trim_start).collect::<String>();
    for table in tables() {
        let missing: Vec<_> = texts.iter().filter(|(text, _)| table.get(text).is_none()).collect();
        assert!(missing.is_empty(), "{} lacks, with the file that says it: {missing:#?}", table.code);
        // A sentence of the engine may be put together: its pieces must be there.
        let is_heard = |text: &str| {
            let pieces = text.split(['{', '}']).step_by(2).map(str::trim);
            pieces.filter(|piece| piece.len() > 2).all(|piece| one_line.contains(piece))
        };
        let unused: Vec<_> = table.all().map(|(text, _)| text).filter(|text| !texts.contains_key(*text)).collect();
        let unused: Vec<_> = unused.into_iter().filter(|text| !table.is_heard(text) || !is_heard(text)).collect();
        assert!(unused.is_empty(), "{} has what nothing says any more: {unused:#?}", table.code);
    }
}

#[test]
fn holes_are_the_same_in_every_language() {
    for table in tables() {
        for (english, own) in table.all() {
            assert_eq!(holes(own), holes(english), "{}: {english:?} = {own:?}", table.code);
        }
    }
}

#[test]
fn texts_keep_the_spaces_around_them() {
    for table in tables() {
        for (english, own) in table.all() {
            let ends = |text: &str| (text.starts_with(' '), text.ends_with(' '));
            assert_eq!(ends(own), ends(english), "{}: {english:?} = {own:?}", table.code);
        }
    }
}

#[test]
fn the_reader_of_sources_finds_what_is_said() {
    let code = "words!(\"a {b} \\u{202f}\\\n     c\", d); key!(\"e\"); plural(f(g), \"dog\") words!(x)";
    assert_eq!(given(code, &["words!(", "key!("]), ["a {b} \u{202f}c", "e"]);
    assert_eq!(counted(code), ["dogs", "dog"]);
    assert_eq!(holes("{} {x} {:.1} {y:?}"), ["0", "1", "x", "y"].map(String::from).into());
}
