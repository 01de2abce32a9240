//! What the story and README.md claim about numbers and words, and what the models and the figures say.
//!
//! Each `says!` quotes a sentence, which must still stand there. What it claims is in brackets, and what was found follows
//! the quote. Where no single number or word is claimed, assertions follow. Numbers that are placeholders in the
//! story need no test: they are filled in from the model.

mod asked;
mod costs;
mod lesson;
#[path = "../../../engine/tests/common/models.rs"]
mod models;
mod prose;
mod real_model;
mod training;
