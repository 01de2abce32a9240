//! The four roles of a vector in attention, each computed by its own matrix.

use crate::color::Color;
use crate::theme::Theme;
use attnscope::Number;
use attnscope::Site;
use attnscope_words::words;

/// Which matrix a vector goes through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// W_Q: what a token searches for.
    #[default]
    Query,
    /// W_K: what it is found by.
    Key,
    /// W_V: what it passes on.
    Value,
    /// W_O: what the mixed values add to the token.
    Output,
}

impl Part {
    /// In the order in which attention uses them.
    pub const ALL: [Self; 4] = [Self::Query, Self::Key, Self::Value, Self::Output];

    /// The letter of its matrix: `Q` of W_Q.
    pub const fn letter(self) -> &'static str {
        match self {
            Self::Query => "Q",
            Self::Key => "K",
            Self::Value => "V",
            Self::Output => "O",
        }
    }

    /// The vector that its matrix computes, as named in formulas.
    pub const fn result(self) -> &'static str {
        match self {
            Self::Query => "q",
            Self::Key => "k",
            Self::Value => "v",
            Self::Output => "out",
        }
    }

    /// The input vector, as named in formulas.
    pub const fn input(self) -> &'static str {
        if matches!(self, Self::Output) { "z" } else { "x" }
    }

    /// The output vector, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Query => words!("query"),
            Self::Key => words!("key"),
            Self::Value => words!("value"),
            Self::Output => words!("output"),
        }
    }

    /// Its colour.
    pub const fn color(self, theme: &Theme) -> Color {
        match self {
            Self::Query => theme.query,
            Self::Key => theme.key,
            Self::Value => theme.value,
            Self::Output => theme.output,
        }
    }

    /// A number of the input. `head` counts key-value heads for keys and values.
    pub const fn number_in(self, layer: usize, head: usize, position: usize, component: usize) -> Number {
        match self {
            Self::Output => Site::Z.in_layer(layer, [head, position, component]),
            _ => Site::AttnIn.in_layer(layer, [position, component]),
        }
    }

    /// A number of the output.
    pub const fn number_out(self, layer: usize, head: usize, position: usize, component: usize) -> Number {
        match self {
            Self::Query => Site::Q.in_layer(layer, [head, position, component]),
            Self::Key => Site::K.in_layer(layer, [head, position, component]),
            Self::Value => Site::V.in_layer(layer, [head, position, component]),
            Self::Output => Site::AttnOut.in_layer(layer, [position, component]),
        }
    }
}
