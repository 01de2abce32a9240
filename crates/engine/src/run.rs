//! A run: tokens pass through the model, one layer per step.
//!
//! The owner of a [`Run`] may stop between steps, report its progress, or drop it: the run owns all of its state and
//! holds its model, by reference or shared. [`Model::run`] is the loop around it.

use crate::cache::KvCache;
use crate::capture::Capture;
use crate::pass::{Pass, State};
use crate::site::Site;
use crate::{Array, Error, Intervention, Model, Trace, block, stream};
use attnscope_kernels::rope::Rope;
use attnscope_kernels::threads;
use std::collections::BTreeMap;
use std::ops::Deref;

/// A run in progress. It holds its model, as a `&Model` or an `Arc<Model>`.
///
/// ```
/// use attnscope::{Capture, Run};
///
/// let model = attnscope::lesson::model();
/// let tokens = model.encode("the hot dog was")?;
/// let mut run = Run::start(&model, tokens, "pattern".parse()?, vec![], model.new_cache())?;
/// while run.step()? {
///     println!("{} of {} layers", run.layers_done(), run.model().config().n_layers);
/// }
/// let (trace, _cache) = run.finish()?;
/// assert_eq!(trace.pattern(1, 0)?.shape(), [4, 4]);
/// # Ok::<(), attnscope::Error>(())
/// ```
#[derive(Debug)]
pub struct Run<M> {
    model: M,
    tokens: Vec<u32>,
    state: State,
    cache: KvCache,
    /// Angles of the new tokens' positions, one table for each of the model's rotations.
    ropes: Vec<Rope>,
    /// The residual stream before `layer`, `[seq, d_model]`.
    resid: Vec<f32>,
    /// The next layer to pass.
    layer: usize,
}

impl<M: Deref<Target = Model> + Send + Sync> Run<M> {
    /// Embeds `tokens`, which come after those in `cache`; no layer is passed yet.
    ///
    /// # Errors
    /// No tokens, too many, or unknown ones; an intervention that names something that does not exist.
    pub fn start(
        model: M,
        tokens: Vec<u32>,
        capture: Capture,
        interventions: Vec<Intervention>,
        cache: KvCache,
    ) -> Result<Self, Error> {
        model.check_run(&tokens, &interventions, &cache)?;
        let c = &model.config;
        let ropes =
            c.rotaries.iter().map(|rotary| rotary.rope(cache.len + tokens.len(), cache.len, tokens.len())).collect();
        let mut resid = model.embed(&tokens, cache.len);
        model.check_files()?;
        let (first, seq) = (cache.len, tokens.len());
        let (arrays, spare) = (BTreeMap::new(), BTreeMap::new());
        let mut state = State { capture, interventions, first, seq, arrays, spare };
        state.pass(c, 0).site(Site::Embed, &mut resid)?;
        Ok(Self { model, tokens, state, cache, ropes, resid, layer: 0 })
    }

    /// The same run, which writes what it keeps into the memory of an earlier trace's arrays where they are as large.
    pub fn reusing(mut self, trace: Trace) -> Self {
        self.state.spare = trace.arrays;
        self
    }

    /// Passes the next layer, if there is one. Returns whether layers are left.
    ///
    /// # Errors
    /// A patch that does not fit, or a model whose file has changed. The run cannot continue then.
    pub fn step(&mut self) -> Result<bool, Error> {
        let are_left = threads::inside(|| self.pass_layer())?;
        // The caller may read the captured arrays now, before the run has finished.
        self.model.check_files()?;
        Ok(are_left)
    }

    fn pass_layer(&mut self) -> Result<bool, Error> {
        let model: &Model = &self.model;
        let n_layers = model.weights.blocks.len();
        if self.layer < n_layers {
            let mut pass = self.state.pass(&model.config, self.layer);
            block::forward(&mut pass, &model.weights, &self.ropes, &mut self.cache, &mut self.resid)?;
            model.check_whole()?;
            self.layer += 1;
        }
        Ok(self.layer < n_layers)
    }

    /// The model of the run.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The number of layers passed.
    pub fn layers_done(&self) -> usize {
        self.layer
    }

    /// What was captured since the last call, as a trace without logits. A caller that takes one layer after the other
    /// this way never holds the arrays of all.
    pub fn drain(&mut self) -> Trace {
        let arrays = std::mem::take(&mut self.state.arrays);
        self.model.trace(&self.tokens, arrays, Vec::new(), &self.state.interventions)
    }

    /// Passes the layers that are left, then the final norm and the vocabulary head. The cache now holds the tokens.
    pub fn finish(self) -> Result<(Trace, KvCache), Error> {
        threads::inside(|| self.pass_all())
    }

    fn pass_all(mut self) -> Result<(Trace, KvCache), Error> {
        while self.pass_layer()? {}
        let model: &Model = &self.model;
        let at = model.predicts_at(&self.tokens);
        let last_logits = model.read_out(&mut self.state.pass(&model.config, 0), self.resid, at)?;
        model.check_files()?;
        self.cache.len += self.tokens.len();
        let State { arrays, interventions, .. } = self.state;
        Ok((model.trace(&self.tokens, arrays, last_logits, &interventions), self.cache))
    }
}

impl Model {
    /// Reads `tokens` and returns the captured arrays.
    pub fn run(&self, tokens: &[u32], capture: &Capture, interventions: &[Intervention]) -> Result<Trace, Error> {
        self.run_with_cache(&mut self.new_cache(), tokens, capture, interventions)
    }

    /// The same, into a trace whose memory is used again: a pattern that is kept then takes little longer than one that is
    /// not, since fresh memory costs as much as what is written into it. After an error the trace is empty.
    ///
    /// ```
    /// let model = attnscope::lesson::model();
    /// let (capture, mut trace) = ("pattern".parse()?, attnscope::Trace::default());
    /// for text in ["the hot dog was", "the big dog was"] {
    ///     model.run_into(&mut trace, &model.encode(text)?, &capture, &[])?;
    ///     println!("{}", trace.pattern(0, 0)?.row(&[2]).unwrap()[1]);
    /// }
    /// # Ok::<(), attnscope::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn run_into(
        &self,
        trace: &mut Trace,
        tokens: &[u32],
        capture: &Capture,
        interventions: &[Intervention],
    ) -> Result<(), Error> {
        let spare = std::mem::take(trace);
        let run = Run::start(self, tokens.to_vec(), capture.clone(), interventions.to_vec(), self.new_cache())?;
        *trace = run.reusing(spare).finish()?.0;
        Ok(())
    }

    /// An empty cache for this model.
    pub fn new_cache(&self) -> KvCache {
        KvCache::new(self.config.n_layers, self.config.n_kv_heads)
    }

    /// Reads `tokens` after those in `cache`, which then holds them too. The trace's rows are the new tokens; its keys
    /// are all tokens. After an error the cache is unchanged if the request was refused, and empty if the run failed
    /// midway.
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
        let (trace, after) = run.finish()?;
        *cache = after;
        Ok(trace)
    }

    /// Refuses changes that a run over `n_tokens` tokens cannot make.
    ///
    /// # Errors
    /// A layer, head, token or edge that does not exist; weights in one row of a pattern that sum to more than 1.
    pub fn check_changes(&self, changes: &[Intervention], n_tokens: usize) -> Result<(), Error> {
        crate::intervention::check_all(changes, &self.config, n_tokens)
    }

    fn check_run(&self, tokens: &[u32], interventions: &[Intervention], cache: &KvCache) -> Result<(), Error> {
        let c = &self.config;
        self.check_tokens(tokens, cache.len)?;
        let (before, after) = (cache.len, cache.len + tokens.len());
        if let Some((most, _)) = c
            .rotaries
            .iter()
            .filter_map(|r| r.long.as_ref())
            .find(|long| (1..=long.0).contains(&before) && after > long.0)
        {
            return Err(Error::usage(format!(
                "{} rotates the tokens of texts of more than {most} tokens otherwise: read the text anew, without a cache",
                c.name
            )));
        }
        if !c.causal && cache.len > 0 {
            return Err(Error::usage(format!("{} attends both ways: it cannot go on from a cache", c.name)));
        }
        let applies = |change: &Intervention| matches!(change, Intervention::Apply { .. });
        if cache.len > 0 && interventions.iter().any(applies) {
            return Err(Error::usage(
                "a function is applied to a run over a whole text, not to one that goes on from a cache",
            ));
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

    /// The input of block 0, `[seq, d_model]`: the sum of each token's embeddings, normed and projected where the model
    /// does so; positions may be added only then.
    fn embed(&self, tokens: &[u32], first: usize) -> Vec<f32> {
        let types = self.token_types(tokens);
        let row = |i| self.embed_sum(tokens[i], self.position_row(tokens, first, i), types.map_or(0, |types| types[i]));
        let rows = (0..tokens.len()).flat_map(row);
        let sums: Vec<f32> = rows.collect();
        let (c, w) = (&self.config, &self.weights);
        let Some(projection) = &w.embed_projection else {
            return stream::read(c, stream::step(c, w, Site::Embed, 0), &sums);
        };
        let mut rows = projection.forward(&stream::read(c, stream::step(c, w, Site::EmbedNorm, 0), &sums));
        if let Some(positions) = w.positions.as_ref().filter(|_| w.positions_follow()) {
            for (i, row) in rows.chunks_exact_mut(c.d_model).enumerate() {
                stream::add(row, &positions.row_f32(self.position_row(tokens, first, i)));
            }
        }
        rows
    }

    /// The row of the position table for token `i` of `tokens`, before which `first` others were read. Mostly it is its
    /// position. With a padding token p (RoBERTa) rows begin after p's own, and padding tokens are not counted.
    pub(crate) fn position_row(&self, tokens: &[u32], first: usize, i: usize) -> usize {
        match self.weights.padding {
            None => first + i,
            Some(padding) if tokens[i] == padding => padding as usize,
            Some(padding) => {
                let before = tokens[..i].iter().filter(|token| **token != padding).count();
                padding as usize + 1 + first + before
            }
        }
    }

    /// The types of these tokens, if they are the pair of texts that the model was given; else all have type 0.
    pub(crate) fn token_types(&self, tokens: &[u32]) -> Option<&[u32]> {
        self.pair.as_ref().filter(|(ids, _)| ids == tokens).map(|(_, types)| types.as_slice())
    }

    /// Word, position (unless it follows the projection) and token type of one token, added up: [`Site::EmbedSum`].
    pub(crate) fn embed_sum(&self, token: u32, position: usize, kind: u32) -> Vec<f32> {
        let w = &self.weights;
        let mut row = w.embed.row_f32(token as usize);
        stream::scale(&mut row, self.config.scales.embed);
        let position = w.positions.as_ref().filter(|_| !w.positions_follow()).map(|p| p.row_f32(position));
        let kind = w.token_types.as_ref().map(|types| types.row_f32(kind as usize));
        position.iter().chain(&kind).for_each(|added| stream::add(&mut row, added));
        row
    }

    /// Final norm and vocabulary head; returns the logits of row `at`. The head is by far the widest product (49,152 rows in
    /// SmolLM2), so only the rows that were asked for go through it.
    fn read_out(&self, pass: &mut Pass<'_>, resid: Vec<f32>, at: usize) -> Result<Vec<f32>, Error> {
        let (c, w) = (&self.config, &self.weights);
        let mut normed = stream::read(c, stream::step(c, w, Site::FinalNorm, 0), &resid);
        pass.site(Site::FinalNorm, &mut normed)?;
        let rows = if pass.all_logits() { 0..pass.seq } else { at..at + 1 };
        let Some(logits) = w.logits(c, &normed[rows.start * c.d_model..rows.end * c.d_model]) else {
            return Ok(Vec::new());
        };
        pass.check(Site::Logits, &logits)?;
        if pass.keeps(Site::Logits) {
            let last = logits[(at - rows.start) * c.n_vocab..][..c.n_vocab].to_vec();
            pass.last_site(Site::Logits, logits)?;
            return Ok(last);
        }
        Ok(logits)
    }
}
