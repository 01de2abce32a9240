//! Attention over random numbers, as a job of one step, so that the caller can time it.

use crate::job::{Step, Work};
use crate::limits::{Limits, MAX_ATTEND, MAX_ATTEND_FULL, MAX_D_HEAD, within};
use crate::{Failure, Response};
use attnscope::cost::RandomHead;

pub(crate) struct Attending {
    head: RandomHead,
    tiled: bool,
    /// The size that the answer reports: the kernel's working memory.
    working: u64,
    held: u64,
}

impl Attending {
    /// The random numbers are made here, so that the step is attention alone.
    pub fn start(len: usize, d_head: usize, tiled: bool) -> Result<Self, Failure> {
        within("the number of tokens", len, 1, if tiled { MAX_ATTEND } else { MAX_ATTEND_FULL })?;
        within("the width of the head", d_head, 1, MAX_D_HEAD)?;
        let working = |len| RandomHead::working_bytes(len, d_head, tiled);
        let held = Limits::default()
            .check_length(len, |len| working(len).saturating_add(RandomHead::held_bytes(len, d_head)))?;
        let working = working(len);
        Ok(Self { head: RandomHead::new(len, d_head), tiled, working, held })
    }
}

impl Work for Attending {
    fn step(self: Box<Self>) -> Result<Step, Failure> {
        // Nobody reads z, but the compiler must not remove its computation.
        std::hint::black_box(self.head.attend(self.tiled));
        Ok(Step::Done(Response::Attended { bytes: self.working }.into()))
    }
    fn bytes(&self) -> u64 {
        self.held
    }
}
