//! The figures: pure functions `(&Data, &State, &Theme) -> Scene`.
//!
//! One module a figure, each with its `Data` (numbers, usually taken from a `Trace`), its `State`
//! (what is chosen, and the [`Canvas`] it is drawn on) and `render`. `Data::table` gives the same numbers as a table.

mod arc_layout;
pub mod arcs;
pub mod attention_steps;
mod attention_steps_cells;
mod attention_steps_draw;
mod attention_steps_stage;
pub mod compare;
mod compare_bars;
pub mod components;
mod components_layout;
mod components_rows;
pub mod cost;
mod cost_panel;
pub mod dot_product;
mod dot_product_sum;
mod flags;
mod formula;
mod frame;
pub mod head;
pub mod head_grid;
pub mod journey;
mod journey_chart;
mod journey_line;
pub mod logit_lens;
pub mod map;
mod map_cells;
mod map_legend;
mod map_raster;
pub mod matrix;
mod matrix_cells;
mod matrix_raster;
pub mod neighbours;
mod neighbours_list;
pub mod next_tokens;
pub mod own;
mod part;
pub mod pattern;
pub mod projection;
mod projection_draw;
mod projection_terms;
mod reach;
pub mod root_d;
mod root_d_weights;
mod running_kept;
pub mod running_softmax;
mod running_tiles;
mod signed_cells;
pub mod softmax;
mod softmax_bar;
mod softmax_layout;
mod softmax_rows;
mod tables;
pub mod tokens;
mod tokens_column;
pub mod training;
mod training_plot;
mod vector_rows;
pub mod vector_strip;
pub mod weighted_sum;
mod weighted_sum_draw;
mod weighted_sum_terms;
mod weighted_sum_words;

pub use frame::add_note;
pub use part::Part;
pub use pattern::Pattern;

/// The paper a figure is drawn on.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Canvas {
    /// The width to aim for. A figure may be narrower, and is wider where it could not be read otherwise.
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
        /// What was asked for: `layer`, `head`, `token`.
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
