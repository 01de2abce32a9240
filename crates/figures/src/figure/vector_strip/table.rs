//! One row per vector.

use super::{Data, difference};
use crate::figure::as_table::{begin, longest, numbered, row};
use crate::table::Table;
use crate::token::spoken;
use attnscope_words::words;

impl Data {
    /// The vectors, and the difference of two where it is drawn.
    pub fn table(&self) -> Table {
        let mut table = begin([words!("vector")], numbered(longest(self.vectors.iter().map(|v| &v.values))));
        for vector in self.vectors.iter().chain(&difference(self)) {
            table.push(row([spoken(&vector.name).into()], &vector.values));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::super::Vector;
    use super::*;
    use crate::table::Cell;

    #[test]
    fn the_difference_is_the_last_row() {
        let vector = |name: &str, values: &[f32]| Vector { name: name.into(), values: values.into(), first: None };
        let vectors = vec![vector(" hot", &[0.5, f32::NAN, 1.0]), vector(" dog", &[0.25, 1.0])];
        let table = Data { vectors, difference: Some((0, 1)), ..Data::default() }.table();
        assert_eq!((table.columns.join(" ").as_str(), table.rows.len()), ("vector 0 1 2", 3));
        assert_eq!(table.rows[1], ["dog".into(), Cell::Number(0.25), Cell::Number(1.0)]);
        assert_eq!(table.rows[2][..2], ["difference".into(), Cell::Number(0.25)]);
    }
}
