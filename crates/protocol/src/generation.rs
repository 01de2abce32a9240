//! Generating text, as a job: one token per step.

use crate::job::{Step, Work};
use crate::{Failure, Progress, Response};
use attnscope::{Generation, Model, Token};
use std::sync::Arc;

pub(crate) struct Writing {
    pub generation: Generation<Arc<Model>>,
    pub written: Vec<Token>,
    /// Bytes of memory that it holds.
    pub bytes: u64,
}

impl Work for Writing {
    fn step(mut self: Box<Self>) -> Result<Step, Failure> {
        match self.generation.step()? {
            Some(id) => {
                let token = self.generation.model().token(id);
                self.written.push(token.clone());
                Ok(Step::More(Progress::Token(token), self))
            }
            None => Ok(Step::Done(Response::Generated(self.written).into())),
        }
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}
