//! The logit lens: what the model would predict if it stopped after each layer (nostalgebraist, "interpreting GPT: the
//! logit lens", 2020).

use super::rank::likeliest;
use crate::Site;
use crate::model::Model;
use crate::{Array, Error, NextToken, Trace};
use std::ops::Range;

/// The likeliest tokens at one depth of the network.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LensRow {
    /// `embed`, then `0` … `n_layers − 1`.
    pub label: String,
    /// For each position that was asked for the top tokens, likeliest first.
    pub top: Vec<Vec<NextToken>>,
}

/// How many positions go through the vocabulary head at once: the logits of a whole text would be large.
const ROWS: usize = 16;

/// The `top` likeliest tokens at these positions after the embedding and after each layer, for the depths that the trace
/// holds as `embed` and `resid_post`. Positions that it does not hold are left out.
pub fn lens(model: &Model, trace: &Trace, positions: Range<usize>, top: usize) -> Result<Vec<LensRow>, Error> {
    let embed = trace.get("embed").map(|x| ("embed".to_owned(), x));
    let layers =
        (0..trace.model.n_layers).filter_map(|layer| Some((layer.to_string(), trace.layer(layer, Site::ResidPost)?)));
    embed
        .into_iter()
        .chain(layers)
        .map(|(label, resid)| {
            let (rows, d_model) = rows(resid, &positions);
            let top = depth(rows, d_model, top, |rows| model.unembed(rows), |id| model.token(id).text)?;
            Ok(LensRow { label, top })
        })
        .collect()
}

/// The rows of a `[seq, d_model]` array at these positions, and their width.
fn rows<'a>(resid: &'a Array, positions: &Range<usize>) -> (&'a [f32], usize) {
    let d_model = resid.shape().last().copied().unwrap_or(0).max(1);
    let seq = resid.data().len() / d_model;
    let (from, to) = (positions.start.min(seq), positions.end.min(seq));
    (&resid.data()[from * d_model..to.max(from) * d_model], d_model)
}

/// One depth: `resid` is `[rows, d_model]`.
fn depth<E>(
    resid: &[f32],
    d_model: usize,
    top: usize,
    unembed: impl Fn(&[f32]) -> Result<Vec<f32>, E>,
    text: impl Fn(u32) -> String,
) -> Result<Vec<Vec<NextToken>>, E> {
    let mut found = Vec::with_capacity(resid.len() / d_model);
    for rows in resid.chunks(ROWS * d_model) {
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
        let all = rows(&resid, &(0..usize::MAX)).0;
        let found = depth(all, 1, 1, unembed, |id| id.to_string()).unwrap();
        let ids: Vec<usize> = found.iter().map(|row| row[0].id as usize).collect();
        assert_eq!(ids, (0..n).map(|i| i % 3).collect::<Vec<_>>());
        assert_eq!(rows(&resid, &(n - 2..n + 1)).0, &resid.data()[n - 2..], "those that there are");
    }
}
