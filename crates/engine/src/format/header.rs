//! The header of a safetensors file, checked before the library reads it, since the library's errors say less.

use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// The first thing wrong with a header: its length, a duplicate name, metadata that are not texts.
pub(super) fn check(file: &[u8], most: usize) -> Result<(), String> {
    if file.starts_with(b"version https://git-lfs") {
        return Err("a pointer of Git LFS stands here in place of the file; download the file itself".into());
    }
    let whole = "not a whole safetensors file";
    let Some((len, rest)) = file.split_first_chunk::<8>() else {
        return Err(format!("{whole}: it has {} bytes; download it again", file.len()));
    };
    let len = u64::from_le_bytes(*len);
    let header = usize::try_from(len).ok().and_then(|len| rest.get(..len)).ok_or_else(|| {
        format!("{whole}: its header should have {len} bytes, but {} are left; download it again", rest.len())
    })?;
    if header.len() > most {
        return Err(format!("its header has {len} bytes, expected at most {most}"));
    }
    let mut json = serde_json::Deserializer::from_slice(header);
    (&mut json).deserialize_map(Header).map_err(|e| format!("its header cannot be read: {e}"))
}

struct Header;

impl<'de> Visitor<'de> for Header {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the names of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = all.next_key::<String>()? {
            if name == "__metadata__" {
                all.next_value::<Texts>()?;
            } else {
                all.next_value::<IgnoredAny>()?;
            }
            if names.contains(&name) {
                return Err(A::Error::custom(format!("`{name}` stands twice")));
            }
            names.insert(name);
        }
        Ok(())
    }
}

/// The required type of `__metadata__`: a map of texts.
struct Texts;

impl<'de> serde::Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`__metadata__` to hold texts by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Texts, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = all.next_key::<String>()? {
            all.next_value::<String>().map_err(|e| {
                A::Error::custom(format!("`__metadata__` must hold texts only, but its `{name}` is none ({e}); save the file again with texts"))
            })?;
            if names.contains(&name) {
                return Err(A::Error::custom(format!("`__metadata__` holds `{name}` twice")));
            }
            names.insert(name);
        }
        Ok(Texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat()
    }

    #[test]
    fn what_is_wrong_is_said() {
        let refused = |bytes: &[u8]| check(bytes, 1000).unwrap_err();
        let error = refused(&file(r#"{"__metadata__": {"format": "pt", "step": 3}}"#));
        assert!(error.contains("`__metadata__` must hold texts") && error.contains("`step`"), "{error}");
        assert!(!error.contains("download"), "{error}");
        assert!(refused(&file(r#"{"__metadata__": 3}"#)).contains("`__metadata__` to hold texts"));
        assert!(refused(&file(r#"{"a": 1, "a": 2}"#)).contains("`a` stands twice"));
        assert!(refused(b"PK\x03\x04").contains("4 bytes"));
        assert!(refused(&u64::MAX.to_le_bytes()).contains("18446744073709551615 bytes"));
        assert!(refused(&file(&" ".repeat(1001))).contains("at most 1000"));
        assert!(refused(b"version https://git-lfs.github.com/spec/v1").contains("Git LFS"));
        assert!(check(&file(r#"{"__metadata__": {"format": "pt"}, "a": {}}"#), 1000).is_ok());
    }
}
