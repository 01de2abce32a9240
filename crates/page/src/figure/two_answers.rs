//! Chapter 3: the same words in another order, with attention and without.

use super::next_tokens::needs_next;
use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, LESSON, Missing, Page, Paper};
use attnscope::NextToken;
use attnscope_figures::Table;
use attnscope_figures::figure::compare::{Column, Data, State, render};
use attnscope_protocol::{Prompt, Request, Response};

/// The same words; who is hot differs.
pub const PAIR: [&str; 2] = ["the hot dog on the rock was", "the dog on the hot rock was"];
/// Words that are compared, and how many of each list are asked for: a word that one answer has is looked up in the other.
const MOST: usize = 8;
const TOP: usize = 300;

/// What is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Compare {
    #[default]
    With,
    Without,
    Yours,
}

/// The figure.
#[derive(Default)]
pub struct TwoAnswers {
    compare: Compare,
}

impl PageFigure for TwoAnswers {
    fn view(&self, page: &Page<'_>, paper: Paper) -> Result<View, Missing> {
        let state = State { canvas: paper.canvas(), ..Default::default() };
        Ok(View { controls: vec![self.switch()], scene: render(&self.data(page)?, &state, paper.theme()) })
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data(page)?.table())
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(_, value) => {
                self.compare = match value.as_str() {
                    "off" => Compare::Without,
                    "yours" => Compare::Yours,
                    _ => Compare::With,
                };
                Vec::new()
            }
            _ => usual(event, page),
        }
    }
}

impl TwoAnswers {
    fn data(&self, page: &Page<'_>) -> Result<Data, Missing> {
        let column = |name: &str, detail: &str| Column { name: name.into(), detail: detail.into() };
        let text = &page.selection.text;
        let columns = match self.compare {
            Compare::With => {
                let [a, b] = PAIR.map(|text| with_attention(page, text));
                vec![(column(PAIR[0], "with attention"), a?), (column(PAIR[1], "with attention"), b?)]
            }
            Compare::Without => {
                let [a, b] = PAIR.map(|text| without_attention(page, text));
                vec![(column(PAIR[0], "without attention"), a?), (column(PAIR[1], "without attention"), b?)]
            }
            Compare::Yours => {
                let (a, b) = (with_attention(page, text), without_attention(page, text));
                vec![(column(text, "with attention"), a?), (column(text, "without attention"), b?)]
            }
        };
        Ok(Data::from_next(columns, MOST, "Lesson model".into()))
    }

    fn switch(&self) -> Control {
        let options = [("on", "attention on"), ("off", "attention off"), ("yours", "your sentence, on and off")];
        let value = match self.compare {
            Compare::With => "on",
            Compare::Without => "off",
            Compare::Yours => "yours",
        };
        let options = options.map(|(v, name)| (v.into(), name.into())).into();
        Control::Switch { id: "compare", label: "what is compared".into(), options, value: value.into() }
    }
}

fn with_attention(page: &Page<'_>, text: &str) -> Result<Vec<NextToken>, Missing> {
    let prompt = Prompt { model: LESSON.into(), text: text.into(), interventions: Vec::new() };
    let run = page.run_of(&Request::Run { prompt, capture: String::new(), layers: None, top: TOP })?;
    needs_next(run)?;
    Ok(run.next.clone())
}

fn without_attention(page: &Page<'_>, text: &str) -> Result<Vec<NextToken>, Missing> {
    match page.ask(&Request::Twin { text: text.into(), top: TOP })? {
        Response::Twin(next) => Ok(next.clone()),
        _ => Err(Missing::Waiting),
    }
}
