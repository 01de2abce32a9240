//! All matrices: first a column for each key, then one for each component of a vector.

use super::{Data, Numbers, State};
use crate::figure::as_table::{begin, longest, numbered, row, word};
use crate::table::{Cell, Table};
use attnscope_words::words;

impl Data {
    /// The numbers of every step, whichever is shown. Scores and weights are masked if `state` is; q·k never is.
    pub fn table(&self, state: &State) -> Table {
        let numbers = Numbers::new(self, state);
        let n_keys = longest(numbers.dots.iter().chain(&numbers.weights)).max(self.of.tokens.len());
        let vectors = [("x", &self.x), ("q", &self.q), ("k", &self.k), ("v", &self.v)];
        let mixed = [("z", &numbers.z)];
        let d = longest(vectors.iter().chain(&mixed).flat_map(|(_, rows)| rows.iter()));
        let mut table =
            begin([words!("row")], (0..n_keys).map(|k_idx| word(&self.of.tokens, k_idx)).chain(numbered(d)));
        self.push_vectors(&mut table, &vectors, n_keys);
        let masked = |q_idx: usize, k_idx: usize| state.masked && !self.of.sees(q_idx, k_idx);
        self.push_square(&mut table, "q·k", &numbers.dots, |_, _, dot| Some(dot));
        self.push_square(&mut table, words!("scores"), &numbers.dots, |q, k, dot| {
            (!masked(q, k)).then_some(self.score(q, k, dot))
        });
        self.push_square(&mut table, words!("weights"), &numbers.weights, |q, k, weight| {
            (!masked(q, k)).then_some(weight)
        });
        self.push_vectors(&mut table, &mixed, n_keys);
        table
    }

    fn push_vectors(&self, table: &mut Table, arrays: &[(&str, &Vec<Vec<f32>>)], n_keys: usize) {
        for (name, rows) in arrays {
            for (i, vector) in rows.iter().enumerate() {
                let name = Cell::from(words!("{name} of {}", word(&self.of.tokens, i)));
                table.push([name].into_iter().chain(vec![Cell::Empty; n_keys]).chain(row([], vector)));
            }
        }
    }

    /// One row per query; `cell` returns the number for a query and a key, or `None` where it is masked.
    fn push_square(
        &self,
        table: &mut Table,
        name: &str,
        rows: &[Vec<f32>],
        cell: impl Fn(usize, usize, f32) -> Option<f32>,
    ) {
        for (q_idx, numbers) in rows.iter().enumerate() {
            let name = Cell::from(words!("{name} of {}", word(&self.of.tokens, q_idx)));
            let cells = numbers.iter().enumerate().map(|(k_idx, x)| cell(q_idx, k_idx, *x).into());
            table.push([name].into_iter().chain(cells));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::head::Head;

    fn data() -> Data {
        Data {
            of: Head::made(["the", " dog"].map(String::from).into(), true),
            x: vec![vec![0.5; 3], vec![0.25; 3]],
            q: vec![vec![1.0, 0.0, 0.0, 0.0], vec![0.0, 2.0, 0.0, 0.0]],
            k: vec![vec![4.0, 3.0, 0.0, 0.0]; 2],
            v: vec![vec![1.0, f32::NAN], vec![2.0, 3.0]],
            weights: vec![vec![1.0, 0.0], vec![0.5, 0.5]],
            z: vec![vec![1.0, f32::NAN], vec![1.5, f32::NAN]],
        }
    }

    #[test]
    fn keys_have_columns_and_components_have() {
        let table = data().table(&State { step: 0, ..State::default() });
        assert_eq!((table.columns.join(" ").as_str(), table.rows.len()), ("row the dog 0 1 2 3", 16));
        let names: Vec<_> = table.rows.iter().step_by(2).map(|row| row[0].to_string()).collect();
        assert_eq!(
            names.join(" "),
            "x of the q of the k of the v of the q·k of the scores of the weights of the z of the"
        );
        assert_eq!(table.rows[3][..5], ["q of dog".into(), Cell::Empty, Cell::Empty, 0.0.into(), Cell::Number(2.0)]);
        assert_eq!(table.rows[8], ["q·k of the".into(), Cell::Number(4.0), Cell::Number(4.0)]);
        assert_eq!(table.rows[10], ["scores of the".into(), Cell::Number(2.0), Cell::Empty]);
        assert_eq!(table.rows[12], ["weights of the".into(), Cell::Number(1.0), Cell::Empty]);
        assert_eq!(table.rows[15][..4], ["z of dog".into(), Cell::Empty, Cell::Empty, Cell::Number(1.5)]);
    }

    #[test]
    fn what_is_beyond_the_window_is_masked_too() {
        let mut windowed = data();
        (windowed.of.mask.window, windowed.weights[1]) = (Some(1), vec![0.0, 1.0]);
        let table = windowed.table(&State::default());
        assert_eq!(table.rows[11], ["scores of dog".into(), Cell::Empty, Cell::Number(3.0)]);
        assert_eq!(table.rows[13], ["weights of dog".into(), Cell::Empty, Cell::Number(1.0)]);
    }

    #[test]
    fn without_the_mask_nothing_is_empty() {
        let table = data().table(&State { masked: false, ..State::default() });
        assert_eq!(table.rows[10], ["scores of the".into(), Cell::Number(2.0), Cell::Number(2.0)]);
        assert_eq!(table.rows[12], ["weights of the".into(), Cell::Number(0.5), Cell::Number(0.5)]);
    }
}
