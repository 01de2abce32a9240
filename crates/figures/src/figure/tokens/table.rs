//! One row per token: its number in the vocabulary, and its vector.

use super::Data;
use crate::figure::as_table::{begin, longest, numbered, row, word};
use crate::table::{Cell, Table};
use attnscope_words::words;

impl Data {
    /// The whole vectors; the figure draws only their first numbers.
    pub fn table(&self) -> Table {
        let n = self.tokens.len();
        let mut table = begin([words!("token"), "id"], numbered(longest(self.vectors.iter().take(n))));
        for idx in 0..n {
            let id: Option<Cell> = self.ids.get(idx).map(|id| Cell::Count((*id).into()));
            table.push(row([word(&self.tokens, idx).into(), id.into()], self.vector(idx).unwrap_or_default()));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_token() {
        let tokens = ["the", " dog", "\n"].map(String::from).into();
        let vectors = vec![vec![0.5, -1.0], vec![f32::NAN]];
        let table = Data { tokens, ids: vec![3, 70_000], vectors, ..Data::default() }.table();
        assert_eq!((table.columns.join(" ").as_str(), table.rows.len()), ("token id 0 1", 3));
        assert_eq!(table.rows[0], ["the".into(), Cell::Count(3), Cell::Number(0.5), Cell::Number(-1.0)]);
        assert_eq!(table.rows[1][..2], ["dog".into(), Cell::Count(70_000)]);
        assert_eq!(table.rows[2], ["line break".into(), Cell::Empty]);
    }
}
