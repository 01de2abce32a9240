//! What the reader has chosen. It lives in the page's address, so that a link shows what its sender saw.

use crate::{Open, Trained};
use attnscope::{Intervention, ModelInfo};
use attnscope_protocol::{Prompt, Request};

/// The sentence that the page begins with.
pub const SENTENCE: &str = "the hot dog was";
/// The model that is always there.
pub const LESSON: &str = "lesson";
/// The model that the reader trains.
pub const TRAINED: &str = "trained";

/// How many likeliest tokens are shown at first.
pub(crate) const TOP: usize = 10;
/// The most tokens of a text of which every figure shows something.
pub const MOST_TOKENS: usize = 512;
/// A text of more bytes is run for its patterns alone, since it most likely has more tokens than that: a token of
/// ordinary text has four or five bytes.
const LONG: usize = 8 * MOST_TOKENS;
/// All that attention does in a layer.
const WHOLE: &str = "embed,resid_pre,attn_in,q,k,v,pattern,z,attn_out,resid_mid";
/// Next tokens at most.
pub(crate) const MOST: usize = 100;

/// The selection, which every figure follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// The sentence.
    pub text: String,
    /// Id of the model.
    pub model: String,
    /// How that model was trained, if it is one that the reader trained.
    pub trained: Option<Trained>,
    /// Layer of the figures that show one.
    pub layer: usize,
    /// Head of the figures that show one.
    pub head: usize,
    /// The query that is read out.
    pub q_idx: Option<usize>,
    /// The one of its keys that is read out.
    pub k_idx: Option<usize>,
    /// The interventions while the sentence is read: edges that are cut, heads that are ablated.
    pub changes: Vec<Intervention>,
    /// Another sentence to compare it with.
    pub against: Option<String>,
    /// How many of the likeliest next tokens are shown.
    pub top: usize,
    /// The number whose arithmetic is open.
    pub open: Option<Open>,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            text: SENTENCE.into(),
            model: LESSON.into(),
            trained: None,
            layer: 0,
            head: 0,
            q_idx: Some(2),
            k_idx: None,
            changes: Vec::new(),
            against: None,
            top: TOP,
            open: None,
        }
    }
}

impl Selection {
    /// The run that most figures show: all that attention does in the chosen layer, and the next tokens. Of a long text
    /// it keeps patterns alone.
    pub fn run_request(&self) -> Request {
        self.run_keeping(if self.is_long() { "pattern" } else { WHOLE })
    }

    /// The same with all that attention does, however long the text is.
    pub(crate) fn whole_request(&self) -> Request {
        self.run_keeping(WHOLE)
    }

    /// Whether the text has so many bytes that its run keeps patterns alone: how many tokens it has is not known before.
    pub(crate) fn is_long(&self) -> bool {
        self.text.len() > LONG
    }

    fn run_keeping(&self, capture: &str) -> Request {
        // The lesson model is so small that all its layers are kept.
        let layers = self.is_real().then(|| self.layer..self.layer + 1);
        Request::Run { prompt: self.prompt(), capture: capture.into(), layers, top: self.top }
    }

    /// Whether the chosen model is not one of the small ones that answer at once.
    pub fn is_real(&self) -> bool {
        self.model != LESSON && self.model != TRAINED
    }

    /// The sentence for the chosen model, with what is changed while it is read.
    pub fn prompt(&self) -> Prompt {
        Prompt { model: self.model.clone(), text: self.text.clone(), interventions: self.changes.clone() }
    }

    /// The same for this model. Interventions are only made in the chosen one.
    pub fn prompt_for(&self, model: &str) -> Prompt {
        if model == self.model { self.prompt() } else { Prompt::plain(model, &self.text) }
    }

    /// Whether a question is about the reader's sentence and the chosen model: an error in its text is then shown in
    /// the bar, and not in a figure.
    pub fn is_read_by(&self, request: &Request) -> bool {
        match request {
            Request::Twin { text, .. } => self.knows_lesson_words() && *text == self.text,
            _ => request.prompt().is_some_and(|prompt| {
                let same_words = prompt.model == LESSON && self.knows_lesson_words();
                (prompt.model == self.model || same_words) && prompt.text == self.text
            }),
        }
    }

    /// Whether the chosen model has the lesson model's vocabulary: a word that one of them does not know, no other knows.
    fn knows_lesson_words(&self) -> bool {
        !self.is_real()
    }

    /// Layer and head limited to those of a model: a link may name others.
    pub fn within(&self, model: &ModelInfo) -> Self {
        let layer = self.layer.min(model.n_layers.saturating_sub(1));
        Self { layer, head: self.head.min(model.n_heads.saturating_sub(1)), ..self.clone() }
    }

    /// The same with another model, at the head that is shown first. Interventions are dropped: they belong to layers
    /// of the previous model.
    pub fn with_model(&self, id: &str) -> Self {
        let (layer, head) = first_head(id);
        let trained = self.trained.clone().filter(|_| id == TRAINED);
        Self { model: id.into(), trained, layer, head, changes: Vec::new(), open: None, ..self.clone() }
    }

    /// The same with a model that the reader trained.
    pub fn with_trained(&self, trained: Trained) -> Self {
        let same = if self.model == TRAINED { self.clone() } else { self.with_model(TRAINED) };
        Self { trained: Some(trained), ..same }
    }
}

/// The head that is shown first: in SmolLM2 and Gemma 3 the one that gives *hot* most of *dog*'s attention.
pub(crate) fn first_head(model: &str) -> (usize, usize) {
    match model.strip_prefix("browser/").unwrap_or(model) {
        "smollm2-135m" => (16, 0),
        "gemma3-270m" => (1, 1),
        _ => (0, 0),
    }
}
