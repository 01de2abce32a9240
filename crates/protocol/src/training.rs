//! Lesson models that can be asked while they are in training, and training as a job, with one report per step.

use crate::job::{Step, Work};
use crate::limits::{MAX_ID, MAX_TOP, MAX_TRAINED, within};
use crate::reading::read_out;
use crate::{Failure, Progress, Response, Run, quoted};
use attnscope::analysis::explain::{Explanation, explain_loss};
use attnscope::lesson::{Settings, Trainer};
use attnscope::{Capture, Model};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Suffix of the id of a model in training: the model in its state before its last step.
pub const BEFORE: &str = "@before";

/// A model in training, in its current state.
struct Learning {
    trainer: Trainer,
    /// Steps and the losses of their batches, as they were reported.
    losses: Vec<(usize, f32)>,
}

impl Learning {
    fn model(&self) -> Model {
        named(self.trainer.model(), self.trainer.steps())
    }

    fn before(&self) -> Model {
        named(self.trainer.before(), self.trainer.steps().saturating_sub(1))
    }

    /// A report about a text, read by the model in its current state.
    fn report(&self, text: &str) -> Result<Report, Failure> {
        let model = self.model();
        let tokens = model.encode(text).map_err(Failure::of_text)?;
        let capture: Capture = "pattern".parse()?;
        let cache = model.new_cache();
        let run = attnscope::Run::start(&model, tokens, capture, Vec::new(), cache)?;
        // Of all words, since a word that is watched may still be unlikely.
        let run = read_out(run, model.config().n_vocab)?;
        Ok(Report { step: self.trainer.steps(), loss: self.losses.last().map(|last| last.1), run })
    }
}

fn named(model: Model, steps: usize) -> Model {
    model.named(&format!("Lesson model, trained {steps} steps"))
}

struct Report {
    step: usize,
    loss: Option<f32>,
    run: Run,
}

/// How many ids of removed models are remembered, so that a later request for one gets the reason.
const FORGOTTEN: usize = 64;

/// The models in training, by id.
///
/// While holding the map one may lock a model, but never the other way round, which would allow a deadlock.
#[derive(Default)]
pub(crate) struct Trainings(Mutex<Held>);

#[derive(Default)]
struct Held {
    models: BTreeMap<String, Slot>,
    /// Grows with every use of one of the models.
    clock: u64,
    forgotten: VecDeque<String>,
}

struct Slot {
    learning: Arc<Mutex<Learning>>,
    /// The clock at its last use.
    asked: u64,
}

impl Slot {
    /// Whether a job is training it.
    fn is_in_training(&self) -> bool {
        Arc::weak_count(&self.learning) > 0
    }
}

impl Held {
    fn get(&mut self, id: &str) -> Option<Arc<Mutex<Learning>>> {
        self.clock += 1;
        let slot = self.models.get_mut(id)?;
        slot.asked = self.clock;
        Some(slot.learning.clone())
    }

    /// Inserts a model. If there are too many, the least recently used one is removed, preferably one that no job is
    /// training, so that a client that trains some does not keep others from training.
    fn put(&mut self, id: String, learning: Arc<Mutex<Learning>>) {
        while self.models.len() >= MAX_TRAINED && !self.models.contains_key(&id) {
            let oldest = self.models.iter().min_by_key(|(_, slot)| (slot.is_in_training(), slot.asked));
            let Some(oldest) = oldest.map(|(id, _)| id.clone()) else { break };
            self.models.remove(&oldest);
            self.forgotten.retain(|id| *id != oldest);
            self.forgotten.push_back(oldest);
            self.forgotten.drain(..self.forgotten.len().saturating_sub(FORGOTTEN));
        }
        self.clock += 1;
        self.forgotten.retain(|other| *other != id);
        self.models.insert(id, Slot { learning, asked: self.clock });
    }
}

impl Trainings {
    /// The model in its current state, or in that [`BEFORE`] its last step; `None` if there is none with this id.
    pub fn model(&self, id: &str) -> Option<Model> {
        if let Some(id) = id.strip_suffix(BEFORE) {
            return Some(lock(&*self.get(id)?).before());
        }
        Some(lock(&*self.get(id)?).model())
    }

    /// Whether this id names a model in training, in its current state or in that before its last step.
    pub fn has(&self, id: &str) -> bool {
        self.get(id.strip_suffix(BEFORE).unwrap_or(id)).is_some()
    }

    /// The reason why there is no model with this id any more, if there was one.
    pub fn forgotten(&self, id: &str) -> Option<Failure> {
        let id = id.strip_suffix(BEFORE).unwrap_or(id);
        lock(&self.0).forgotten.iter().any(|other| other == id).then(|| forgotten(id))
    }

    fn get(&self, id: &str) -> Option<Arc<Mutex<Learning>>> {
        lock(&self.0).get(id)
    }

    /// The arithmetic of a model's loss: a mean over reports of the last `back` steps.
    pub fn explain_loss(&self, id: &str, back: usize) -> Result<Explanation, Failure> {
        let learning = self.get(id).ok_or_else(|| {
            self.forgotten(id).unwrap_or_else(|| {
                let id = quoted(id);
                Failure::request(format!("no model {id} is in training here: its loss is known where it learns"))
            })
        })?;
        let learning = lock(&learning);
        let (trainer, step) = (&learning.trainer, learning.trainer.steps());
        let earlier = learning.losses.split_last().map_or(&[][..], |(_, earlier)| earlier);
        let first = earlier.partition_point(|(at, _)| at.saturating_add(back) < step);
        let earlier = &earlier[first.max(earlier.len().saturating_sub(MAX_TOP))..];
        Ok(explain_loss(&learning.before(), step, trainer.batch(), earlier)?)
    }

    /// Removes it; a job that is training it ends at its next step.
    pub fn close(&self, id: &str) {
        let mut held = lock(&self.0);
        held.models.remove(id);
        held.forgotten.retain(|other| other != id);
    }

    /// Begins or continues to train the model with this id. A refused request changes nothing, which is why the text is
    /// read before.
    pub fn train(&self, id: String, settings: &Settings, fresh: bool, plan: Plan) -> Result<Training, Failure> {
        within("the length of the trained model's id", id.len(), 1, MAX_ID)?;
        if id.ends_with(BEFORE) {
            return Err(Failure::request(format!(
                "{id:?} names what a model was before its last step; take another id"
            )));
        }
        let mut all = lock(&self.0);
        if let Some(learning) = all.get(&id).filter(|_| !fresh) {
            let known = lock(&learning);
            if known.trainer.settings() == settings {
                let report = known.report(&plan.text)?;
                return Ok(Training { learning: Arc::downgrade(&learning), plan, report });
            }
        }
        let learning = Learning { trainer: Trainer::new(settings)?, losses: Vec::new() };
        let report = learning.report(&plan.text)?;
        let learning = Arc::new(Mutex::new(learning));
        let training = Training { learning: Arc::downgrade(&learning), plan, report };
        all.put(id, learning);
        Ok(training)
    }
}

fn forgotten(id: &str) -> Failure {
    let id = quoted(id);
    Failure::model(format!(
        "the model {id} was forgotten: {MAX_TRAINED} are held, and newer ones were trained since; train it again"
    ))
}

/// Locks it. A step that panicked left it half done, but others must still be able to use their models.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long to train, and what to report.
pub(crate) struct Plan {
    /// Steps that are left.
    pub steps: usize,
    /// A report every this many steps.
    pub every: usize,
    /// The text that the reports read.
    pub text: String,
}

/// A training job. It does not own its model: dropping the job keeps what was learned, and a model that was closed or
/// started again is gone although a job was still training it. If two jobs train one model, they take turns, and each
/// reports the model's total number of steps.
pub(crate) struct Training {
    learning: Weak<Mutex<Learning>>,
    plan: Plan,
    /// The last report.
    report: Report,
}

impl Work for Training {
    fn step(mut self: Box<Self>) -> Result<Step, Failure> {
        let now = self.plan.every.min(self.plan.steps);
        if now == 0 {
            let Report { step, loss, run } = self.report;
            return Ok(Step::Done(Response::Trained { step, loss, run }.into()));
        }
        let learning = self.learning.upgrade().ok_or_else(|| {
            Failure::request(
                "the model that was being trained was closed, started anew, or forgotten for newer ones; train it again",
            )
        })?;
        let mut learning = lock(&learning);
        let mut loss = 0.0;
        for _ in 0..now {
            loss = learning.trainer.step();
        }
        let at = learning.trainer.steps();
        learning.losses.push((at, loss));
        self.report = learning.report(&self.plan.text)?;
        self.plan.steps -= now;
        let Report { step, ref run, .. } = self.report;
        Ok(Step::More(Progress::Trained { step, loss, run: Box::new(run.clone()) }, self))
    }
}
