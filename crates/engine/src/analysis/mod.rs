//! Analyses of a trace: pure functions from its numbers to answers.

mod components;
mod contribution;
mod edge_weights;
mod entropy;
pub mod explain;
mod heads;
mod journey;
mod lens;
mod map;
mod neighbours;
pub(crate) mod number;
mod rank;
mod running;
mod spread;
mod value_weighted;

pub use components::{Components, KeyComponents, components};
pub use contribution::contributions;
pub use edge_weights::{EdgeWeight, edge_weights};
pub use entropy::{entropy, head_entropy};
pub use heads::{HeadScore, head_scores};
pub use journey::{Depths, Journey, depths, journey};
pub use lens::{LensRow, lens};
pub use map::{MapTile, piece};
pub use neighbours::{Neighbour, cosine, neighbours};
pub(crate) use number::Number;
pub(crate) use rank::likeliest;
pub use rank::{softmax, softmax_with_sink, strongest};
pub use running::{TileState, running};
pub use spread::{random_dots, random_vectors};
pub use value_weighted::value_weighted;

#[cfg(test)]
mod sample;
