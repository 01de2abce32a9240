//! # attnscope-protocol
//!
//! The questions a page asks and the answers it gets. The same types and the same session stand behind the page's own
//! engine, its worker, and the server, so that a figure does not know who computed it.
//!
//! A [`Request`] is answered by a stream of [`Event`]s: any number of `Progress`, then one `Done` or `Failed`. Who
//! stops listening has cancelled.
#![forbid(unsafe_code)]

pub mod request;
pub mod response;
pub mod wire;

pub use request::{Prompt, Request};
pub use response::{Event, Failure, FailureKind, ModelCard, Progress, Response, Run, Tile};
