//! One row per query, one column per key. Arcs draw the same data.

use super::Data;
use crate::figure::Pattern;
use crate::figure::as_table::{begin, word};
use crate::table::{Cell, Table};
use attnscope_words::words;

impl Data {
    /// The weights, also those too faint for an arc.
    pub fn table(&self) -> Table {
        let p = &self.pattern;
        let mut table = begin([words!("query")], (0..p.kv_len).map(|k_idx| word(&self.tokens, k_idx)));
        for q_idx in 0..p.q_len {
            let query = word(&self.tokens, p.first_query() + q_idx);
            table.push([query.into()].into_iter().chain(weights(p, q_idx)));
        }
        table
    }
}

/// The weight of each key for a query.
pub(in crate::figure) fn weights(p: &Pattern, q_idx: usize) -> impl Iterator<Item = Cell> {
    (0..p.kv_len).map(move |k_idx| p.weight(q_idx, k_idx).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(weights: Vec<f32>) -> Data {
        let tokens = ["the", " hot", " dog"].map(String::from).into();
        let pattern = Pattern::new(16, 0, 3, weights, true).unwrap();
        Data { tokens, pattern, model: String::new(), word_level: false }
    }

    #[test]
    fn a_row_is_a_query_and_what_is_masked_is_empty() {
        let table = data(vec![1.0, 0.0, 0.0, 0.3, 0.7, 0.0, 0.05, f32::INFINITY, 0.03]).table();
        assert_eq!((table.columns.join(" ").as_str(), table.rows.len()), ("query the hot dog", 3));
        assert_eq!(table.rows[1], ["hot".into(), Cell::Number(0.3), Cell::Number(0.7), Cell::Empty]);
        assert_eq!(table.rows[2][2], Cell::Number(f32::INFINITY));
    }

    #[test]
    fn the_queries_are_the_last_of_the_tokens() {
        let table = data(vec![0.2, 0.3, 0.5]).table();
        assert_eq!(table.rows, [["dog".into(), 0.2.into(), 0.3.into(), Cell::Number(0.5)]]);
    }
}
