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

/// The figures by name, for a command line or a menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Figure {
    /// [`next_tokens`]
    NextTokens,
    /// [`matrix`]
    Matrix,
    /// [`arcs`]
    Arcs,
    /// [`map`]
    Map,
    /// [`head_grid`]
    HeadGrid,
    /// [`vector_strip`]
    VectorStrip,
    /// [`components`]
    Components,
    /// [`logit_lens`]
    LogitLens,
}

impl Figure {
    /// Every figure, in the order of a menu.
    pub const ALL: [Self; 8] = [
        Self::NextTokens,
        Self::Matrix,
        Self::Arcs,
        Self::Map,
        Self::HeadGrid,
        Self::VectorStrip,
        Self::Components,
        Self::LogitLens,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NextTokens => "next-tokens",
            Self::Matrix => "matrix",
            Self::Arcs => "arcs",
            Self::Map => "map",
            Self::HeadGrid => "head-grid",
            Self::VectorStrip => "vector-strip",
            Self::Components => "components",
            Self::LogitLens => "logit-lens",
        }
    }

    /// What it shows, in a line.
    pub const fn about(self) -> &'static str {
        match self {
            Self::NextTokens => "the likeliest next tokens as bars",
            Self::Matrix => "one head's attention: which token looks at which, as a matrix",
            Self::Arcs => "one head's attention as arcs over the sentence",
            Self::Map => "one head's attention over a long text, whole or any part of it, down to single weights",
            Self::HeadGrid => "the patterns of all heads, layer by layer",
            Self::VectorStrip => "vectors as strips of coloured cells, and their difference",
            Self::Components => "how one token's weights come about: q × k term by term, sum, softmax",
            Self::LogitLens => "what the model would say after each layer",
        }
    }

    /// The figure of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.name() == name)
    }
}

impl std::str::FromStr for Figure {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::from_name(name)
            .ok_or_else(|| format!("no figure `{name}`; there are {}", Self::ALL.map(Self::name).join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for figure in Figure::ALL {
            assert_eq!(figure.name().parse(), Ok(figure));
        }
        assert!("heat".parse::<Figure>().unwrap_err().contains("head-grid"));
    }
}
