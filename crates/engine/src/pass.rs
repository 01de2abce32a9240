//! One pass of tokens through the blocks, with what it keeps and what it changes on the way.

use crate::capture::{Capture, key};
use crate::{Array, Config, Error, Intervention, intervention};
use attnscope_kernels::attention::Edge;
use std::collections::BTreeMap;

/// What a run keeps and changes, from its first layer to its last.
#[derive(Debug)]
pub(crate) struct State {
    pub capture: Capture,
    pub interventions: Vec<Intervention>,
    /// Position of the first token of this run.
    pub first: usize,
    pub arrays: BTreeMap<String, Array>,
}

impl State {
    pub fn pass<'a>(&'a mut self, config: &'a Config) -> Pass<'a> {
        let Self { capture, interventions, first, arrays } = self;
        Pass { config, capture, interventions, first: *first, arrays }
    }
}

/// The state as the block sees it. Every array of the block goes by [`Pass::site`]: first it is changed, then kept.
pub(crate) struct Pass<'a> {
    pub config: &'a Config,
    pub capture: &'a Capture,
    pub interventions: &'a [Intervention],
    /// Position of the first token of this pass.
    pub first: usize,
    pub arrays: &'a mut BTreeMap<String, Array>,
}

impl Pass<'_> {
    /// An array of the whole model: `embed`, `final_norm`, `logits`.
    pub fn model_site(&mut self, name: &str, shape: &[usize], data: &mut [f32]) -> Result<(), Error> {
        self.patch(name, shape, data)?;
        self.check_numbers(name, data)?;
        if self.capture.wants(name) {
            self.arrays.insert(name.into(), Array::new(shape, data.to_vec()));
        }
        Ok(())
    }

    /// The same for one that is kept: it need not be copied. Gives it as it is kept.
    pub fn kept_model_site(&mut self, name: &str, shape: &[usize], mut data: Vec<f32>) -> Result<&Array, Error> {
        self.patch(name, shape, &mut data)?;
        self.check_numbers(name, &data)?;
        self.arrays.remove(name);
        Ok(self.arrays.entry(name.into()).or_insert(Array::new(shape, data)))
    }

    /// An array of a layer, by its capture name.
    pub fn site(&mut self, layer: usize, name: &str, shape: &[usize], data: &mut [f32]) -> Result<(), Error> {
        if self.keeps(layer, name) || !self.interventions.is_empty() {
            let key = key(layer, name);
            self.patch(&key, shape, data)?;
            if self.keeps(layer, name) {
                self.arrays.insert(key, Array::new(shape, data.to_vec()));
            }
        }
        self.check_layer(layer, name, data)
    }

    /// Refuses NaN and Inf in an array of a layer.
    pub fn check_layer(&self, layer: usize, name: &str, data: &[f32]) -> Result<(), Error> {
        if all_finite(data) { Ok(()) } else { Err(self.not_numbers(&key(layer, name))) }
    }

    fn check_numbers(&self, key: &str, data: &[f32]) -> Result<(), Error> {
        if all_finite(data) { Ok(()) } else { Err(self.not_numbers(key)) }
    }

    /// NaN or Inf on the way: whatever came of it would be made up.
    fn not_numbers(&self, key: &str) -> Error {
        let name = &self.config.name;
        Error::format(
            name,
            format!(
                "`{key}` holds what is no number (NaN or Inf): its weights are damaged, or too large, or a change of the \
                 run is; download it again"
            ),
        )
    }

    /// The same for an array that nothing reads afterwards: it need not be copied.
    pub fn last_site(&mut self, layer: usize, name: &str, shape: &[usize], mut data: Vec<f32>) -> Result<(), Error> {
        let key = key(layer, name);
        self.patch(&key, shape, &mut data)?;
        if self.keeps(layer, name) {
            self.arrays.insert(key, Array::new(shape, data));
        }
        Ok(())
    }

    /// Whether an array of a layer is kept. From `lse` no pattern can be had that was put in its place: it is kept too.
    fn keeps(&self, layer: usize, name: &str) -> bool {
        let wanted = |name| self.capture.wants_in(layer, name);
        wanted(name) || (name == "pattern" && wanted("lse") && self.patches_pattern(layer))
    }

    /// Whether some patch replaces this layer's pattern, so that z must be mixed again.
    pub fn patches_pattern(&self, layer: usize) -> bool {
        let pattern = key(layer, "pattern");
        self.interventions.iter().any(|i| matches!(i, Intervention::Patch { key, .. } if *key == pattern))
    }

    fn patch(&self, at: &str, shape: &[usize], data: &mut [f32]) -> Result<(), Error> {
        for intervention in self.interventions {
            let Intervention::Patch { key, value, head, positions } = intervention else { continue };
            if key != at {
                continue;
            }
            if value.shape() != shape {
                let (found, text) = (value.shape(), "patch it with an array from a run over as many tokens");
                return Err(Error::usage(format!(
                    "the patch for `{at}` has shape {found:?}, expected {shape:?}; {text}"
                )));
            }
            overwrite(shape, data, value.data(), *head, positions.clone()).ok_or_else(|| {
                Error::usage(format!("the patch for `{at}` names a head or position that {shape:?} has not"))
            })?;
        }
        Ok(())
    }

    /// The edges set in a layer, with query rows counted from this pass's first token.
    pub fn edges(&self, layer: usize, q_len: usize) -> Vec<Edge> {
        intervention::edges(self.interventions, layer, self.config.n_heads, self.first..self.first + q_len)
    }

    /// Scales heads or puts their mean in place, on z `[n_heads, q_len, d_head]`.
    pub fn change_heads(&self, layer: usize, q_len: usize, z: &mut [f32]) {
        let d = self.config.d_head;
        for intervention in self.interventions {
            match intervention {
                Intervention::ScaleHead { site, factor } if site.has_layer(layer) => {
                    for head in site.heads(self.config.n_heads) {
                        z[head * q_len * d..][..q_len * d].iter_mut().for_each(|x| *x *= factor);
                    }
                }
                Intervention::MeanHead { site } if site.has_layer(layer) => {
                    for head in site.heads(self.config.n_heads) {
                        put_mean(&mut z[head * q_len * d..][..q_len * d], d);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether none of these is NaN or infinite: their exponents are not all ones.
pub(crate) fn all_finite(data: &[f32]) -> bool {
    const EXPONENT: u32 = 0x7f80_0000;
    let bad = |x: &f32| u32::from(x.to_bits() & EXPONENT == EXPONENT);
    // Without a way out in the middle, so that many are looked at at once.
    data.chunks(4096).all(|part| part.iter().map(bad).sum::<u32>() == 0)
}

/// Replaces every row by the mean of the rows.
fn put_mean(rows: &mut [f32], d: usize) {
    let n = (rows.len() / d) as f32;
    let mut mean = vec![0.0; d];
    for row in rows.chunks_exact(d) {
        mean.iter_mut().zip(row).for_each(|(m, x)| *m += x / n);
    }
    rows.chunks_exact_mut(d).for_each(|row| row.copy_from_slice(&mean));
}

/// Copies `from` over `to` where `head` (first axis of three) and `positions` (the axis before the last) say so.
fn overwrite(
    shape: &[usize],
    to: &mut [f32],
    from: &[f32],
    head: Option<usize>,
    positions: Option<std::ops::Range<usize>>,
) -> Option<()> {
    let (heads, seq, width) = match *shape {
        [heads, seq, width] => (heads, seq, width),
        [seq, width] if head.is_none() => (1, seq, width),
        _ => return None,
    };
    let heads = head.map_or(0..heads, |h| h..h + 1).end.le(&heads).then(|| head.map_or(0..heads, |h| h..h + 1))?;
    let positions = positions.unwrap_or(0..seq);
    if positions.end > seq || positions.start > positions.end {
        return None;
    }
    for head in heads {
        let part = (head * seq + positions.start) * width..(head * seq + positions.end) * width;
        to[part.clone()].copy_from_slice(&from[part]);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_found_wherever_it_stands() {
        for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for at in [0, 1, 4095, 4096, 9999] {
                let mut data = vec![f32::MAX; 10_000];
                assert!(all_finite(&data));
                data[at] = bad;
                assert!(!all_finite(&data), "{bad} at {at}");
            }
        }
    }

    #[test]
    fn patches_keep_to_their_head_and_positions() {
        let mut to = vec![0.0; 12];
        overwrite(&[2, 3, 2], &mut to, &[1.0; 12], Some(1), Some(1..2)).unwrap();
        assert_eq!(to, [0., 0., 0., 0., 0., 0., 0., 0., 1., 1., 0., 0.]);
        assert!(overwrite(&[2, 3, 2], &mut to, &[1.0; 12], Some(2), None).is_none());
        assert!(overwrite(&[2, 3, 2], &mut to, &[1.0; 12], None, Some(2..4)).is_none());
        assert!(overwrite(&[6, 2], &mut to, &[1.0; 12], Some(0), None).is_none());
    }
}
