//! One row per key: from its score to its weight.

use super::{Data, State, Steps, differs, is_changed};
use crate::figure::as_table::{begin, word};
use crate::table::{Cell, Table};
use attnscope_words::words;

impl Data {
    /// The numbers as drawn, with the scores that were set by hand, and the run's own beside them if they are others. A
    /// masked key has only its name.
    pub fn table(&self, state: &State) -> Table {
        let (steps, changed) = (Steps::new(self, state), is_changed(self, state) || differs(self));
        let own = [words!("the model's score"), words!("the model's weight")]
            .into_iter()
            .filter(|_| changed)
            .map(String::from);
        let mut table = begin([words!("key"), "q·k", words!("score"), "exp", words!("weight")], own);
        for (k_idx, dot) in self.dots.iter().enumerate() {
            let key = word(&self.of.of.tokens, k_idx).into();
            let Some(score) = steps.scores[k_idx] else {
                table.push([key]);
                continue;
            };
            let numbers = [*dot, score, steps.exps[k_idx], steps.weights[k_idx]].map(Cell::Number);
            let own = [self.score(k_idx), self.weights.get(k_idx).copied()].map(Cell::from);
            table.push([key].into_iter().chain(numbers).chain(own.into_iter().filter(|_| changed)));
        }
        if let Some(sink) = self.sink {
            let (exp, share) = (steps.sink * steps.sum, steps.sink);
            table.push([words!("sink").into(), Cell::Empty, sink.into(), exp.into(), share.into()]);
        }
        table.push([words!("largest score").into(), Cell::Empty, steps.max.into()]);
        table.push([words!("sum of exp").into(), Cell::Empty, Cell::Empty, steps.sum.into()]);
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::head::Row;

    fn data() -> Data {
        Data {
            of: Row::made(["the", " hot", " dog"].map(String::from).into(), true, 1),
            dots: vec![4.0, 4.0, 9.0],
            scale: 0.5,
            soft_cap: None,
            masked: vec![false, false, true],
            weights: vec![0.5, 0.25],
            ..Data::default()
        }
    }

    #[test]
    fn a_row_is_a_key() {
        let table = data().table(&State::default());
        assert_eq!((table.columns.join(" ").as_str(), table.rows.len()), ("key q·k score exp weight", 5));
        assert_eq!(table.rows[1], ["hot".into(), 4.0.into(), 2.0.into(), 1.0.into(), Cell::Number(0.5)]);
        assert_eq!(table.rows[2], ["dog".into()]);
        assert_eq!((&table.rows[3][2], &table.rows[4][3]), (&Cell::Number(2.0), &Cell::Number(2.0)));
    }

    #[test]
    fn beside_the_readers_numbers_stand_the_models() {
        let state = State { temperature: 2.0, edited: vec![None, Some(0.0), Some(7.0)], ..State::default() };
        let table = data().table(&state);
        assert_eq!(table.columns[5..], ["the model's score", "the model's weight"]);
        assert_eq!(table.rows[1][1..4], [4.0, 0.0, (-1.0f32).exp()].map(Cell::Number));
        assert_eq!(table.rows[1][5..], [Cell::Number(2.0), Cell::Number(0.25)]);
        assert_eq!(table.rows[2], ["dog".into()]);
    }
}
