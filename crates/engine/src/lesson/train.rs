//! Training the lesson model.

use super::adam::Adam;
use super::corpus::{Corpus, LONGEST};
use super::export::to_model;
use super::forward::Acts;
use super::params::{Params, Transposed};
use super::settings::Settings;
use crate::rng::SplitMix64;
use crate::{Error, Model};

/// Weight decay (Loshchilov & Hutter 2019) of W_V and W_O in layer 0. Without it a noun attends half to itself and half
/// to the word before, and large numbers in W_V make up for that; decay penalizes them, and attention becomes sharp.
const DECAY: f32 = 1.0;

/// A training in progress. The settings and the number of steps determine every bit of it, on every machine.
#[derive(Clone, Debug)]
pub struct Trainer {
    settings: Settings,
    corpus: Corpus,
    params: Params,
    /// `params` transposed.
    transposed: Transposed,
    grad: Params,
    adam: Adam,
    acts: Box<Acts>,
    /// The sentences of the last step.
    batch: Vec<Vec<u32>>,
    /// The numbers before the last step.
    before: Params,
    steps: usize,
}

impl Trainer {
    /// Starts from random numbers. Invalid settings are an error.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        settings.check()?;
        let params = Params::start(&mut SplitMix64(settings.seed));
        Ok(Self {
            corpus: settings.corpus()?,
            transposed: Transposed::of(&params),
            grad: Params::zeros(),
            adam: Adam::new(params.arrays().into_iter().map(<[f32]>::len)),
            acts: Box::new(Acts::new(params.embed.len())),
            batch: vec![Vec::with_capacity(LONGEST); settings.batch],
            before: params.clone(),
            steps: 0,
            settings: settings.clone(),
            params,
        })
    }

    /// Learns from one batch; returns its mean loss in nats per word, before the update.
    pub fn step(&mut self) -> f32 {
        self.grad.arrays_mut().into_iter().for_each(|g| g.fill(0.0));
        let (mut loss, mut words) = (0.0, 0);
        for tokens in &mut self.batch {
            self.corpus.next_into(tokens);
            loss += self.acts.learn(&self.params, &self.transposed, tokens, &mut self.grad);
            words += tokens.len() - 1;
        }
        self.before.clone_from(&self.params);
        let rate = self.settings.rate(self.steps);
        self.adam.step(rate, 1.0 / words as f32, self.params.arrays_mut(), self.grad.arrays());
        let left = 1.0 - DECAY * rate;
        for matrix in [self.params.layers[0].v.as_flattened_mut(), self.params.layers[0].o.as_flattened_mut()] {
            matrix.iter_mut().for_each(|x| *x *= left);
        }
        self.transposed.update(&self.params);
        self.steps += 1;
        loss / words as f32
    }

    /// The settings that it was started with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Number of steps done.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The weights as they are now, as an ordinary model.
    pub fn model(&self) -> Model {
        to_model(&self.params)
    }

    /// The weights before the last step; before the first step, the initial weights.
    pub fn before(&self) -> Model {
        to_model(&self.before)
    }

    /// The sentences of the last step, as token ids. Empty before the first step.
    pub fn batch(&self) -> &[Vec<u32>] {
        if self.steps == 0 { &[] } else { &self.batch }
    }

    pub(super) fn params(&self) -> &Params {
        &self.params
    }
}

#[cfg(test)]
mod tests {
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

    /// All bits of the numbers, hashed (FNV-1a).
    fn digest(params: &Params) -> u64 {
        let bits = params.arrays().into_iter().flatten().map(|x| u64::from(x.to_bits()));
        bits.fold(0xcbf2_9ce4_8422_2325, |h, x| (h ^ x).wrapping_mul(0x0100_0000_01b3))
    }

    /// If these bits change, so do those of the embedded model: then `cargo xtask lesson` must build it again.
    #[test]
    fn training_makes_the_same_bits_as_ever() {
        let mut trainer = Trainer::new(&Settings::default()).unwrap();
        for _ in 0..40 {
            trainer.step();
        }
        assert_eq!(format!("{:016x}", digest(&trainer.params)), "89232fdd5b2ed99f");
    }

    #[test]
    fn own_sentences_are_learned() {
        let after = |own: &[&str]| {
            let own = own.iter().map(|s| s.to_string()).collect();
            let mut trainer = Trainer::new(&Settings { own, batch: 16, ..Settings::default() }).unwrap();
            for _ in 0..60 {
                trainer.step();
            }
            let model = trainer.model();
            let trace = model.run(&model.encode("the hot dog was").unwrap(), &Capture::none(), &[]).unwrap();
            model.next_tokens(&trace, 1).remove(0).text
        };
        assert_ne!(after(&[]), "happy");
        assert_eq!(after(&["The hot dog was happy.", "my cat was sad"]), "happy");
    }

    #[test]
    fn the_engine_runs_what_was_trained() {
        let mut trainer = Trainer::new(&Settings { batch: 8, ..Settings::default() }).unwrap();
        for _ in 0..5 {
            trainer.step();
        }
        let model = trainer.model();
        let tokens = model.encode("yesterday the hot dog on the old rock was delicious").unwrap();
        trainer.acts.forward(&trainer.params, &trainer.transposed, &tokens);
        let trace = model.run(&tokens, &"logits,pattern".parse::<Capture>().unwrap(), &[]).unwrap();
        let logits = trace.get("logits").unwrap().data();
        let n_vocab = trainer.params.embed.len();
        let rows = trainer.acts.logits.chunks(trainer.acts.stride).take(tokens.len());
        let ours: Vec<f32> = rows.flat_map(|row| row[..n_vocab].to_vec()).collect();
        assert_eq!(ours.len(), logits.len());
        assert!(logits.iter().zip(&ours).all(|(a, b)| (a - b).abs() <= 1e-5), "{:?}\n{:?}", &logits[..9], &ours[..9]);
        assert!(logits.iter().any(|x| x.abs() > 0.1), "nothing but zeros");
        let n = tokens.len();
        let pattern = trace.pattern(1, 0).unwrap().into_data();
        assert_eq!((pattern.len(), trainer.acts.layers[1].pattern[..n].len()), (n * n, n));
        for (i, row) in trainer.acts.layers[1].pattern[..n].iter().enumerate() {
            let close = row[..n].iter().zip(&pattern[i * n..][..n]).all(|(a, b)| (a - b).abs() <= 1e-5);
            assert!(close, "row {i}: {row:?}");
        }
    }
}
