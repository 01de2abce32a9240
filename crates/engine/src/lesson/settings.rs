//! The settings for training the lesson model, and which values are refused.

use super::corpus::{Corpus, LONGEST};
use super::words::Words;
use crate::Error;
use serde::{Deserialize, Serialize};

/// How to train. The defaults are those of the embedded model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Determines the initial numbers and the sentences.
    pub seed: u64,
    /// Adam's learning rate, reached after a warm-up of fifty steps.
    pub learning_rate: f32,
    /// Sentences per step, 1 to [`Settings::MOST_BATCH`].
    pub batch: usize,
    /// The number of steps over which the learning rate falls linearly to a twentieth; after that it stays there.
    pub steps: usize,
    /// The reader's own sentences, at most [`Settings::MOST_OWN`], of words that the model knows, two to [`LONGEST`]
    /// each. If there are any, every second training sentence is one of them, in turn; the others are those of the
    /// corpus, in the same order as without them.
    pub own: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 2, learning_rate: 0.008, batch: 64, steps: 2000, own: Vec::new() }
    }
}

impl Settings {
    /// More sentences per step make no better model, and a page would freeze.
    pub const MOST_BATCH: usize = 4096;
    /// Nobody types more sentences, and a batch should contain each of them from time to time.
    pub const MOST_OWN: usize = 64;

    pub(super) fn check(&self) -> Result<(), Error> {
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            let found = self.learning_rate;
            return Err(Error::usage(format!("the learning rate is {found}, expected more than 0 and at most 1")));
        }
        if !(1..=Self::MOST_BATCH).contains(&self.batch) {
            let (found, most) = (self.batch, Self::MOST_BATCH);
            return Err(Error::usage(format!("a step of {found} sentences: expected 1 to {most}")));
        }
        if self.steps == 0 {
            return Err(Error::usage("the learning rate falls over 0 steps: expected at least 1"));
        }
        Ok(())
    }

    /// The learning rate of a step.
    pub(super) fn rate(&self, step: usize) -> f32 {
        const WARM_UP: f32 = 50.0;
        let done = (step as f32 / self.steps as f32).min(1.0);
        let warm = ((step + 1) as f32 / WARM_UP).min(1.0);
        self.learning_rate * (1.0 - 0.95 * done) * warm
    }

    pub(super) fn corpus(&self) -> Result<Corpus, Error> {
        if self.own.len() > Self::MOST_OWN {
            let (found, most) = (self.own.len(), Self::MOST_OWN);
            return Err(Error::usage(format!("{found} sentences of your own: at most {most} can be learned from")));
        }
        let own: Result<_, _> = self.own.iter().zip(1..).map(|(sentence, at)| encode(sentence, at)).collect();
        // A random stream other than that of the initial numbers.
        Ok(Corpus::with_own(self.seed ^ 0x5eed, own?))
    }
}

/// The ids of the `at`-th of the reader's sentences.
fn encode(sentence: &str, at: usize) -> Result<Vec<u32>, Error> {
    let ids = Words::lesson().encode(sentence)?;
    let wrong = match ids.len() {
        0 => "is empty".to_owned(),
        1 => "has one word, and nothing comes after it".to_owned(),
        2..=LONGEST => return Ok(ids),
        many => format!("has {many} words"),
    };
    Err(Error::usage(format!("sentence {at} of your own {wrong}: expected 2 to {LONGEST} words")))
}

#[cfg(test)]
mod tests {
    use super::super::{Trainer, TwinTrainer};
    use super::*;

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let good = Settings::default();
        for bad in [
            Settings { learning_rate: f32::NAN, ..good.clone() },
            Settings { learning_rate: 0.0, ..good.clone() },
            Settings { batch: 0, ..good.clone() },
            Settings { batch: 1 << 20, ..good.clone() },
            Settings { steps: 0, ..good.clone() },
        ] {
            assert!(Trainer::new(&bad).unwrap_err().is_usage(), "{bad:?}");
            assert!(TwinTrainer::new(&bad).unwrap_err().is_usage(), "{bad:?}");
        }
    }

    #[test]
    fn own_sentences_that_cannot_be_learned_are_refused() {
        let refused = |own: Vec<String>| {
            let settings = Settings { own, ..Settings::default() };
            assert!(TwinTrainer::new(&settings).is_err());
            Trainer::new(&settings).unwrap_err()
        };
        let good = || "the dog was hungry".to_owned();
        let unknown = refused(vec![good(), "the dogg was hungry".into()]);
        let Error::UnknownWord { word, position: 2, near } = &unknown else { panic!("{unknown}") };
        assert!(word == "dogg" && near[0] == "dog");
        let long = "the ".repeat(LONGEST + 1);
        for (sentence, says) in [("", "is empty"), (" ... ", "is empty"), ("dog", "one word"), (&long, "17 words")] {
            let error = refused(vec![good(), sentence.into()]);
            let text = error.to_string();
            assert!(error.is_usage() && text.contains("sentence 2") && text.contains(says), "{text}");
        }
        let many = refused(vec![good(); Settings::MOST_OWN + 1]);
        assert!(many.is_usage() && many.to_string().contains("at most 64"), "{many}");
        assert!(Trainer::new(&Settings { own: vec![good(); Settings::MOST_OWN], ..Settings::default() }).is_ok());
    }
}
