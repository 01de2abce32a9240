//! Checks whether a run can make its changes: an error names one that it cannot make, and the reason.

use super::{Heads, Intervention};
use crate::site::{Site, Stage};
use crate::{Config, Error};
use std::collections::BTreeMap;

impl Intervention {
    /// Checks that everything it names exists in a model for `seq` tokens.
    pub(crate) fn check(&self, c: &Config, seq: usize) -> Result<(), Error> {
        match self {
            Self::ScaleHead { heads, factor } if factor.is_finite() => check_heads(*heads, c),
            Self::ScaleHead { factor, .. } => Err(Error::usage(format!("a head cannot be scaled by {factor}"))),
            Self::MeanHead { heads } => check_heads(*heads, c),
            Self::SetEdge { heads, q, k, weight } => check_edge(*heads, (*q, *k, *weight), c, seq),
            Self::Apply { key, .. } => check_key(key, c),
            Self::Patch { key, value, .. } => {
                check_key(key, c)?;
                match value.data().iter().find(|x| !x.is_finite()) {
                    Some(x) => {
                        Err(Error::usage(format!("the patch for `{key}` holds {x}: only numbers can be patched in")))
                    }
                    None => Ok(()),
                }
            }
        }
    }
}

/// Checks all of them, and that the weights set in one row of a pattern do not sum to more than 1, nor, if
/// all of them are set, to something between 0 and 1.
pub(crate) fn check_all(all: &[Intervention], c: &Config, seq: usize) -> Result<(), Error> {
    all.iter().try_for_each(|intervention| intervention.check(c, seq))?;
    let mut rows: BTreeMap<(usize, usize, usize), BTreeMap<usize, f32>> = BTreeMap::new();
    for intervention in all {
        let Intervention::SetEdge { heads, q, k, weight } = intervention else { continue };
        // A layer whose window is too short does not have this edge.
        let has_edge = |layer: &usize| heads.has_layer(*layer) && c.mask(*layer).visible(*q, seq).contains(k);
        for layer in (0..c.n_layers).filter(has_edge) {
            for head in heads.in_layer(c.n_heads) {
                rows.entry((layer, head, *q)).or_default().insert(*k, *weight); // the later one counts
            }
        }
    }
    for ((layer, head, q), weights) in rows {
        let (set, sum) = (weights.len(), weights.values().sum::<f32>());
        if sum > 1.0001 {
            return Err(Error::usage(format!(
                "the weights set for query {q} in layer {layer}, head {head} add up to {sum}; a row has 1 to give"
            )));
        }
        if set == c.mask(layer).visible(q, seq).len() && (1e-4..0.9999).contains(&sum) {
            return Err(Error::usage(format!(
                "every edge of query {q} in layer {layer}, head {head} is set, to {sum} together: they must make 1 (or 0: \
                 all cut), or one of them must be left to take the rest"
            )));
        }
    }
    Ok(())
}

fn check_heads(heads: Heads, c: &Config) -> Result<(), Error> {
    if let Some(layer) = heads.layer.filter(|l| *l >= c.n_layers) {
        return Err(Error::usage(format!("there is no layer {layer}: {} has layers 0 to {}", c.name, c.n_layers - 1)));
    }
    if let Some(head) = heads.head.filter(|h| *h >= c.n_heads) {
        return Err(Error::usage(format!(
            "there is no head {head}: {} has heads 0 to {} in each layer",
            c.name,
            c.n_heads - 1
        )));
    }
    Ok(())
}

fn check_edge(heads: Heads, (q, k, weight): (usize, usize, f32), c: &Config, seq: usize) -> Result<(), Error> {
    check_heads(heads, c)?;
    let fail = |m: String| Err(Error::usage(m));
    if let Some(at) = [q, k].into_iter().find(|at| *at >= seq) {
        return fail(format!("there is no token {at}: the text has tokens 0 to {}", seq.saturating_sub(1)));
    }
    if !(0.0..=1.0).contains(&weight) {
        return fail(format!("the edge {q}>{k} cannot weigh {weight}: weights are 0 to 1"));
    }
    if c.causal && k > q {
        return fail(format!(
            "there is no edge {q}>{k}: this model is causal, token {q} attends only to tokens 0 to {q}"
        ));
    }
    let mut layers = (0..c.n_layers).filter(|layer| heads.has_layer(*layer));
    if !layers.clone().any(|layer| c.mask(layer).visible(q, seq).contains(&k)) {
        let window = layers.find_map(|layer| c.layers[layer].attention.window).unwrap_or(0);
        let reach = match c.causal {
            true => format!("{window} tokens, itself included"),
            false => format!("{} tokens on either side", window.saturating_sub(1)),
        };
        return fail(format!("there is no edge {q}>{k}: a token there attends to {reach}"));
    }
    Ok(())
}

/// The site and layer of a key that can be patched.
///
/// # Errors
/// An unknown key, or one of an array that cannot be patched; a layer or an MLP that the model does not have.
fn check_key(key: &str, c: &Config) -> Result<(), Error> {
    let patchable = || Site::all().filter(|site| site.is_patchable());
    let found = Site::of_key(key).filter(|(site, layer)| site.is_patchable() && *layer < c.n_layers);
    match found {
        Some((site, layer)) => match site.lacks(c, layer) {
            Some(why) => Err(Error::usage(format!("cannot patch `{key}`: {} {why}", c.name))),
            None => Ok(()),
        },
        None => {
            let in_layers = patchable().filter(|site| site.stage() == Stage::Layer).map(Site::name);
            Err(Error::usage(format!(
                "cannot patch `{key}`: expected embed, or blocks.0 to blocks.{} and one of {}",
                c.n_layers - 1,
                in_layers.collect::<Vec<_>>().join(" ")
            )))
        }
    }
}
