//! The lesson model: attention alone, small enough to show every number.
//!
//! Whole words, two layers of one attention head each, no MLP, and a [`corpus`] of sentences in which a word's meaning
//! depends on the word before it: a *hot dog* is food, a *dog* on a *hot rock* is an animal. It is trained by
//! [`Trainer`], gradients derived by hand, and runs in the engine's one block like any other model.
//!
//! It learns a circuit of two steps: in layer 0 *dog* attends to *hot*; in layer 1 *was* attends to *dog*, which by
//! then means food. Its [`Twin`] has no attention, only the set of words, and cannot tell the two sentences apart.

mod adam;
mod backward;
pub mod corpus;
mod export;
mod forward;
pub mod lexicon;
mod math;
mod params;
mod settings;
mod train;
mod twin;
mod words;

pub use export::{loss, model, save, size, twin};
pub use settings::Settings;
pub use train::Trainer;
pub use twin::{Twin, TwinTrainer};
pub use words::Words;
