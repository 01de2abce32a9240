//! Work on one request, taken in steps by whoever holds it.

use crate::{Event, Failure, Progress, Response};

/// The answer to one request, as far as it has come. A step passes a layer, writes a token, or trains a while; between
/// steps the holder may do other things. Dropping a job cancels it.
pub struct Job {
    /// What is left to do; none after `Done` or `Failed`.
    work: Option<Result<Box<dyn Work>, Failure>>,
}

/// Something that is done in steps.
pub(crate) trait Work: Send {
    /// Does a bit and gives back what is left.
    fn step(self: Box<Self>) -> Result<Step, Failure>;

    /// Bytes that it will hold, as far as they grow with what is asked.
    fn bytes(&self) -> u64 {
        0
    }
}

/// What a step brought.
pub(crate) enum Step {
    /// It goes on.
    More(Progress, Box<dyn Work>),
    /// It is done.
    Done(Box<Response>),
}

impl Job {
    pub(crate) fn new(work: Result<Box<dyn Work>, Failure>) -> Self {
        Self { work: Some(work) }
    }

    /// Bytes of arrays that it holds at most, its answer among them. Who has many jobs can so know what they take together.
    pub fn bytes(&self) -> u64 {
        self.work.as_ref().and_then(|work| work.as_ref().ok()).map_or(0, |work| work.bytes())
    }

    /// Does one step and says what came of it; `None` once `Done` or `Failed` was given.
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

    /// Does all that is left, for who needs no progress.
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

/// An answer that took no time worth a step.
impl Work for Response {
    fn step(self: Box<Self>) -> Result<Step, Failure> {
        Ok(Step::Done(self))
    }
}
