//! The logit lens: what the model would predict if it stopped after each layer (nostalgebraist, "interpreting GPT: the
//! logit lens", 2020).

use super::rank::likeliest;
use crate::Site;
use crate::model::Model;
use crate::{Array, Error, NextToken, Trace};

/// The likeliest tokens at one depth of the network.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LensRow {
    /// `embed`, then `0` … `n_layers − 1`.
    pub label: String,
    /// For each position the top tokens, likeliest first.
    pub top: Vec<Vec<NextToken>>,
}

/// How many positions go through the vocabulary head at once: the logits of a whole text would be large.
const ROWS: usize = 16;

/// The `top` likeliest tokens at every position after the embedding and after each layer, for the depths that the trace
/// holds as `embed` and `resid_post`.
pub fn lens(model: &Model, trace: &Trace, top: usize) -> Result<Vec<LensRow>, Error> {
    let embed = trace.get("embed").map(|x| ("embed".to_owned(), x));
    let layers =
        (0..trace.model.n_layers).filter_map(|layer| Some((layer.to_string(), trace.layer(layer, Site::ResidPost)?)));
    embed
        .into_iter()
        .chain(layers)
        .map(|(label, resid)| {
            let top = depth(resid, top, |rows| model.unembed(rows), |id| model.token(id).text)?;
            Ok(LensRow { label, top })
        })
        .collect()
}

/// One depth: `resid` is `[seq, d_model]`.
fn depth<E>(
    resid: &Array,
    top: usize,
    unembed: impl Fn(&[f32]) -> Result<Vec<f32>, E>,
    text: impl Fn(u32) -> String,
) -> Result<Vec<Vec<NextToken>>, E> {
    let d_model = resid.shape().last().copied().unwrap_or(0).max(1);
    let mut found = Vec::with_capacity(resid.data().len() / d_model);
    for rows in resid.data().chunks(ROWS * d_model) {
        let logits = unembed(rows)?;
        let n_vocab = (logits.len() / (rows.len() / d_model).max(1)).max(1);
        found.extend(logits.chunks_exact(n_vocab).map(|row| likeliest(row, top, &text)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_gets_its_own_row_also_beyond_one_chunk() {
        // Position i predicts token i % 3.
        let n = ROWS + 3;
        let resid = Array::new([n, 1], (0..n).map(|i| (i % 3) as f32).collect());
        let unembed = |rows: &[f32]| -> Result<Vec<f32>, Error> {
            Ok(rows.iter().flat_map(|&x| [0.0, 1.0, 2.0].map(|id| if id == x { 5.0 } else { 0.0 })).collect())
        };
        let rows = depth(&resid, 1, unembed, |id| id.to_string()).unwrap();
        let ids: Vec<usize> = rows.iter().map(|row| row[0].id as usize).collect();
        assert_eq!(ids, (0..n).map(|i| i % 3).collect::<Vec<_>>());
    }
}
