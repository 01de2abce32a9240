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
    let capture = Capture::of(site.explained_by().iter().copied());
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
