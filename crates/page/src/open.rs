//! Which number's arithmetic is open. It is a part of the selection, so that a link shows what its sender saw.

use crate::Elsewhere;
use crate::selection::{Selection, escaped};
use attnscope::analysis::Number;
use attnscope::analysis::explain::Source;
use attnscope_protocol::Request;

/// A number whose arithmetic is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Open {
    /// Of the reader's sentence, read by the chosen model.
    Here(Number),
    /// Of another run.
    There(Number, Elsewhere),
    /// Worked out by a figure itself, from what is dragged, sampled, timed or set by hand in it.
    Own {
        /// The figure's name.
        figure: String,
        /// The number's name in it: the key of its mark, or what another such number calls it.
        mark: String,
    },
}

impl From<Number> for Open {
    fn from(number: Number) -> Self {
        Self::Here(number)
    }
}

impl Open {
    /// Where the number is in, for the reader; none where that is the page's own run.
    pub fn said(&self) -> Option<String> {
        match self {
            Self::There(_, elsewhere) => Some(elsewhere.said()),
            Self::Here(_) | Self::Own { .. } => None,
        }
    }

    /// As a part of an address' query.
    pub fn to_query(&self) -> String {
        match self {
            Self::Here(number) => format!("number={number}"),
            Self::There(number, of) => format!("number={number}&{}", of.to_query()),
            Self::Own { figure, mark } => format!("own={}", escaped(&format!("{figure}.{mark}"))),
        }
    }
}

impl Selection {
    /// How does the open number come about? None where nothing is open, or where its figure knows.
    pub fn explain_request(&self) -> Option<Request> {
        match self.open.as_ref()? {
            Open::Here(number) => Some(self.here().explain(*number)),
            Open::There(number, elsewhere) => Some(elsewhere.explain(*number)),
            Open::Own { .. } => None,
        }
    }

    /// What a factor of the open number opens, if it opens.
    pub fn part(&self, source: &Source) -> Option<Open> {
        let there = |(number, elsewhere)| Open::There(number, elsewhere);
        match (self.open.as_ref()?, source) {
            (Open::Own { figure, .. }, Source::Own(mark)) => {
                Some(Open::Own { figure: figure.clone(), mark: mark.clone() })
            }
            (Open::Here(_) | Open::Own { .. }, Source::Number(number)) => Some(Open::Here(*number)),
            (Open::Here(number), _) => self.here().part(*number, source).map(there),
            (Open::There(number, elsewhere), _) => elsewhere.part(*number, source).map(there),
            (Open::Own { .. }, _) => None,
        }
    }

    /// The reader's sentence, read by the chosen model.
    fn here(&self) -> Elsewhere {
        Elsewhere { model: self.model.clone(), text: self.text.clone(), ..Elsewhere::default() }
    }
}

/// An open number, field by field as an address has it.
#[derive(Default)]
pub(crate) struct Fields {
    number: Option<Number>,
    elsewhere: Option<Elsewhere>,
    own: Option<Open>,
}

impl Fields {
    /// Takes one field, if it is one of these.
    pub fn take(&mut self, name: &str, value: String) {
        match name {
            "number" => self.number = value.parse().ok(),
            "own" => {
                let own = |(figure, mark): (&str, &str)| Open::Own { figure: figure.into(), mark: mark.into() };
                self.own = value.split_once('.').map(own);
            }
            _ => Elsewhere::take(&mut self.elsewhere, name, value),
        }
    }

    /// What they say is open.
    pub fn open(self) -> Option<Open> {
        match (self.number, self.elsewhere) {
            (Some(number), Some(elsewhere)) => Some(Open::There(number, elsewhere)),
            (Some(number), None) => Some(Open::Here(number)),
            (None, _) => self.own,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attnscope::Site;

    const NUMBER: Number = Site::Pattern.in_layer(1, [0, 2, 1]);

    #[test]
    fn what_is_open_is_in_the_address() {
        let there = Elsewhere { model: "lesson".into(), text: "the dog was".into(), ..Elsewhere::default() };
        let own = Open::Own { figure: "running-softmax".into(), mark: "acc-5@2".into() };
        for open in [Open::Here(NUMBER), Open::There(NUMBER, there), own] {
            let selection = Selection { open: Some(open), ..Default::default() };
            assert_eq!(Selection::from_query(&selection.to_query()), selection, "{}", selection.to_query());
        }
        let selection = Selection { open: Some(NUMBER.into()), ..Default::default() };
        assert!(selection.to_query().ends_with("&number=blocks.1.attn.pattern[0,2,1]"), "{}", selection.to_query());
        assert_eq!(Selection::from_query("?own=x&number=y&of=lesson").open, None);
    }

    #[test]
    fn a_figures_own_numbers_open_each_other_and_those_of_the_run() {
        let own = |mark: &str| Open::Own { figure: "softmax".into(), mark: mark.into() };
        let selection = Selection { open: Some(own("weight-1")), ..Default::default() };
        assert_eq!(selection.explain_request(), None, "the figure knows");
        assert_eq!(selection.part(&Source::Own("score-1".into())), Some(own("score-1")));
        assert_eq!(selection.part(&Source::Number(NUMBER)), Some(Open::Here(NUMBER)));
        assert_eq!(selection.part(&Source::Constant), None);
        let here = Selection { open: Some(NUMBER.into()), ..Default::default() };
        assert_eq!(here.part(&Source::Own("score-1".into())), None);
    }
}
