//! One row per number of the input, with its row of the matrix; below them, the result.

use super::{Data, State};
use crate::figure::as_table::{begin, numbered, row};
use crate::table::{Cell, Table};
use crate::token::spoken;
use attnscope_words::words;

impl Data {
    /// The vector, the matrix and the result; where a column of the matrix is chosen, its products too.
    pub fn table(&self, state: &State) -> Table {
        let (input, d_out) = (self.part.input(), self.out.len());
        let chosen = state.component.filter(|c| *c < d_out);
        let products = chosen.map(|c| words!("{input} × column {c}"));
        let rows = words!("row of W_{}", self.part.letter());
        let mut table = begin([rows.as_str(), input], products.into_iter().chain(numbered(d_out)));
        let terms = chosen.map(|c| self.terms(c));
        for (i, x) in self.x.iter().enumerate() {
            let term = terms.as_ref().map(|terms| Cell::Number(terms[i] as f32));
            let weights = (0..d_out).map(|c| self.weight(i, c).into());
            table.push([i.into(), (*x).into()].into_iter().chain(term).chain(weights));
        }
        let sum = terms.map(|terms| Cell::Number(terms.iter().sum::<f64>() as f32));
        let name = words!("{} of {}", self.part.result(), spoken(&self.token));
        table.push([name.into(), Cell::Empty].into_iter().chain(sum).chain(row([], &self.out)));
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Part;

    /// x = (1, 2), W = (1 2 3 / 4 5 6): x·W = (9, 12, 15).
    #[test]
    fn the_result_stands_under_the_matrix() {
        let w = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let data = Data::new(Part::Key, " dog", 2, 1, 0, vec![1.0, 2.0], w, vec![9.0, 12.0, 15.0], "").unwrap();
        let table = data.table(&State::default());
        assert_eq!((table.columns.join(" ").as_str(), table.rows.len()), ("row of W_K x 0 1 2", 3));
        assert_eq!(table.rows[1], [1_usize.into(), 2.0.into(), 4.0.into(), 5.0.into(), Cell::Number(6.0)]);
        assert_eq!(table.rows[2], ["k of dog".into(), Cell::Empty, 9.0.into(), 12.0.into(), Cell::Number(15.0)]);
        let table = data.table(&State { component: Some(1), ..State::default() });
        assert_eq!(table.columns[1..4], ["x", "x × column 1", "0"]);
        let products: Vec<_> = table.rows.iter().map(|row| row[2].clone()).collect();
        assert_eq!(products, [2.0, 10.0, 12.0].map(Cell::Number));
        assert_eq!(data.table(&State { component: Some(3), ..State::default() }).columns.len(), 5);
    }
}
