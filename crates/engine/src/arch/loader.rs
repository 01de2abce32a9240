//! Takes tensors out of a file by name, checks their shapes, and finally finds those that nothing has read.

use crate::format::{Tensor, Tensors};
use crate::weights::{Linear, Norm};
use crate::{Bytes, Error};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// A file's tensors and its name for messages.
pub(super) struct Loader<'a> {
    pub tensors: &'a Tensors,
    pub origin: &'a str,
    read: RefCell<BTreeSet<String>>,
}

/// Whether a product adds a bias.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bias {
    /// It must be there.
    Yes,
    /// The model has none: if the file has one all the same, [`Loader::finish`] reports it as not read.
    No,
    /// Optional: read if it is in the file. GGUF has no other way to tell.
    IfThere,
}

/// Tensors that affect no number computed here, by a part of their name, with the reason.
pub(super) type Ignored = &'static [(&'static str, &'static str)];

impl<'a> Loader<'a> {
    pub fn new(tensors: &'a Tensors, origin: &'a str) -> Self {
        Self { tensors, origin, read: RefCell::default() }
    }

    /// Whether the file has a tensor of this name, even one of a type that loading it would refuse.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.holds(name)
    }

    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, Error> {
        self.read.borrow_mut().insert(name.into());
        self.tensors.require(name, shape)
    }

    /// The bytes of a tensor of bytes, which is one part of how numbers are stored.
    pub fn raw(&self, name: &str, shape: &[usize]) -> Result<Bytes, Error> {
        self.read.borrow_mut().insert(name.into());
        self.tensors.require_raw(name, shape)
    }

    pub fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, Error> {
        self.numbers(name, &[len])
    }

    /// The numbers of a tensor, row after row.
    pub fn numbers(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
        let numbers = self.tensor(name, shape)?.to_f32();
        if numbers.iter().all(|x| x.is_finite()) {
            return Ok(numbers);
        }
        Err(Error::format(self.origin, format!("tensor `{name}` holds NaN or Inf; the file is damaged")))
    }

    /// `{prefix}.weight` as `[n_out, n_in]`, and `{prefix}.bias`.
    pub fn linear(&self, prefix: &str, n_out: usize, n_in: usize, bias: Bias) -> Result<Linear, Error> {
        if self.tensors.holds(&format!("{prefix}.qweight")) {
            let text = format!(
                "tensor `{prefix}.qweight`: its weights are quantized by GPTQ or AWQ, which attnscope does not read; take the model's original safetensors, or a GGUF of it"
            );
            return Err(Error::config(self.origin, text));
        }
        let weight = self.tensor(&format!("{prefix}.weight"), &[n_out, n_in])?;
        let name = format!("{prefix}.bias");
        let wanted = bias == Bias::Yes || (bias == Bias::IfThere && self.has(&name));
        Ok(Linear { weight, bias: wanted.then(|| self.vector(&name, n_out)).transpose()? })
    }

    /// Weight and bias; files made before PyTorch had layer norm call them gamma and beta.
    pub fn layer_norm(&self, prefix: &str, d: usize) -> Result<Norm, Error> {
        self.layer_norm_with(prefix, d, Bias::Yes)
    }

    /// The same, with a bias or without.
    pub fn layer_norm_with(&self, prefix: &str, d: usize, bias: Bias) -> Result<Norm, Error> {
        let old = self.has(&format!("{prefix}.gamma")) && !self.has(&format!("{prefix}.weight"));
        let [weight, name] = if old { ["gamma", "beta"] } else { ["weight", "bias"] };
        let name = format!("{prefix}.{name}");
        let wanted = bias == Bias::Yes || (bias == Bias::IfThere && self.has(&name));
        let bias = if wanted { self.vector(&name, d)? } else { Vec::new() };
        Ok(Norm { weight: self.vector(&format!("{prefix}.{weight}"), d)?, bias })
    }

    /// The first of these prefixes under which the file has `name`: checkpoints are saved with or without the name of
    /// the enclosing class. If none matches, the first prefix, so that the error names what is expected.
    pub fn prefix(&self, prefixes: &[&'static str], name: &str) -> &'static str {
        let found = prefixes.iter().find(|prefix| self.tensors.holds(&format!("{prefix}{name}")));
        found.unwrap_or(&prefixes[0])
    }

    /// Refuses a file with a tensor that nothing has read: the model has a part that is not computed here.
    pub fn finish(&self, arch: &str, ignored: &[(&str, &str)]) -> Result<(), Error> {
        let read = self.read.borrow();
        let mut left = self
            .tensors
            .all_names()
            .filter(|name| !read.contains(*name) && !ignored.iter().any(|(part, _)| has_part(name, part)));
        let Some(first) = left.next() else { return Ok(()) };
        let more = left.count();
        let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        Err(Error::config(
            self.origin,
            format!(
                "tensor `{first}`{more} is in the file, but nothing of `{arch}` with this config reads it: the model has a \
                 part that attnscope does not compute"
            ),
        ))
    }
}

/// Whether a name matches `part`. A part with a dot at its end begins the name (`pooler.` in
/// `bert.pooler.dense.weight`, after an enclosing class); any other ends it (`attn.bias` in `h.0.attn.bias`, not in
/// `h.0.c_attn.bias`).
fn has_part(name: &str, part: &str) -> bool {
    if part.ends_with('.') {
        let outer = ["model.", "bert.", "transformer."].iter().find_map(|prefix| name.strip_prefix(prefix));
        return name.starts_with(part) || outer.is_some_and(|name| name.starts_with(part));
    }
    name.strip_suffix(part).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// Rows `from .. from + n` of a fused layer: the bytes are shared, not copied.
pub(super) fn rows(fused: &Linear, from: usize, n: usize) -> Linear {
    Linear {
        weight: fused.weight.slice_rows(from..from + n),
        bias: fused.bias.as_ref().map(|b| b[from..from + n].to_vec()),
    }
}

/// Queries, keys and values of a fused matrix, `[3 · d, n_in]`.
pub(super) fn thirds(fused: &Linear, d: usize) -> [Linear; 3] {
    [0, 1, 2].map(|i| rows(fused, i * d, d))
}

#[cfg(test)]
mod tests {
    use super::has_part;

    #[test]
    fn parts_of_names_stand_between_dots() {
        assert!(has_part("bert.pooler.dense.weight", "pooler."));
        assert!(has_part("pooler.dense.weight", "pooler."));
        assert!(has_part("h.0.attn.bias", "attn.bias"));
        assert!(!has_part("h.0.c_attn.bias", "attn.bias"));
        assert!(!has_part("x_pooler.dense.weight", "pooler."));
        assert!(!has_part("h.0.attn.bias.more", "attn.bias"));
        assert!(!has_part("model.layers.0.score.weight", "score."));
        assert!(!has_part("bert.encoder.layer.0.attention.pooler.weight", "pooler."));
    }
}
