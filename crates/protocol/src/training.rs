//! Lesson models that learn while they are asked, and training one as a job: a report a step.

use crate::job::{Step, Work};
use crate::limits::{MAX_ID, MAX_TRAINED, within};
use crate::reading::read_out;
use crate::{Failure, Progress, Response, Run};
use attnscope::lesson::{Settings, Trainer};
use attnscope::{Capture, Model};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// A model that learns, as far as it has come.
struct Learning {
    trainer: Trainer,
    /// Of the last step; none before the first.
    loss: Option<f32>,
}

impl Learning {
    fn model(&self) -> Model {
        self.trainer.model().named(&format!("Lesson model, trained {} steps", self.trainer.steps()))
    }

    /// What the model makes of a text now.
    fn report(&self, text: &str) -> Result<Report, Failure> {
        let model = self.model();
        let tokens = model.encode(text).map_err(Failure::of_text)?;
        let capture: Capture = "pattern".parse()?;
        let cache = model.new_cache();
        let run = attnscope::Run::start(&model, tokens, capture, Vec::new(), cache)?;
        // Of all words: one that is watched may be unlikely still.
        let run = read_out(&model, run, model.config().n_vocab)?;
        Ok(Report { step: self.trainer.steps(), loss: self.loss, run })
    }
}

struct Report {
    step: usize,
    loss: Option<f32>,
    run: Run,
}

/// The models that learn, by id.
///
/// Who holds the map may lock a model, never the other way round: no two wait for each other.
#[derive(Default)]
pub(crate) struct Trainings(Mutex<BTreeMap<String, Arc<Mutex<Learning>>>>);

impl Trainings {
    /// The model as it is now; none if there is none of this id.
    pub fn model(&self, id: &str) -> Option<Model> {
        let learning = lock(&self.0).get(id)?.clone();
        let learning = lock(&learning);
        Some(learning.model())
    }

    /// Forgets it; a job that trains it ends at its next step.
    pub fn close(&self, id: &str) {
        lock(&self.0).remove(id);
    }

    /// Begins to train the model of this id, or goes on. Nothing is changed by a request that is refused: the text too is
    /// read before.
    pub fn train(&self, id: String, settings: &Settings, fresh: bool, plan: Plan) -> Result<Training, Failure> {
        within("the length of the trained model's id", id.len(), 1, MAX_ID)?;
        let mut all = lock(&self.0);
        if let Some(learning) = all.get(&id).filter(|_| !fresh) {
            let known = lock(learning);
            if known.trainer.settings() == settings {
                let report = known.report(&plan.text)?;
                return Ok(Training { learning: Arc::downgrade(learning), plan, report });
            }
        }
        if all.len() >= MAX_TRAINED && !all.contains_key(&id) {
            let known: Vec<&str> = all.keys().map(String::as_str).collect();
            return Err(Failure::request(format!(
                "{} models are being trained, and no more are held at once; close one of {}",
                all.len(),
                known.join(", ")
            )));
        }
        let learning = Learning { trainer: Trainer::new(settings)?, loss: None };
        let report = learning.report(&plan.text)?;
        let learning = Arc::new(Mutex::new(learning));
        let training = Training { learning: Arc::downgrade(&learning), plan, report };
        all.insert(id, learning);
        Ok(training)
    }
}

/// If a step panicked, it was left half done; that is no reason to keep others from their models.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long to train, and what to report.
pub(crate) struct Plan {
    /// Steps that are left.
    pub steps: usize,
    /// A report every this many.
    pub every: usize,
    /// What the reports read.
    pub text: String,
}

/// A job. It does not own what it trains: dropping it keeps what was learned, and a model that was closed or started
/// anew is gone although a job still trained it. Two jobs may train one model: they take turns, and each reports how many
/// steps the model has in all.
pub(crate) struct Training {
    learning: Weak<Mutex<Learning>>,
    plan: Plan,
    /// The last one.
    report: Report,
}

impl Work for Training {
    fn step(mut self: Box<Self>) -> Result<Step, Failure> {
        let now = self.plan.every.min(self.plan.steps);
        if now == 0 {
            let Report { step, loss, run } = self.report;
            return Ok(Step::Done(Response::Trained { step, loss, run }));
        }
        let learning = self.learning.upgrade().ok_or_else(|| {
            Failure::request("the model that was being trained was closed or started anew; train it again")
        })?;
        let mut learning = lock(&learning);
        let mut loss = 0.0;
        for _ in 0..now {
            loss = learning.trainer.step();
        }
        learning.loss = Some(loss);
        self.report = learning.report(&self.plan.text)?;
        self.plan.steps -= now;
        let Report { step, ref run, .. } = self.report;
        Ok(Step::More(Progress::Trained { step, loss, run: Box::new(run.clone()) }, self))
    }
}
