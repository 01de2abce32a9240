//! A run that is not the reader's sentence as it is: another text, a cut look, the twin without attention.

use crate::selection::{LESSON, escaped};
use attnscope::Intervention;
use attnscope::analysis::Number;
use attnscope_protocol::{Prompt, Request};

/// In the place of a model's id: the lesson model's twin without attention.
pub const TWIN: &str = "twin";

/// Which run an open number belongs to, where it is another than the page's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Id of the model, or [`TWIN`].
    pub model: String,
    /// The text.
    pub text: String,
    /// A look that is cut in all layers and heads: from which token to which.
    pub cut: Option<(usize, usize)>,
}

impl Elsewhere {
    /// What is asked to explain one of its numbers.
    pub fn explain(&self, number: Number) -> Request {
        if self.model == TWIN {
            return Request::ExplainTwin { text: self.text.clone(), number };
        }
        Request::Explain { prompt: self.prompt(), number }
    }

    /// The run.
    pub fn prompt(&self) -> Prompt {
        let cut = self.cut.and_then(|(q, k)| Intervention::cut(&format!("{q}>{k}")).ok());
        Prompt { model: self.model.clone(), text: self.text.clone(), interventions: cut.into_iter().collect() }
    }

    /// For the reader: which run it is. The text stands between stars.
    pub fn said(&self) -> String {
        let who = match self.model.as_str() {
            TWIN => "the twin without attention".into(),
            LESSON => "the lesson model".into(),
            other => other.to_owned(),
        };
        let cut = match self.cut {
            Some((q, k)) => format!(", where token {q} may not look at token {k} (counted from 0)"),
            None => String::new(),
        };
        format!("In *{}*, read by {who}{cut}.", self.text.replace('*', "∗"))
    }

    /// As a part of an address' query.
    pub fn to_query(&self) -> String {
        let cut = self.cut.map_or_else(String::new, |(q, k)| format!("&of-cut={q}-{k}"));
        format!("of={}&of-text={}{cut}", escaped(&self.model), escaped(&self.text))
    }

    /// Takes one field of an address' query, if it is one of these.
    pub fn take(of: &mut Option<Self>, name: &str, value: String) {
        match name {
            "of" => of.get_or_insert_default().model = value,
            "of-text" => of.get_or_insert_default().text = value,
            "of-cut" => {
                let ends = value.split_once('-').and_then(|(q, k)| Some((q.parse().ok()?, k.parse().ok()?)));
                of.get_or_insert_default().cut = ends;
            }
            _ => {}
        }
    }
}
