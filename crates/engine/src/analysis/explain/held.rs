//! The numbers of a run: those that its trace holds, and those that follow from them.

use super::super::Number;
use super::cosine;
use super::experts;
use super::explanation::Factor;
use super::name::{short, shown};
use super::vocabulary;
use crate::analysis::softmax;
use crate::site::{Site, Stage};
use crate::stream::{self, Step};
use crate::weights::{Learned, product};
use crate::{Config, Error, Model, Trace};
use std::borrow::Cow;

/// A model and the trace of a run of it over a whole text.
pub(super) struct Held<'a> {
    pub model: &'a Model,
    pub trace: &'a Trace,
    /// How each token is shown, with its position where several look the same: two parts.
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

    /// The row of the position table for a token of the text.
    pub fn position_row(&self, position: usize) -> usize {
        let ids: Vec<u32> = self.trace.tokens.iter().map(|token| token.id).collect();
        self.model.position_row(&ids, 0, position)
    }

    /// The type of a token of the text.
    pub fn token_type(&self, position: usize) -> u32 {
        let ids: Vec<u32> = self.trace.tokens.iter().map(|token| token.id).collect();
        self.model.token_types(&ids).map_or(0, |types| types[position])
    }

    /// A number of the run.
    pub fn value(&self, number: Number) -> Result<f32, Error> {
        if let Some(cosine) = cosine::value(self, number)? {
            return Ok(cosine);
        }
        let row = self.row(number)?;
        row.get(number.last()).copied().ok_or_else(|| missing(number))
    }

    /// A number of the run as a factor.
    pub fn factor(&self, number: Number) -> Result<Factor, Error> {
        Ok(Factor::number(short(number), number, self.value(number)?))
    }

    /// Every number of its row, from `number.with_last(0)` on, as factors.
    pub fn factors(&self, number: Number) -> Result<Vec<Factor>, Error> {
        let row = self.row(number)?;
        let named = row.iter().enumerate().map(|(i, &value)| (number.with_last(i), value));
        Ok(named.map(|(number, value)| Factor::number(short(number), number, value)).collect())
    }

    /// The rows of all heads of a number's token, one after another.
    pub fn all_heads(&self, number: Number) -> Result<Vec<Factor>, Error> {
        let (layer, position) = (number.layer().unwrap_or(0), number.position());
        let n_heads = number.site().axes()[0].len(self.config(), layer, 1, 1);
        let heads = (0..n_heads).map(|head| self.factors(number.site().in_layer(layer, [head, position, 0])));
        heads.collect::<Result<Vec<_>, _>>().map(|heads| heads.concat())
    }

    /// What a learned matrix is applied to for a number: the row of `site` at its token; of [`Site::Z`], all heads' rows.
    pub fn input(&self, site: Site, number: Number) -> Result<Vec<Factor>, Error> {
        let (layer, position) = (number.layer().unwrap_or(0), number.position());
        if site != Site::Z {
            return self.factors(site.in_layer(layer, [position, 0]));
        }
        self.all_heads(site.in_layer(layer, [0, position, 0]))
    }

    /// The matrix that computes a number.
    pub fn learned(&self, number: Number) -> Result<Learned<'a>, Error> {
        let learned = self.model.weights.learned(number.site(), number.layer().unwrap_or(0));
        learned.ok_or_else(|| match number.site() {
            Site::Logits | Site::LensLogits => self.model.no_head(),
            _ => missing(number),
        })
    }

    /// The row of an array that contains a number: all components of its token, all keys of its query.
    pub fn row(&self, number: Number) -> Result<Cow<'a, [f32]>, Error> {
        Ok(match number.site() {
            Site::TokenEmbed => self.model.embedding(number.indices()[0] as u32).into(),
            Site::EmbedSum => {
                let token = self.trace.tokens[number.position()].id;
                let (row, kind) = (self.position_row(number.position()), self.token_type(number.position()));
                self.model.embed_sum(token, row, kind).into()
            }
            Site::EmbedNorm | Site::AttnIn | Site::MlpIn | Site::AttnSum | Site::MlpSum | Site::LensNorm => {
                self.stream(number)?
            }
            Site::MlpRaw if experts::of(self, number).is_some() => experts::row(self, number)?.into(),
            Site::QRaw | Site::KRaw | Site::AttnRaw | Site::MlpRaw => self.product(number)?,
            Site::HeadNorm | Site::LensHeadNorm => self.stream(number)?,
            Site::HeadPost | Site::LensHeadPost => self.transformed(number)?,
            Site::LensLogits => self.head(number)?,
            Site::Logits => self.logits(number)?,
            Site::Probabilities | Site::LensProbabilities => softmax(&self.row(vocabulary::logits(number, 0))?).into(),
            _ => self.held(number)?.into(),
        })
    }

    /// How a number of the residual stream is computed.
    pub fn step(&self, number: Number) -> Result<Step<'a>, Error> {
        let layer = number.layer().unwrap_or(0);
        let step = stream::step(self.config(), &self.model.weights, number.site(), layer);
        step.ok_or_else(|| missing(number))
    }

    /// The number of another site from which one of the stream is computed, at the same token.
    pub fn place_of(&self, number: Number, site: Site) -> Number {
        // The final norm reads the output of the last layer.
        let last = self.config().n_layers.saturating_sub(1);
        number.of(site).in_other_layer(number.layer().unwrap_or(if site.stage() == Stage::Layer { last } else { 0 }))
    }

    /// A row of the stream that the trace may not hold, computed from those that it does.
    fn stream(&self, number: Number) -> Result<Cow<'a, [f32]>, Error> {
        Ok(match self.step(number)? {
            Step::Same(of, _) => self.row(number.of(of))?,
            Step::Norm { of, weights, .. } => {
                stream::normalise(self.config(), weights, &self.row(number.of(of))?).into()
            }
            Step::Scaled(of, factor) => {
                let mut row = self.row(number.of(of))?.to_vec();
                stream::scale(&mut row, factor);
                row.into()
            }
            Step::Sum(a, b) => {
                let mut sum = self.held(number.of(a))?.to_vec();
                stream::add(&mut sum, self.held(number.of(b))?);
                sum.into()
            }
        })
    }

    /// A row that the trace holds.
    fn held(&self, number: Number) -> Result<&'a [f32], Error> {
        let n = self.n_tokens();
        let array = self.trace.get(&number.key()).ok_or_else(|| missing(number))?;
        let expected = number.site().shape(self.config(), number.layer().unwrap_or(0), n, n);
        let at = number.indices();
        let row = array.row(&at[..at.len() - 1]).filter(|_| array.shape() == expected);
        row.ok_or_else(|| {
            let (key, shape) = (number.key(), array.shape());
            let why = "only runs over a whole text, without a cache, can be explained";
            Error::usage(format!("`{key}` has shape {shape:?}, expected {expected:?} for {n} tokens; {why}"))
        })
    }

    /// A row that a learned matrix computes and no run keeps: of a query or key, one head's part.
    fn product(&self, number: Number) -> Result<Cow<'a, [f32]>, Error> {
        let Learned { of, weight, bias, .. } = self.learned(number)?;
        let x = self.inputs(of, number)?;
        if number.site().axes().len() == 2 {
            return Ok(product(weight, &x, bias).into());
        }
        let d = self.config().d_head;
        let rows = number.head() * d..(number.head() + 1) * d;
        Ok(product(&weight.slice_rows(rows.clone()), &x, bias.map(|bias| &bias[rows])).into())
    }

    /// The logits after a token. No intervention changes them, so they can be recomputed from the final norm.
    fn logits(&self, number: Number) -> Result<Cow<'a, [f32]>, Error> {
        let (n, n_vocab, position) = (self.n_tokens(), self.config().n_vocab, number.position());
        let all = self.trace.get("logits").filter(|all| all.shape() == [n, n_vocab]);
        if let Some(row) = all.and_then(|all| all.index(position)) {
            return Ok(row.into());
        }
        if Some(position) == self.trace.predicts_at() && self.trace.last_logits.len() == n_vocab {
            return Ok(self.trace.last_logits.as_slice().into());
        }
        self.head(number)
    }

    /// The logits of a row, computed by the vocabulary head from what the model's last norm gives.
    fn head(&self, number: Number) -> Result<Cow<'a, [f32]>, Error> {
        let of = if number.layer().is_some() { Site::LensNorm } else { Site::FinalNorm };
        self.model.require_vocab_head()?;
        let x = self.inputs(of, number)?;
        let logits = self.model.weights.logits(self.config(), &x).ok_or_else(|| self.model.no_head())?;
        Ok(logits.into())
    }

    /// The activations of the first layer of a head for masked words.
    fn transformed(&self, number: Number) -> Result<Cow<'a, [f32]>, Error> {
        let x = self.inputs(self.learned(number)?.of, number)?;
        let transform = self.model.weights.transform.as_ref().ok_or_else(|| self.model.no_head())?;
        Ok(transform.post(&x).into())
    }

    /// The row that a learned matrix is applied to: of [`Site::Z`], all heads' rows.
    fn inputs(&self, of: Site, number: Number) -> Result<Cow<'a, [f32]>, Error> {
        let (layer, position) = (number.layer().unwrap_or(0), number.position());
        if of != Site::Z {
            return self.row(of.in_layer(layer, [position, 0]));
        }
        let heads = (0..self.config().n_heads).map(|head| self.row(of.in_layer(layer, [head, position, 0])));
        Ok(heads.collect::<Result<Vec<_>, _>>()?.concat().into())
    }
}

fn missing(number: Number) -> Error {
    Error::usage(format!("the trace does not hold `{}`: capture it", number.key()))
}
