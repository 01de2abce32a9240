//! Answers requests with an engine: the same in the server, in the page's worker and in the page itself.

use crate::attention::Attending;
use crate::generation::Writing;
use crate::job::Work;
use crate::limits::{Limits, MAX_SENTENCES, MAX_STEPS, MAX_TILE, MAX_TOP, check_top, within};
use crate::reading::{Question, Reading, pixels};
use crate::tile::{LastRead, Part, tile};
use crate::training::{Plan, Trainings};
use crate::{Failure, Job, ModelCard, Prompt, Request, Response, What, names, quoted};
use attnscope::Site;
use attnscope::{Capture, Generation, Intervention, Model, Trace, analysis};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The id of the lesson model, which every session has.
pub const LESSON: &str = "lesson";
/// The id, in requests for an explanation, of the lesson model's twin without attention.
pub const TWIN: &str = "lesson@twin";

/// Where a session's models come from, besides the lesson model.
pub trait Source {
    /// The models that it offers.
    fn cards(&self) -> Vec<ModelCard>;

    /// Opens one of them.
    ///
    /// # Errors
    /// There is no such model, or it cannot be read.
    fn open(&self, id: &str) -> Result<Model, Failure>;

    /// A number that stays the same while the model's files do; `None` if they cannot change.
    fn version(&self, id: &str) -> Option<u64> {
        let _ = id;
        None
    }
}

/// No models but the lesson model: what the page has without a worker or a server.
pub struct LessonOnly;

impl Source for LessonOnly {
    fn cards(&self) -> Vec<ModelCard> {
        Vec::new()
    }

    fn open(&self, id: &str) -> Result<Model, Failure> {
        Err(Failure::model(format!("there is no model {} here, only {LESSON:?}", quoted(id))))
    }
}

/// Models that can be asked. It can be shared between threads, but does not need any.
pub struct Session<S> {
    source: S,
    pub(crate) limits: Limits,
    /// By id, with the version at which each was opened.
    models: Mutex<BTreeMap<String, Opened>>,
    /// Models in training, which change.
    trainings: Trainings,
    /// The trace from which the last tile was made.
    last_read: Arc<LastRead>,
}

/// A model that is open, and the [`Source::version`] of what it was opened from.
type Opened = (Arc<Model>, Option<u64>);

impl<S: Source> Session<S> {
    /// Nothing is open yet.
    pub fn new(source: S) -> Self {
        let (models, trainings, last_read) = Default::default();
        Self { source, limits: Limits::default(), models, trainings, last_read }
    }

    /// Replaces the limits of memory.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Where its models come from.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// Begins to answer. A model is opened here if necessary; all other work happens in [`Job::step`].
    pub fn start(&self, request: Request) -> Job {
        Job::new(self.prepare(request))
    }

    /// A model of this session, opened if it is not open yet, or again if its files have changed; a model in training
    /// in its current state.
    ///
    /// # Errors
    /// There is no model with this id, or it cannot be read.
    pub fn open(&self, id: &str) -> Result<Arc<Model>, Failure> {
        if let Some(model) = self.trainings.model(id) {
            return Ok(Arc::new(model));
        }
        if let Some(forgotten) = self.trainings.forgotten(id) {
            return Err(forgotten);
        }
        let mut models = self.models();
        let version = self.source.version(id);
        if let Some((model, _)) = models.get(id).filter(|(_, opened)| *opened == version) {
            return Ok(model.clone());
        }
        // Even if opening fails, the old one is not used any more.
        if models.remove(id).is_some() {
            self.last_read.close(id);
        }
        let model = Arc::new(if id == LESSON { attnscope::lesson::model() } else { self.source.open(id)? });
        if self.source.version(id) != version {
            return Err(Failure::model(format!("the model {} was changed while it was opened; ask again", quoted(id))));
        }
        models.insert(id.to_owned(), (model.clone(), version));
        Ok(model)
    }

    fn models(&self) -> MutexGuard<'_, BTreeMap<String, Opened>> {
        // A panic while a model was opened did not insert it, so the map is consistent.
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The list of models, the lesson model first.
    fn cards(&self) -> Vec<ModelCard> {
        let lesson = ModelCard { id: LESSON.into(), bytes: 0, gguf: false, info: None };
        let mut cards: Vec<ModelCard> = std::iter::once(lesson).chain(self.source.cards()).collect();
        let models = self.models();
        for card in &mut cards {
            card.info = models.get(&card.id).map(|(model, _)| model.info());
        }
        cards
    }

    fn card(&self, id: &str) -> Result<ModelCard, Failure> {
        let info = Some(self.open(id)?.info());
        let offered = self.source.cards().into_iter().find(|card| card.id == id);
        let (bytes, gguf) = offered.map_or((0, false), |card| (card.bytes, card.gguf));
        Ok(ModelCard { id: id.to_owned(), bytes, gguf, info })
    }

    fn prepare(&self, request: Request) -> Result<Box<dyn Work>, Failure> {
        names::check(&request)?;
        match request {
            Request::Models => done(Response::Models(self.cards())),
            Request::Open { model } => done(Response::Opened(self.card(&model)?)),
            Request::Close { model } => {
                self.models().remove(&model);
                self.trainings.close(&model);
                self.last_read.close(&model);
                done(Response::Closed)
            }
            Request::Run { prompt, capture, layers, top } => {
                check_top(top)?;
                let capture: Capture = capture.parse()?;
                let capture = if let Some(layers) = layers { capture.layers(layers) } else { capture };
                let text = self.read(prompt)?;
                let bytes =
                    text.limits.check_run(text.model.config(), &capture, &text.interventions, text.tokens.len())?;
                text.ask(capture, Question::Everything { top }, bytes)
            }
            Request::Tokens { prompt } => {
                let Text { model, tokens, .. } = self.read(prompt)?;
                let (warning, info) = (model.warning(&tokens), model.info());
                let tokens = tokens.iter().map(|id| model.token(*id)).collect();
                done(Response::Tokens { tokens, model: info, warning })
            }
            Request::Generate { prompt, options } => {
                let Text { model, tokens, interventions, limits } = self.read(prompt)?;
                let bytes =
                    limits.check_generation(model.config(), &interventions, tokens.len(), options.max_tokens)?;
                let generation = Generation::start(model.clone(), tokens, options, interventions)?;
                Ok(Box::new(Writing { generation, written: Vec::new(), bytes }))
            }
            Request::Heads { prompt } => self.read(prompt)?.ask_layers(Question::Heads(Vec::new()), 0),
            Request::EdgeWeights { prompt, from, to } => {
                let text = self.read(prompt)?;
                for at in [from, to] {
                    within("the token's position", at, 0, text.tokens.len() - 1)?;
                }
                text.ask_layers(Question::EdgeWeights { from, to, found: Vec::new() }, 0)
            }
            Request::Patterns { prompt, side } => {
                within("the number of pixels along a side", side, 1, MAX_TILE)?;
                let text = self.read(prompt)?;
                let answer = check_pictures(&text, side)?;
                // As long as a pixel is one weight, it is the one that a run keeps, with the same bits.
                let from = if text.tokens.len() <= side { "pattern" } else { "q,k,lse" };
                text.ask_layers(Question::Patterns { side, from, found: Vec::new() }, answer)
            }
            Request::Depths { prompt, position } => {
                let text = self.read(prompt)?;
                within("the token's position", position, 0, text.tokens.len() - 1)?;
                text.ask_layers(Question::Depths { position, found: Vec::new() }, 0)
            }
            Request::Lens { prompt, positions, top } => {
                check_top(top)?;
                let text = self.read(prompt)?;
                let n = text.tokens.len();
                let positions = positions.unwrap_or(0..n);
                if positions.start >= positions.end || positions.end > n {
                    let Range { start, end } = positions;
                    return Err(Failure::request(format!(
                        "the tokens are {start}..{end}, expected a part of 0..{n} that is not empty"
                    )));
                }
                let answer = check_lens(&text, positions.len(), top)?;
                text.ask_layers(Question::Lens { positions, top, rows: Vec::new() }, answer)
            }
            Request::Neighbours { model, token, top } => {
                check_top(top)?;
                let model = self.open(&model)?;
                within("the token", token as usize, 0, model.config().n_vocab - 1)?;
                let found = analysis::neighbours(&model, &model.embedding(token), top);
                model.check_files()?;
                done(Response::Neighbours(found))
            }
            Request::Contributions { prompt, token } => {
                let text = self.read(prompt)?;
                within("the token", token as usize, 0, text.model.config().n_vocab - 1)?;
                text.ask_layers(Question::Contributions { token, last: Trace::default() }, 0)
            }
            Request::Tile { prompt, layer, head, rows, cols, size } => {
                let part = Part { rows, cols, size };
                if let Some(trace) = self.last_read.get(&prompt, layer) {
                    part.check(trace.tokens.len())?;
                    within("the head", head, 0, trace.model.n_heads - 1)?;
                    return done(tile(&trace, layer, head, part)?);
                }
                let text = self.read(prompt.clone())?;
                part.check(text.tokens.len())?;
                within("the layer", layer, 0, text.model.config().n_layers - 1)?;
                within("the head", head, 0, text.model.config().n_heads - 1)?;
                // A model in training would give another result the next time.
                let keep = (!self.trainings.has(&prompt.model)).then(|| (self.last_read.clone(), prompt));
                text.ask_layers(Question::Tile { layer, head, part, keep }, 0)
            }
            Request::Explain { prompt, what } => self.explain(prompt, what),
            Request::Embeddings { model, tokens } => {
                check_top(tokens.len())?;
                let model = self.open(&model)?;
                for token in &tokens {
                    within("the token", *token as usize, 0, model.config().n_vocab - 1)?;
                }
                let vectors = model.embeddings(&tokens)?;
                model.check_files()?;
                done(Response::Embeddings(vectors))
            }
            Request::Matrix { model, layer, head, which } => {
                let model = self.open(&model)?;
                let matrix = model.matrix(layer, head, which)?;
                model.check_files()?;
                done(Response::Matrix(matrix))
            }
            Request::Near { model, vector, top } => {
                check_top(top)?;
                let model = self.open(&model)?;
                let (found, expected) = (vector.len(), model.config().d_embed());
                if found != expected {
                    let message = format!("the vector has {found} numbers, expected {expected}: those of an embedding");
                    return Err(Failure::request(message));
                }
                let found = analysis::neighbours(&model, &vector, top);
                model.check_files()?;
                done(Response::Neighbours(found))
            }
            Request::Twin { text, top } => {
                check_top(top)?;
                done(Response::Twin(attnscope::lesson::twin().next_tokens(&self.words(&text)?, top)))
            }
            Request::Train { model, settings, steps, every, text, fresh } => {
                within("the number of training steps", steps, 0, MAX_STEPS)?;
                within("the number of steps between reports", every, 1, MAX_STEPS)?;
                let sentences = settings.batch.saturating_mul(every);
                within("the number of sentences between reports", sentences, 1, MAX_SENTENCES)?;
                if model == LESSON || self.source.cards().iter().any(|card| card.id == model) {
                    return Err(Failure::request(format!(
                        "{} is a model that is not trained; take another id",
                        quoted(&model)
                    )));
                }
                Ok(Box::new(self.trainings.train(model, &settings, fresh, Plan { steps, every, text })?))
            }
            Request::Attend { len, d_head, tiled } => Ok(Box::new(Attending::start(len, d_head, tiled)?)),
        }
    }

    fn explain(&self, prompt: Prompt, what: What) -> Result<Box<dyn Work>, Failure> {
        match what {
            What::Loss { back } => done(Response::Explained(self.trainings.explain_loss(&prompt.model, back)?)),
            What::Number(number) if prompt.model == TWIN => {
                let twin = attnscope::lesson::twin();
                let tokens = self.words(&prompt.text)?;
                done(Response::Explained(analysis::explain::explain_twin(&twin, &tokens, number)?))
            }
            What::Number(number) => {
                let text = self.read(prompt)?;
                analysis::explain::check(&text.model, number, text.tokens.len())?;
                text.ask_layers(Question::Explain(number), 0)
            }
            What::AnyOf { position, tokens } => {
                within("the number of tokens to add up", tokens.len(), 1, MAX_TOP)?;
                let text = self.read(prompt)?;
                for &token in &tokens {
                    let number = Site::Probabilities.at([position, token]);
                    analysis::explain::check(&text.model, number, text.tokens.len())?;
                }
                text.ask_layers(Question::AnyOf { position, tokens }, 0)
            }
            What::Between { number, groups, which } => self.place(prompt, number, groups, which),
        }
    }

    /// The ids of a text's words in the lesson model.
    fn words(&self, text: &str) -> Result<Vec<u32>, Failure> {
        self.open(LESSON)?.encode(text).map_err(Failure::of_text)
    }

    /// Opens a prompt's model and tokenizes its text.
    pub(crate) fn read(&self, prompt: Prompt) -> Result<Text, Failure> {
        let model = self.open(&prompt.model)?;
        let tokens = model.encode(&prompt.text).map_err(Failure::of_text)?;
        Ok(Text { model, tokens, interventions: prompt.interventions, limits: self.limits })
    }
}

/// A prompt whose model is open. It has at least one token.
pub(crate) struct Text {
    pub model: Arc<Model>,
    pub tokens: Vec<u32>,
    pub interventions: Vec<Intervention>,
    pub limits: Limits,
}

impl Text {
    /// A question that processes one layer after the other.
    fn ask_layers(self, question: Question, answer: u64) -> Result<Box<dyn Work>, Failure> {
        let capture = question.capture(self.model.config())?;
        let at_once = match question {
            // It captures its one or two layers itself, and holds them until it is answered.
            Question::Explain(_) | Question::AnyOf { .. } => capture.clone(),
            _ => capture.clone().layers(0..1),
        };
        let bytes = self.limits.check_run(self.model.config(), &at_once, &self.interventions, self.tokens.len())?;
        self.ask(capture, question, bytes.saturating_add(answer))
    }

    /// `bytes` is what the run holds, as [`Limits::check_run`] gave it.
    fn ask(self, capture: Capture, question: Question, bytes: u64) -> Result<Box<dyn Work>, Failure> {
        let Self { model, tokens, interventions, .. } = self;
        let run = attnscope::Run::start(model.clone(), tokens, capture, interventions, model.new_cache())?;
        Ok(Box::new(Reading { run, question, bytes }))
    }
}

fn done(response: Response) -> Result<Box<dyn Work>, Failure> {
    Ok(Box::new(response))
}

/// The answer itself may be large: it has a picture for every head.
fn check_pictures(text: &Text, side: usize) -> Result<u64, Failure> {
    let config = text.model.config();
    let heads = (config.n_layers as u64).saturating_mul(config.n_heads as u64);
    let bytes = |seq: usize| heads.saturating_mul((pixels(seq, side) as u64).pow(2)).saturating_mul(4);
    text.limits.check_length(text.tokens.len(), bytes)
}

/// The answer itself may be large: it has this many tokens for every position that is asked for, and every layer.
fn check_lens(text: &Text, positions: usize, top: usize) -> Result<u64, Failure> {
    /// Bytes of a [`attnscope::NextToken`] with its text.
    const BYTES: u64 = 64;
    let depths = text.model.config().n_layers as u64 + 1;
    let top = top.min(text.model.config().n_vocab) as u64;
    let bytes = |seq: usize| (seq as u64).saturating_mul(depths).saturating_mul(top).saturating_mul(BYTES);
    text.limits.check_length(positions, bytes)
}
