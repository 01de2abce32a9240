//! Labels for places on a line, each at a pole of its own: no label crosses another's pole.

use crate::scene::Anchor;

/// Where a label goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Flag {
    /// 0 is nearest to the line.
    pub row: usize,
    /// Whether the text begins at its pole, or ends there.
    pub anchor: Anchor,
}

/// Between a text and its pole, and between a text and the next pole.
pub(super) const AIR: f32 = 4.0;

/// The most rows: a label that would need a higher one is left out.
const MAX_ROWS: usize = 5;

/// A flag for each place `(x, width of its text)`, within `left` and `right`; `None` where there is no room.
///
/// Texts of the left half extend to the right and those of the right half to the left, in steps: the farther a pole is
/// from the middle, the higher its text, so that it passes above the poles inside.
pub(super) fn flags(places: &[(f32, f32)], (left, right): (f32, f32)) -> Vec<Option<Flag>> {
    let middle = (left + right) / 2.0;
    let span = |i: usize, to_right: bool| {
        let (x, w) = places[i];
        if to_right { (x, x + w + 2.0 * AIR) } else { (x - w - 2.0 * AIR, x) }
    };
    let inside = |(from, to): (f32, f32)| from >= left - AIR && to <= right + AIR;
    // Towards the middle, or outwards where there is no room; a text that fits on neither side has no flag.
    let mut sides: Vec<Option<bool>> = (0..places.len())
        .map(|i| [places[i].0 <= middle, places[i].0 > middle].into_iter().find(|&side| inside(span(i, side))))
        .collect();
    loop {
        let spans: Vec<_> = sides.iter().enumerate().map(|(i, side)| side.map(|side| span(i, side))).collect();
        let (rows, stuck) = rows(places, &spans);
        let Some(i) = stuck else { return combine(&sides, &rows) };
        // If two texts cover each other's poles, the right one changes sides, or is left out if it cannot.
        sides[i] = (sides[i] == Some(false) && inside(span(i, true))).then_some(true);
    }
}

fn combine(sides: &[Option<bool>], rows: &[Option<usize>]) -> Vec<Option<Flag>> {
    let flag = |(side, row): (&Option<bool>, &Option<usize>)| {
        let row = row.filter(|row| *row < MAX_ROWS)?;
        Some(Flag { row, anchor: if (*side)? { Anchor::Start } else { Anchor::End } })
    };
    sides.iter().zip(rows).map(flag).collect()
}

/// A row for each text, above those whose poles it covers and in no row with one that it overlaps; and, if texts cover
/// each other's poles in a cycle, the rightmost that extends to the left, or else the rightmost of all.
fn rows(places: &[(f32, f32)], spans: &[Option<(f32, f32)>]) -> (Vec<Option<usize>>, Option<usize>) {
    let mut rows: Vec<Option<usize>> = vec![None; places.len()];
    let covers = |i: usize, k: usize| {
        let (Some((from, to)), x, own) = (spans[i], places[k].0, places[i].0) else { return false };
        // If two poles coincide, the first has the lower text.
        spans[k].is_some() && i != k && from <= x && x <= to && (x != own || k < i)
    };
    let overlap = |i: usize, k: usize| match (spans[i], spans[k]) {
        (Some(a), Some(b)) => a.0 < b.1 && b.0 < a.1,
        _ => false,
    };
    loop {
        let left: Vec<usize> = (0..places.len()).filter(|&i| spans[i].is_some() && rows[i].is_none()).collect();
        let Some(&i) = left.iter().find(|&&i| !left.iter().any(|&k| covers(i, k))) else {
            let last = |side: bool| {
                let flies = |i: &&usize| !side || spans[**i].is_some_and(|s| s.1 <= places[**i].0);
                left.iter().filter(flies).max_by(|&&i, &&k| places[i].0.total_cmp(&places[k].0)).copied()
            };
            return (rows, last(true).or(last(false)));
        };
        let all = || (0..places.len()).filter_map(|k| Some((k, rows[k]?)));
        let over = all().filter(|&(k, _)| covers(i, k)).map(|(_, row)| row + 1).max().unwrap_or(0);
        let free = |row: &usize| !all().any(|(k, other)| other == *row && overlap(i, k));
        rows[i] = (over..=over + places.len()).find(free);
    }
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
                    let (text, other, pole) = (span(places[i], *a), span(places[j], *b), places[j].0);
                    let crossed = text.0 < pole && pole < text.1 && b.row >= a.row;
                    assert!(!crossed, "{seed}: pole {j} goes through text {i}: {places:?} {flags:?}");
                    let apart = a.row != b.row || text.1 <= other.0 || other.1 <= text.0;
                    assert!(apart, "{seed}: texts {i} and {j}: {places:?} {flags:?}");
                }
            }
            assert!(flags.iter().flatten().count() >= 8, "{flags:?}");
            assert!(flags.iter().flatten().all(|f| f.row < MAX_ROWS));
        }
    }

    #[test]
    fn stairs_go_inwards() {
        let found = flags(&[(10.0, 40.0), (20.0, 40.0), (200.0, 40.0), (190.0, 40.0)], (0.0, 210.0));
        let rows: Vec<_> = found.iter().map(|f| f.unwrap().row).collect();
        assert_eq!(rows, [1, 0, 1, 0]);
        assert_eq!(flags(&[(50.0, 300.0)], (0.0, 210.0)), [None], "no room");
        let one = flags(&[(50.0, 30.0); 7], (0.0, 210.0));
        assert_eq!(one.iter().flatten().map(|f| f.row).collect::<Vec<_>>(), [0, 1, 2, 3, 4], "at one place");
        assert_eq!(flags(&[(f32::NAN, 30.0), (50.0, 30.0)], (0.0, 210.0))[0], None);
    }
}
