//! One row per pixel: which queries and keys lie under it, and their largest and mean weight.

use super::{Data, Pool};
use crate::figure::as_table::begin;
use crate::table::Table;
use attnscope_words::words;

impl Data {
    /// What each pixel shows, by positions in the text; empty where the mask forbids all of it. Zoomed in, first and
    /// last are the same, and both weights are that of the cell.
    pub fn table(&self) -> Table {
        let mut table = begin(
            [
                words!("query"),
                words!("last query"),
                words!("key"),
                words!("last key"),
                words!("largest weight"),
                words!("mean weight"),
            ],
            [],
        );
        for (y, x, max) in self.weights(Pool::Max) {
            let (rows, cols) = (self.tile.queries(y), self.tile.keys(x));
            let last = |end: usize| end.saturating_sub(1);
            let queries = [self.position(rows.start).into(), self.position(last(rows.end)).into()];
            let keys = [cols.start.into(), last(cols.end).into()];
            let weights = [max.into(), self.weight(Pool::Mean, y, x).into()];
            table.push(queries.into_iter().chain(keys).chain(weights));
        }
        table
    }
}
