//! safetensors, Hugging Face's format: a JSON table, then bytes; one file or several shards with an index.

use super::{Tensor, Tensors, header, json, tensor_bytes};
use crate::{Bytes, Error};
use attnscope_kernels::dequant::DType;
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a header: the parsed form takes several times as much memory. A shard of 10,000 tensors has one of 1 MB.
const MOST_HEADER: usize = 8 << 20;
/// Bytes of an index of shards.
const MOST_INDEX: usize = 16 << 20;

/// Reads the table of a file.
pub fn parse(bytes: Bytes, origin: &str) -> Result<Tensors, Error> {
    header::check(&bytes, MOST_HEADER).map_err(|message| Error::format(origin, message))?;
    // The crate checks that the offsets are in order, without gaps or overlaps, and end with the file.
    let (header, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| match e {
        SafeTensorError::InvalidHeaderDeserialization(e) => {
            Error::format(origin, format!("its header cannot be read: {e}"))
        }
        e => Error::format(origin, format!("not a whole safetensors file ({e}); download it again")),
    })?;
    let mut tensors = Tensors::new(origin);
    for (name, info) in metadata.tensors() {
        // Offsets count from the end of the header: 8 bytes of length, then the JSON.
        let (start, end) = info.data_offsets;
        let place = |at: usize| at.checked_add(header).and_then(|a| a.checked_add(8));
        let part = place(start).zip(place(end)).and_then(|(s, e)| bytes.slice(s..e));
        let outside =
            |name: &str| Error::format(origin, format!("tensor `{name}` does not lie within the file; it is damaged"));
        let dtype = match info.dtype {
            Dtype::F32 => DType::F32,
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::BF16,
            Dtype::F64 => DType::F64,
            Dtype::U8 => {
                let bytes =
                    part.filter(|b| info.shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d)) == Some(b.len()));
                let bytes = bytes.ok_or_else(|| outside(&name))?;
                tensors.insert_raw(&name, &info.shape, bytes)?;
                continue;
            }
            other => {
                tensors.insert_unreadable(&name, format!("{other:?}"))?;
                continue;
            }
        };
        let part = part.filter(|b| tensor_bytes(dtype, &info.shape) == Some(b.len()));
        let bytes = part.ok_or_else(|| outside(&name))?;
        tensors.insert(Tensor { name, shape: info.shape.clone(), dtype, bytes })?;
    }
    Ok(tensors)
}

/// Reads a model in shards: `index` is `model.safetensors.index.json`, `shard` gives a file by its name.
pub fn parse_sharded(index: &[u8], mut shard: impl FnMut(&str) -> Result<Bytes, Error>) -> Result<Tensors, Error> {
    let origin = "model.safetensors.index.json";
    #[derive(serde::Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    if index.len() > MOST_INDEX {
        let n = index.len();
        return Err(Error::format(origin, format!("it has {n} bytes, expected at most {MOST_INDEX}")));
    }
    let index: Index = serde_json::from_slice(json::without_bom(index))
        .map_err(|e| Error::format(origin, format!("not an index of shards: {e}")))?;
    let files: BTreeSet<&String> = index.weight_map.values().collect();
    let mut all = Tensors::new(origin);
    for file in files {
        if file.contains(['/', '\\']) || file.starts_with('.') {
            return Err(Error::format(origin, format!("shard `{file}` is not a plain file name beside the index")));
        }
        all.merge(parse(shard(file)?, file)?)?;
    }
    match index.weight_map.iter().find(|(name, _)| all.get(name).is_none() && !all.unreadable.contains_key(*name)) {
        Some((name, file)) => Err(Error::format(
            origin,
            format!("tensor `{name}` should stand in `{file}`, but does not; download it again"),
        )),
        None => Ok(all),
    }
}
