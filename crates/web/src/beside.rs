//! Which mark an arrow key leads to.

use web_sys::DomRect;

/// How far a mark lies in a direction (one of right and down is 0, the other ±1); `None` if it lies elsewhere. Marks
/// straight ahead come before all others.
pub fn distance(from: &DomRect, to: &DomRect, right: f64, down: f64) -> Option<f64> {
    const ASIDE: f64 = 1e6;
    let middle = |r: &DomRect| (r.left() + r.width() / 2.0, r.top() + r.height() / 2.0);
    let ((x0, y0), (x1, y1)) = (middle(from), middle(to));
    // Bars of different lengths begin at the same place: overlap counts, not the distance of their middles.
    let beside = if right != 0.0 {
        from.top() < to.bottom() && to.top() < from.bottom()
    } else {
        from.left() < to.right() && to.left() < from.right()
    };
    let along = (x1 - x0) * right + (y1 - y0) * down;
    if beside {
        return (along > 1.0).then_some(along);
    }
    // The points of a curve are seldom in one line: then any mark wholly on that side counts.
    let gap = match (right as i32, down as i32) {
        (1, _) => to.left() - from.right(),
        (-1, _) => from.left() - to.right(),
        (_, 1) => to.top() - from.bottom(),
        _ => from.top() - to.bottom(),
    };
    let across = (x1 - x0).abs() * down.abs() + (y1 - y0).abs() * right.abs();
    (gap >= 0.0).then_some(ASIDE + along + across)
}
