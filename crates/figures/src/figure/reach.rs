//! Touch areas: invisible room around a handle, so that a finger can hit it.

use crate::scene::{Node, Target};

/// Radius of the touch area: 44 pixels across.
const REACH: f32 = 22.0;

/// The touch area of the handle at a place. It is not painted, so that a mouse passes through it; on a touch screen
/// the stylesheet makes it respond (`[data-handle]`).
pub(super) fn reach(index: usize, x: f32, y: f32) -> Node {
    Node::circle(x, y, REACH).key(format!("reach-{index}")).target(Target::Handle { index })
}
