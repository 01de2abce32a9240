//! Whether a number exists at all: the error names the index that does not, and says how many there are.

use super::super::Number;
use crate::error::check_index;
use crate::site::{Axis, Site};
use crate::{Error, Model};

/// Checks that a run of `model` over `n_tokens` has such a number, and that it can be explained.
///
/// # Errors
/// A layer, head, token or component that does not exist; an MLP in a model without one; a logit of an encoder; an
/// array whose arithmetic is not written out here because it only follows from others.
pub fn check(model: &Model, number: Number, n_tokens: usize) -> Result<(), Error> {
    let c = model.config();
    let (name, site) = (&c.name, number.site());
    if matches!(site, Site::Lse | Site::Result) {
        return Err(Error::usage(format!("`{site}` is kept for the arrays that follow from it: ask for one of those")));
    }
    check_index(number.layer().unwrap_or(0), c.n_layers, "layer", &format!("{name} has layers"))?;
    let layer = number.layer().unwrap_or(0);
    site.check_in(model, layer)?;
    for (axis, &at) in site.axes().iter().zip(number.indices()) {
        let (what, there_are) = match axis {
            Axis::Head => ("head", format!("each layer of {name} has heads")),
            Axis::KvHead => ("head", format!("each layer of {name} has heads of keys and values")),
            Axis::Position | Axis::Key => ("token", "the text has tokens".into()),
            Axis::EmbedComponent => ("component", "an embedding has components".into()),
            Axis::Component => ("component", "the residual stream has components".into()),
            Axis::HeadComponent => ("component", "a head has components".into()),
            Axis::Neuron => ("component", "the MLP's hidden layer has components".into()),
            Axis::Expert => ("expert", format!("layer {layer} of {name} has experts")),
            Axis::Token => ("token", format!("{name} knows tokens")),
        };
        check_index(at, axis.len(c, layer, n_tokens, n_tokens), what, &there_are)?;
    }
    Ok(())
}
