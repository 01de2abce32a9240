//! The two arrows, and what becomes of them.

use super::Data;
use crate::figure::as_table::begin;
use crate::table::{Cell, Table};
use crate::token::plain;
use attnscope_words::words;

impl Data {
    /// The arrows' components; their products, which add up to the dot product; the cosine.
    pub fn table(&self) -> Table {
        let [a, b] = self.names.each_ref().map(|name| plain(name));
        let mut table = begin([words!("arrow"), "0", "1", words!("dot product"), words!("cosine")], []);
        for (name, [x, y]) in [(&a, self.a), (&b, self.b)] {
            table.push([name.as_str().into(), x.into(), y.into()]);
        }
        let [x, y] = self.products().map(Cell::Number);
        table.push([format!("{a} × {b}").into(), x, y, self.dot().into(), self.cosine().into()]);
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_products_are_the_last_row() {
        let data = |b| Data { a: [3.0, 4.0], b, names: ["a".into(), "b".into()] };
        let table = data([1.5, -0.5]).table();
        assert_eq!((table.columns.len(), table.rows.len()), (5, 3));
        assert_eq!(table.rows[1], ["b".into(), Cell::Number(1.5), Cell::Number(-0.5)]);
        assert_eq!(table.rows[2][..4], ["a × b".into(), 4.5.into(), (-2.0).into(), Cell::Number(2.5)]);
        assert_eq!(table.rows[2][4], data([1.5, -0.5]).cosine().into());
        assert_eq!(data([0.0, 0.0]).table().rows[2][3..], [Cell::Number(0.0), Cell::Empty]);
    }
}
