#![doc = include_str!("../README.md")]
//!
//! Text → tokens → run → [`Trace`].
#![forbid(unsafe_code)]

pub mod analysis;
mod arch;
mod array;
mod block;
mod bytes;
mod cache;
mod capture;
mod config;
/// What the page times in its chapter on cost; not a part of what this crate promises.
#[doc(hidden)]
pub mod cost;
mod error;
pub mod experts;
mod files;
mod folder;
pub mod format;
mod generate;
mod intervention;
mod layers;
mod lazy;
#[cfg(test)]
mod lazy_tests;
pub mod lesson;
mod matrix;
mod model;
#[cfg(not(target_arch = "wasm32"))]
mod open;
mod pass;
mod rng;
mod run;
mod run_bytes;
mod score_bias;
mod site;
mod stream;
#[cfg(feature = "tokenizers")]
mod tokenizer;
mod trace;
mod trace_io;
mod vocabulary;
pub mod weights;

pub use analysis::number::Number;
pub use array::Array;
pub use attnscope_kernels::attention::Mask;
pub use attnscope_kernels::memory::HugePages;
pub use bytes::Bytes;
pub use cache::KvCache;
pub use capture::Capture;
pub use config::{Activation, Config, Mixture, Mlp, NormKind, Pairs, Rotary, Scales};
pub use error::{Error, nearest};
pub use generate::{GenerateOptions, Generation};
pub use intervention::{Change, Heads, Intervention};
pub use layers::{Attention, Layer, PerLayer};
pub use lazy::LazyPattern;
pub use matrix::MatrixKind;
pub use model::Model;
pub use run::Run;
pub use score_bias::ScoreBias;
pub use site::{Axis, Site, Stage};
#[cfg(all(feature = "tokenizers", not(target_arch = "wasm32")))]
pub use tokenizer::FILES as TOKENIZERS;
#[cfg(feature = "tokenizers")]
pub use tokenizer::{BESIDE, Beside, Tokenizer};
pub use trace::{ModelInfo, NextToken, Token, Trace};
pub use vocabulary::MAX_TEXT;
