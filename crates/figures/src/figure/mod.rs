//! The figures: pure functions `(&Data, &State, &Theme) -> Scene`.
//!
//! One module per figure, each with its `Data` (numbers, usually taken from a `Trace`), its `State`
//! (what is chosen, and the [`Canvas`] it is drawn on) and `render`. `Data::table` gives the same numbers as a table.

pub mod arcs;
mod arithmetic;
mod as_table;
pub mod attention_steps;
mod axis;
pub mod compare;
pub mod components;
pub mod cost;
pub mod dot_product;
mod flags;
mod formula;
mod frame;
pub mod head;
pub mod head_grid;
pub mod in_context;
pub mod journey;
pub mod logit_lens;
pub mod map;
pub mod matrix;
pub mod neighbours;
pub mod next_tokens;
mod part;
pub mod pattern;
pub mod projection;
mod reach;
pub mod root_d;
pub mod running_softmax;
mod signed_cells;
pub mod softmax;
pub mod tokens;
pub mod training;
pub mod two_answers;
pub mod vector_strip;
pub mod weighted_sum;

pub use frame::add_note;
pub use part::Part;
pub use pattern::Pattern;

/// The area that a figure is drawn on.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Canvas {
    /// The preferred width. A figure may be narrower, and is wider where it would be illegible otherwise.
    pub width: f32,
    /// Without heading and caption: the page around it has its own.
    pub bare: bool,
}

impl Default for Canvas {
    fn default() -> Self {
        Self { width: 760.0, bare: false }
    }
}

/// Why a trace cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The run did not keep what the figure shows.
    #[error("the trace does not hold `{key}`; capture it")]
    NotCaptured {
        /// The trace's key.
        key: String,
    },
    /// An index beyond the end.
    #[error("there is no {what} {index}: the trace has {len}, counted from 0")]
    NoSuch {
        /// The kind of thing asked for: `layer`, `head`, `token`.
        what: &'static str,
        /// The index asked for.
        index: usize,
        /// How many there are.
        len: usize,
    },
    /// Numbers and tokens do not belong together.
    #[error("{what}: {expected} numbers expected, {found} found")]
    Size {
        /// Which numbers.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
}

impl Error {
    /// The run did not keep the array of a site.
    pub(crate) fn not_captured(site: attnscope::Site, layer: usize) -> Self {
        Self::NotCaptured { key: site.key(layer) }
    }
}
