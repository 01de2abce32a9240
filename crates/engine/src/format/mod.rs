//! Model files: GGUF and safetensors, read as untrusted bytes.

pub mod gguf;
mod gguf_reader;
mod header;
pub mod json;
mod places;
pub mod quantization;
pub mod safetensors;

use crate::{Bytes, Error};
use attnscope_kernels::dequant::{DType, dequantize};
use places::Places;
use std::collections::BTreeMap;
use std::ops::Range;

/// A named array of weights whose bytes stay in the file.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// Name in the file.
    pub name: String,
    /// Row-major, outermost first: `[n_out, n_in]` for a matrix.
    pub shape: Vec<usize>,
    /// How the numbers are stored.
    pub dtype: DType,
    /// Exactly as many bytes as the shape needs.
    pub bytes: Bytes,
}

impl Tensor {
    /// Size of the first axis; 1 for a scalar.
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Product of the other axes: numbers per row.
    pub fn cols(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// All numbers, expanded.
    pub fn to_f32(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.shape.iter().product()];
        dequantize(self.dtype, &self.bytes, &mut out);
        out
    }

    /// Row `i`, expanded.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row_f32(&self, i: usize) -> Vec<f32> {
        self.slice_rows(i..i + 1).to_f32()
    }

    /// A matrix `[n, m]` as `[m, n]`, its numbers in the same type.
    ///
    /// # Panics
    /// If numbers are stored in blocks: only matrices of safetensors files, which have no blocks, need transposing.
    pub fn transposed(&self) -> Tensor {
        assert_eq!(self.dtype.block_len(), 1, "`{}` is stored in blocks of {}", self.name, self.dtype);
        let (n, m, size) = (self.rows(), self.cols(), self.dtype.block_bytes());
        let mut turned = Vec::with_capacity(self.bytes.len());
        for column in 0..m {
            for row in 0..n {
                turned.extend_from_slice(&self.bytes[(row * m + column) * size..][..size]);
            }
        }
        Tensor { name: self.name.clone(), shape: vec![m, n], dtype: self.dtype, bytes: Bytes::from(turned) }
    }

    /// Some rows, copied one range after another.
    ///
    /// # Panics
    /// If the rows do not exist.
    pub fn gather_rows(&self, ranges: impl Iterator<Item = Range<usize>>) -> Tensor {
        let row = self.bytes.len() / self.rows();
        let mut bytes = Vec::new();
        ranges.for_each(|rows| bytes.extend_from_slice(&self.bytes[rows.start * row..rows.end * row]));
        let mut shape = self.shape.clone();
        shape[0] = bytes.len() / row.max(1);
        Tensor { name: self.name.clone(), shape, dtype: self.dtype, bytes: Bytes::from(bytes) }
    }

    /// Some rows; the bytes are shared.
    ///
    /// # Panics
    /// If the rows do not exist.
    pub fn slice_rows(&self, rows: Range<usize>) -> Tensor {
        assert!(rows.end <= self.rows(), "rows {rows:?} of `{}`, which has {}", self.name, self.rows());
        let row = self.bytes.len() / self.rows();
        let mut shape = self.shape.clone();
        shape[0] = rows.len();
        let bytes = self.bytes.slice(rows.start * row..rows.end * row).unwrap_or_else(|| Bytes::from(Vec::new()));
        Tensor { name: self.name.clone(), shape, dtype: self.dtype, bytes }
    }
}

/// The tensors of a file, or of a set of shards, by name.
#[derive(Clone, Debug, Default)]
pub struct Tensors {
    map: BTreeMap<String, Tensor>,
    /// Tensors of bytes: by themselves they are no numbers.
    raw: BTreeMap<String, (Vec<usize>, Bytes)>,
    /// Tensors whose type this engine does not read: an error only if one is needed. Those of bytes are among them.
    unreadable: BTreeMap<String, String>,
    origin: String,
}

impl Tensors {
    pub(crate) fn new(origin: &str) -> Self {
        Self { origin: origin.into(), ..Self::default() }
    }

    pub(crate) fn insert(&mut self, tensor: Tensor) -> Result<(), Error> {
        self.check_new(&tensor.name)?;
        self.map.insert(tensor.name.clone(), tensor);
        Ok(())
    }

    pub(crate) fn insert_unreadable(&mut self, name: &str, dtype: String) -> Result<(), Error> {
        self.check_new(name)?;
        self.unreadable.insert(name.into(), dtype);
        Ok(())
    }

    pub(crate) fn insert_raw(&mut self, name: &str, shape: &[usize], bytes: Bytes) -> Result<(), Error> {
        self.insert_unreadable(name, "U8".into())?;
        self.raw.insert(name.into(), (shape.to_vec(), bytes));
        Ok(())
    }

    fn check_new(&self, name: &str) -> Result<(), Error> {
        if self.map.contains_key(name) || self.unreadable.contains_key(name) {
            return Err(Error::format(
                &self.origin,
                format!("tensor `{name}` stands twice, in the file or in two of its shards; it is damaged"),
            ));
        }
        Ok(())
    }

    pub(crate) fn merge(&mut self, other: Tensors) -> Result<(), Error> {
        for (name, dtype) in other.unreadable {
            self.insert_unreadable(&name, dtype)?;
        }
        self.raw.extend(other.raw);
        other.map.into_values().try_for_each(|t| self.insert(t))
    }

    /// A tensor by name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.map.get(name)
    }

    /// A tensor that must be there with this shape.
    pub fn require(&self, name: &str, shape: &[usize]) -> Result<Tensor, Error> {
        let tensor = self.require_any(name)?;
        if tensor.shape != shape {
            return Err(Error::format(
                &self.origin,
                format!("tensor `{name}` has shape {:?}, but the model's config asks for {shape:?}", tensor.shape),
            ));
        }
        Ok(tensor.clone())
    }

    /// The bytes of a tensor of bytes that must be there with this shape.
    pub(crate) fn require_raw(&self, name: &str, shape: &[usize]) -> Result<Bytes, Error> {
        match self.raw.get(name) {
            Some((found, bytes)) if found == shape => Ok(bytes.clone()),
            Some((found, _)) => Err(Error::format(
                &self.origin,
                format!("tensor `{name}` has shape {found:?}, but the model's config asks for {shape:?}"),
            )),
            None if self.holds(name) => {
                Err(Error::format(&self.origin, format!("tensor `{name}` holds no bytes (U8), as it should")))
            }
            None => Err(Error::missing_tensor(&self.origin, name)),
        }
    }

    /// A tensor that must be there, whatever its shape.
    pub fn require_any(&self, name: &str) -> Result<&Tensor, Error> {
        if let Some(dtype) = self.unreadable.get(name) {
            let known: Vec<String> = DType::ALL.iter().map(ToString::to_string).collect();
            return Err(Error::config(
                &self.origin,
                format!("tensor `{name}` is stored as {dtype}; attnscope reads {}", known.join(", ")),
            ));
        }
        self.get(name).ok_or_else(|| {
            let inner = format!(".{name}");
            match self.all_names().find(|other| other.ends_with(&inner)) {
                Some(other) => Error::format(
                    &self.origin,
                    format!(
                        "tensor `{name}` is missing, but there is `{other}`: the model was saved within another; save it by \
                         itself"
                    ),
                ),
                None => Error::missing_tensor(&self.origin, name),
            }
        })
    }

    /// Whether the file has a tensor of this name, readable or not.
    pub(crate) fn holds(&self, name: &str) -> bool {
        self.map.contains_key(name) || self.unreadable.contains_key(name)
    }

    /// The names of all tensors, including those whose type is not read.
    pub(crate) fn all_names(&self) -> impl Iterator<Item = &str> {
        self.map.keys().chain(self.unreadable.keys()).map(String::as_str)
    }

    /// All tensors whose type is read.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Tensor> {
        self.map.values()
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.map.keys().map(String::as_str)
    }
}

/// Bytes of a tensor of this shape; rows must be whole blocks, and its expanded size in bytes must not overflow.
fn tensor_bytes(dtype: DType, shape: &[usize]) -> Option<usize> {
    let numbers = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
    numbers.filter(|n| *n <= isize::MAX as usize / size_of::<f32>())?;
    let row = dtype.bytes_for(shape.last().copied().unwrap_or(1))?;
    shape.iter().rev().skip(1).try_fold(row, |n, d| n.checked_mul(*d))
}
