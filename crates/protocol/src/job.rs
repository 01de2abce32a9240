//! Work on one request, done in steps by its owner.

use crate::{Event, Failure, Progress, Response};

/// The answer to one request, as far as it has come. A step passes a layer, generates a token, or trains for a while;
/// between steps the owner may do other things. Dropping a job cancels it.
pub struct Job {
    /// The work that is left; `None` after `Done` or `Failed`.
    work: Option<Result<Box<dyn Work>, Failure>>,
}

/// Work that is done in steps.
pub(crate) trait Work: Send {
    /// Does one step and returns the work that is left.
    fn step(self: Box<Self>) -> Result<Step, Failure>;

    /// Bytes that it will hold, as far as they grow with the request.
    fn bytes(&self) -> u64 {
        0
    }
}

/// The result of a step.
pub(crate) enum Step {
    /// There is more work.
    More(Progress, Box<dyn Work>),
    /// It is done.
    Done(Box<Response>),
}

impl Job {
    pub(crate) fn new(work: Result<Box<dyn Work>, Failure>) -> Self {
        Self { work: Some(work) }
    }

    /// Bytes of arrays that it holds at most, including its answer. An owner of many jobs can add them up.
    pub fn bytes(&self) -> u64 {
        self.work.as_ref().and_then(|work| work.as_ref().ok()).map_or(0, |work| work.bytes())
    }

    /// Does one step and returns its event; `None` after `Done` or `Failed`.
    pub fn step(&mut self) -> Option<Event> {
        match self.work.take()?.and_then(Work::step) {
            Ok(Step::More(progress, left)) => {
                self.work = Some(Ok(left));
                Some(Event::Progress(progress))
            }
            Ok(Step::Done(response)) => Some(Event::Done(*response)),
            Err(failure) => Some(Event::Failed(failure)),
        }
    }

    /// Does all the work that is left, for callers that need no progress.
    pub fn finish(mut self) -> Result<Response, Failure> {
        loop {
            match self.step() {
                Some(Event::Done(response)) => return Ok(response),
                Some(Event::Failed(failure)) => return Err(failure),
                Some(Event::Progress(_)) => {}
                None => return Err(Failure::request("the job was over already; start it again")),
            }
        }
    }
}

/// An answer that took too little time for steps.
impl Work for Response {
    fn step(self: Box<Self>) -> Result<Step, Failure> {
        Ok(Step::Done(self))
    }
}
