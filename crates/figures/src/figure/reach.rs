//! What a finger needs to take hold of something: room around it, which is not drawn.

use crate::scene::{Node, Target};

/// Radius of what a finger meets: 44 pixels across.
const REACH: f32 = 22.0;

/// The room around the handle at a place. It has no paint: a mouse goes through it, and on a page for fingers the
/// stylesheet says that it counts (`[data-handle]`).
pub(super) fn reach(index: usize, x: f32, y: f32) -> Node {
    Node::circle(x, y, REACH).key(format!("reach-{index}")).target(Target::Handle { index })
}
