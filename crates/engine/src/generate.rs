//! Generating text: one token after the other, through the KV cache.

use crate::analysis::softmax;
use crate::cache::KvCache;
use crate::capture::Capture;
use crate::rng::SplitMix64;
use crate::{Error, Intervention, Model, Token};
use std::ops::Deref;

/// How the next token is chosen.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct GenerateOptions {
    /// How many tokens to write at most.
    pub max_tokens: usize,
    /// 0 always takes the likeliest token; 1 samples from the model's probabilities; above 1 is more random.
    pub temperature: f32,
    /// Only the k likeliest tokens; 0 for all.
    pub top_k: usize,
    /// Only the likeliest tokens whose probabilities together reach p (Holtzman et al. 2019); 1 for all.
    pub top_p: f32,
    /// The same seed gives the same text.
    pub seed: u64,
}

impl Default for GenerateOptions {
    fn default() -> Self {
        Self { max_tokens: 32, temperature: 0.0, top_k: 0, top_p: 1.0, seed: 0 }
    }
}

impl GenerateOptions {
    fn check(&self) -> Result<(), Error> {
        if !(self.temperature.is_finite() && self.temperature >= 0.0) {
            return Err(Error::usage(format!("temperature is {}, expected 0 or more", self.temperature)));
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return Err(Error::usage(format!("top-p is {}, expected more than 0 and at most 1", self.top_p)));
        }
        Ok(())
    }
}

/// A text that is being generated, one token per step. It holds its model, as a `&Model` or an `Arc<Model>`.
#[derive(Debug)]
pub struct Generation<M> {
    model: M,
    options: GenerateOptions,
    interventions: Vec<Intervention>,
    cache: KvCache,
    rng: SplitMix64,
    /// Tokens to read before the next one is generated.
    unread: Vec<u32>,
    written: usize,
}

impl<M: Deref<Target = Model> + Send + Sync> Generation<M> {
    /// Prepares to continue after `tokens`.
    ///
    /// # Errors
    /// An encoder; options out of range; interventions that only make sense in one run over a fixed text.
    pub fn start(
        model: M,
        tokens: Vec<u32>,
        options: GenerateOptions,
        interventions: Vec<Intervention>,
    ) -> Result<Self, Error> {
        options.check()?;
        if !model.has_vocab_head() {
            return Err(model.no_head());
        }
        if model.fills_masks() {
            let name = &model.config().name;
            return Err(Error::usage(format!("{name} fills masked words in: it does not write on")));
        }
        let is_fixed = |i: &Intervention| {
            matches!(i, Intervention::MeanHead { .. } | Intervention::Patch { .. } | Intervention::Apply { .. })
        };
        if interventions.iter().any(is_fixed) {
            return Err(Error::usage(
                "means, patches and functions belong to one run over a fixed text; generate with zeroed heads or edges",
            ));
        }
        let (cache, rng) = (model.new_cache(), SplitMix64(options.seed));
        Ok(Self { model, options, interventions, cache, rng, unread: tokens, written: 0 })
    }

    /// The model that generates the text.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// Generates one token; `None` at `max_tokens` or when the context is full.
    pub fn step(&mut self) -> Result<Option<u32>, Error> {
        let model: &Model = &self.model;
        let full = self.cache.len() + self.unread.len() > model.config().n_ctx;
        if self.written >= self.options.max_tokens || full {
            return Ok(None);
        }
        let trace = model.run_with_cache(&mut self.cache, &self.unread, &Capture::none(), &self.interventions)?;
        let token = choose(&trace.last_logits, &self.options, &mut self.rng);
        self.written += 1;
        self.unread = vec![token];
        Ok(Some(token))
    }
}

impl Model {
    /// Continues after `tokens`; `each` receives every new token and may stop by returning false. Stops at `max_tokens`
    /// or when the context is full.
    pub fn generate(
        &self,
        tokens: &[u32],
        options: &GenerateOptions,
        interventions: &[Intervention],
        mut each: impl FnMut(&Token) -> bool,
    ) -> Result<Vec<u32>, Error> {
        let mut generation = Generation::start(self, tokens.to_vec(), options.clone(), interventions.to_vec())?;
        let mut written = Vec::new();
        while let Some(token) = generation.step()? {
            written.push(token);
            if !each(&self.token(token)) {
                break;
            }
        }
        Ok(written)
    }
}

/// Draws a token: temperature, then top-k, then top-p, then a random choice.
fn choose(logits: &[f32], o: &GenerateOptions, rng: &mut SplitMix64) -> u32 {
    let mut ids: Vec<u32> = (0..logits.len() as u32).collect();
    let order = |a: &u32, b: &u32| logits[*b as usize].total_cmp(&logits[*a as usize]).then(a.cmp(b));
    if o.temperature == 0.0 {
        return ids.into_iter().min_by(order).unwrap_or(0);
    }
    ids.sort_unstable_by(order);
    if o.top_k > 0 {
        ids.truncate(o.top_k);
    }
    let scaled: Vec<f32> = ids.iter().map(|id| logits[*id as usize] / o.temperature).collect();
    let p = softmax(&scaled);
    // A token is kept while those before it have not yet reached top_p.
    let before = p.iter().scan(0.0, |sum, p| Some(std::mem::replace(sum, *sum + p)));
    let count = before.take_while(|sum| *sum < o.top_p).count().max(1);
    let total: f32 = p[..count].iter().sum();
    let mut left = rng.unit() * total;
    for (id, p) in ids.iter().zip(&p[..count]) {
        left -= p;
        if left < 0.0 {
            return *id;
        }
    }
    ids[count - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_keep_to_their_limits() {
        let logits = [1.0, 3.0, 2.0, -1.0];
        let draw = |o: &GenerateOptions| {
            let mut rng = SplitMix64(o.seed);
            (0..300).map(|_| choose(&logits, o, &mut rng)).collect::<Vec<_>>()
        };
        let base = GenerateOptions { temperature: 1.0, ..Default::default() };
        assert!(draw(&GenerateOptions::default()).iter().all(|t| *t == 1));
        assert!(draw(&GenerateOptions { top_k: 2, ..base.clone() }).iter().all(|t| [1, 2].contains(t)));
        assert!(draw(&GenerateOptions { top_p: 0.5, ..base.clone() }).iter().all(|t| *t == 1));
        let all = draw(&base);
        assert!([0, 1, 2].iter().all(|t| all.contains(t)), "temperature 1 draws all likely tokens");
        assert_eq!(all, draw(&base), "a seed repeats");
        assert_ne!(all, draw(&GenerateOptions { seed: 1, ..base }));
    }
}
