#![doc = include_str!("../README.md")]
//!
//! The questions a page asks and the answers it gets. The page's own engine, its worker and the server share these
//! types and this session, so that a figure does not know which of them computed its data.
//!
//! A [`Request`] is answered by a stream of [`Event`]s: any number of `Progress`, then one `Done` or `Failed`. A client
//! cancels a request by no longer reading its events.
//!
//! A [`Session`] turns a request into a [`Job`], whose steps are those events.
#![forbid(unsafe_code)]

mod attention;
mod failure;
mod generation;
mod job;
pub mod limits;
mod names;
mod placing;
mod reading;
mod request;
mod response;
mod session;
mod tile;
mod training;
pub mod wire;

pub use failure::{Failure, FailureKind, quoted};
pub use job::Job;
pub use request::{Prompt, Request, Spot, What};
pub use response::{Event, ModelCard, Progress, Response, Run, Tile};
pub use session::{LESSON, LessonOnly, Session, Source, TWIN};
pub use training::BEFORE;
