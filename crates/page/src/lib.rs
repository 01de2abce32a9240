//! # attnscope-page
//!
//! The page's figures without a browser. Each is a [`PageFigure`]: it makes a [`View`] (controls and a scene) from the
//! reader's choices and the engine's answers, and asks for [`Change`]s after an [`Event`]. The site draws the
//! first views at build time, the web crate the live ones; the tests need neither.
#![forbid(unsafe_code)]

pub mod address;
pub mod answers;
pub mod control;
pub mod driver;
pub mod event;
pub mod figure;
pub mod open;
pub mod palette;
pub mod paper;
pub mod selection;
pub mod trained;

pub use answers::{Answers, Missing, Page, Purpose};
pub use control::Control;
pub use driver::Driver;
pub use event::{Change, Event, Place};
pub use figure::{FIGURES, Follows, Kind, PageFigure, View, figure};
pub use open::Open;
pub use paper::Paper;
pub use selection::{LESSON, MOST_TOKENS, SENTENCE, Selection};
pub use trained::Trained;
