//! A model that the reader trained, as an address names it. Training is deterministic: from the same settings, as many
//! steps lead to the same weights, so that the model can be trained again wherever its address is opened.

use crate::SENTENCE;
use crate::address::escaped;
use crate::selection::TRAINED;
use attnscope::lesson::Settings;
use attnscope_protocol::limits::MAX_STEPS;
use attnscope_protocol::{Request, quoted};
use attnscope_words::words;

/// Steps between two reports of a model that is trained.
pub const EVERY: usize = 20;

/// How a model was trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// Seed, learning rate, the reader's own sentences. What the page does not let the reader set has its default.
    pub settings: Settings,
    /// The number of steps.
    pub steps: usize,
}

impl Trained {
    /// Trains it from its first step to its last.
    pub fn request(&self) -> Request {
        let (settings, text) = (self.settings.clone(), SENTENCE.to_owned());
        Request::Train { model: TRAINED.into(), settings, steps: self.steps, every: EVERY, text, fresh: true }
    }

    /// As a part of an address' query.
    pub(crate) fn to_query(&self) -> String {
        let Settings { seed, learning_rate, own, .. } = &self.settings;
        let own = match written(own) {
            none if none.is_empty() => none,
            some => format!("&sentences={}", escaped(&some)),
        };
        format!("&steps={}&seed={seed}&rate={learning_rate}{own}", self.steps)
    }
}

/// The reader's sentences in a text, with a dot or a semicolon between.
pub(crate) fn sentences(text: &str) -> Vec<String> {
    let all = text.split(['.', ';']).map(str::trim).filter(|sentence| !sentence.is_empty());
    all.map(str::to_owned).collect()
}

/// The text that [`sentences`] reads.
pub(crate) fn written(sentences: &[String]) -> String {
    sentences.join(". ")
}

/// What an address says of such a model, field by field.
#[derive(Default)]
pub(crate) struct Fields {
    settings: Settings,
    steps: Option<usize>,
    wrong: bool,
}

impl Fields {
    /// Takes one field. One that cannot be read is an error with a message; there is no model then.
    pub fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        let read = self.read(name, value);
        self.wrong |= read.is_err();
        read
    }

    fn read(&mut self, name: &str, value: &str) -> Result<(), String> {
        let wrong =
            |what: &str, expected: &str| words!("This link's {what} is {}; expected {expected}.", quoted(value));
        match name {
            "steps" => {
                let steps = value.parse().ok().filter(|steps| (1..=MAX_STEPS).contains(steps));
                let expected = words!("a whole number from 1 to {MAX_STEPS}");
                self.steps = Some(steps.ok_or_else(|| wrong(words!("number of training steps"), &expected))?);
            }
            "seed" => {
                let expected = words!("a whole number from 0 to {}", u64::MAX);
                self.settings.seed = value.parse().map_err(|_| wrong("seed", &expected))?;
            }
            "rate" => {
                let rate = value.parse().ok().filter(|rate| (0.0..=1.0).contains(rate));
                let rate = rate.ok_or_else(|| wrong(words!("learning rate"), words!("a number from 0 to 1")))?;
                self.settings.learning_rate = rate;
            }
            _ => self.settings.own = sentences(value),
        }
        Ok(())
    }

    /// The model, if its number of steps was said and all else could be read.
    pub fn trained(self) -> Option<Trained> {
        let Self { settings, steps, wrong } = self;
        steps.filter(|_| !wrong).map(|steps| Trained { settings, steps })
    }
}
