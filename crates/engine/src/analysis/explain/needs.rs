//! What a run must do and keep so that a number can be explained.

use super::super::Number;
use crate::site::{Site, Stage};
use crate::{Capture, Config};

/// What a run must keep to explain `number`: arrays of one layer (for the input of a layer, also of the layer below).
pub fn captures(number: Number, config: &Config) -> Capture {
    let site = number.site();
    let layer = match (site, number.layer()) {
        (_, Some(layer)) => layer,
        // What the last layer outputs.
        (Site::FinalNorm, None) => config.n_layers.saturating_sub(1),
        (_, None) => 0,
    };
    let is_mixture = config.layers[layer].mlp.is_some_and(|mlp| mlp.mixture.is_some());
    let by = match site {
        // The experts' own numbers are computed anew from what they read.
        Site::MlpOut | Site::MlpRaw if is_mixture => {
            &[Site::ResidPre, Site::AttnIn, Site::ResidMid, Site::Experts, Site::MlpOut]
        }
        _ => site.explained_by(),
    };
    let capture = Capture::of(by.iter().copied());
    if site == Site::ResidPre && layer > 0 {
        return Capture::of([Site::ResidPre, Site::ResidPost]).layers(layer - 1..layer.saturating_add(1));
    }
    capture.layers(layer..layer.saturating_add(1))
}

/// How many layers a run must pass to explain `number`; `None` if it must go through to the vocabulary.
pub fn depth(number: Number) -> Option<usize> {
    match number.site().stage() {
        Stage::Before => Some(0),
        Stage::Layer => number.layer().map(|layer| layer.saturating_add(1)),
        Stage::After => None,
    }
}
