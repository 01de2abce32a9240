//! The logit lens: what the model would say if it stopped after each layer
//! (nostalgebraist, "interpreting GPT: the logit lens", 2020).

use crate::NextToken;

/// The likeliest tokens at one depth of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct LensRow {
    /// `embed`, then `0` … `n_layers − 1`.
    pub label: String,
    /// For each position the top tokens, likeliest first.
    pub top: Vec<Vec<NextToken>>,
}
