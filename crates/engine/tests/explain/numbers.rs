//! Numbers to try.

use attnscope::analysis::Number;
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
        for component in some(c.d_model) {
            all.extend([Number::Embed { position, component }, Number::EmbedSum { position, component }]);
            all.push(Number::FinalNorm { position, component });
            for &layer in layers {
                all.extend([
                    Number::ResidPre { layer, position, component },
                    Number::AttnIn { layer, position, component },
                    Number::AttnOut { layer, position, component },
                    Number::AttnSum { layer, position, component },
                    Number::ResidMid { layer, position, component },
                    Number::ResidPost { layer, position, component },
                ]);
                if c.mlp.is_some() {
                    all.extend([
                        Number::MlpIn { layer, position, component },
                        Number::MlpOut { layer, position, component },
                        Number::MlpSum { layer, position, component },
                    ]);
                }
            }
        }
        for &layer in layers {
            for component in some(c.mlp.map_or(1, |mlp| mlp.d_ff)).into_iter().filter(|_| c.mlp.is_some()) {
                all.push(Number::MlpPost { layer, position, component });
            }
            for component in some(c.d_head) {
                for head in some(c.n_heads) {
                    all.push(Number::QRaw { layer, head, position, component });
                    all.push(Number::Q { layer, head, position, component });
                    all.push(Number::Z { layer, head, position, component });
                }
                for head in some(c.n_kv_heads) {
                    all.push(Number::KRaw { layer, head, position, component });
                    all.push(Number::K { layer, head, position, component });
                    all.push(Number::V { layer, head, position, component });
                }
            }
            for (head, k_idx) in some(c.n_heads).into_iter().flat_map(|head| (0..n).map(move |k| (head, k))) {
                all.push(Number::Score { layer, head, q_idx: position, k_idx });
                all.push(Number::Weight { layer, head, q_idx: position, k_idx });
            }
        }
        for token in some(c.n_vocab).into_iter().filter(|_| model.has_vocab_head()) {
            all.extend([Number::Logit { position, token }, Number::Probability { position, token }]);
        }
        for token in some(c.n_vocab) {
            all.push(Number::EmbedCosine { position, token });
            let of =
                |layer| [Number::PreCosine { layer, position, token }, Number::MidCosine { layer, position, token }];
            all.extend(layers.iter().flat_map(|&layer| of(layer)));
        }
    }
    all
}
