//! Names of numbers, components and tokens inside an explanation.

use super::super::Number;
use super::held::Held;
use crate::Token;
use crate::site::Site;
use std::collections::BTreeMap;

/// A number in a formula: `q[3]`, `attn_in[5]`.
pub(super) fn short(number: Number) -> String {
    let word = match number.site() {
        Site::Scores => "score",
        Site::Pattern => "weight",
        Site::Logits | Site::LensLogits => "logit",
        Site::Probabilities | Site::LensProbabilities => "probability",
        Site::EmbedCosine | Site::PreCosine | Site::MidCosine => "cosine",
        site => return format!("{}[{}]", site.short(), number.last()),
    };
    word.into()
}

/// The name of the term that belongs to a component.
pub(super) fn component(i: usize) -> String {
    format!("component {i}")
}

impl Held<'_> {
    /// A token of the text between asterisks, with its position where several tokens of the text look the same.
    pub fn token(&self, at: usize) -> String {
        let (text, place) = &self.shown[at];
        format!("*{text}*{place}")
    }

    /// The same without asterisks: the name of a term.
    pub fn label(&self, at: usize) -> String {
        let (text, place) = &self.shown[at];
        format!("{text}{place}")
    }

    /// A token of the vocabulary.
    pub fn word(&self, id: usize) -> String {
        visible(&self.model.token(id as u32).text)
    }
}

/// How tokens are shown: their texts, and ` (token 5)` after each that looks like another token of the text.
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

/// A token without the space before it; one that is only white space is written visibly.
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
        let q = Site::Q.in_layer(16, [2, 1, 3]);
        assert_eq!(short(q), "q[3]");
        assert_eq!(short(Site::MlpPost.in_layer(0, [1, 9])), "mlp_post[9]");
        assert_eq!(short(Site::ResidPre.in_layer(0, [1, 2])), "resid_pre[2]");
        assert_eq!(short(Site::Embed.at([1, 2])), "embed[2]");
        assert_eq!(short(Site::Pattern.in_layer(0, [0, 1, 0])), "weight");
        assert_eq!((visible(" dog"), visible("\n")), ("dog".into(), "\"\\n\"".into()));
    }
}
