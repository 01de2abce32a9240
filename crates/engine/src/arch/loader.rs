//! Takes tensors out of a file by name, shapes checked.

use crate::Error;
use crate::format::{Tensor, Tensors};
use crate::weights::{Linear, Norm};

/// A file's tensors and its name for messages.
pub(super) struct Loader<'a> {
    pub tensors: &'a Tensors,
    pub origin: &'a str,
}

impl Loader<'_> {
    pub fn has(&self, name: &str) -> bool {
        self.tensors.get(name).is_some()
    }

    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, Error> {
        self.tensors.require(name, shape)
    }

    pub fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, Error> {
        Ok(self.tensor(name, &[len])?.to_f32())
    }

    pub fn optional_vector(&self, name: &str, len: usize) -> Result<Option<Vec<f32>>, Error> {
        self.has(name).then(|| self.vector(name, len)).transpose()
    }

    /// `{prefix}.weight` as `[n_out, n_in]` and `{prefix}.bias` if it is there.
    pub fn linear(&self, prefix: &str, n_out: usize, n_in: usize) -> Result<Linear, Error> {
        let weight = self.tensor(&format!("{prefix}.weight"), &[n_out, n_in])?;
        Ok(Linear { weight, bias: self.optional_vector(&format!("{prefix}.bias"), n_out)? })
    }

    pub fn rms(&self, prefix: &str, d: usize) -> Result<Norm, Error> {
        Ok(Norm { weight: self.vector(&format!("{prefix}.weight"), d)?, bias: Vec::new() })
    }

    pub fn layer_norm(&self, prefix: &str, d: usize) -> Result<Norm, Error> {
        let bias = self.vector(&format!("{prefix}.bias"), d)?;
        Ok(Norm { weight: self.vector(&format!("{prefix}.weight"), d)?, bias })
    }
}

/// Rows `from .. from + n` of a fused layer: the bytes are shared, not copied.
pub(super) fn rows(fused: &Linear, from: usize, n: usize) -> Linear {
    Linear {
        weight: fused.weight.slice_rows(from..from + n),
        bias: fused.bias.as_ref().map(|b| b[from..from + n].to_vec()),
    }
}
