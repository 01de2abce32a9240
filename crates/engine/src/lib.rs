//! # attnscope
//!
//! An attention engine whose every number can be looked at: text → tokens → run → [`Trace`].
#![forbid(unsafe_code)]

pub mod analysis;
pub mod array;
pub mod trace;

pub use array::Array;
pub use trace::{ModelInfo, NextToken, Token, Trace};
