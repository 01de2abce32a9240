//! Pictures: many numbers in one mark. The target of a picture depends on the place in it.

use crate::scene::Target;
use attnscope::Site;

impl Target {
    /// One weight: how much a query attends to a key.
    pub fn weight(layer: usize, head: usize, q_idx: usize, k_idx: usize) -> Self {
        Self::Number { number: Site::Pattern.in_layer(layer, [head, q_idx, k_idx]) }
    }

    /// A whole pattern, one row a query.
    pub fn pattern(layer: usize, head: usize, q_len: usize, kv_len: usize) -> Self {
        Self::Numbers { first: Site::Pattern.in_layer(layer, [head, 0, 0]), columns: kv_len, rows: q_len }
    }

    /// Whether it is a pattern drawn as one raster, among whose rows the arrow keys choose.
    pub fn is_pattern(self) -> bool {
        matches!(self, Self::Numbers { first, .. } if first.site() == Site::Pattern)
    }

    /// Whether it stands for many things, drawn as one raster.
    pub fn is_picture(self) -> bool {
        matches!(self, Self::Numbers { .. } | Self::Items { .. })
    }

    /// What is at a place of a picture, `across` from 0 at its left to 1 at its right and `down` from 0 at its top to 1
    /// at its bottom. Any other target is the same everywhere.
    pub fn at(self, across: f32, down: f32) -> Self {
        match self {
            Self::Numbers { first, columns, rows } => {
                let (row, column) = (index(down, rows), index(across, columns));
                match first.indices() {
                    [head, query, key] if first.site() == Site::Pattern => {
                        Self::weight(first.layer().unwrap_or(0), *head, query + row, key + column)
                    }
                    _ => Self::Number { number: first.with_last(first.last() + row * columns + column) },
                }
            }
            Self::Items { columns, rows } => Self::Item { index: index(down, rows) * columns + index(across, columns) },
            single => single,
        }
    }
}

/// Which of `n` equal parts holds a place from 0 to 1. A place outside belongs to the nearest part.
fn index(at: f32, n: usize) -> usize {
    ((at.max(0.0) * n as f32) as usize).min(n.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_one_thing() {
        let pattern = Target::pattern(3, 1, 100, 200);
        assert_eq!(pattern.at(0.501, 0.999), Target::weight(3, 1, 99, 100));
        assert_eq!(pattern.at(1.0, 0.0), Target::weight(3, 1, 0, 199));
        let query = |component| Site::Q.in_layer(0, [0, 7, component]);
        let line = Target::Numbers { first: query(64), columns: 32, rows: 2 };
        assert_eq!(line.at(0.5, 0.2), Target::Number { number: query(80) });
        assert_eq!(line.at(0.0, 0.6), Target::Number { number: query(96) });
        assert_eq!(Target::Items { columns: 64, rows: 576 }.at(0.99, 0.5), Target::Item { index: 288 * 64 + 63 });
        let cell = Target::weight(0, 0, 1, 1);
        assert!(pattern.is_pattern() && !line.is_pattern());
        assert!(cell.at(0.7, 0.7) == cell && !cell.is_picture() && line.is_picture());
    }

    #[test]
    fn odd_places_and_empty_pictures_are_something() {
        for place in [f32::NAN, -1.0, 2.0, f32::INFINITY] {
            let found = Target::Items { columns: 3, rows: 3 }.at(place, place);
            assert!(matches!(found, Target::Item { index } if index < 9), "{place}: {found:?}");
        }
        assert_eq!(Target::Items { columns: 0, rows: 0 }.at(0.5, 0.5), Target::Item { index: 0 });
    }
}
