//! The numbers of a run: those that its trace holds, and those that follow from them.

use super::super::Number;
use super::cosine;
use super::explanation::Factor;
use super::name::{short, shown};
use crate::config::NormPlace;
use crate::model::probabilities;
use crate::weights::{Linear, Norm, product};
use crate::{Config, Error, Model, Trace, block};
use std::borrow::Cow;

/// A model and the trace of a run of it over a whole text.
pub(super) struct Held<'a> {
    pub model: &'a Model,
    pub trace: &'a Trace,
    /// How each token is shown, with its place where several look alike: two parts.
    pub shown: Vec<(String, String)>,
}

impl<'a> Held<'a> {
    /// # Errors
    /// A trace of another model, or of a run that went on from a cache.
    pub fn new(model: &'a Model, trace: &'a Trace) -> Result<Self, Error> {
        if trace.model != model.info() {
            let (found, expected) = (&trace.model.name, &model.config().name);
            return Err(Error::usage(format!("the trace is of {found}, the model is {expected}: run that first")));
        }
        let ids: Vec<u32> = trace.tokens.iter().map(|token| token.id).collect();
        model.check_tokens(&ids, 0)?;
        Ok(Self { model, trace, shown: shown(&trace.tokens) })
    }

    pub fn config(&self) -> &'a Config {
        self.model.config()
    }

    pub fn n_tokens(&self) -> usize {
        self.trace.tokens.len()
    }

    /// A number of the run.
    pub fn value(&self, number: Number) -> Result<f32, Error> {
        if let Some(cosine) = cosine::value(self, number)? {
            return Ok(cosine);
        }
        let last = number.indices().last().copied().unwrap_or(0);
        let row = self.row(number)?;
        row.get(last).copied().ok_or_else(|| missing(number))
    }

    /// It, as a factor.
    pub fn factor(&self, number: Number) -> Result<Factor, Error> {
        Ok(Factor::number(short(number), number, self.value(number)?))
    }

    /// Every number of its row, `number.with_last(0)` and on, as factors.
    pub fn factors(&self, number: Number) -> Result<Vec<Factor>, Error> {
        let row = self.row(number)?;
        let named = row.iter().enumerate().map(|(i, &value)| (number.with_last(i), value));
        Ok(named.map(|(number, value)| Factor::number(short(number), number, value)).collect())
    }

    /// The row of an array in which a number lies: all components of its token, all keys of its query.
    pub fn row(&self, number: Number) -> Result<Cow<'a, [f32]>, Error> {
        let w = &self.model.weights;
        Ok(match number {
            Number::EmbedSum { position, .. } => self.embed_sum(position).into(),
            Number::AttnIn { layer, position, .. } => {
                self.read(Number::ResidPre { layer, position, component: 0 }, &w.blocks[layer].norm_attn)?
            }
            Number::MlpIn { layer, position, .. } => {
                let mlp = w.blocks[layer].mlp.as_ref().ok_or_else(|| missing(number))?;
                self.read(Number::ResidMid { layer, position, component: 0 }, &mlp.norm)?
            }
            Number::QRaw { layer, head, position, .. } => self.project(&w.blocks[layer].q, layer, head, position)?,
            Number::KRaw { layer, head, position, .. } => self.project(&w.blocks[layer].k, layer, head, position)?,
            Number::AttnSum { layer, position, .. } => {
                let to = Number::ResidPre { layer, position, component: 0 };
                self.sum(to, Number::AttnOut { layer, position, component: 0 })?
            }
            Number::MlpSum { layer, position, .. } => {
                let to = Number::ResidMid { layer, position, component: 0 };
                self.sum(to, Number::MlpOut { layer, position, component: 0 })?
            }
            Number::Logit { position, .. } => self.logits(position)?,
            Number::Probability { position, .. } => probabilities(&self.logits(position)?).into(),
            _ => self.held(number)?.into(),
        })
    }

    /// A row that the trace holds.
    fn held(&self, number: Number) -> Result<&'a [f32], Error> {
        let c = self.config();
        let width = match number {
            Number::Q { .. } | Number::K { .. } | Number::V { .. } | Number::Z { .. } => c.d_head,
            Number::Score { .. } | Number::Weight { .. } => self.n_tokens(),
            Number::MlpPost { .. } => c.mlp.map_or(0, |mlp| mlp.d_ff),
            _ => c.d_model,
        };
        let array = self.trace.get(&number.key()).ok_or_else(|| missing(number))?;
        let at = number.indices();
        let row = array.row(&at[..at.len() - 1]).filter(|row| row.len() == width);
        row.filter(|_| array.shape().iter().rev().nth(1) == Some(&self.n_tokens())).ok_or_else(|| {
            let (key, shape, n) = (number.key(), array.shape(), self.n_tokens());
            let why = "only runs over a whole text, without a cache, can be explained";
            Error::usage(format!("`{key}` has shape {shape:?}, expected rows of {width} for {n} tokens; {why}"))
        })
    }

    /// What enters the model, before its norm.
    fn embed_sum(&self, position: usize) -> Vec<f32> {
        let w = &self.model.weights;
        let mut row = self.model.embedding(self.trace.tokens[position].id);
        let learned = w.positions.as_ref().map(|p| p.row_f32(position));
        for added in learned.iter().chain(&w.token_type) {
            row.iter_mut().zip(added).for_each(|(x, a)| *x += a);
        }
        row
    }

    /// A row of the residual stream as attention or MLP reads it.
    fn read(&self, resid: Number, norm: &Norm) -> Result<Cow<'a, [f32]>, Error> {
        let (c, resid) = (self.config(), self.held(resid)?);
        Ok(match c.norm_place {
            NormPlace::Pre => block::normalise(c, norm, resid).into(),
            NormPlace::Post => resid.into(),
        })
    }

    /// Two rows added.
    fn sum(&self, a: Number, b: Number) -> Result<Cow<'a, [f32]>, Error> {
        let (a, b) = (self.held(a)?, self.held(b)?);
        Ok(a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<_>>().into())
    }

    /// One head of a projection of what attention reads.
    fn project(&self, w: &Linear, layer: usize, head: usize, position: usize) -> Result<Cow<'a, [f32]>, Error> {
        let d = self.config().d_head;
        let rows = head * d..(head + 1) * d;
        let x = self.row(Number::AttnIn { layer, position, component: 0 })?;
        let bias = w.bias.as_ref().map(|bias| &bias[rows.clone()]);
        Ok(product(&w.weight.slice_rows(rows), &x, bias).into())
    }

    /// The logits after a token. Nothing changes them in a run: they may be made again from the last norm.
    fn logits(&self, position: usize) -> Result<Cow<'a, [f32]>, Error> {
        let (n, n_vocab) = (self.n_tokens(), self.config().n_vocab);
        let all = self.trace.get("logits").filter(|all| all.shape() == [n, n_vocab]);
        if let Some(row) = all.and_then(|all| all.index(position)) {
            return Ok(row.into());
        }
        if position + 1 == n && self.trace.last_logits.len() == n_vocab {
            return Ok(self.trace.last_logits.as_slice().into());
        }
        let unembed = self.model.weights.unembed.as_ref().ok_or_else(|| self.model.no_head())?;
        Ok(product(unembed, self.held(Number::FinalNorm { position, component: 0 })?, None).into())
    }
}

fn missing(number: Number) -> Error {
    Error::usage(format!("the trace does not hold `{}`: capture it", number.key()))
}
