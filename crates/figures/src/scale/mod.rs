//! Scales map numbers to places in a picture: [`Linear`], [`Log`], or one [`Band`] for each item of a list. The names
//! and the division of work are those of Observable Plot: a scale knows places and round numbers, an axis
//! (`figure/axis.rs`) draws them.

mod band;
mod linear;
mod log;
mod round;

pub use band::Band;
pub use linear::Linear;
pub use log::Log;
pub use round::{max_abs, nice_ceil, nice_step, quantile_abs};
