//! The questions that a page can ask.

use attnscope::Number;
use attnscope::analysis::explain::Between;
use attnscope::{GenerateOptions, Intervention, MatrixKind};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A text for a model, and the interventions in its run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    /// The model's id, as [`Request::Models`] lists it.
    pub model: String,
    /// The text.
    pub text: String,
    /// Cut edges, ablated heads, patches; made in this order.
    pub interventions: Vec<Intervention>,
}

/// A token of a text: the place where a word is read for its vector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    /// The text.
    pub text: String,
    /// The token's position.
    pub position: usize,
}

/// A quantity of a run: together with the run's [`Prompt`] it identifies everything that can be explained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// A number of the run.
    Number(Number),
    /// The sum of the probabilities of these tokens.
    AnyOf {
        /// The position of the token before them.
        position: usize,
        /// The tokens, at most [`super::limits::MAX_TOP`].
        tokens: Vec<usize>,
    },
    /// Where a vector stands between two groups of words.
    Between {
        /// A number of the vector, which names position and depth: of `embed`, or of a `resid_post`.
        number: Number,
        /// The groups, at most [`super::limits::MAX_SPOTS`] words in all; the first one's mean is −1, the second's 1.
        groups: [Vec<Spot>; 2],
        /// The place itself, or the number's component of the axis or midpoint that define it.
        which: Between,
    },
    /// The loss of a model in training in this session: the mean of the last losses that were reported. The prompt's
    /// text is ignored.
    Loss {
        /// The mean covers reports at most this many steps older than the last one, and at most
        /// [`super::limits::MAX_TOP`] of them.
        back: usize,
    },
}

impl From<Number> for What {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl Prompt {
    /// A text for a model, without interventions.
    pub fn plain(model: &str, text: &str) -> Self {
        Self { model: model.into(), text: text.into(), interventions: Vec::new() }
    }
}

/// One question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Which models can be asked here? → [`super::Response::Models`]
    Models,
    /// Open a model. Every question opens what it needs; this one reports progress. → [`super::Response::Opened`]
    Open {
        /// Its id.
        model: String,
    },
    /// Close a model, also one in training, and free its memory. → [`super::Response::Closed`]
    Close {
        /// Its id.
        model: String,
    },
    /// Read a text. → [`super::Response::Ran`]
    Run {
        /// The text and its model.
        prompt: Prompt,
        /// What to keep, as `--capture` names it: `pattern,q,k`. Empty keeps nothing but the next tokens.
        capture: String,
        /// Keep arrays of these layers only.
        layers: Option<Range<usize>>,
        /// How many of the likeliest next tokens to name.
        top: usize,
    },
    /// Tokenize a text without running the model. → [`super::Response::Tokens`]
    Tokens {
        /// The text and its model; interventions are ignored.
        prompt: Prompt,
    },
    /// Generate text. Every token is a [`super::Progress::Token`]. → [`super::Response::Generated`]
    Generate {
        /// The text and its model.
        prompt: Prompt,
        /// Length, temperature, top-k, top-p, seed.
        options: GenerateOptions,
    },
    /// What does each head do? → [`super::Response::Heads`]
    Heads {
        /// The text and its model.
        prompt: Prompt,
    },
    /// How much does each head attend from one token to another? → [`super::Response::EdgeWeights`]
    EdgeWeights {
        /// The text and its model.
        prompt: Prompt,
        /// Position of the query.
        from: usize,
        /// Position of the key.
        to: usize,
    },
    /// The patterns of all heads, each pooled to a small picture. → [`super::Response::Patterns`]
    Patterns {
        /// The text and its model.
        prompt: Prompt,
        /// Rows and columns of a picture, at most [`super::limits::MAX_TILE`]; fewer if there are fewer tokens.
        side: usize,
    },
    /// A token's residual stream after the embedding and after each layer. → [`super::Response::Depths`]
    Depths {
        /// The text and its model.
        prompt: Prompt,
        /// The token's position.
        position: usize,
    },
    /// What would the model predict if it stopped after each layer? → [`super::Response::Lens`]
    Lens {
        /// The text and its model.
        prompt: Prompt,
        /// After which tokens; `None` for all. A large vocabulary takes long for each.
        positions: Option<Range<usize>>,
        /// How many tokens per cell.
        top: usize,
    },
    /// Which tokens are nearest to this one in the embedding? → [`super::Response::Neighbours`]
    Neighbours {
        /// The model.
        model: String,
        /// The token.
        token: u32,
        /// How many.
        top: usize,
    },
    /// How much does each head add to this token's logit? → [`super::Response::Contributions`]
    Contributions {
        /// The text and its model.
        prompt: Prompt,
        /// The token.
        token: u32,
    },
    /// Part of one head's pattern, pooled to a picture of at most this many pixels. → [`super::Response::Tile`]
    Tile {
        /// The text and its model.
        prompt: Prompt,
        /// Layer.
        layer: usize,
        /// Head.
        head: usize,
        /// Queries.
        rows: Range<usize>,
        /// Keys.
        cols: Range<usize>,
        /// Rows and columns of the picture.
        size: (usize, usize),
    },
    /// How is this computed? → [`super::Response::Explained`]
    Explain {
        /// The text and its model, which may also be [`super::TWIN`].
        prompt: Prompt,
        /// The quantity of its run.
        what: What,
    },
    /// The embeddings of these tokens, as they are in the model's file. → [`super::Response::Embeddings`]
    Embeddings {
        /// The model.
        model: String,
        /// Tokens, at most [`super::limits::MAX_TOP`].
        tokens: Vec<u32>,
    },
    /// A head's part of a learned matrix, `[d_in, d_out]`. → [`super::Response::Matrix`]
    Matrix {
        /// The model.
        model: String,
        /// Layer.
        layer: usize,
        /// Head; for keys and values a key/value head.
        head: usize,
        /// Which matrix.
        which: MatrixKind,
    },
    /// Which tokens' embeddings are nearest to this vector? → [`super::Response::Neighbours`]
    Near {
        /// The model.
        model: String,
        /// `[d_model]`
        vector: Vec<f32>,
        /// How many.
        top: usize,
    },
    /// What would come next if only the words mattered, and not their order? Asks the lesson model's twin without
    /// attention. → [`super::Response::Twin`]
    Twin {
        /// The text.
        text: String,
        /// How many of the likeliest next words to name.
        top: usize,
    },
    /// Train a lesson model of the session's own. Every so many steps there is a [`super::Progress::Trained`].
    /// → [`super::Response::Trained`]
    ///
    /// The model stays in the session in its current state, and can be asked by its id like any model, even during
    /// training ([`Request::Models`] does not list it). The next request continues where the last one stopped, or was
    /// stopped: dropping a job keeps what was learned. With [`super::BEFORE`] after its id, the model is asked in its
    /// state before its last step. [`Request::Close`] removes it. The same settings and number of steps give the same
    /// bits, in however many requests.
    Train {
        /// The id of the model, which must not be another model's. At most [`super::limits::MAX_TRAINED`] are held: for
        /// one more, the least recently used one is removed.
        model: String,
        /// Seed, learning rate, batch, own sentences. If they have changed since it was started, training starts again.
        settings: attnscope::lesson::Settings,
        /// How many more steps. With 0, the answer gives the current state.
        steps: usize,
        /// A report every this many steps.
        every: usize,
        /// The text whose predictions and patterns the reports show.
        text: String,
        /// Start again, even if training could continue.
        fresh: bool,
    },
    /// Run attention once, so that it can be timed: one causal head over random queries, keys and values, in one step.
    /// → [`super::Response::Attended`]
    Attend {
        /// Tokens: at most [`super::limits::MAX_ATTEND`], and [`super::limits::MAX_ATTEND_FULL`] for the whole pattern.
        len: usize,
        /// Width of the head, at most [`super::limits::MAX_D_HEAD`].
        d_head: usize,
        /// Keep no more of the pattern than a tile; otherwise all of it, `[len, len]`. Both use the same fast kernel,
        /// so that they differ in memory and not in the quality of the code.
        tiled: bool,
    },
}

impl Request {
    /// Id of the model that the request asks, if there is one.
    pub fn model(&self) -> Option<&str> {
        match self {
            Self::Open { model }
            | Self::Close { model }
            | Self::Neighbours { model, .. }
            | Self::Embeddings { model, .. }
            | Self::Matrix { model, .. }
            | Self::Near { model, .. }
            | Self::Train { model, .. } => Some(model),
            _ => self.prompt().map(|prompt| prompt.model.as_str()),
        }
    }

    /// The text and model of its run, if it has one.
    pub fn prompt(&self) -> Option<&Prompt> {
        match self {
            Self::Run { prompt, .. }
            | Self::Tokens { prompt }
            | Self::Generate { prompt, .. }
            | Self::Heads { prompt }
            | Self::EdgeWeights { prompt, .. }
            | Self::Patterns { prompt, .. }
            | Self::Depths { prompt, .. }
            | Self::Lens { prompt, .. }
            | Self::Contributions { prompt, .. }
            | Self::Explain { prompt, .. }
            | Self::Tile { prompt, .. } => Some(prompt),
            Self::Models
            | Self::Open { .. }
            | Self::Close { .. }
            | Self::Neighbours { .. }
            | Self::Embeddings { .. }
            | Self::Matrix { .. }
            | Self::Near { .. }
            | Self::Train { .. }
            | Self::Twin { .. }
            | Self::Attend { .. } => None,
        }
    }
}
