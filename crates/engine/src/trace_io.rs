//! Traces as files: safetensors and NumPy's NPZ.

use crate::{Array, Error, ModelInfo, Token, Trace};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;
use std::io::{Read, Write};

impl Trace {
    /// Writes all arrays as f32 under their keys, `tokens` as i64 `[seq]`, and the model, token texts and set edges as
    /// metadata.
    pub fn save_safetensors(&self, mut to: impl Write) -> Result<(), Error> {
        let ids: Vec<i64> = self.tokens.iter().map(|t| t.id.into()).collect();
        let bad = |e: safetensors::SafeTensorError| Error::Trace(e.to_string());
        let mut views = Vec::with_capacity(self.arrays.len() + 1);
        views.push(("tokens", TensorView::new(Dtype::I64, vec![ids.len()], bytemuck::cast_slice(&ids)).map_err(bad)?));
        for (key, array) in &self.arrays {
            let view = TensorView::new(Dtype::F32, array.shape().to_vec(), bytemuck::cast_slice(array.data()));
            views.push((key, view.map_err(bad)?));
        }
        let metadata = HashMap::from([
            ("model".to_string(), json(&self.model)?),
            ("texts".to_string(), json(&self.tokens.iter().map(|t| &t.text).collect::<Vec<_>>())?),
            ("edges".to_string(), json(&self.edges)?),
        ]);
        let bytes = safetensors::serialize(views, Some(metadata)).map_err(bad)?;
        to.write_all(&bytes).map_err(|e| Error::Trace(e.to_string()))
    }

    /// Reads what [`Trace::save_safetensors`] wrote, or any safetensors file with f32 arrays and i64 `tokens`.
    pub fn load_safetensors(bytes: &[u8]) -> Result<Self, Error> {
        let bad = |e: safetensors::SafeTensorError| Error::Trace(format!("not a whole safetensors file ({e})"));
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(bad)?;
        let notes = header.metadata().clone().unwrap_or_default();
        let model: ModelInfo = notes.get("model").and_then(|m| serde_json::from_str(m).ok()).unwrap_or_default();
        let texts: Vec<String> = notes.get("texts").and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
        let edges = notes.get("edges").and_then(|e| serde_json::from_str(e).ok()).unwrap_or_default();
        let mut trace = Trace { model, edges, ..Trace::default() };
        for (key, view) in SafeTensors::deserialize(bytes).map_err(bad)?.tensors() {
            match view.dtype() {
                Dtype::F32 => drop(trace.arrays.insert(key, array(view.shape(), view.data()))),
                Dtype::I64 if key == "tokens" => {
                    trace.tokens = ids(view.data())
                        .zip(texts.iter().cloned().chain(std::iter::repeat(String::new())))
                        .map(|(id, text)| Token { id, text })
                        .collect();
                }
                other => return Err(Error::Trace(format!("array `{key}` holds {other:?}, expected F32"))),
            }
        }
        Ok(trace.with_last_logits())
    }

    /// Writes the same arrays as NPZ, for `numpy.load`.
    pub fn save_npz(&self, mut to: impl Write) -> Result<(), Error> {
        // Into memory first: a ZipWriter whose disk is full complains on stderr when it is dropped.
        let bytes = self.to_npz().map_err(|e| Error::Trace(e.to_string()))?;
        to.write_all(&bytes).map_err(|e| Error::Trace(e.to_string()))
    }

    fn to_npz(&self) -> zip::result::ZipResult<Vec<u8>> {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            .large_file(true);
        let ids: Vec<i64> = self.tokens.iter().map(|t| t.id.into()).collect();
        let mut entry = |key: &str, header: Vec<u8>, data: &[u8]| -> zip::result::ZipResult<()> {
            zip.start_file(format!("{key}.npy"), options)?;
            zip.write_all(&header)?;
            Ok(zip.write_all(data)?)
        };
        entry("tokens", npy_header("<i8", &[ids.len()]), bytemuck::cast_slice(&ids))?;
        for (key, array) in &self.arrays {
            entry(key, npy_header("<f4", array.shape()), bytemuck::cast_slice(array.data()))?;
        }
        Ok(zip.finish()?.into_inner())
    }

    /// Reads what [`Trace::save_npz`] wrote. NPZ cannot store texts, model and edges: they stay empty, and a pattern
    /// that was not captured cannot be computed.
    pub fn load_npz(bytes: &[u8]) -> Result<Self, Error> {
        let bad = |e: &dyn std::fmt::Display| Error::Trace(format!("not a whole NPZ file ({e})"));
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).map_err(|e| bad(&e))?;
        let (mut trace, mut left) = (Trace::default(), bytes.len() as u64);
        for i in 0..zip.len() {
            let entry = zip.by_index(i).map_err(|e| bad(&e))?;
            let key = entry.name().map_err(|e| bad(&e))?.trim_end_matches(".npy").to_string();
            // Stored entries together cannot be longer than the file: this stops false sizes, and entries that share
            // their bytes.
            let mut data = Vec::new();
            entry.take(left).read_to_end(&mut data).map_err(|e| bad(&e))?;
            left -= data.len() as u64;
            let (dtype, shape, data) = read_npy(&data)
                .ok_or_else(|| Error::Trace(format!("`{key}` is not a C-ordered NPY array of <f4 or <i8")))?;
            if dtype == "<i8" {
                trace.tokens = ids(data).map(|id| Token { id, text: String::new() }).collect();
            } else {
                trace.arrays.insert(key, array(&shape, data));
            }
        }
        Ok(trace.with_last_logits())
    }

    fn with_last_logits(mut self) -> Self {
        if let Some(logits) = self.arrays.get("logits") {
            let width = logits.shape().last().copied().unwrap_or(0).max(1);
            let rows: Vec<&[f32]> = logits.data().chunks_exact(width).collect();
            // All tokens' rows, or only the one that predicts.
            let at =
                self.predicts_at().filter(|_| rows.len() == self.tokens.len()).unwrap_or(rows.len().saturating_sub(1));
            self.last_logits = rows.get(at).copied().unwrap_or_default().to_vec();
        }
        self
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|e| Error::Trace(e.to_string()))
}

fn array(shape: &[usize], data: &[u8]) -> Array {
    Array::new(shape, data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
}

fn ids(data: &[u8]) -> impl Iterator<Item = u32> {
    data.as_chunks::<8>().0.iter().map(|b| u32::try_from(i64::from_le_bytes(*b)).unwrap_or(u32::MAX))
}

/// NPY version 1.0: magic, length, a Python dictionary padded so that data begins at a multiple of 64.
fn npy_header(dtype: &str, shape: &[usize]) -> Vec<u8> {
    let dims: String = shape.iter().map(|d| format!("{d},")).collect();
    let mut text = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({dims}), }}");
    let padding = 63 - (10 + text.len()) % 64;
    text.push_str(&" ".repeat(padding));
    text.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend_from_slice(&(text.len() as u16).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
    out
}

/// Element type, shape and data of an NPY array of the kinds written above.
fn read_npy(bytes: &[u8]) -> Option<(&'static str, Vec<usize>, &[u8])> {
    let rest = bytes.strip_prefix(b"\x93NUMPY\x01\x00")?;
    let (len, rest) = rest.split_first_chunk::<2>()?;
    let (header, data) = rest.split_at_checked(u16::from_le_bytes(*len).into())?;
    let header = std::str::from_utf8(header).ok().filter(|h| h.contains("'fortran_order': False"))?;
    let (dtype, width) = [("<f4", 4), ("<i8", 8)].into_iter().find(|(d, _)| header.contains(&format!("'{d}'")))?;
    let dims = header.split_once("'shape': (")?.1.split_once(')')?.0;
    let shape: Vec<usize> =
        dims.split(',').map(str::trim).filter(|d| !d.is_empty()).map(|d| d.parse().ok()).collect::<Option<_>>()?;
    let len = shape.iter().try_fold(width, |n: usize, d| n.checked_mul(*d))?;
    (data.len() == len).then_some((dtype, shape, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Trace {
        let mut trace = Trace::default();
        trace.model.name = "tiny".into();
        trace.model.attention = trace.model.attention.map(|one| crate::Attention { soft_cap: Some(30.0), ..*one });
        trace.edges = vec![crate::Intervention::cut("1>0").unwrap()];
        trace.tokens = vec![Token { id: 7, text: " dog".into() }, Token { id: 65_000, text: "🌭".into() }];
        trace
            .arrays
            .insert("blocks.0.attn.scores".into(), Array::new([1, 2, 2], vec![1.5, f32::NEG_INFINITY, -2.0, 0.25]));
        trace.arrays.insert("logits".into(), Array::new([2, 1], vec![3.0, 4.0]));
        trace
    }

    #[test]
    fn both_formats_give_back_what_they_took() {
        let trace = sample();
        let mut bytes = Vec::new();
        trace.save_safetensors(&mut bytes).unwrap();
        let back = Trace::load_safetensors(&bytes).unwrap();
        assert_eq!(back, Trace { last_logits: vec![4.0], ..trace.clone() });
        let mut file = std::io::Cursor::new(Vec::new());
        trace.save_npz(&mut file).unwrap();
        let back = Trace::load_npz(&file.into_inner()).unwrap();
        assert_eq!(back.arrays, trace.arrays);
        assert_eq!(back.tokens.iter().map(|t| t.id).collect::<Vec<_>>(), [7, 65_000]);
    }

    #[test]
    fn cut_off_files_are_errors() {
        let mut bytes = Vec::new();
        sample().save_safetensors(&mut bytes).unwrap();
        let mut file = std::io::Cursor::new(Vec::new());
        sample().save_npz(&mut file).unwrap();
        let npz = file.into_inner();
        (0..bytes.len()).for_each(|n| assert!(Trace::load_safetensors(&bytes[..n]).is_err(), "{n}"));
        (0..npz.len()).for_each(|n| assert!(Trace::load_npz(&npz[..n]).is_err(), "{n}"));
    }
}
