//! The name of one number of a run: the key of its array and its place there, `blocks.16.attn.pattern[0,2,1]`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// One number of a run. Positions, heads, components and tokens are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names of the indices are the field's own")]
pub enum Number {
    /// What enters the first layer: token and position, and their norm where the model has one. `embed`
    Embed { position: usize, component: usize },
    /// Token and position (and token type) added up, before the norm of the embedding where the model has one. Not an
    /// array of a trace.
    EmbedSum { position: usize, component: usize },
    /// What enters a layer. `resid_pre`
    ResidPre { layer: usize, position: usize, component: usize },
    /// What attention reads: `resid_pre` normed, where the norm stands before. `attn_in`
    AttnIn { layer: usize, position: usize, component: usize },
    /// A query straight from W_Q, in the order of its rows, before it is normed and turned. Not an array of a trace.
    QRaw { layer: usize, head: usize, position: usize, component: usize },
    /// A key straight from W_K, in the order of its rows, before it is normed and turned. Not an array of a trace.
    KRaw { layer: usize, head: usize, position: usize, component: usize },
    /// A query, as it meets the keys (normed and turned, where the model does so). `attn.q`
    Q { layer: usize, head: usize, position: usize, component: usize },
    /// A key; `head` is a head of keys and values. `attn.k`
    K { layer: usize, head: usize, position: usize, component: usize },
    /// A value; `head` is a head of keys and values. `attn.v`
    V { layer: usize, head: usize, position: usize, component: usize },
    /// q·k ÷ √d. `attn.scores`
    Score { layer: usize, head: usize, q_idx: usize, k_idx: usize },
    /// After softmax. `attn.pattern`
    Weight { layer: usize, head: usize, q_idx: usize, k_idx: usize },
    /// The mixed values of one head. `attn.z`
    Z { layer: usize, head: usize, position: usize, component: usize },
    /// What attention adds: all heads through W_O. `attn_out`
    AttnOut { layer: usize, position: usize, component: usize },
    /// `resid_pre` + `attn_out`, before the norm where the norm stands after. Not an array of a trace.
    AttnSum { layer: usize, position: usize, component: usize },
    /// After attention. `resid_mid`
    ResidMid { layer: usize, position: usize, component: usize },
    /// What the MLP reads: `resid_mid` normed, where the norm stands before. Not an array of a trace.
    MlpIn { layer: usize, position: usize, component: usize },
    /// The MLP's hidden number, after its activation. `mlp.post`
    MlpPost { layer: usize, position: usize, component: usize },
    /// What the MLP adds. `mlp_out`
    MlpOut { layer: usize, position: usize, component: usize },
    /// `resid_mid` + `mlp_out`, before the norm where the norm stands after. Not an array of a trace.
    MlpSum { layer: usize, position: usize, component: usize },
    /// What leaves a layer. `resid_post`
    ResidPost { layer: usize, position: usize, component: usize },
    /// After the last norm. `final_norm`
    FinalNorm { position: usize, component: usize },
    /// A token's logit. `logits`
    Logit { position: usize, token: usize },
    /// A token's probability: softmax of the logits. Not an array of a trace.
    Probability { position: usize, token: usize },
    /// Cosine of the angle between the embedding of the text's token at `position` and that of another token. Not an
    /// array of a trace.
    EmbedCosine { position: usize, token: usize },
    /// The same for what enters a layer. Not an array of a trace.
    PreCosine { layer: usize, position: usize, token: usize },
    /// The same for what attention leaves. Not an array of a trace.
    MidCosine { layer: usize, position: usize, token: usize },
}

impl Number {
    /// The layer that it belongs to, if it belongs to one.
    pub fn layer(self) -> Option<usize> {
        self.parts().0
    }

    /// The key of its array: `blocks.16.attn.pattern`. Not every such array is one of a trace.
    pub fn key(self) -> String {
        let (layer, name, _) = self.parts();
        layer.map_or_else(|| name.to_owned(), |layer| format!("blocks.{layer}.{name}"))
    }

    /// Its place in its array: head, position, component; or whatever the array counts.
    pub fn indices(self) -> Vec<usize> {
        self.parts().2
    }

    /// The number of the same row whose last index is `last`.
    pub fn with_last(self, last: usize) -> Self {
        let (layer, name, mut at) = self.parts();
        if let Some(end) = at.last_mut() {
            *end = last;
        }
        Self::from_parts(layer, name, &at).unwrap_or(self)
    }

    /// Layer (if it has one), the array's name, and the indices in it.
    fn parts(self) -> (Option<usize>, &'static str, Vec<usize>) {
        match self {
            Self::Embed { position, component } => (None, "embed", vec![position, component]),
            Self::EmbedSum { position, component } => (None, "embed_sum", vec![position, component]),
            Self::ResidPre { layer, position, component } => (Some(layer), "resid_pre", vec![position, component]),
            Self::AttnIn { layer, position, component } => (Some(layer), "attn_in", vec![position, component]),
            Self::QRaw { layer, head, position, component } => {
                (Some(layer), "attn.q_raw", vec![head, position, component])
            }
            Self::KRaw { layer, head, position, component } => {
                (Some(layer), "attn.k_raw", vec![head, position, component])
            }
            Self::Q { layer, head, position, component } => (Some(layer), "attn.q", vec![head, position, component]),
            Self::K { layer, head, position, component } => (Some(layer), "attn.k", vec![head, position, component]),
            Self::V { layer, head, position, component } => (Some(layer), "attn.v", vec![head, position, component]),
            Self::Score { layer, head, q_idx, k_idx } => (Some(layer), "attn.scores", vec![head, q_idx, k_idx]),
            Self::Weight { layer, head, q_idx, k_idx } => (Some(layer), "attn.pattern", vec![head, q_idx, k_idx]),
            Self::Z { layer, head, position, component } => (Some(layer), "attn.z", vec![head, position, component]),
            Self::AttnOut { layer, position, component } => (Some(layer), "attn_out", vec![position, component]),
            Self::AttnSum { layer, position, component } => (Some(layer), "attn_sum", vec![position, component]),
            Self::ResidMid { layer, position, component } => (Some(layer), "resid_mid", vec![position, component]),
            Self::MlpIn { layer, position, component } => (Some(layer), "mlp_in", vec![position, component]),
            Self::MlpPost { layer, position, component } => (Some(layer), "mlp.post", vec![position, component]),
            Self::MlpOut { layer, position, component } => (Some(layer), "mlp_out", vec![position, component]),
            Self::MlpSum { layer, position, component } => (Some(layer), "mlp_sum", vec![position, component]),
            Self::ResidPost { layer, position, component } => (Some(layer), "resid_post", vec![position, component]),
            Self::FinalNorm { position, component } => (None, "final_norm", vec![position, component]),
            Self::Logit { position, token } => (None, "logits", vec![position, token]),
            Self::Probability { position, token } => (None, "probabilities", vec![position, token]),
            Self::EmbedCosine { position, token } => (None, "embed_cosine", vec![position, token]),
            Self::PreCosine { layer, position, token } => (Some(layer), "resid_pre_cosine", vec![position, token]),
            Self::MidCosine { layer, position, token } => (Some(layer), "resid_mid_cosine", vec![position, token]),
        }
    }

    fn from_parts(layer: Option<usize>, name: &str, at: &[usize]) -> Option<Self> {
        Some(match (layer, name, at) {
            (None, "embed", &[position, component]) => Self::Embed { position, component },
            (None, "embed_sum", &[position, component]) => Self::EmbedSum { position, component },
            (Some(layer), "resid_pre", &[position, component]) => Self::ResidPre { layer, position, component },
            (Some(layer), "attn_in", &[position, component]) => Self::AttnIn { layer, position, component },
            (Some(layer), "attn.q_raw", &[head, position, component]) => {
                Self::QRaw { layer, head, position, component }
            }
            (Some(layer), "attn.k_raw", &[head, position, component]) => {
                Self::KRaw { layer, head, position, component }
            }
            (Some(layer), "attn.q", &[head, position, component]) => Self::Q { layer, head, position, component },
            (Some(layer), "attn.k", &[head, position, component]) => Self::K { layer, head, position, component },
            (Some(layer), "attn.v", &[head, position, component]) => Self::V { layer, head, position, component },
            (Some(layer), "attn.scores", &[head, q_idx, k_idx]) => Self::Score { layer, head, q_idx, k_idx },
            (Some(layer), "attn.pattern", &[head, q_idx, k_idx]) => Self::Weight { layer, head, q_idx, k_idx },
            (Some(layer), "attn.z", &[head, position, component]) => Self::Z { layer, head, position, component },
            (Some(layer), "attn_out", &[position, component]) => Self::AttnOut { layer, position, component },
            (Some(layer), "attn_sum", &[position, component]) => Self::AttnSum { layer, position, component },
            (Some(layer), "resid_mid", &[position, component]) => Self::ResidMid { layer, position, component },
            (Some(layer), "mlp_in", &[position, component]) => Self::MlpIn { layer, position, component },
            (Some(layer), "mlp.post", &[position, component]) => Self::MlpPost { layer, position, component },
            (Some(layer), "mlp_out", &[position, component]) => Self::MlpOut { layer, position, component },
            (Some(layer), "mlp_sum", &[position, component]) => Self::MlpSum { layer, position, component },
            (Some(layer), "resid_post", &[position, component]) => Self::ResidPost { layer, position, component },
            (None, "final_norm", &[position, component]) => Self::FinalNorm { position, component },
            (None, "logits", &[position, token]) => Self::Logit { position, token },
            (None, "probabilities", &[position, token]) => Self::Probability { position, token },
            (None, "embed_cosine", &[position, token]) => Self::EmbedCosine { position, token },
            (Some(layer), "resid_pre_cosine", &[position, token]) => Self::PreCosine { layer, position, token },
            (Some(layer), "resid_mid_cosine", &[position, token]) => Self::MidCosine { layer, position, token },
            _ => return None,
        })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at: Vec<String> = self.indices().iter().map(usize::to_string).collect();
        write!(f, "{}[{}]", self.key(), at.join(","))
    }
}

impl FromStr for Number {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (key, at) = text.strip_suffix(']')?.split_once('[')?;
            let at: Vec<usize> = at.split(',').map(|i| i.parse().ok()).collect::<Option<_>>()?;
            match key.strip_prefix("blocks.") {
                Some(rest) => {
                    let (layer, name) = rest.split_once('.')?;
                    Self::from_parts(Some(layer.parse().ok()?), name, &at)
                }
                None => Self::from_parts(None, key, &at),
            }
        };
        parse().ok_or_else(|| format!("{text:?} names no number; expected such as blocks.0.attn.pattern[0,2,1]"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        let weight = Number::Weight { layer: 16, head: 0, q_idx: 2, k_idx: 1 };
        assert_eq!(weight.to_string(), "blocks.16.attn.pattern[0,2,1]");
        let others = [
            Number::Embed { position: 3, component: 7 },
            Number::Probability { position: 3, token: 12 },
            Number::MlpPost { layer: 1, position: 0, component: 9 },
            Number::EmbedSum { position: 3, component: 7 },
            Number::KRaw { layer: 2, head: 1, position: 0, component: 9 },
            Number::EmbedCosine { position: 1, token: 5 },
            Number::PreCosine { layer: 2, position: 1, token: 5 },
            Number::MidCosine { layer: 2, position: 1, token: 5 },
        ];
        for number in others.into_iter().chain([weight]) {
            assert_eq!(number.to_string().parse(), Ok(number));
            assert_eq!(number.with_last(40).with_last(*number.indices().last().unwrap()), number);
            assert_ne!(number.with_last(40), number);
        }
        for wrong in
            ["", "embed", "embed[1]", "embed[1,2,3]", "blocks.x.attn.q[0,0,0]", "blocks.0.embed[0,0]", "q[-1,0]"]
        {
            assert!(wrong.parse::<Number>().unwrap_err().contains("names no number"), "{wrong}");
        }
    }
}
