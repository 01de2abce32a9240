//! Names of numbers, components and tokens inside an explanation.

use super::super::Number;
use super::held::Held;
use crate::Token;
use std::collections::BTreeMap;

/// A number in a formula: `q[3]`, `attn_in[5]`.
pub(super) fn short(number: Number) -> String {
    let word = match number {
        Number::Score { .. } => "score",
        Number::Weight { .. } => "weight",
        Number::Logit { .. } => "logit",
        Number::Probability { .. } => "probability",
        Number::EmbedCosine { .. } | Number::PreCosine { .. } | Number::MidCosine { .. } => "cosine",
        _ => {
            let (key, at) = (number.key(), number.indices());
            let name = key.splitn(3, '.').last().unwrap_or_default();
            let name = name.trim_start_matches("attn.").replace('.', "_");
            return format!("{name}[{}]", at.last().copied().unwrap_or(0));
        }
    };
    word.into()
}

/// The name of the term that belongs to a component.
pub(super) fn component(i: usize) -> String {
    format!("component {i}")
}

impl Held<'_> {
    /// A token of the text between asterisks, with its place where the text has several that look like it.
    pub fn token(&self, at: usize) -> String {
        let (text, place) = &self.shown[at];
        format!("*{text}*{place}")
    }

    /// The same, bare: the name of a term.
    pub fn label(&self, at: usize) -> String {
        let (text, place) = &self.shown[at];
        format!("{text}{place}")
    }

    /// A token of the vocabulary.
    pub fn word(&self, id: usize) -> String {
        visible(&self.model.token(id as u32).text)
    }
}

/// How tokens are shown: their texts, and ` (token 5)` after each that has its like in the text.
pub(super) fn shown(tokens: &[Token]) -> Vec<(String, String)> {
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    for token in tokens {
        *alike.entry(visible(&token.text)).or_default() += 1;
    }
    let place = |(at, text): (usize, String)| {
        let place = if alike[&text] > 1 { format!(" (token {at})") } else { String::new() };
        (text, place)
    };
    tokens.iter().map(|token| visible(&token.text)).enumerate().map(place).collect()
}

/// A token without the space before it; one that is only space is written so that it is seen.
fn visible(text: &str) -> String {
    match text.trim() {
        "" => format!("{text:?}"),
        seen => seen.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_formulas_say_what_and_which_component() {
        let q = Number::Q { layer: 16, head: 2, position: 1, component: 3 };
        assert_eq!(short(q), "q[3]");
        assert_eq!(short(Number::MlpPost { layer: 0, position: 1, component: 9 }), "mlp_post[9]");
        assert_eq!(short(Number::ResidPre { layer: 0, position: 1, component: 2 }), "resid_pre[2]");
        assert_eq!(short(Number::Embed { position: 1, component: 2 }), "embed[2]");
        assert_eq!(short(Number::Weight { layer: 0, head: 0, q_idx: 1, k_idx: 0 }), "weight");
        assert_eq!((visible(" dog"), visible("\n")), ("dog".into(), "\"\\n\"".into()));
    }
}
