//! Training a lesson model, as a job: a report a step.

use crate::job::{Step, Work};
use crate::reading::read_out;
use crate::{Failure, Progress, Response, Run};
use attnscope::Capture;
use attnscope::lesson::{Settings, Trainer};

pub(crate) struct Training {
    trainer: Trainer,
    steps: usize,
    every: usize,
    text: String,
    /// Of the last report.
    run: Run,
}

impl Training {
    /// The text is read once before any training, so that a word that is not known is said at once.
    pub fn start(settings: &Settings, steps: usize, every: usize, text: String) -> Result<Self, Failure> {
        let trainer = Trainer::new(settings)?;
        let run = read(&trainer, &text)?;
        Ok(Self { trainer, steps, every, text, run })
    }
}

impl Work for Training {
    fn step(mut self: Box<Self>) -> Result<Step, Failure> {
        let done = self.trainer.steps();
        if done >= self.steps {
            return Ok(Step::Done(Response::Trained(self.run)));
        }
        let mut loss = 0.0;
        for _ in 0..self.every.min(self.steps - done) {
            loss = self.trainer.step();
        }
        self.run = read(&self.trainer, &self.text)?;
        let progress = Progress::Trained { step: self.trainer.steps(), loss, run: self.run.clone() };
        Ok(Step::More(progress, self))
    }
}

/// What the model makes of the text now.
fn read(trainer: &Trainer, text: &str) -> Result<Run, Failure> {
    const TOP: usize = 10;
    let model = trainer.model();
    let tokens = model.encode(text).map_err(Failure::of_text)?;
    let capture: Capture = "pattern".parse()?;
    let cache = model.new_cache();
    read_out(&model, attnscope::Run::start(&model, tokens, capture, Vec::new(), cache)?, TOP)
}
