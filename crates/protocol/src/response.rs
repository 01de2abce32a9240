//! The answers that a page gets.

use crate::Failure;
use attnscope::analysis::explain::Explanation;
use attnscope::analysis::{Depths, EdgeWeight, HeadScore, LensRow, Neighbour};
use attnscope::{Array, ModelInfo, NextToken, Token, Trace};
use serde::{Deserialize, Serialize};

/// A piece of the answer to one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "events are made one at a time, and never kept in numbers")]
pub enum Event {
    /// The work continues.
    Progress(Progress),
    /// The answer; nothing comes after it.
    Done(Response),
    /// It failed; nothing comes after it.
    Failed(Failure),
}

/// Progress of long work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Progress {
    /// Bytes of a model loaded.
    Loading {
        /// This many.
        done: u64,
        /// Out of this many.
        total: u64,
    },
    /// Layers passed.
    Layers {
        /// This many.
        done: usize,
        /// Out of this many.
        total: usize,
    },
    /// A token was generated.
    Token(Token),
    /// The model after some training.
    Trained {
        /// Steps done in total, including earlier requests.
        step: usize,
        /// Mean loss of the last batch in nats.
        loss: f32,
        /// The request's text, read by the model in its current state.
        run: Box<Run>,
    },
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is named by the request it answers")]
pub enum Response {
    Models(Vec<ModelCard>),
    Opened(ModelCard),
    Closed,
    Ran(Run),
    Tokens {
        tokens: Vec<Token>,
        /// The model whose tokenizer was used.
        model: ModelInfo,
        /// See [`Run::warning`].
        warning: Option<String>,
    },
    Generated(Vec<Token>),
    Heads(Vec<HeadScore>),
    EdgeWeights(Vec<EdgeWeight>),
    /// `[layer][head]`, each `[rows, cols]`: the largest weight under each pixel.
    Patterns(Vec<Vec<Array>>),
    Depths(Depths),
    Lens(Vec<LensRow>),
    Neighbours(Vec<Neighbour>),
    /// `[layer][head]`
    Contributions(Vec<Vec<f32>>),
    Tile(Tile),
    Explained(Explanation),
    /// `[d_model]` each
    Embeddings(Vec<Vec<f32>>),
    /// `[d_in, d_out]`
    Matrix(Array),
    Twin(Vec<NextToken>),
    Trained {
        /// Steps done in total, including earlier requests.
        step: usize,
        /// Mean loss of the last batch in nats; `None` before the first step.
        loss: Option<f32>,
        /// The request's text, read by the model in its current state.
        run: Run,
    },
    Attended {
        /// Working memory: the keys transposed, and the whole pattern or each thread's tile. Queries, keys, values and
        /// the result are not counted.
        bytes: u64,
    },
}

/// A model that can be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// Its id in requests.
    pub id: String,
    /// Its size on disk in bytes; 0 if it is built in.
    pub bytes: u64,
    /// Whether it is one GGUF file, which a browser can load for itself.
    pub gguf: bool,
    /// Its sizes, once it is open.
    pub info: Option<ModelInfo>,
}

/// A text that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Tokens and captured arrays. Its `last_logits` are left out, since `next` holds what is needed of them.
    pub trace: Trace,
    /// The likeliest next tokens; empty for an encoder.
    pub next: Vec<NextToken>,
    /// What a reader should know before relying on the numbers: [`attnscope::Model::warning`].
    pub warning: Option<String>,
}

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tile {
    /// Largest weight under each pixel, `[rows, cols]`.
    pub max: Array,
    /// Mean weight under each pixel, `[rows, cols]`.
    pub mean: Array,
}
