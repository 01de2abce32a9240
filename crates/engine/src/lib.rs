#![doc = include_str!("../README.md")]
//!
//! Text → tokens → run → [`Trace`].
#![forbid(unsafe_code)]

pub mod analysis;
mod arch;
pub mod array;
mod block;
pub mod bytes;
pub mod cache;
pub mod capture;
pub mod config;
pub mod cost;
pub mod error;
mod files;
mod folder;
pub mod format;
pub mod generate;
pub mod intervention;
mod layers;
pub mod lazy;
#[cfg(test)]
mod lazy_tests;
pub mod lesson;
mod matrix;
pub mod model;
#[cfg(not(target_arch = "wasm32"))]
mod open;
mod pass;
mod rng;
pub mod run;
mod run_bytes;
pub mod site;
mod stream;
#[cfg(feature = "tokenizers")]
pub mod tokenizer;
pub mod trace;
mod trace_io;
mod vocabulary;
pub mod weights;

pub use analysis::Number;
pub use array::Array;
pub use attnscope_kernels::attention::Mask;
pub use attnscope_kernels::memory::HugePages;
pub use bytes::Bytes;
pub use cache::KvCache;
pub use capture::Capture;
pub use config::Config;
pub use error::Error;
pub use generate::{GenerateOptions, Generation};
pub use intervention::{Change, Heads, Intervention};
pub use layers::{Attention, Layer, PerLayer};
pub use lazy::LazyPattern;
pub use matrix::MatrixKind;
pub use model::Model;
pub use run::Run;
pub use site::Site;
#[cfg(feature = "tokenizers")]
pub use tokenizer::Tokenizer;
pub use trace::{ModelInfo, NextToken, Token, Trace};
pub use vocabulary::MAX_TEXT;
