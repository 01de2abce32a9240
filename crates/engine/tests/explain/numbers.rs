//! Numbers to try.

use attnscope::Number;
use attnscope::Site;
use attnscope::{Model, Trace};
use std::collections::BTreeSet;

/// Indices to try of `n`.
pub fn some(n: usize) -> BTreeSet<usize> {
    [0, n / 3, n - 1].into()
}

/// Numbers of every kind that this model has, of several places each.
pub fn numbers(model: &Model, trace: &Trace, layers: &BTreeSet<usize>) -> Vec<Number> {
    let (c, n) = (model.config(), trace.tokens.len());
    let mut all = Vec::new();
    for position in some(n) {
        for component in some(c.d_embed()) {
            all.push(Site::EmbedSum.at([position, component]));
            if c.narrow.is_some() {
                all.push(Site::EmbedNorm.at([position, component]));
            }
        }
        for component in some(c.d_embed()).into_iter().filter(|_| model.weights().transform.is_some()) {
            all.extend([Site::HeadPost.at([position, component]), Site::HeadNorm.at([position, component])]);
            for &layer in layers {
                all.push(Site::LensHeadPost.in_layer(layer, [position, component]));
                all.push(Site::LensHeadNorm.in_layer(layer, [position, component]));
                all.push(Site::LensLogits.in_layer(layer, [position, component]));
            }
        }
        for component in some(c.d_model) {
            all.push(Site::Embed.at([position, component]));
            all.push(Site::FinalNorm.at([position, component]));
            for &layer in layers {
                all.extend([
                    Site::ResidPre.in_layer(layer, [position, component]),
                    Site::AttnIn.in_layer(layer, [position, component]),
                    Site::AttnRaw.in_layer(layer, [position, component]),
                    Site::AttnOut.in_layer(layer, [position, component]),
                    Site::AttnSum.in_layer(layer, [position, component]),
                    Site::ResidMid.in_layer(layer, [position, component]),
                    Site::ResidPost.in_layer(layer, [position, component]),
                ]);
                if c.d_ff() > 0 {
                    all.extend([
                        Site::MlpIn.in_layer(layer, [position, component]),
                        Site::MlpRaw.in_layer(layer, [position, component]),
                        Site::MlpOut.in_layer(layer, [position, component]),
                        Site::MlpSum.in_layer(layer, [position, component]),
                    ]);
                }
            }
        }
        for &layer in layers {
            match c.layers[layer].mlp {
                Some(mlp) if mlp.mixture.is_none() => {
                    all.extend(some(mlp.d_ff).iter().map(|n| Site::MlpPost.in_layer(layer, [position, *n])));
                }
                Some(mlp) => {
                    let width = mlp.mixture.unwrap().width();
                    all.extend((0..width).map(|expert| Site::Experts.in_layer(layer, [position, expert])));
                }
                None => {}
            }
            for component in some(c.d_head) {
                for head in some(c.n_heads) {
                    all.push(Site::QRaw.in_layer(layer, [head, position, component]));
                    all.push(Site::Q.in_layer(layer, [head, position, component]));
                    all.push(Site::Z.in_layer(layer, [head, position, component]));
                }
                for head in some(c.n_kv_heads) {
                    all.push(Site::KRaw.in_layer(layer, [head, position, component]));
                    all.push(Site::K.in_layer(layer, [head, position, component]));
                    all.push(Site::V.in_layer(layer, [head, position, component]));
                }
            }
            for (head, k_idx) in some(c.n_heads).into_iter().flat_map(|head| (0..n).map(move |k| (head, k))) {
                all.push(Site::Scores.in_layer(layer, [head, position, k_idx]));
                all.push(Site::Pattern.in_layer(layer, [head, position, k_idx]));
            }
        }
        for token in some(c.n_vocab).into_iter().filter(|_| model.has_vocab_head()) {
            all.extend([Site::Logits.at([position, token]), Site::Probabilities.at([position, token])]);
        }
        for token in some(c.n_vocab) {
            all.extend([Site::TokenEmbed.at([token, 1]), Site::EmbedCosine.at([position, token])]);
            let of = |layer| {
                [Site::PreCosine.in_layer(layer, [position, token]), Site::MidCosine.in_layer(layer, [position, token])]
            };
            // Embeddings that are projected are no vectors of the stream.
            all.extend(layers.iter().filter(|_| c.narrow.is_none()).flat_map(|&layer| of(layer)));
        }
    }
    all
}
