//! Chapter 3: the same words in another order, with attention and without.

use super::answer::{Answer, compared, open};
use super::next_tokens::needs_next;
use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, LESSON, Missing, Page};
use attnscope_figures::figure::compare::{Column, Data, State, render, run_by_run};
use attnscope_figures::{Table, Target, Timeline};
use attnscope_protocol::{Prompt, Request, Response, TWIN};
use attnscope_words::words;

/// The same words; which noun is hot differs.
pub const PAIR: [&str; 2] = ["the hot dog on the rock was", "the dog on the hot rock was"];
/// Words that are compared, and how many of each list are requested: a word of one answer is looked up in the other.
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
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let state = State { canvas: page.paper.canvas(), ..Default::default() };
        Ok(View { controls: vec![self.switch()], scene: render(&self.data(page)?, &state, page.paper.theme()) })
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data(page)?.table())
    }

    fn timeline(&self, page: &Page<'_>) -> Option<Timeline> {
        let first = match self.compare {
            Compare::With => {
                words!(
                    "Two sentences with the same words: “hot” stands beside “dog” in one, beside “rock” in the other."
                )
            }
            Compare::Without => {
                words!("The same two sentences for the twin without attention. To it, both are one bag of words.")
            }
            Compare::Yours => words!("Your sentence, read with attention and without."),
        };
        self.data(page).ok().map(|data| run_by_run(&data, first))
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
            Event::Chosen(Target::Item { index }, _) => {
                self.answers(page).ok().and_then(|answers| open(answers, MOST, *index)).into_iter().collect()
            }
            _ => usual(event, page),
        }
    }
}

impl TwoAnswers {
    fn data(&self, page: &Page<'_>) -> Result<Data, Missing> {
        Ok(compared(self.answers(page)?, MOST, words!("Lesson model").into()))
    }

    fn answers<'a>(&self, page: &Page<'a>) -> Result<[Answer<'a>; 2], Missing> {
        let text = page.selection.text.as_str();
        let (with, without) = (with_attention, without_attention);
        // Both are requested before waiting for one.
        let [a, b] = match self.compare {
            Compare::With => PAIR.map(|text| with(page, text)),
            Compare::Without => PAIR.map(|text| without(page, text)),
            Compare::Yours => [with(page, text), without(page, text)],
        };
        Ok([a?, b?])
    }

    fn switch(&self) -> Control {
        let options = [
            ("on", words!("attention on")),
            ("off", words!("attention off")),
            ("yours", words!("your sentence, on and off")),
        ];
        let value = match self.compare {
            Compare::With => "on",
            Compare::Without => "off",
            Compare::Yours => "yours",
        };
        let options = options.map(|(v, name)| (v.into(), name.into())).into();
        Control::Switch { id: "compare", label: words!("what is compared").into(), options, value: value.into() }
    }
}

fn with_attention<'a>(page: &Page<'a>, text: &str) -> Result<Answer<'a>, Missing> {
    let of = Prompt::plain(LESSON, text);
    let run = page.run_of(&Request::Run { prompt: of.clone(), capture: String::new(), layers: None, top: TOP })?;
    needs_next(run)?;
    Ok(Answer::of_run(Column { name: text.into(), detail: words!("with attention").into() }, run, of))
}

fn without_attention<'a>(page: &Page<'a>, text: &str) -> Result<Answer<'a>, Missing> {
    let column = Column { name: text.into(), detail: words!("without attention").into() };
    let of = Prompt::plain(TWIN, text);
    match page.ask(&Request::Twin { text: text.into(), top: TOP })? {
        // The lesson's tokens are words.
        Response::Twin(next) => {
            Ok(Answer { column, next: next.as_slice().into(), after: text.split_whitespace().count(), of })
        }
        _ => Err(Missing::Waiting),
    }
}
