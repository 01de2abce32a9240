//! Chapter 3: the same words in another order, with attention and without.

use super::answer::{Answer, compared, open};
use super::next_tokens::needs_next;
use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, LESSON, Missing, Page};
use attnscope_figures::figure::compare::Column;
use attnscope_figures::figure::two_answers::{
    Data, State, Words, bag_then_threads, into_the_bag, own_sentence, render,
};
use attnscope_figures::{Table, Target};
use attnscope_protocol::{Prompt, Request, Response, TWIN};
use attnscope_words::{key, words};

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

/// The columns of the answers to [`PAIR`], of all four.
const WITH: [usize; 2] = [0, 1];
const WITHOUT: [usize; 2] = [2, 3];
const FIRST: &str =
    key!("Two sentences with the same words: “hot” stands beside “dog” in one, beside “rock” in the other.");

/// The figure.
#[derive(Default)]
pub struct TwoAnswers {
    compare: Compare,
    step: Option<usize>,
}

impl PageFigure for TwoAnswers {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let data = self.data(page)?;
        let (words, columns) = self.shown();
        let state = State { canvas: page.paper.canvas(), words, columns: columns.into() };
        let steps = match self.compare {
            Compare::With => bag_then_threads(&data, attnscope_words::text(FIRST), WITH, WITHOUT[0]),
            Compare::Without => into_the_bag(&data, attnscope_words::text(FIRST), WITHOUT[0]),
            Compare::Yours => own_sentence(&data, WITH),
        };
        Ok(View::of(render(&data, &state, page.paper.theme())).with(vec![self.switch()]).plays(steps))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data(page)?.of(&self.shown().1).table())
    }

    fn at_step(&mut self, step: Option<usize>) {
        self.step = step;
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
                let Ok(data) = self.data(page) else { return Vec::new() };
                // Bars are counted from the first column that is shown.
                let item = index + self.shown().1[0] * data.answers.words.len();
                self.answers(page).ok().and_then(|answers| open(answers, MOST, item)).into_iter().collect()
            }
            _ => usual(event, page),
        }
    }
}

impl TwoAnswers {
    fn data(&self, page: &Page<'_>) -> Result<Data, Missing> {
        let answers = compared(self.answers(page)?, MOST, words!("Lesson model").into());
        let texts: &[&str] = if self.compare == Compare::Yours { &[&page.selection.text] } else { &PAIR };
        let words = |text: &&str| text.split_whitespace().map(str::to_owned).collect();
        Ok(Data { answers, sentences: texts.iter().map(words).collect() })
    }

    /// Where the words are, and the columns that are shown.
    fn shown(&self) -> (Words, [usize; 2]) {
        match (self.compare, self.step) {
            (Compare::With, Some(0 | 3)) | (Compare::Without, Some(0)) => (Words::Threads, WITHOUT),
            (Compare::With, Some(1 | 2)) | (Compare::Without, _) => (Words::Bag, WITHOUT),
            (Compare::With, _) => (Words::Threads, WITH),
            (Compare::Yours, _) => (Words::Both, WITH),
        }
    }

    /// All answers: to [`PAIR`] with attention and without, or to the reader's sentence with it and without.
    fn answers<'a>(&self, page: &Page<'a>) -> Result<Vec<Answer<'a>>, Missing> {
        let text = page.selection.text.as_str();
        // All are requested before waiting for one.
        let all = match self.compare {
            Compare::Yours => vec![with_attention(page, text), without_attention(page, text)],
            _ => PAIR
                .iter()
                .map(|text| with_attention(page, text))
                .chain(PAIR.iter().map(|text| without_attention(page, text)))
                .collect(),
        };
        all.into_iter().collect()
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
