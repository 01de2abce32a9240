//! JSON from outside: bounded in size, read once, and refused if a key is duplicated.

use crate::Error;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Bytes of a config. Most have a few thousand; Gemma 3's `tokenizer_config.json`, with 6,000 tokens, has 1.2 million.
pub const MOST_CONFIG: usize = 2 << 20;

/// The bytes without the byte order mark that some editors put before UTF-8.
pub fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Reads a small JSON file such as `config.json`; `name` and `origin` are for the error.
pub fn parse(bytes: &[u8], name: &str, origin: &str) -> Result<Value, Error> {
    let bytes = without_bom(bytes);
    if bytes.len() > MOST_CONFIG {
        let n = bytes.len();
        return Err(Error::format(origin, format!("{name} has {n} bytes, expected at most {MOST_CONFIG}")));
    }
    let read: Result<Strict, _> = serde_json::from_slice(bytes);
    read.map(|strict| strict.0).map_err(|e| Error::format(origin, format!("{name} cannot be read as JSON: {e}")))
}

/// A [`Value`] none of whose objects has a key twice: one reader would take the first, another the last.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(b.into())
    }

    fn visit_i64<E>(self, n: i64) -> Result<Value, E> {
        Ok(n.into())
    }

    fn visit_u64<E>(self, n: u64) -> Result<Value, E> {
        Ok(n.into())
    }

    fn visit_f64<E>(self, x: f64) -> Result<Value, E> {
        Ok(Number::from_f64(x).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = all.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, Strict(value))) = all.next_entry::<String, Strict>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{key}` stands twice")));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_serde_json() {
        let text = r#"{"a": [1, -2, 0.5, true, null, "x"], "b": {"c": {}}}"#;
        assert_eq!(parse(text.as_bytes(), "config.json", "m").unwrap(), serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(parse(b"\xef\xbb\xbf{}", "config.json", "m").unwrap(), serde_json::json!({}));
    }

    #[test]
    fn what_is_doubtful_is_refused() {
        let refused = |text: &[u8]| parse(text, "config.json", "m").unwrap_err().to_string();
        assert!(refused(br#"{"a": 1, "b": {"n": 1, "n": 2}}"#).contains("`n` stands twice"));
        assert!(refused(b"{").starts_with("m: config.json cannot be read as JSON"));
        assert!(refused(&b"[".repeat(100_000)).contains("recursion limit"));
        assert!(refused(&vec![b' '; MOST_CONFIG + 1]).contains("expected at most"));
    }
}
