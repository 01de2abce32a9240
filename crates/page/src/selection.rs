//! What the reader has chosen. It lives in the page's address, so that a link shows what its sender saw.

use crate::Open;
use crate::open::Fields;
use attnscope::ModelInfo;
use attnscope_protocol::{Prompt, Request};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// The sentence that the page begins with.
pub const SENTENCE: &str = "the hot dog was";
/// The model that is always there.
pub const LESSON: &str = "lesson";
/// The model that the reader trains.
pub const TRAINED: &str = "trained";

/// How many likeliest tokens are shown.
pub const TOP: usize = 10;
/// A text longer than this is run for its patterns alone: the other arrays would be large, and no figure could show them.
const LONG: usize = 800;

/// One typed selection; every figure follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The sentence.
    pub text: String,
    /// Id of the model.
    pub model: String,
    /// Layer of the figures that show one.
    pub layer: usize,
    /// Head of the figures that show one.
    pub head: usize,
    /// The query that is read out.
    pub q_idx: Option<usize>,
    /// The number whose arithmetic is open.
    pub open: Option<Open>,
}

impl Default for Selection {
    fn default() -> Self {
        Self { text: SENTENCE.into(), model: LESSON.into(), layer: 0, head: 0, q_idx: Some(2), open: None }
    }
}

/// What must be escaped in a value of a query.
const ESCAPED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'+').add(b'<').add(b'>').add(b'?').add(b'`');

impl Selection {
    /// The run that most figures show: all that attention does in the chosen layer, and the next tokens.
    pub fn run_request(&self) -> Request {
        let short = self.text.len() <= LONG;
        let capture = if short { "embed,resid_pre,attn_in,q,k,v,pattern,z,attn_out,resid_mid" } else { "pattern" };
        // The lesson model is so small that all its layers are kept.
        let layers = (self.model != LESSON && self.model != TRAINED).then(|| self.layer..self.layer + 1);
        let prompt = Prompt { model: self.model.clone(), text: self.text.clone(), interventions: Vec::new() };
        Request::Run { prompt, capture: capture.into(), layers, top: TOP }
    }

    /// Whether a question is about the reader's sentence and the chosen model: what is wrong with its text is the bar's
    /// to say, and not a figure's.
    pub fn is_read_by(&self, request: &Request) -> bool {
        match request {
            Request::Twin { text, .. } => self.model == LESSON && *text == self.text,
            _ => request.prompt().is_some_and(|prompt| prompt.model == self.model && prompt.text == self.text),
        }
    }

    /// Layer and head as they are in a model: a link may name what is not there.
    pub fn within(&self, model: &ModelInfo) -> Self {
        let layer = self.layer.min(model.n_layers.saturating_sub(1));
        Self { layer, head: self.head.min(model.n_heads.saturating_sub(1)), ..self.clone() }
    }

    /// The same with another model, at the head that is worth a first look.
    pub fn with_model(&self, id: &str) -> Self {
        let (layer, head) = first_head(id);
        Self { model: id.into(), layer, head, open: None, ..self.clone() }
    }

    /// From an address' query, with or without its `?`. What is not there or cannot be read is the default.
    pub fn from_query(query: &str) -> Self {
        let mut selection = Self::default();
        let (mut layer, mut open) = (None, Fields::default());
        let pairs = query.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('='));
        for (name, value) in pairs {
            let value = percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned();
            match name {
                "text" => selection.text = value,
                "model" => selection.model = value,
                "layer" => layer = value.parse().ok().or(layer),
                "head" => selection.head = value.parse().unwrap_or(selection.head),
                "query" => selection.q_idx = value.parse().ok(),
                _ => open.take(name, value),
            }
        }
        selection.open = open.open();
        match layer {
            Some(layer) => selection.layer = layer,
            // A link that names only the model.
            None => (selection.layer, selection.head) = first_head(&selection.model),
        }
        selection
    }

    /// As an address' query, `?` included; empty for the default, so that the plain address stays plain.
    pub fn to_query(&self) -> String {
        if *self == Self::default() {
            return String::new();
        }
        let (text, model) = (escaped(&self.text), escaped(&self.model));
        let query = self.q_idx.map_or_else(|| "none".to_owned(), |q_idx| q_idx.to_string());
        let open = self.open.as_ref().map_or_else(String::new, |open| format!("&{}", open.to_query()));
        format!("?text={text}&model={model}&layer={}&head={}&query={query}{open}", self.layer, self.head)
    }
}

/// A value, as it stands in a query.
pub(crate) fn escaped(value: &str) -> String {
    utf8_percent_encode(value, ESCAPED).to_string().replace("%20", "+")
}

/// What a link sets in figures, beside the selection: figure, control, value.
pub fn settings(query: &str) -> Vec<(String, String, String)> {
    let pairs = query.trim_start_matches('?').split('&').filter_map(|pair| pair.strip_prefix("set="));
    let set = |pair: &str| {
        let text = percent_decode_str(&pair.replace('+', " ")).decode_utf8_lossy().into_owned();
        let (figure, rest) = text.split_once('.')?;
        let (control, value) = rest.split_once('=')?;
        Some((figure.to_owned(), control.to_owned(), value.to_owned()))
    };
    pairs.filter_map(set).collect()
}

/// The same, as a part of an address' query.
pub fn setting(figure: &str, control: &str, value: &str) -> String {
    let text = format!("{figure}.{control}={value}");
    format!("set={}", escaped(&text))
}

/// The head that is worth a first look: in SmolLM2 the one that gives *hot* most of *dog*'s attention.
fn first_head(model: &str) -> (usize, usize) {
    if model.ends_with("smollm2-135m") { (16, 0) } else { (0, 0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_back() {
        for text in ["the hot dog was", "a+b & c=d #1 50% \"ü\" 🌭?", " two  spaces ", ""] {
            let selection = Selection { text: text.into(), layer: 16, q_idx: None, ..Default::default() };
            assert_eq!(Selection::from_query(&selection.to_query()), selection, "{}", selection.to_query());
        }
        assert_eq!(Selection::default().to_query(), "");
    }

    #[test]
    fn a_link_sets_controls() {
        let query =
            format!("?text=a&{}&{}", setting("journey", "from", "cat, a=b & c"), setting("softmax", "reset", ""));
        let set = |figure: &str, control: &str, value: &str| (figure.into(), control.into(), value.into());
        assert_eq!(settings(&query), [set("journey", "from", "cat, a=b & c"), set("softmax", "reset", "")]);
        assert_eq!(settings("?set=&set=a&set=a.b&text=set=a.b"), []);
        assert_eq!(Selection::from_query(&query).text, "a");
    }

    #[test]
    fn what_cannot_be_read_is_the_default() {
        for query in ["", "?", "?layer=-1&head=x", "?&&=&a", "?other=1"] {
            assert_eq!(Selection::from_query(query), Selection::default(), "{query}");
        }
        assert_eq!(Selection::from_query("?text=%ff%zz").text, "\u{fffd}%zz");
        assert_eq!(Selection::from_query("?model=smollm2-135m").layer, 16);
        assert_eq!(Selection::from_query("?model=smollm2-135m&layer=3").layer, 3);
    }
}
