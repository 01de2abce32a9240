//! Languages and their tables.

use std::sync::OnceLock;

/// The language of the source: its code and name. It needs no table.
pub const ENGLISH: (&str, &str) = ("en", "English");

/// The other languages: code, name, and table.
pub const LANGUAGES: [(&str, &str, &str); 2] =
    [("de", "Deutsch", include_str!("../tables/de.toml")), ("es", "Español", include_str!("../tables/es.toml"))];

/// A language with its table.
#[derive(Debug)]
pub struct Language {
    /// Its code: `de`.
    pub code: &'static str,
    /// The English text and its own, sorted.
    table: Vec<(&'static str, &'static str)>,
    /// Texts with holes that the engine writes: see [`crate::heard()`].
    pub(crate) heard: Vec<(&'static str, &'static str)>,
    /// English texts that stand below `[engine]`.
    of_engine: Vec<&'static str>,
}

/// From this line on a table holds what the engine writes.
const ENGINE: &str = "[engine]";

impl Language {
    /// A table: lines `"English" = "its own"`, as TOML has them, and comments. What it holds stays as long as the process.
    ///
    /// # Errors
    /// A line is none of these, or an English text stands there twice.
    pub fn read(code: &str, table: &str) -> Result<&'static Self, String> {
        let (mut all, mut heard, mut of_engine) = (Vec::new(), Vec::new(), Vec::new());
        let mut in_engine = false;
        for (at, line) in table.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.starts_with('[') {
                in_engine = line == ENGINE;
                continue;
            }
            let wrong = || format!("line {}: expected \"English\" = \"text\", found {line}", at + 1);
            let (key, rest) = string(line).ok_or_else(wrong)?;
            let rest = rest.trim_start().strip_prefix('=').ok_or_else(wrong)?.trim_start();
            let (own, rest) = string(rest).ok_or_else(wrong)?;
            if !rest.trim().is_empty() {
                return Err(wrong());
            }
            let (key, own): (&str, &str) = (key.leak(), own.leak());
            if in_engine {
                of_engine.push(key);
            }
            if in_engine && key.contains('{') { heard.push((key, own)) } else { all.push((key, own)) }
        }
        all.sort_unstable();
        if let Some(pair) = all.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(format!("{:?} stands there twice", pair[0].0));
        }
        let code = code.to_owned().leak();
        Ok(Box::leak(Box::new(Self { code, table: all, heard, of_engine })))
    }

    /// What stands there for an English text.
    pub fn get(&self, key: &str) -> Option<&'static str> {
        let at = self.table.binary_search_by(|(english, _)| (*english).cmp(key)).ok()?;
        Some(self.table[at].1)
    }

    /// Whether this English text is one of the engine's.
    pub fn is_heard(&self, english: &str) -> bool {
        self.of_engine.contains(&english)
    }

    /// All English texts and their own.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.table.iter().chain(&self.heard).copied()
    }
}

/// The language of this code, `None` if it is English.
///
/// # Errors
/// There is no such language; the error lists those that there are.
pub fn language(code: &str) -> Result<Option<&'static Language>, String> {
    static READ: [OnceLock<&'static Language>; LANGUAGES.len()] = [const { OnceLock::new() }; LANGUAGES.len()];
    if code == ENGLISH.0 {
        return Ok(None);
    }
    let Some(at) = LANGUAGES.iter().position(|(own, ..)| *own == code) else {
        let all: Vec<&str> = std::iter::once(ENGLISH.0).chain(LANGUAGES.iter().map(|(own, ..)| *own)).collect();
        return Err(format!("there is no language {code:?}; there are: {}", all.join(", ")));
    };
    if let Some(read) = READ[at].get() {
        return Ok(Some(read));
    }
    let read = Language::read(code, LANGUAGES[at].2).map_err(|why| format!("the table of {code}: {why}"))?;
    Ok(Some(READ[at].get_or_init(|| read)))
}

/// A string at the beginning of a line, and what follows it. Escapes are those of TOML.
fn string(line: &str) -> Option<(String, &str)> {
    let mut chars = line.strip_prefix('"')?.char_indices();
    let mut out = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, &line[at + 2..])),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                'u' => {
                    let code: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                    out.push(char::from_u32(u32::from_str_radix(&code, 16).ok()?)?);
                }
                c @ ('"' | '\\') => out.push(c),
                _ => return None,
            },
            c => out.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_with_its_escapes() {
        let table = "# of a figure\n\n\"a \\\"b\\\"\" = \"A „B“\\u202f\\n\"\n[engine]\n\"x {y}\" = \"X {y}\"\n";
        let language = Language::read("de", table).unwrap();
        assert_eq!(language.get("a \"b\""), Some("A „B“\u{202f}\n"));
        assert_eq!((language.get("b"), language.all().count()), (None, 2));
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for wrong in ["a = \"b\"", "\"a\" \"b\"", "\"a\" = b", "\"a\" = \"b\" c", "\"a\" = \"\\q\"", "\"a = \"b\""] {
            assert!(Language::read("de", wrong).unwrap_err().starts_with("line 1: expected"), "{wrong}");
        }
        assert!(Language::read("de", "\"a\" = \"b\"\n\"a\" = \"c\"").unwrap_err().contains("twice"));
    }

    #[test]
    fn languages_are_found_by_their_codes() {
        assert!(language("en").unwrap().is_none());
        assert_eq!(language("de").unwrap().unwrap().code, "de");
        assert_eq!(language("xx").unwrap_err(), "there is no language \"xx\"; there are: en, de, es");
    }
}
