//! Analyses of a trace: pure functions from its numbers to answers.

pub mod components;
mod contribution;
mod entropy;
pub mod explain;
mod heads;
pub mod journey;
pub mod lens;
mod looks;
mod map;
mod neighbours;
mod number;
mod rank;
pub mod running;
mod spread;
mod value_weighted;

pub use components::{Components, components};
pub use contribution::contributions;
pub use entropy::{entropy, head_entropy};
pub use explain::{Explanation, explain};
pub use heads::{HeadScore, head_scores};
pub use journey::{Journey, journey};
pub use lens::{LensRow, lens};
pub use looks::{Look, looks};
pub use map::MapTile;
pub use neighbours::{Neighbour, neighbours};
pub use number::Number;
pub(crate) use rank::likeliest;
pub use rank::{softmax, strongest};
pub use running::{TileState, running};
pub use spread::{random_dots, random_vectors};
pub use value_weighted::value_weighted;

#[cfg(test)]
mod sample;
