//! The twin without attention: a bag of words (Mikolov et al. 2013 average words like this).
//!
//! It takes the mean of the words' vectors and scores each possible next word against it. Trained on the same
//! sentences, it knows which words a sentence has and nothing of their order: *the hot dog on the rock was* and *the
//! dog on the hot rock was* are the same to it.

use super::adam::Adam;
use super::corpus::{Corpus, LONGEST};
use super::math::{add_scaled, dot, softmax};
use super::params::{D_MODEL, Row, spread};
use super::settings::Settings;
use super::words::Words;
use crate::rng::SplitMix64;
use crate::{Error, NextToken};

/// The trained twin.
#[derive(Clone, Debug, PartialEq)]
pub struct Twin {
    /// The vector that each word contributes to the mean, `[n_vocab, d_model]`.
    embed: Vec<Row>,
    /// The vector by which each next word is scored against the mean, `[n_vocab, d_model]`.
    unembed: Vec<Row>,
}

impl Twin {
    pub(super) fn zeros() -> Self {
        let rows = vec![[0.0; D_MODEL]; Words::lesson().len()];
        Self { embed: rows.clone(), unembed: rows }
    }

    /// The `top` likeliest next words, likeliest first; probabilities are over all words. Ids that do not exist are
    /// left out. The order of the tokens makes no difference, not even in the last bit.
    pub fn next_tokens(&self, tokens: &[u32], top: usize) -> Vec<NextToken> {
        let words = Words::lesson();
        crate::analysis::likeliest(&self.logits_after(tokens), top, |id| words.word(id).unwrap_or_default().into())
    }

    /// `[n_vocab]`
    pub(crate) fn logits_after(&self, tokens: &[u32]) -> Vec<f32> {
        let mut bag: Vec<u32> = tokens.iter().copied().filter(|t| (*t as usize) < self.embed.len()).collect();
        bag.sort_unstable();
        let mut logits = vec![0.0; self.embed.len()];
        self.logits(&bag, &mut logits);
        logits
    }

    /// The vector that a word contributes to the mean, `[d_model]`.
    pub(crate) fn embed(&self, id: usize) -> &[f32] {
        &self.embed[id]
    }

    /// The vector by which a next word is scored against the mean, `[d_model]`.
    pub(crate) fn unembed(&self, id: usize) -> &[f32] {
        &self.unembed[id]
    }

    /// Logits after a bag of words in ascending order; returns the mean.
    fn logits(&self, bag: &[u32], logits: &mut [f32]) -> Row {
        let mut mean = [0.0; D_MODEL];
        for token in bag {
            add_scaled(&mut mean, 1.0 / bag.len() as f32, &self.embed[*token as usize]);
        }
        for (logit, word) in logits.iter_mut().zip(&self.unembed) {
            *logit = dot(&mean, word);
        }
        mean
    }

    pub(super) fn arrays(&self) -> [(&'static str, &[f32]); 2] {
        [("twin.embed", self.embed.as_flattened()), ("twin.unembed", self.unembed.as_flattened())]
    }

    pub(super) fn arrays_mut(&mut self) -> [(&'static str, &mut [f32]); 2] {
        [("twin.embed", self.embed.as_flattened_mut()), ("twin.unembed", self.unembed.as_flattened_mut())]
    }

    /// Returns the loss of one word after a bag of words, and adds its gradient to `grad`.
    fn learn(&self, bag: &[u32], next: u32, logits: &mut [f32], grad: &mut Twin) -> f32 {
        let mean = self.logits(bag, logits);
        softmax(logits);
        let loss = -logits[next as usize].max(f32::MIN_POSITIVE).ln();
        logits[next as usize] -= 1.0;
        let mut d_mean = [0.0; D_MODEL];
        for ((d, word), d_word) in logits.iter().zip(&self.unembed).zip(&mut grad.unembed) {
            add_scaled(&mut d_mean, *d, word);
            add_scaled(d_word, *d, &mean);
        }
        for token in bag {
            add_scaled(&mut grad.embed[*token as usize], 1.0 / bag.len() as f32, &d_mean);
        }
        loss
    }
}

/// A training of the twin, on the same sentences as [`super::Trainer`] with the same settings.
#[derive(Clone, Debug)]
pub struct TwinTrainer {
    settings: Settings,
    corpus: Corpus,
    twin: Twin,
    grad: Twin,
    adam: Adam,
    logits: Vec<f32>,
    tokens: Vec<u32>,
    bag: Vec<u32>,
    steps: usize,
}

impl TwinTrainer {
    /// Starts from random numbers. Invalid settings are an error.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        settings.check()?;
        let (mut twin, mut rng) = (Twin::zeros(), SplitMix64(settings.seed));
        for (_, numbers) in twin.arrays_mut() {
            spread(&mut rng, numbers, 0.3);
        }
        Ok(Self {
            corpus: settings.corpus()?,
            grad: Twin::zeros(),
            adam: Adam::new(twin.arrays().into_iter().map(|(_, a)| a.len())),
            logits: vec![0.0; twin.embed.len()],
            tokens: Vec::with_capacity(LONGEST),
            bag: Vec::with_capacity(LONGEST),
            steps: 0,
            settings: settings.clone(),
            twin,
        })
    }

    /// Learns from one batch; returns its mean loss in nats per word, before the update.
    pub fn step(&mut self) -> f32 {
        self.grad.arrays_mut().into_iter().for_each(|(_, g)| g.fill(0.0));
        let (mut loss, mut words) = (0.0, 0);
        for _ in 0..self.settings.batch {
            self.corpus.next_into(&mut self.tokens);
            self.bag.clear();
            for pair in self.tokens.windows(2) {
                let at = self.bag.partition_point(|t| *t < pair[0]);
                self.bag.insert(at, pair[0]);
                loss += self.twin.learn(&self.bag, pair[1], &mut self.logits, &mut self.grad);
                words += 1;
            }
        }
        let (params, grads) = (self.twin.arrays_mut().map(|(_, a)| a), self.grad.arrays().map(|(_, a)| a));
        self.adam.step(self.settings.rate(self.steps), 1.0 / words as f32, params, grads);
        self.steps += 1;
        loss / words as f32
    }

    /// The twin in its current state.
    pub fn twin(&self) -> Twin {
        self.twin.clone()
    }
}
