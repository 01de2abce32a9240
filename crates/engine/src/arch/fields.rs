//! The tripwire: every field of a `config.json`, and every GGUF key under the architecture's prefix, has a meaning that
//! is written down. What is not written down is refused by name, since it may change the numbers.

use crate::format::gguf::Metadata;
use crate::{Error, config};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// What one family does with a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Means {
    /// Its value goes into the numbers.
    Used,
    /// No number that is computed here depends on it; why. (The documentation's table quotes it.)
    #[cfg_attr(not(test), expect(dead_code, reason = "the table of the documentation is made by a test"))]
    Harmless(&'static str),
    /// Only these values are what is computed here, any other is refused; what it would ask for.
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

/// A family's own table and those that it shares.
pub(super) type Tables = &'static [&'static [Field]];

/// Where the fields stand.
enum Source<'a> {
    Json(&'a Map<String, Value>),
    Gguf(&'a Metadata),
}

/// The fields of one file as one family reads them. JSON's `null` counts as not given, as most families of transformers
/// take it; whoever does not asks [`Fields::is_null`].
pub(super) struct Fields<'a> {
    source: Source<'a>,
    pub origin: &'a str,
    pub arch: &'a str,
    tables: Tables,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Fields<'a> {
    /// Of a `config.json`; refused if a field in it has no meaning, or a value that is not computed here.
    pub fn json(value: &'a Value, origin: &'a str, arch: &'a str, tables: Tables) -> Result<Self, Error> {
        let map = value.as_object().ok_or_else(|| Error::format(origin, "config.json is not a JSON object"))?;
        let fields = Self { source: Source::Json(map), origin, arch, tables, asked: RefCell::default() };
        map.iter().try_for_each(|(name, value)| fields.check(name, value))?;
        Ok(fields)
    }

    /// Of a GGUF: the keys `{arch}.…`.
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

    fn means(&self, name: &str) -> Option<Means> {
        self.tables.iter().flat_map(|table| table.iter()).find(|field| field.0 == name).map(|field| field.1)
    }

    fn check(&self, name: &str, value: &Value) -> Result<(), Error> {
        match self.means(name) {
            Some(Means::Used | Means::Harmless(_)) => Ok(()),
            Some(Means::Only(values, _)) if value.is_null() || values.iter().any(|v| v.is(value)) => Ok(()),
            Some(Means::Only(values, asks)) => Err(self.refused(
                name,
                format!("is {}: {asks}, which attnscope does not compute{}", shown(value), only(values)),
            )),
            // Whatever it is, it is not set.
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

    /// What stands there. Every field that is asked for must stand in a table as used, so that the tables cannot lie.
    pub fn get(&self, name: &'static str) -> Result<Option<Value>, Error> {
        debug_assert!(
            matches!(self.means(name), Some(Means::Used)),
            "`{name}` is read for {}, but its table does not say so",
            self.arch
        );
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

    /// Whether it is there, and says `null`.
    pub fn is_null(&self, name: &str) -> bool {
        matches!(self.source, Source::Json(map) if map.get(name).is_some_and(Value::is_null))
    }

    /// A whole number, if it is there. In a GGUF it may be written once for each layer: then all must be the same.
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

    /// A whole number, or what the family takes where nothing is said. (`null` is not nothing there.)
    pub fn size_or(&self, name: &'static str, default: usize) -> Result<usize, Error> {
        if self.is_null(name) {
            return Err(self.bad(name, "a whole number", "null"));
        }
        Ok(self.optional_size(name)?.unwrap_or(default))
    }

    /// A number, if it is there.
    pub fn optional_float(&self, name: &'static str) -> Result<Option<f32>, Error> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let number = value.as_f64().ok_or_else(|| self.wrong(name, "a number", &value))?;
        Ok(Some(number as f32))
    }

    /// A number, or what the family takes where nothing is said.
    pub fn float_or(&self, name: &'static str, default: f32) -> Result<f32, Error> {
        if self.is_null(name) {
            return Err(self.bad(name, "a number", "null"));
        }
        Ok(self.optional_float(name)?.unwrap_or(default))
    }

    /// Yes or no.
    pub fn flag_or(&self, name: &'static str, default: bool) -> Result<bool, Error> {
        match self.get(name)? {
            // transformers asks for truth, and takes null for no.
            None if self.is_null(name) => Ok(false),
            None => Ok(default),
            // Some converters write GGUF's flags as numbers.
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

    /// The fields that were asked for: all that a table calls used, if the table is true.
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

/// A value as a message quotes it: not longer than a line bears.
fn shown(value: &Value) -> String {
    const MOST: usize = 60;
    let text = if value.is_null() { "nothing".into() } else { value.to_string() };
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
