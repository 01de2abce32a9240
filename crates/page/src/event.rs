//! What the reader does to a figure, in the figure's terms, and the changes to the page that follow.

use crate::{Open, Selection};
use attnscope_figures::Target;
use attnscope_protocol::{Failure, Progress, Request, Response};

/// Where in a figure something happened.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// In the scene, pixels from its left.
    pub x: f32,
    /// In the scene, pixels from its top.
    pub y: f32,
    /// In the mark, 0 at its left to 1 at its right.
    pub across: f32,
    /// In the mark, 0 at its top to 1 at its bottom.
    pub down: f32,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "events are made one at a time, and never kept in numbers")]
pub enum Event {
    /// The pointer is over a mark, or it has the keyboard's focus.
    Over(Target, Place),
    /// The pointer left the figure.
    Left,
    /// A mark was clicked, or chosen with Enter or the space bar. A [`Target::Own`] is opened without asking the figure.
    Chosen(Target, Place),
    /// A handle was dragged to a place.
    Dragged(Target, Place),
    /// An arrow key on a handle, or on a mark that has no neighbours: steps to the right and down.
    Nudged(Target, i32, i32),
    /// A control was set; its id, and its value as text.
    Set(String, String),
    /// The figure has come into sight for the first time, and may begin to play.
    Seen,
    /// The address names a model that the reader trained, and it is not there: it is to be trained again.
    Restore,
    /// It is time for the next picture of something that plays.
    Tick,
    /// Progress of the work that the figure started with [`Change::Work`].
    Progress(Progress),
    /// The work is done, after this many milliseconds.
    Done(Response, f64),
    /// The work failed.
    Failed(Failure),
}

impl Event {
    /// An event at a place of a picture becomes an event on the target under the pointer. The keyboard's focus has
    /// no place in the picture: its event stays on the picture.
    pub fn at_its_place(self) -> Self {
        let at = |target: Target, place: Place| match place == Place::default() {
            true => target,
            false => target.at(place.across, place.down),
        };
        match self {
            Self::Over(target, place) => Self::Over(at(target, place), place),
            Self::Chosen(target, place) => Self::Chosen(at(target, place), place),
            other => other,
        }
    }
}

/// What a figure asks the page to do.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "changes are made a few at a time, and never kept in numbers")]
pub enum Change {
    /// Replace the selection.
    Select(Selection),
    /// Another row is under the pointer.
    Hover(Option<usize>),
    /// Open a number's arithmetic.
    Open(Open),
    /// Work to be done step by step and reported to the figure. It replaces what the figure had under way.
    Work(Request),
    /// Stop that work.
    Stop,
    /// A model has changed: its answers are forgotten.
    Forget(String),
}
