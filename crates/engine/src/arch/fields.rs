//! The meaning of every field of a `config.json`, and of every GGUF key under the architecture's prefix, is written
//! down in tables. A field that stands in no table is refused by name, since it may change the numbers.

use crate::format::gguf::Metadata;
use crate::{Error, config};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// What one family does with a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Means {
    /// The computation uses its value.
    Used,
    /// No number that is computed here depends on it, for this reason. (The documentation's table quotes it.)
    #[cfg_attr(not(test), expect(dead_code, reason = "the table of the documentation is made by a test"))]
    Harmless(&'static str),
    /// Only these values are supported, any other is refused; the text says what another value would ask for.
    Only(&'static [Plain], &'static str),
}

/// A value that stands in a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Plain {
    Bool(bool),
    Number(f64),
    Text(&'static str),
    /// `{}` or `[]`.
    Empty,
}

/// A field and what it means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field(pub &'static str, pub Means);

/// A family's own table and the tables that it shares with others. A field that stands in several has the meaning of
/// the first.
pub(super) type Tables = &'static [&'static [Field]];

/// Where the fields come from.
enum Source<'a> {
    Json(&'a Map<String, Value>),
    Gguf(&'a Metadata),
}

/// The fields of one file as one family reads them. JSON's `null` counts as not given, as in most families of
/// transformers; a family for which it does not checks [`Fields::is_null`].
pub(super) struct Fields<'a> {
    source: Source<'a>,
    pub origin: &'a str,
    pub arch: &'a str,
    tables: Tables,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Fields<'a> {
    /// The fields of a `config.json`; refused if one of them stands in no table, or has a value that is not supported.
    pub fn json(value: &'a Value, origin: &'a str, arch: &'a str, tables: Tables) -> Result<Self, Error> {
        let map = value.as_object().ok_or_else(|| Error::format(origin, "config.json is not a JSON object"))?;
        let fields = Self { source: Source::Json(map), origin, arch, tables, asked: RefCell::default() };
        map.iter().try_for_each(|(name, value)| fields.check(name, value))?;
        Ok(fields)
    }

    /// The fields of a GGUF: the keys `{arch}.…`.
    pub fn gguf(meta: &'a Metadata, arch: &'a str, tables: Tables) -> Result<Self, Error> {
        let fields =
            Self { source: Source::Gguf(meta), origin: meta.origin(), arch, tables, asked: RefCell::default() };
        let prefix = format!("{arch}.");
        for key in meta.keys() {
            if let Some(name) = key.strip_prefix(&prefix) {
                fields.check(name, &meta.json(key)?)?;
            }
        }
        Ok(fields)
    }

    /// What a field means; where several tables name it, the first counts.
    pub fn means(&self, name: &str) -> Option<Means> {
        self.tables.iter().flat_map(|table| table.iter()).find(|field| field.0 == name).map(|field| field.1)
    }

    /// Whether the family reads a field.
    pub fn uses(&self, name: &str) -> bool {
        matches!(self.means(name), Some(Means::Used))
    }

    fn check(&self, name: &str, value: &Value) -> Result<(), Error> {
        match self.means(name) {
            Some(Means::Used | Means::Harmless(_)) => Ok(()),
            Some(Means::Only(values, _)) if value.is_null() || values.iter().any(|v| v.is(value)) => Ok(()),
            Some(Means::Only(values, asks)) => Err(self.refused(
                name,
                format!("is {}: {asks}, which attnscope does not compute{}", shown(value), only(values)),
            )),
            // A field that is `null` is not set, whatever its meaning.
            None if value.is_null() => Ok(()),
            None => Err(self.refused(
                name,
                format!(
                    "({}) is not one that attnscope knows for `{}`: it may change the numbers, so the model is refused{}",
                    shown(value),
                    self.arch,
                    match self.source {
                        Source::Json(_) => "; if it changes nothing, take it out of config.json",
                        Source::Gguf(_) => "",
                    }
                ),
            )),
        }
    }

    fn called(&self, name: &str) -> String {
        match self.source {
            Source::Json(_) => format!("config field `{name}`"),
            Source::Gguf(_) => format!("metadata `{}.{name}`", self.arch),
        }
    }

    /// An error about a field.
    pub fn refused(&self, name: &str, what: impl std::fmt::Display) -> Error {
        Error::config(self.origin, format!("{} {what}", self.called(name)))
    }

    /// An error about a field's value.
    pub fn bad(&self, name: &str, expected: &str, found: &str) -> Error {
        Error::config(self.origin, format!("{}: expected {expected}, found {found}", self.called(name)))
    }

    fn wrong(&self, name: &str, expected: &str, found: &Value) -> Error {
        self.bad(name, expected, &shown(found))
    }

    /// A field's value. Whatever is asked for must be marked as used in a table, so that the tables stay correct.
    pub fn get(&self, name: &'static str) -> Result<Option<Value>, Error> {
        debug_assert!(self.uses(name), "`{name}` is read for {}, but its table does not say so", self.arch);
        self.asked.borrow_mut().insert(name);
        let value = match self.source {
            Source::Json(map) => map.get(name).cloned(),
            Source::Gguf(meta) => {
                let key = format!("{}.{name}", self.arch);
                meta.has(&key).then(|| meta.json(&key)).transpose()?
            }
        };
        Ok(value.filter(|value| !value.is_null()))
    }

    /// Whether the field is there and is `null`.
    pub fn is_null(&self, name: &str) -> bool {
        matches!(self.source, Source::Json(map) if map.get(name).is_some_and(Value::is_null))
    }

    /// A whole number, if it is there. In a GGUF it may be written once for each layer: then all must be equal.
    pub fn optional_size(&self, name: &'static str) -> Result<Option<usize>, Error> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let layers = match self.source {
            Source::Gguf(meta) => meta.get_u64(&format!("{}.block_count", self.arch)).ok(),
            Source::Json(_) => None,
        };
        if let (Some(list), Some(layers)) = (value.as_array(), layers)
            && list.len() as u64 != layers
        {
            let found = format!("{} numbers", list.len());
            return Err(self.bad(name, &format!("a number, or one for each of the {layers} layers"), &found));
        }
        let one = match (&self.source, value.as_array().map(Vec::as_slice)) {
            (Source::Gguf(_), Some([first, rest @ ..])) if rest.iter().all(|other| other == first) => first,
            (Source::Gguf(_), Some([_, _, ..])) => {
                return Err(self.refused(
                    name,
                    format!("is {}: it differs between layers, which attnscope does not compute", shown(&value)),
                ));
            }
            _ => &value,
        };
        let size = one.as_u64().and_then(|n| usize::try_from(n).ok());
        size.map(Some).ok_or_else(|| self.wrong(name, "a whole number", &value))
    }

    /// A whole number that must be there.
    pub fn size(&self, name: &'static str) -> Result<usize, Error> {
        self.optional_size(name)?.ok_or_else(|| self.bad(name, "a whole number", "nothing"))
    }

    /// A whole number, or the family's default if the field is missing. (`null` does not count as missing here.)
    pub fn size_or(&self, name: &'static str, default: usize) -> Result<usize, Error> {
        if self.is_null(name) {
            return Err(self.bad(name, "a whole number", "null"));
        }
        Ok(self.optional_size(name)?.unwrap_or(default))
    }

    /// A whole number that transformers reads by either of two names; where both are there, they must agree. `others`
    /// lists the other name and the family's own.
    pub fn size_by_any_name(
        &self,
        name: &'static str,
        others: &[(&'static str, &str)],
        default: usize,
    ) -> Result<usize, Error> {
        let other = others.iter().find(|(_, own)| *own == name).map(|(other, _)| *other);
        let other = other.map(|other| self.optional_size(other)).transpose()?.flatten();
        match (self.optional_size(name)?, other) {
            (Some(own), Some(other)) if own != other => {
                Err(self.refused(name, format!("is {own}, but its other name says {other}")))
            }
            (own, other) => Ok(own.or(other).unwrap_or(default)),
        }
    }

    /// A number, if it is there.
    pub fn optional_float(&self, name: &'static str) -> Result<Option<f32>, Error> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let number = value.as_f64().ok_or_else(|| self.wrong(name, "a number", &value))?;
        Ok(Some(number as f32))
    }

    /// A number, or the family's default if the field is missing.
    pub fn float_or(&self, name: &'static str, default: f32) -> Result<f32, Error> {
        if self.is_null(name) {
            return Err(self.bad(name, "a number", "null"));
        }
        Ok(self.optional_float(name)?.unwrap_or(default))
    }

    /// A boolean, or the family's default if the field is missing.
    pub fn flag_or(&self, name: &'static str, default: bool) -> Result<bool, Error> {
        match self.get(name)? {
            // transformers tests for truthiness, so `null` is false.
            None if self.is_null(name) => Ok(false),
            None => Ok(default),
            // Some converters write GGUF's booleans as numbers.
            Some(Value::Number(n)) if matches!(self.source, Source::Gguf(_)) && n.as_u64().is_some_and(|n| n < 2) => {
                Ok(n.as_u64() == Some(1))
            }
            Some(value) => value.as_bool().ok_or_else(|| self.wrong(name, "true or false", &value)),
        }
    }

    /// A non-linearity, by the name that transformers gives it.
    pub fn activation_or(&self, name: &'static str, default: &str) -> Result<config::Activation, Error> {
        use config::Activation::*;
        let value = self.get(name)?;
        if self.is_null(name) {
            return Err(self.bad(name, "the name of a non-linearity", "null"));
        }
        let found = value.as_ref().map_or(Some(default), Value::as_str);
        match found {
            Some("silu" | "swish") => Ok(Silu),
            Some("gelu" | "gelu_python") => Ok(Gelu),
            Some("gelu_new" | "gelu_pytorch_tanh" | "gelu_python_tanh") => Ok(GeluTanh),
            Some("relu") => Ok(Relu),
            _ => Err(self.wrong(name, "silu, gelu, gelu_new or relu", &value.unwrap_or_default())),
        }
    }

    /// The tables.
    #[cfg(test)]
    pub fn tables(&self) -> Tables {
        self.tables
    }

    /// The fields that were asked for: if the tables are correct, all that they mark as used.
    #[cfg(test)]
    pub fn asked(&self) -> BTreeSet<&'static str> {
        self.asked.borrow().clone()
    }
}

impl Plain {
    fn is(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Bool(a), Value::Bool(b)) => a == *b,
            (Self::Number(a), Value::Number(b)) => b.as_f64() == Some(a),
            (Self::Text(a), Value::String(b)) => a == b,
            (Self::Empty, Value::Object(map)) => map.is_empty(),
            (Self::Empty, Value::Array(list)) => list.is_empty(),
            _ => false,
        }
    }
}

impl std::fmt::Display for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
            Self::Empty => "empty".fmt(f),
        }
    }
}

fn only(values: &[Plain]) -> String {
    match values {
        [] => String::new(),
        values => format!(" (only {})", values.iter().map(Plain::to_string).collect::<Vec<_>>().join(" or ")),
    }
}

/// A value as a message quotes it, cut to a length that fits a line.
fn shown(value: &Value) -> String {
    const MOST: usize = 60;
    let text = if value.is_null() { "nothing".into() } else { value.to_string() };
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
