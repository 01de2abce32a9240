//! One row per next token, one column per run.

use super::{Column, Data};
use crate::figure::as_table::{begin, word};
use crate::table::Table;
use crate::token::plain;
use attnscope_words::words;

impl Data {
    /// The probabilities; empty where a word is not in a run's list.
    pub fn table(&self) -> Table {
        let mut table = begin([words!("next token")], self.columns.iter().map(heading));
        for at in 0..self.words.len() {
            let p = (0..self.columns.len()).map(|column| self.probability(column, at).into());
            table.push([word(&self.words, at).into()].into_iter().chain(p));
        }
        table
    }
}

/// `the hot dog was (all heads on)`
fn heading(column: &Column) -> String {
    let detail = if column.detail.is_empty() { String::new() } else { format!(" ({})", column.detail) };
    plain(&(column.name.clone() + &detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Cell;

    #[test]
    fn a_column_is_a_run() {
        let run = |name: &str, detail: &str| Column { name: name.into(), detail: detail.into() };
        let data = Data {
            columns: vec![run("the hot dog was", ""), run("the dog was", "one word less")],
            words: vec![" barking".into(), " tasty".into()],
            p: vec![vec![Some(0.25), Some(f32::NAN)], vec![None, Some(0.5)]],
            model: String::new(),
        };
        let table = data.table();
        assert_eq!(table.columns, ["next token", "the hot dog was", "the dog was (one word less)"]);
        assert_eq!(table.rows[0], ["barking".into(), Cell::Number(0.25), Cell::Empty]);
        assert_eq!((table.rows.len(), &table.rows[1][2]), (2, &Cell::Number(0.5)));
    }
}
