//! Training the lesson model.

use super::adam::Adam;
use super::corpus::{Corpus, LONGEST};
use super::export::to_model;
use super::forward::Acts;
use super::params::Params;
use crate::rng::SplitMix64;
use crate::{Error, Model};
use serde::{Deserialize, Serialize};

/// How to train. The defaults are those of the embedded model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Chooses the numbers to start from, and the sentences.
    pub seed: u64,
    /// Length of Adam's steps, once they have grown to it over the first fifty.
    pub learning_rate: f32,
    /// Sentences a step, 1 to [`Settings::MOST_BATCH`].
    pub batch: usize,
    /// After so many steps the learning rate has fallen, in a straight line, to a twentieth; there it stays.
    pub steps: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 2, learning_rate: 0.008, batch: 64, steps: 2000 }
    }
}

impl Settings {
    /// More sentences a step than this make no better model, and a page would stand still.
    pub const MOST_BATCH: usize = 4096;

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

    pub(super) fn corpus(&self) -> Corpus {
        // Another stream of chance than that of the first numbers.
        Corpus::new(self.seed ^ 0x5eed)
    }
}

/// Weight decay (Loshchilov & Hutter 2019) of W_V and W_O in layer 0. Without it a noun looks half at itself, half at
/// the word before, and W_V makes up for it by large numbers; with it, large numbers are dear and looks become clear.
const DECAY: f32 = 1.0;

/// A training in progress. The settings and the number of steps decide every bit of it, on every machine.
#[derive(Clone, Debug)]
pub struct Trainer {
    settings: Settings,
    corpus: Corpus,
    params: Params,
    grad: Params,
    adam: Adam,
    acts: Box<Acts>,
    tokens: Vec<u32>,
    steps: usize,
}

impl Trainer {
    /// Starts from random numbers. Settings that cannot work are an error of usage.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        settings.check()?;
        let params = Params::start(&mut SplitMix64(settings.seed));
        Ok(Self {
            corpus: settings.corpus(),
            grad: Params::zeros(),
            adam: Adam::new(params.arrays().into_iter().map(<[f32]>::len)),
            acts: Box::new(Acts::new(params.embed.len())),
            tokens: Vec::with_capacity(LONGEST),
            steps: 0,
            settings: settings.clone(),
            params,
        })
    }

    /// Learns from one batch; returns its mean loss in nats a word, from before the step.
    pub fn step(&mut self) -> f32 {
        self.grad.arrays_mut().into_iter().for_each(|g| g.fill(0.0));
        let (mut loss, mut words) = (0.0, 0);
        for _ in 0..self.settings.batch {
            self.corpus.next_into(&mut self.tokens);
            loss += self.acts.learn(&self.params, &self.tokens, &mut self.grad);
            words += self.tokens.len() - 1;
        }
        let rate = self.settings.rate(self.steps);
        self.adam.step(rate, 1.0 / words as f32, self.params.arrays_mut(), self.grad.arrays());
        let left = 1.0 - DECAY * rate;
        for matrix in [self.params.layers[0].v.as_flattened_mut(), self.params.layers[0].o.as_flattened_mut()] {
            matrix.iter_mut().for_each(|x| *x *= left);
        }
        self.steps += 1;
        loss / words as f32
    }

    /// Steps done.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The weights as they are now, as an ordinary model.
    pub fn model(&self) -> Model {
        to_model(&self.params)
    }

    pub(super) fn params(&self) -> &Params {
        &self.params
    }
}

#[cfg(test)]
mod tests {
    use super::super::twin::TwinTrainer;
    use super::*;
    use crate::Capture;

    #[test]
    fn steps_repeat_and_the_loss_falls() {
        let settings = Settings { batch: 16, ..Settings::default() };
        let train = || {
            let mut trainer = Trainer::new(&settings).unwrap();
            let losses: Vec<f32> = (0..60).map(|_| trainer.step()).collect();
            (trainer, losses)
        };
        let ((trainer, losses), (again, losses_again)) = (train(), train());
        assert_eq!(trainer.params, again.params);
        assert_eq!(losses, losses_again);
        let mean = |l: &[f32]| l.iter().sum::<f32>() / l.len() as f32;
        assert!(mean(&losses[50..]) < 0.85 * losses[0], "{losses:?}");
        let other = Trainer::new(&Settings { seed: settings.seed + 1, ..settings }).unwrap();
        assert_ne!(other.params.embed, Trainer::new(&Settings::default()).unwrap().params.embed);
    }

    #[test]
    fn the_engine_runs_what_was_trained() {
        let mut trainer = Trainer::new(&Settings { batch: 8, ..Settings::default() }).unwrap();
        for _ in 0..5 {
            trainer.step();
        }
        let model = trainer.model();
        let tokens = model.encode("yesterday the hot dog on the old rock was delicious").unwrap();
        trainer.acts.forward(&trainer.params, &tokens);
        let trace = model.run(&tokens, &"logits,pattern".parse::<Capture>().unwrap(), &[]).unwrap();
        let logits = trace.get("logits").unwrap().data();
        let ours = &trainer.acts.logits[..logits.len()];
        assert!(logits.iter().zip(ours).all(|(a, b)| (a - b).abs() <= 1e-5), "{:?}\n{:?}", &logits[..9], &ours[..9]);
        assert!(logits.iter().any(|x| x.abs() > 0.1), "nothing but zeros");
        let n = tokens.len();
        let pattern = trace.pattern(1, 0).unwrap();
        for (i, row) in trainer.acts.layers[1].pattern[..n].iter().enumerate() {
            let close = row[..n].iter().zip(&pattern[i * n..]).all(|(a, b)| (a - b).abs() <= 1e-5);
            assert!(close, "row {i}: {row:?}");
        }
    }

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
}
