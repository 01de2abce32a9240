//! What is not a number of the reader's sentence as it is: of another text, with a cut look, of the twin without
//! attention, of many runs.

use crate::selection::{LESSON, TRAINED, escaped};
use attnscope::Intervention;
use attnscope::Site;
use attnscope::analysis::Number;
use attnscope::analysis::explain::{Between, Source};
use attnscope_protocol::{BEFORE, Prompt, Request, Spot};

/// In the place of a model's id: the lesson model's twin without attention.
pub const TWIN: &str = "twin";

/// What an open number is made of, besides its run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Of {
    /// Nothing else: it is a number of the run.
    #[default]
    Run,
    /// It is the place of the number's vector between two groups of words, or the number's component of what that is
    /// measured by.
    Between([Vec<Spot>; 2], Between),
    /// It is the sum of these tokens' probabilities.
    AnyOf(Vec<usize>),
    /// It is the loss of a model in training, whatever the number: the mean of those reported in so many steps.
    Loss(usize),
}

/// Which run an open number belongs to, where it is another than the page's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Id of the model, or [`TWIN`].
    pub model: String,
    /// The text.
    pub text: String,
    /// A look that is cut in all layers and heads: from which token to which.
    pub cut: Option<(usize, usize)>,
    /// What it is made of.
    pub of: Of,
}

impl Elsewhere {
    /// What is asked to explain one of its numbers.
    pub fn explain(&self, number: Number) -> Request {
        if self.model == TWIN {
            return Request::ExplainTwin { text: self.text.clone(), number };
        }
        let prompt = self.prompt();
        match (self.of.clone(), number.site()) {
            (Of::Between(groups, which), _) => Request::ExplainPlace { prompt, number, groups, which },
            (Of::Loss(back), _) => Request::ExplainLoss { model: prompt.model, back },
            (Of::AnyOf(tokens), Site::Probabilities) => {
                Request::ExplainAnyOf { prompt, position: number.position(), tokens }
            }
            _ => Request::Explain { prompt, number },
        }
    }

    /// What is opened by a factor of `number`, if it opens: which number, and where it is.
    pub fn part(&self, number: Number, source: &Source) -> Option<(Number, Self)> {
        match source {
            Source::Number(part) => Some((*part, Self { of: Of::Run, ..self.clone() })),
            Source::Text { text, number } => {
                let model = match self.of {
                    // The last batch was read before it was learned from.
                    Of::Loss(_) => format!("{}{BEFORE}", self.model),
                    _ => self.model.clone(),
                };
                Some((*number, Self { model, text: text.clone(), ..Self::default() }))
            }
            Source::Between(which, component) => {
                let Of::Between(groups, _) = &self.of else { return None };
                let of = Of::Between(groups.clone(), *which);
                Some((number.with_last(*component), Self { of, ..self.clone() }))
            }
            Source::Stored { .. } | Source::Step(_) | Source::Constant | Source::Own(_) => None,
        }
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
            TRAINED => "the model that you trained, as it is now".into(),
            other if other.strip_suffix(BEFORE) == Some(TRAINED) => {
                "the model that you trained, as it was before its last step".into()
            }
            other => other.to_owned(),
        };
        let cut = match self.cut {
            Some((q, k)) => format!(", where token {q} may not look at token {k} (counted from 0)"),
            None => String::new(),
        };
        let text = |text: &str| format!("*{}*", text.replace('*', "∗"));
        let between = match &self.of {
            Of::Between(groups, _) => {
                let [a, b] = groups.each_ref().map(|group| {
                    let texts: Vec<String> = group.iter().map(|spot| text(&spot.text)).collect();
                    texts.join(", ")
                });
                format!(" The first group's words are read in {a}; the second's in {b}.")
            }
            Of::Run | Of::AnyOf(_) => String::new(),
            Of::Loss(_) => return format!("Of {who}."),
        };
        format!("In {}, read by {who}{cut}.{between}", text(&self.text))
    }

    /// As a part of an address' query.
    pub fn to_query(&self) -> String {
        let cut = self.cut.map_or_else(String::new, |(q, k)| format!("&of-cut={q}-{k}"));
        let of = match &self.of {
            Of::Run => String::new(),
            Of::Between([a, b], which) => {
                let which = match which {
                    Between::Place => "",
                    Between::Axis => "&of-which=axis",
                    Between::Middle => "&of-which=middle",
                };
                format!("&of-from={}&of-to={}{which}", spots(a), spots(b))
            }
            Of::Loss(back) => format!("&of-loss={back}"),
            Of::AnyOf(tokens) => {
                let tokens: Vec<String> = tokens.iter().map(usize::to_string).collect();
                format!("&of-any={}", tokens.join(","))
            }
        };
        format!("of={}&of-text={}{cut}{of}", escaped(&self.model), escaped(&self.text))
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
            "of-from" | "of-to" | "of-which" => {
                let of = &mut of.get_or_insert_default().of;
                let (mut groups, mut which) = match std::mem::take(of) {
                    Of::Between(groups, which) => (groups, which),
                    _ => Default::default(),
                };
                match (name, value.as_str()) {
                    ("of-from", _) => groups[0] = value.split(',').filter_map(spot).collect(),
                    ("of-to", _) => groups[1] = value.split(',').filter_map(spot).collect(),
                    (_, "axis") => which = Between::Axis,
                    (_, "middle") => which = Between::Middle,
                    _ => {}
                }
                *of = Of::Between(groups, which);
            }
            "of-loss" => of.get_or_insert_default().of = Of::Loss(value.parse().unwrap_or_default()),
            "of-any" => {
                let tokens = value.split(',').filter_map(|token| token.parse().ok()).collect();
                of.get_or_insert_default().of = Of::AnyOf(tokens);
            }
            _ => {}
        }
    }
}

/// Words and where they are read: `the cat was@1,the cow was@1`. Words come from a list with commas: they have none.
fn spots(group: &[Spot]) -> String {
    let group: Vec<String> = group.iter().map(|spot| format!("{}@{}", escaped(&spot.text), spot.position)).collect();
    group.join(",")
}

fn spot(written: &str) -> Option<Spot> {
    let (text, position) = written.rsplit_once('@')?;
    Some(Spot { text: text.into(), position: position.parse().ok()? })
}
