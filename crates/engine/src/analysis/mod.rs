//! Questions asked of a trace: pure functions from numbers to answers.

pub mod components;
pub mod lens;
