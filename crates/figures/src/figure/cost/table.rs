//! One row per length.

use super::Data;
use super::panel::Series;
use crate::figure::as_table::begin;
use crate::table::{Cell, Table};
use attnscope_words::words;

impl Data {
    /// Time and working memory of each length, shortest first.
    pub fn table(&self) -> Table {
        let [whole, tiles] = [Series::whole(vec![]), Series::tiles(vec![])].map(|series| series.name);
        let headings = [whole, tiles].map(|how| words!("{how}, ms"));
        let mut table =
            begin([words!("tokens")], headings.into_iter().chain([whole, tiles].map(|how| words!("{how}, bytes"))));
        let mut points: Vec<_> = self.points.iter().collect();
        points.sort_by_key(|point| point.len);
        for p in points {
            let bytes = [p.full_bytes, Some(p.tiled_bytes)].map(|bytes| Cell::from(bytes.map(Cell::Count)));
            table.push([p.len.into(), p.full_ms.into(), p.tiled_ms.into()].into_iter().chain(bytes));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::super::Point;
    use super::*;

    #[test]
    fn a_row_is_a_length_and_what_was_not_measured_is_empty() {
        let point =
            |len, full_ms, full_bytes| Point { len, full_ms, tiled_ms: 2.5, full_bytes, tiled_bytes: 9_000_000_000 };
        let points = vec![point(128, None, None), point(64, Some(f32::NAN), Some(16_384))];
        let table = Data { points, ..Data::default() }.table();
        assert_eq!(
            table.columns.join("; "),
            "tokens; whole matrix, ms; in tiles, ms; whole matrix, bytes; in tiles, bytes"
        );
        assert_eq!((table.rows.len(), &table.rows[0][3]), (2, &Cell::Count(16_384)));
        let tiles = Cell::Count(9_000_000_000);
        assert_eq!(table.rows[1], [128_usize.into(), Cell::Empty, 2.5.into(), Cell::Empty, tiles]);
    }
}
