//! GGUF, the format of llama.cpp: metadata, a table of tensors, then their bytes (versions 2 and 3, little-endian).

use super::gguf_reader::Reader;
use super::{Places, Tensor, Tensors, tensor_bytes};
use crate::{Bytes, Error};
use attnscope_kernels::dequant::DType;
use std::collections::BTreeMap;
use std::ops::Range;

/// A parsed file.
#[derive(Clone, Debug)]
pub struct Gguf {
    /// Key/value pairs.
    pub metadata: Metadata,
    /// The tensors; their bytes are shared with the file.
    pub tensors: Tensors,
}

/// The key/value pairs of a file. Arrays stay in the file until they are asked for.
#[derive(Clone, Debug)]
pub struct Metadata {
    values: BTreeMap<String, Value>,
    bytes: Bytes,
    origin: String,
}

#[derive(Clone, Debug)]
enum Value {
    Int(i128),
    Float(f64),
    Bool(bool),
    Str(String),
    /// Element type, number of elements, and byte range in the file.
    Array(u32, usize, Range<usize>),
}

const STRING: u32 = 8;
const ARRAY: u32 = 9;
/// Entries of metadata, and tensors: each takes more memory than it has bytes in the file. Real files have about a
/// hundred metadata entries and some thousands of tensors.
const MOST_ENTRIES: usize = 1 << 16;
/// Bytes of a key or a name, since these are copied.
const MOST_NAME: usize = 1 << 16;
/// Nesting depth of arrays within arrays.
const DEEPEST: usize = 8;

/// Reads a file's metadata and table of tensors.
pub fn parse(bytes: Bytes, origin: &str) -> Result<Gguf, Error> {
    let mut r = Reader { bytes: &bytes, at: 0, origin };
    if r.bytes.is_empty() {
        return Err(Error::format(origin, "the file is empty; download it again"));
    }
    let magic = r.take(4, "the magic")?.to_vec();
    if magic != b"GGUF" {
        return Err(r.error(format!(
            "not a GGUF file: it begins with {} where `GGUF` is expected. A model is one .gguf file, or a folder with \
             config.json and model.safetensors; others (.bin, .pt, .onnx) are not read: save it as safetensors",
            beginning(&magic)
        )));
    }
    let version = r.u32("the version")?;
    if (1..=3).contains(&version.swap_bytes()) {
        return Err(r.error("a big-endian GGUF file; attnscope reads little-endian ones: convert it, or get the other"));
    }
    if !(2..=3).contains(&version) {
        return Err(r.error(format!("GGUF version {version}; attnscope reads 2 and 3, little-endian")));
    }
    let n_tensors = r.count(24, "the number of tensors")?;
    let n_values = r.count(13, "the number of metadata entries")?;
    for (n, what) in [(n_tensors, "tensors"), (n_values, "metadata entries")] {
        if n > MOST_ENTRIES {
            return Err(r.error(format!("{n} {what}, expected at most {MOST_ENTRIES}; the file is damaged")));
        }
    }
    let mut values = BTreeMap::new();
    for _ in 0..n_values {
        let key = r.name("a metadata key", MOST_NAME)?;
        let kind = r.u32(&key)?;
        let value = value(&mut r, kind, &key)?;
        if values.insert(key.clone(), value).is_some() {
            return Err(r.error(format!("metadata key `{key}` stands twice; the file is damaged")));
        }
    }
    let metadata = Metadata { values, bytes: bytes.clone(), origin: origin.into() };
    let tensors = tensors(&mut r, n_tensors, &metadata)?;
    Ok(Gguf { metadata, tensors })
}

/// Parses the files that one model was split into, in any order: the first holds the metadata, each some of the tensors.
///
/// # Errors
/// A part that is missing, stands twice or belongs to another model; one part alone.
pub fn parse_parts(parts: Vec<(String, Bytes)>) -> Result<Gguf, Error> {
    let n = parts.len();
    let mut all: BTreeMap<u64, Gguf> = BTreeMap::new();
    for (name, bytes) in parts {
        let file = parse(bytes, &name)?;
        let count = |key: &str, default| if file.metadata.has(key) { file.metadata.get_u64(key) } else { Ok(default) };
        let (count, no) = (count("split.count", 1)?.max(1), count("split.no", 0)?);
        if count != n as u64 || no >= count {
            let text = format!(
                "it is part {} of a model that was split into {count} files, and {n} of them are here: put all into one \
                 folder, and give the path of the folder or of the first part",
                no.saturating_add(1)
            );
            return Err(Error::config(&name, text));
        }
        if all.insert(no, file).is_some() {
            return Err(Error::config(&name, format!("it is part {} of a model, and so is another file here", no + 1)));
        }
    }
    let mut parts = all.into_values();
    let mut first = parts.next().ok_or_else(|| Error::usage("no file is given"))?;
    parts.try_for_each(|part| first.tensors.merge(part.tensors))?;
    const TENSORS: &str = "split.tensors.count";
    let (found, meta) = (first.tensors.all_names().count() as u64, &first.metadata);
    if n > 1 && meta.has(TENSORS) && meta.get_u64(TENSORS)? != found {
        let expected = meta.get_u64(TENSORS)?;
        let text = format!("its parts hold {found} tensors, expected {expected}: they belong to different models");
        return Err(Error::config(meta.origin(), text));
    }
    Ok(first)
}

/// The first bytes of a file that is no GGUF, in words: they need not be letters.
fn beginning(magic: &[u8]) -> String {
    match std::str::from_utf8(magic) {
        Ok(text) if text.chars().all(|c| c.is_ascii_graphic()) => format!("`{text}`"),
        _ => "bytes that are no letters".into(),
    }
}

/// Bytes of one value of a fixed-size type.
fn width(kind: u32) -> Option<usize> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

fn value(r: &mut Reader<'_>, kind: u32, key: &str) -> Result<Value, Error> {
    match kind {
        STRING => r.string(key).map(Value::Str),
        ARRAY => array(r, key, 1),
        _ => match width(kind) {
            Some(n) => Ok(scalar(kind, r.take(n, key)?)),
            None => Err(
                r.error(format!("metadata `{key}` has type {kind}, which GGUF does not define; the file is damaged"))
            ),
        },
    }
}

/// Skips an array, checking that it ends within the file. Nested arrays are skipped too, since nothing reads them.
fn array(r: &mut Reader<'_>, key: &str, depth: usize) -> Result<Value, Error> {
    let kind = r.u32(key)?;
    let least = match kind {
        STRING => 8,
        ARRAY => 12,
        _ => width(kind).ok_or_else(|| {
            r.error(format!(
                "metadata `{key}` is an array of type {kind}, which GGUF does not define; the file is damaged"
            ))
        })?,
    };
    let n = r.count(least, key)?;
    let start = r.at;
    match kind {
        STRING => {
            for _ in 0..n {
                let len = r.count(1, key)?;
                r.take(len, key)?;
            }
        }
        ARRAY if depth == DEEPEST => {
            return Err(
                r.error(format!("metadata `{key}` is an array of arrays, deeper than {DEEPEST}; the file is damaged"))
            );
        }
        ARRAY => {
            for _ in 0..n {
                array(r, key, depth + 1)?;
            }
        }
        _ => {
            r.take(n * least, key)?;
        }
    }
    Ok(Value::Array(kind, n, start..r.at))
}

fn scalar(kind: u32, b: &[u8]) -> Value {
    let mut eight = [0u8; 8];
    eight[..b.len()].copy_from_slice(b);
    let unsigned = u64::from_le_bytes(eight);
    let negative = b.last().is_some_and(|b| b & 0x80 != 0) && b.len() < 8;
    let signed = if negative { unsigned | u64::MAX << (8 * b.len()) } else { unsigned } as i64;
    match kind {
        1 | 3 | 5 | 11 => Value::Int(signed.into()),
        6 => Value::Float(f32::from_bits(unsigned as u32).into()),
        12 => Value::Float(f64::from_bits(unsigned)),
        7 => Value::Bool(unsigned != 0),
        _ => Value::Int(unsigned.into()),
    }
}

fn tensors(r: &mut Reader<'_>, n: usize, metadata: &Metadata) -> Result<Tensors, Error> {
    let mut table = Vec::with_capacity(n);
    for _ in 0..n {
        let name = r.name("a tensor's name", MOST_NAME)?;
        let dims = r.u32(&name)?;
        if dims > 4 {
            return Err(
                r.error(format!("tensor `{name}` has {dims} dimensions, at most 4 are allowed; the file is damaged"))
            );
        }
        let mut shape = Vec::with_capacity(dims as usize);
        for _ in 0..dims {
            let d = r.u64(&name)?;
            let size = usize::try_from(d).ok().filter(|d| *d > 0);
            shape.push(
                size.ok_or_else(|| r.error(format!("tensor `{name}` has a dimension of {d}; the file is damaged")))?,
            );
        }
        shape.reverse(); // the file has the fastest axis first
        table.push((name.clone(), shape, r.u32(&name)?, r.u64(&name)?));
    }
    let align = alignment(metadata)?;
    let base = (r.at as u64).next_multiple_of(align);
    let mut tensors = Tensors::new(r.origin);
    let mut places = Places::default();
    for (name, shape, kind, offset) in table {
        if !offset.is_multiple_of(align) {
            return Err(r.error(format!(
                "tensor `{name}` begins at byte {offset} of the data, which is no multiple of the file's alignment, {align}; the file is damaged"
            )));
        }
        let Some(dtype) = DType::from_gguf(kind) else {
            tensors.insert_unreadable(&name, type_name(kind))?;
            continue;
        };
        let Some(len) = tensor_bytes(dtype, &shape) else {
            return Err(r.error(format!(
                "tensor `{name}` of shape {shape:?} is too large, or its rows are not whole {dtype} blocks of {}",
                dtype.block_len()
            )));
        };
        let start = base.checked_add(offset).and_then(|s| usize::try_from(s).ok()).unwrap_or(usize::MAX);
        let end = start.saturating_add(len);
        let Some(bytes) = r.bytes.slice(start..end) else {
            let total = r.bytes.len();
            return Err(r.error(format!("truncated: tensor `{name}` needs bytes {start} to {end}, but the file ends at {total}; download it again")));
        };
        places.add(start..end, &name);
        tensors.insert(Tensor { name, shape, dtype, bytes })?;
    }
    places.check(r.origin)?;
    Ok(tensors)
}

/// The alignment of tensors: their offsets are multiples of this.
fn alignment(metadata: &Metadata) -> Result<u64, Error> {
    let key = "general.alignment";
    let align = if metadata.has(key) { metadata.get_u64(key)? } else { 32 };
    if !align.is_power_of_two() || align > 1 << 20 {
        return Err(Error::format(&metadata.origin, format!("{key} is {align}, expected a power of two")));
    }
    Ok(align)
}

impl Metadata {
    fn get(&self, key: &str) -> Result<&Value, Error> {
        self.values
            .get(key)
            .ok_or_else(|| Error::format(&self.origin, format!("metadata `{key}` is missing; the file is incomplete")))
    }

    fn wrong(&self, key: &str, expected: &str) -> Error {
        let found = match self.values.get(key) {
            Some(Value::Int(i)) => i.to_string(),
            Some(Value::Float(x)) => x.to_string(),
            Some(Value::Bool(b)) => b.to_string(),
            Some(Value::Str(s)) => format!("the text {:?}", s.chars().take(40).collect::<String>()),
            Some(Value::Array(kind, n, _)) => format!("an array of {n} of type {kind}"),
            None => "nothing".into(),
        };
        Error::format(&self.origin, format!("metadata `{key}`: expected {expected}, found {found}"))
    }

    /// Whether the key is there.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// All keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// A value as JSON, whatever its type. Of a long array, or one of texts, only a description.
    pub(crate) fn json(&self, key: &str) -> Result<serde_json::Value, Error> {
        const LONGEST: usize = 1 << 12;
        let number = |x: f64| serde_json::Number::from_f64(x).map_or_else(|| x.to_string().into(), Into::into);
        let one = |value: &Value| match value {
            Value::Int(i) => {
                i64::try_from(*i).map_or_else(|_| u64::try_from(*i).unwrap_or(u64::MAX).into(), Into::into)
            }
            Value::Float(x) => number(*x),
            Value::Bool(b) => (*b).into(),
            Value::Str(s) => s.as_str().into(),
            Value::Array(kind, n, _) => format!("an array of {n} of type {kind}").into(),
        };
        Ok(match self.get(key)? {
            Value::Array(kind, n, range) if *n <= LONGEST && width(*kind).is_some() => {
                let elements = self.bytes[range.clone()].chunks_exact(width(*kind).unwrap_or(1));
                elements.map(|b| one(&scalar(*kind, b))).collect()
            }
            value => one(value),
        })
    }

    /// How many elements an array has.
    pub fn array_len(&self, key: &str) -> Option<usize> {
        if let Some(Value::Array(_, n, _)) = self.values.get(key) { Some(*n) } else { None }
    }

    /// The file's name, for messages.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// A text.
    pub fn get_str(&self, key: &str) -> Result<&str, Error> {
        if let Value::Str(s) = self.get(key)? { Ok(s) } else { Err(self.wrong(key, "a text")) }
    }

    /// A whole number that is not negative.
    pub fn get_u64(&self, key: &str) -> Result<u64, Error> {
        match self.get(key)? {
            Value::Int(i) => u64::try_from(*i).map_err(|_| self.wrong(key, "a number of 0 or more")),
            _ => Err(self.wrong(key, "a whole number")),
        }
    }

    /// A number.
    pub fn get_f32(&self, key: &str) -> Result<f32, Error> {
        match self.get(key)? {
            Value::Float(x) => Ok(*x as f32),
            Value::Int(i) => Ok(*i as f32),
            _ => Err(self.wrong(key, "a number")),
        }
    }

    /// A boolean.
    pub fn get_bool(&self, key: &str) -> Result<bool, Error> {
        if let Value::Bool(b) = self.get(key)? { Ok(*b) } else { Err(self.wrong(key, "true or false")) }
    }

    /// The model's name for a reader: `smollm2-135M`. A name of a run ("8k Lc100K Mix1 Ep2") is the second choice.
    pub fn model_name(&self) -> Option<String> {
        let short = self.get_str("general.basename").and_then(|base| Ok((base, self.get_str("general.size_label")?)));
        match short {
            Ok((base, size)) => Some(format!("{base}-{size}")),
            Err(_) => self.get_str("general.name").ok().map(str::to_owned),
        }
    }

    /// An array of texts, each borrowed from the file.
    pub fn get_strings(&self, key: &str) -> Result<Vec<&str>, Error> {
        let Value::Array(STRING, n, range) = self.get(key)? else { return Err(self.wrong(key, "an array of texts")) };
        let (mut rest, mut out) = (&self.bytes[range.clone()], Vec::with_capacity(*n));
        // Lengths were checked when the array was skipped; only the texts themselves can still be invalid.
        while let Some((len, tail)) = rest.split_first_chunk::<8>() {
            let len = (u64::from_le_bytes(*len) as usize).min(tail.len());
            let text = std::str::from_utf8(&tail[..len]);
            out.push(text.map_err(|_| self.wrong(key, "texts in UTF-8"))?);
            rest = &tail[len..];
        }
        Ok(out)
    }

    /// An array of whole numbers.
    pub fn get_ints(&self, key: &str) -> Result<Vec<i64>, Error> {
        let Value::Array(kind, _, range) = self.get(key)? else {
            return Err(self.wrong(key, "an array of whole numbers"));
        };
        let width = width(*kind)
            .filter(|_| ![6, 7, 12].contains(kind))
            .ok_or_else(|| self.wrong(key, "an array of whole numbers"))?;
        let elements = self.bytes[range.clone()].chunks_exact(width);
        Ok(elements.map(|b| if let Value::Int(i) = scalar(*kind, b) { i as i64 } else { 0 }).collect())
    }
}

impl Metadata {
    /// An array of numbers, whole or not.
    pub fn get_floats(&self, key: &str) -> Result<Vec<f32>, Error> {
        let Value::Array(kind, _, range) = self.get(key)? else { return Err(self.wrong(key, "an array of numbers")) };
        let width = width(*kind).filter(|_| *kind != 7).ok_or_else(|| self.wrong(key, "an array of numbers"))?;
        let number = |b| match scalar(*kind, b) {
            Value::Float(x) => x as f32,
            Value::Int(i) => i as f32,
            _ => 0.0,
        };
        Ok(self.bytes[range.clone()].chunks_exact(width).map(number).collect())
    }

    /// An array of bytes, borrowed from the file.
    pub fn get_bytes(&self, key: &str) -> Result<&[u8], Error> {
        match self.get(key)? {
            Value::Array(0 | 1, _, range) => Ok(&self.bytes[range.clone()]),
            _ => Err(self.wrong(key, "an array of bytes")),
        }
    }
}

/// ggml's name for a type of numbers that is not read here.
fn type_name(kind: u32) -> String {
    const NAMES: [(u32, &str); 8] =
        [(9, "Q8_1"), (15, "Q8_K"), (24, "I8"), (25, "I16"), (26, "I32"), (27, "I64"), (40, "NVFP4"), (41, "Q1_0")];
    let known = NAMES.iter().find(|(number, _)| *number == kind);
    known.map_or_else(|| format!("ggml type {kind}"), |(_, name)| (*name).to_owned())
}
