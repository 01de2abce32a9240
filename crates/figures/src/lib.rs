#![doc = include_str!("../README.md")]
//!
//! Figures of attention: trace in, [`Scene`] out, then SVG, PNG or PDF.
//!
//! A figure is a pure function `(&Data, &State, &Theme) -> Scene` (see [`figure`]); a scene is plain data;
//! [`svg::to_svg`], [`png::to_png`] and [`pdf::to_pdf`] write it to a file. A page draws the scene itself.
#![forbid(unsafe_code)]

mod color;
pub mod element;
pub mod figure;
#[cfg(any(feature = "png", feature = "pdf"))]
mod font;
mod mark;
pub mod number;
#[cfg(feature = "pdf")]
pub mod pdf;
mod picture;
#[cfg(feature = "png")]
pub mod png;
mod raster;
pub mod scale;
mod scene;
pub mod svg;
mod table;
pub mod text;
mod theme;
mod timeline;
pub mod token;

pub use color::Color;
pub use raster::Raster;
pub use scene::{Anchor, Node, Run, Scene, Segment, Shape, Stroke, Target, Weight};
pub use table::{Cell, Table};
pub use theme::Theme;
pub use timeline::Timeline;

/// Why a picture could not be written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OutputError {
    /// Too large, or empty.
    #[error("a picture of {width} × {height} pixels: each side must be 1 to {max}; choose another scale")]
    Size {
        /// The width asked for.
        width: f32,
        /// The height asked for.
        height: f32,
        /// The largest side.
        max: f32,
    },
    /// Our own SVG could not be parsed.
    #[error("the drawing could not be read back: {0}")]
    Svg(String),
    /// The picture's encoder failed.
    #[error("the picture could not be written: {0}")]
    Write(String),
}
