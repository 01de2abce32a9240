//! Names for places on a line, each at a pole of its own: none crosses another's pole.

use crate::scene::Anchor;

/// Where a name goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Flag {
    /// 0 is nearest to the line.
    pub row: usize,
    /// Whether the text begins at its pole, or ends there.
    pub anchor: Anchor,
}

/// Between a text and its pole, and between a text and the next pole.
pub(super) const AIR: f32 = 4.0;

/// A flag for each place `(x, width of its text)`, within `left` and `right`; none where there is no room.
///
/// Texts of the left half fly to the right and those of the right half to the left, in stairs: the farther a pole is
/// from the middle, the higher its text, so that it flies over the poles inside.
pub(super) fn flags(places: &[(f32, f32)], (left, right): (f32, f32)) -> Vec<Option<Flag>> {
    let middle = (left + right) / 2.0;
    let reach = |i: usize, to_right: bool| {
        let (x, w) = places[i];
        if to_right { (x, x + w + 2.0 * AIR) } else { (x - w - 2.0 * AIR, x) }
    };
    let mut to_right: Vec<bool> = places.iter().map(|(x, _)| *x <= middle).collect();
    // What would fly into the other half's texts turns round.
    loop {
        let edge = (0..places.len()).filter(|&i| to_right[i]).map(|i| reach(i, true).1).fold(left, f32::max);
        let Some(i) = (0..places.len()).find(|&i| !to_right[i] && reach(i, false).0 < edge) else { break };
        to_right[i] = true;
    }
    let fits = |i: usize| {
        let (from, to) = reach(i, to_right[i]);
        from >= left - AIR && to <= right + AIR && places[i].0.is_finite()
    };
    let mut found: Vec<Option<Flag>> = vec![None; places.len()];
    for side in [true, false] {
        let mut order: Vec<usize> = (0..places.len()).filter(|&i| to_right[i] == side && fits(i)).collect();
        // From the inside outwards.
        order.sort_by(|&i, &j| places[j].0.total_cmp(&places[i].0));
        if !side {
            order.reverse();
        }
        for (at, &i) in order.iter().enumerate() {
            let (from, to) = reach(i, side);
            let under = |j: &&usize| (from..=to).contains(&places[**j].0);
            let row = order[..at].iter().filter(under).filter_map(|&j| Some(found[j]?.row + 1)).max().unwrap_or(0);
            found[i] = Some(Flag { row, anchor: if side { Anchor::Start } else { Anchor::End } });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a text covers.
    fn span((x, w): (f32, f32), flag: Flag) -> (f32, f32) {
        if flag.anchor == Anchor::Start { (x, x + AIR + w) } else { (x - AIR - w, x) }
    }

    #[test]
    fn no_text_lies_on_another_or_on_its_pole() {
        for seed in 0..200u32 {
            let noise = |i: u32| (seed.wrapping_mul(2_654_435_761).wrapping_add(i * 40_503) >> 7) % 997;
            let places: Vec<(f32, f32)> = (0..10).map(|i| (30.0 + noise(i) as f32 * 0.6, 40.0)).collect();
            let flags = flags(&places, (0.0, 660.0));
            for (i, a) in flags.iter().enumerate() {
                for (j, b) in flags.iter().enumerate().filter(|(j, _)| *j != i) {
                    let (Some(a), Some(b)) = (a, b) else { continue };
                    let (span, pole) = (span(places[i], *a), places[j].0);
                    let crossed = span.0 < pole && pole < span.1 && b.row >= a.row;
                    assert!(!crossed, "{seed}: pole {j} goes through text {i}: {places:?} {flags:?}");
                }
            }
            assert!(flags.iter().flatten().count() >= 8, "{flags:?}");
        }
    }

    #[test]
    fn stairs_go_inwards() {
        let found = flags(&[(10.0, 40.0), (20.0, 40.0), (200.0, 40.0), (190.0, 40.0)], (0.0, 210.0));
        let rows: Vec<_> = found.iter().map(|f| f.unwrap().row).collect();
        assert_eq!(rows, [1, 0, 1, 0]);
        assert_eq!(flags(&[(50.0, 300.0)], (0.0, 210.0)), [None], "no room");
    }
}
