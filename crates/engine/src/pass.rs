//! One pass of tokens through the blocks, with the arrays that it keeps and the changes that it makes.

use crate::capture::Capture;
use crate::site::{Site, Stage};
use crate::{Array, Config, Error, Intervention, intervention};
use attnscope_kernels::attention::Edge;
use std::collections::BTreeMap;

/// The captured arrays and the changes of a run, from its first layer to its last.
#[derive(Debug)]
pub(crate) struct State {
    pub capture: Capture,
    pub interventions: Vec<Intervention>,
    /// Position of the first token of this run.
    pub first: usize,
    /// Tokens of this run.
    pub seq: usize,
    pub arrays: BTreeMap<String, Array>,
    /// Arrays of an earlier run, whose memory this one may take.
    pub spare: BTreeMap<String, Array>,
}

impl State {
    /// The state as layer `layer` needs it; outside the layers any number will do.
    pub fn pass<'a>(&'a mut self, config: &'a Config, layer: usize) -> Pass<'a> {
        let Self { capture, interventions, first, seq, arrays, spare } = self;
        Pass { config, layer, capture, interventions, first: *first, seq: *seq, arrays, spare }
    }
}

/// The state during one layer. Every array that a layer computes goes through [`Pass::site`], which first changes it
/// and then keeps it.
pub(crate) struct Pass<'a> {
    pub config: &'a Config,
    pub layer: usize,
    capture: &'a Capture,
    pub interventions: &'a [Intervention],
    /// Position of the first token of this pass.
    pub first: usize,
    /// Tokens of this pass.
    pub seq: usize,
    arrays: &'a mut BTreeMap<String, Array>,
    spare: &'a mut BTreeMap<String, Array>,
}

impl Pass<'_> {
    /// Memory for `len` numbers of a site, which the caller overwrites: that of an earlier run's array, or new. (Of new
    /// memory the system clears each page when it is first written to, which takes as long as to compute a pattern.)
    pub fn room(&mut self, site: Site, len: usize) -> Vec<f32> {
        let spare = self.spare.remove(&site.key(self.layer)).map(Array::into_data);
        spare.filter(|data| data.len() == len).unwrap_or_else(|| vec![0.0; len])
    }

    /// Changes, keeps and checks an array that has just been computed.
    pub fn site(&mut self, site: Site, data: &mut [f32]) -> Result<(), Error> {
        let keeps = self.keeps(site);
        if keeps || !self.interventions.is_empty() {
            let shape = self.shape(site, data.len());
            self.patch(site, &shape, data)?;
            if keeps {
                let mut copy = self.room(site, data.len());
                copy.copy_from_slice(data);
                self.arrays.insert(site.key(self.layer), Array::new(shape, copy));
            }
        }
        self.check(site, data)
    }

    /// The same for an array that nothing reads afterwards: it is not copied, nor checked, since it may hold −∞.
    pub fn last_site(&mut self, site: Site, mut data: Vec<f32>) -> Result<(), Error> {
        let shape = self.shape(site, data.len());
        self.patch(site, &shape, &mut data)?;
        if self.keeps(site) {
            self.arrays.insert(site.key(self.layer), Array::new(shape, data));
        }
        Ok(())
    }

    /// Refuses NaN and Inf in an array, since everything computed from it would be meaningless.
    pub fn check(&self, site: Site, data: &[f32]) -> Result<(), Error> {
        if all_finite(data) {
            return Ok(());
        }
        let key = site.key(self.layer);
        Err(Error::format(
            &self.config.name,
            format!(
                "`{key}` holds what is no number (NaN or Inf): its weights are damaged, or too large, or a change of the \
                 run is; download it again"
            ),
        ))
    }

    /// Whether an array is kept. A patched pattern cannot be recomputed from `lse`, so it is kept together with `lse`.
    pub fn keeps(&self, site: Site) -> bool {
        let wanted = |site| self.capture.wants_in(self.layer, site);
        wanted(site) || (site == Site::Pattern && wanted(Site::Lse) && self.patches(Site::Pattern))
    }

    /// Whether all tokens' logits are kept, and not only the last one's.
    pub fn all_logits(&self) -> bool {
        self.capture.all_logits()
    }

    /// Whether a patch replaces this layer's array of a site. (The values must be mixed again if it is the pattern.)
    pub fn patches(&self, site: Site) -> bool {
        let is_here = |key: &str| Site::of_key(key) == Some((site, self.layer));
        let changes = |i: &Intervention| matches!(i, Intervention::Patch { key, .. } | Intervention::Apply { key, .. } if is_here(key));
        self.interventions.iter().any(changes)
    }

    /// The shape of an array. Of the logits only some rows may have been computed.
    fn shape(&self, site: Site, len: usize) -> Vec<usize> {
        let seq = if site == Site::Logits { len / self.config.n_vocab.max(1) } else { self.seq };
        site.shape(self.config, self.layer, seq, self.first + self.seq)
    }

    fn patch(&self, site: Site, shape: &[usize], data: &mut [f32]) -> Result<(), Error> {
        let layer = if site.stage() == Stage::Layer { self.layer } else { 0 };
        for intervention in self.interventions {
            let is_here = |at: &str| Site::of_key(at) == Some((site, layer));
            if let Intervention::Apply { key, change } = intervention
                && is_here(key)
            {
                let mut array = Array::new(shape, data.to_vec());
                change.make(&mut array);
                if array.shape() != shape {
                    let found = array.shape();
                    return Err(Error::usage(format!(
                        "the function for `{key}` left shape {found:?}, expected {shape:?}"
                    )));
                }
                data.copy_from_slice(array.data());
            }
            let Intervention::Patch { key: at, value, head, positions } = intervention else { continue };
            if !is_here(at) {
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

    /// The edges set in this layer, with query rows counted from this pass's first token.
    pub fn edges(&self) -> Vec<Edge> {
        let queries = self.first..self.first + self.seq;
        let mask = self.config.mask(self.layer);
        intervention::edges(self.interventions, self.layer, self.config.n_heads, queries, mask)
    }

    /// Scales heads, or replaces them by their mean, on z `[n_heads, q_len, d_head]`.
    pub fn change_heads(&self, z: &mut [f32]) {
        let (d, layer, q_len) = (self.config.d_head, self.layer, self.seq);
        for intervention in self.interventions {
            match intervention {
                Intervention::ScaleHead { heads, factor } if heads.has_layer(layer) => {
                    for head in heads.in_layer(self.config.n_heads) {
                        z[head * q_len * d..][..q_len * d].iter_mut().for_each(|x| *x *= factor);
                    }
                }
                Intervention::MeanHead { heads } if heads.has_layer(layer) => {
                    for head in heads.in_layer(self.config.n_heads) {
                        put_mean(&mut z[head * q_len * d..][..q_len * d], d);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether no number is NaN or infinite, that is, has an exponent of all ones.
pub(crate) fn all_finite(data: &[f32]) -> bool {
    const EXPONENT: u32 = 0x7f80_0000;
    let bad = |x: &f32| u32::from(x.to_bits() & EXPONENT == EXPONENT);
    // The inner loop has no early exit, so that it can use vectors.
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

/// Copies `from` over `to`, within `head` (first axis of three) and `positions` (axis before the last) if given.
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
