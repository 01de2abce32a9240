//! A run: tokens go through the model, one layer a step.
//!
//! Whoever holds a [`Run`] may stop between steps, report how far it is, or drop it: the run owns all of its state and
//! needs the model only while it steps. [`Model::run`] is the loop around it.

use crate::cache::KvCache;
use crate::capture::Capture;
use crate::config::Positions;
use crate::pass::{Pass, State};
use crate::weights::product;
use crate::{Array, Error, Intervention, Model, Trace, block};
use attnscope_kernels::rope::Rope;
use attnscope_kernels::threads;
use std::collections::BTreeMap;

/// A run in progress. Every method wants the model that the run was started with.
#[derive(Debug)]
pub struct Run {
    tokens: Vec<u32>,
    state: State,
    cache: KvCache,
    /// Angles of the new tokens' positions, where the model turns its queries and keys.
    rope: Option<Rope>,
    /// The residual stream before `layer`, `[seq, d_model]`.
    resid: Vec<f32>,
    /// The next layer to pass.
    layer: usize,
}

impl Run {
    /// Embeds `tokens`, which come after those in `cache`; the layers are still to be passed.
    ///
    /// # Errors
    /// No tokens, too many, unknown ones; an intervention that names what does not exist.
    pub fn start(
        model: &Model,
        tokens: Vec<u32>,
        capture: Capture,
        interventions: Vec<Intervention>,
        cache: KvCache,
    ) -> Result<Self, Error> {
        model.check_run(&tokens, &interventions, &cache)?;
        let c = &model.config;
        let rope = match c.positions {
            Positions::Rotary { theta, dim, .. } => Some(Rope::new(dim, theta, cache.len, tokens.len())),
            Positions::Learned => None,
        };
        let mut resid = model.embed(&tokens, cache.len);
        model.check_files()?;
        let mut state = State { capture, interventions, first: cache.len, arrays: BTreeMap::new() };
        state.pass(c).model_site("embed", &[tokens.len(), c.d_model], &mut resid)?;
        Ok(Self { tokens, state, cache, rope, resid, layer: 0 })
    }

    /// Passes the next layer, if there is one. Returns whether layers are left.
    ///
    /// # Errors
    /// A patch that does not fit, or a model whose file has changed. The run cannot go on then.
    pub fn step(&mut self, model: &Model) -> Result<bool, Error> {
        let are_left = threads::inside(|| self.pass_layer(model))?;
        // What was kept may be looked at now, before the run has finished.
        model.check_files()?;
        Ok(are_left)
    }

    fn pass_layer(&mut self, model: &Model) -> Result<bool, Error> {
        let blocks = &model.weights.blocks;
        if let Some(weights) = blocks.get(self.layer) {
            let mut pass = self.state.pass(&model.config);
            let (rope, cache) = (self.rope.as_ref(), &mut self.cache);
            block::forward(&mut pass, weights, self.layer, rope, cache, &mut self.resid)?;
            model.check_whole()?;
            self.layer += 1;
        }
        Ok(self.layer < blocks.len())
    }

    /// How many layers were passed.
    pub fn layers_done(&self) -> usize {
        self.layer
    }

    /// What was kept since the last call, as a trace without logits. Who looks at one layer after the other this way
    /// never holds the arrays of all.
    pub fn drain(&mut self, model: &Model) -> Trace {
        let arrays = std::mem::take(&mut self.state.arrays);
        model.trace(&self.tokens, arrays, Vec::new(), &self.state.interventions)
    }

    /// Passes the layers that are left, then the final norm and the vocabulary head. The cache now holds the tokens.
    pub fn finish(self, model: &Model) -> Result<(Trace, KvCache), Error> {
        threads::inside(|| self.pass_all(model))
    }

    fn pass_all(mut self, model: &Model) -> Result<(Trace, KvCache), Error> {
        while self.pass_layer(model)? {}
        let last_logits = model.read_out(&mut self.state.pass(&model.config), self.resid)?;
        model.check_files()?;
        self.cache.len += self.tokens.len();
        let State { arrays, interventions, .. } = self.state;
        Ok((model.trace(&self.tokens, arrays, last_logits, &interventions), self.cache))
    }
}

impl Model {
    /// Reads `tokens` and returns what was asked for.
    pub fn run(&self, tokens: &[u32], capture: &Capture, interventions: &[Intervention]) -> Result<Trace, Error> {
        self.run_with_cache(&mut self.new_cache(), tokens, capture, interventions)
    }

    /// An empty cache for this model.
    pub fn new_cache(&self) -> KvCache {
        KvCache::new(self.config.n_layers, self.config.n_kv_heads)
    }

    /// Reads `tokens` after those in `cache`, which then holds them too. Rows of the trace are the new tokens;
    /// keys are all. After an error the cache is as before if the request was refused, and empty if it failed on the
    /// way.
    pub fn run_with_cache(
        &self,
        cache: &mut KvCache,
        tokens: &[u32],
        capture: &Capture,
        interventions: &[Intervention],
    ) -> Result<Trace, Error> {
        self.check_run(tokens, interventions, cache)?;
        let taken = std::mem::replace(cache, self.new_cache());
        let run = Run::start(self, tokens.to_vec(), capture.clone(), interventions.to_vec(), taken)?;
        let (trace, after) = run.finish(self)?;
        *cache = after;
        Ok(trace)
    }

    /// Refuses changes that a run over `n_tokens` tokens cannot make.
    ///
    /// # Errors
    /// A layer, head, token or edge that does not exist; weights of which a row has not so much to give.
    pub fn check_changes(&self, changes: &[Intervention], n_tokens: usize) -> Result<(), Error> {
        crate::intervention::check_all(changes, &self.config, n_tokens)
    }

    fn check_run(&self, tokens: &[u32], interventions: &[Intervention], cache: &KvCache) -> Result<(), Error> {
        let c = &self.config;
        self.check_tokens(tokens, cache.len)?;
        if !c.causal && cache.len > 0 {
            return Err(Error::usage(format!("{} looks both ways: it cannot go on from a cache", c.name)));
        }
        crate::intervention::check_all(interventions, c, cache.len + tokens.len())
    }

    fn trace(
        &self,
        tokens: &[u32],
        arrays: BTreeMap<String, Array>,
        last_logits: Vec<f32>,
        interventions: &[Intervention],
    ) -> Trace {
        let tokens = tokens.iter().map(|t| self.token(*t)).collect();
        let edges = interventions.iter().filter(|i| matches!(i, Intervention::SetEdge { .. })).cloned().collect();
        Trace { model: self.info(), tokens, arrays, last_logits, edges }
    }

    /// What enters block 0, `[seq, d_model]`: word, position and type.
    fn embed(&self, tokens: &[u32], first: usize) -> Vec<f32> {
        let w = &self.weights;
        let mut out = Vec::with_capacity(tokens.len() * self.config.d_model);
        for (i, token) in tokens.iter().enumerate() {
            let mut row = w.embed.row_f32(*token as usize);
            let position = w.positions.as_ref().map(|p| p.row_f32(first + i));
            for added in position.iter().chain(&w.token_type) {
                row.iter_mut().zip(added).for_each(|(x, a)| *x += a);
            }
            out.extend_from_slice(&row);
        }
        match &w.embed_norm {
            Some(norm) => block::normalise(&self.config, norm, &out),
            None => out,
        }
    }

    /// Final norm and vocabulary head; returns the last token's logits. The head is by far the widest product
    /// (49,152 rows in SmolLM2), so only the rows that were asked for go through it.
    fn read_out(&self, pass: &mut Pass<'_>, resid: Vec<f32>) -> Result<Vec<f32>, Error> {
        let (c, w) = (&self.config, &self.weights);
        let seq = resid.len() / c.d_model;
        let mut normed = match &w.final_norm {
            Some(norm) => block::normalise(c, norm, &resid),
            None => resid,
        };
        pass.model_site("final_norm", &[seq, c.d_model], &mut normed)?;
        let Some(unembed) = &w.unembed else { return Ok(Vec::new()) };
        let from = if pass.capture.all_logits() { 0 } else { seq - 1 };
        let mut logits = product(unembed, &normed[from * c.d_model..], None);
        let shape = [seq - from, c.n_vocab];
        if pass.capture.wants("logits") {
            // As kept: a patch may have changed them.
            let kept = pass.kept_model_site("logits", &shape, logits)?.data();
            return Ok(kept[kept.len() - c.n_vocab..].to_vec());
        }
        pass.model_site("logits", &shape, &mut logits)?;
        Ok(logits.split_off(logits.len() - c.n_vocab))
    }
}
