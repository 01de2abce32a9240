//! The row of scores tile by tile, and what is kept after each: what was kept before, rescaled, and what the tile adds.

use super::tiles::power;
use super::{Data, State, Step};
use crate::figure::as_table::{begin, numbered, row, word};
use crate::table::{Cell, Table};
use attnscope_words::words;

impl Data {
    /// Everything up to the current step. A masked key has only its name.
    pub fn table(&self, state: &State) -> Table {
        let mut table = begin(
            [
                words!("row"),
                words!("score"),
                words!("e^(score − max)"),
                words!("max"),
                words!("sum"),
                words!("correction"),
            ],
            numbered(self.d()),
        );
        let end = Step::new(self, state.step);
        for read in 0..=end.read {
            let step = Step::new(self, read);
            self.push_tile(&mut table, &step);
            self.push_kept(&mut table, &step);
        }
        if end.done {
            table.push(named(words!("z of {}", crate::token::spoken(self.of.query())), [None; 5], &self.z()));
        }
        table
    }

    /// The tile's scores.
    fn push_tile(&self, table: &mut Table, step: &Step<'_>) {
        let Some(now) = step.now else { return };
        for k_idx in now.keys.clone() {
            let score = Some(self.scores[k_idx]).filter(|score| *score != f32::NEG_INFINITY);
            let name = words!("score of {}", word(&self.of.of.tokens, k_idx));
            table.push(named(name, [score, score.map(|score| power(score, now.max)), None, None, None], &[]));
        }
    }

    /// The kept numbers after the tile.
    fn push_kept(&self, table: &mut Table, step: &Step<'_>) {
        let Some(now) = step.now else {
            let zeros = vec![0.0; self.d()];
            return table.push(named(
                words!("kept at first").into(),
                [None, None, Some(f32::NEG_INFINITY), Some(0.0), None],
                &zeros,
            ));
        };
        let correction = now.correction;
        let old = step.before.map_or(0.0, |before| before.sum * correction);
        let add = now.keys.clone().map(|k_idx| power(self.scores[k_idx], now.max)).sum();
        let shrunk = words!("kept before, × correction").into();
        table.push(named(shrunk, [None, None, None, Some(old), Some(correction)], &step.shrunk(self)));
        let added = words!("added by tile {}", step.read);
        table.push(named(added, [None, None, None, Some(add), None], &step.added(self)));
        let kept = words!("kept after tile {}", step.read);
        table.push(named(kept, [None, None, Some(now.max), Some(now.sum), None], &now.acc));
    }
}

/// A row with a name: five numbers, which may be missing, and a vector.
fn named(name: String, numbers: [Option<f32>; 5], vector: &[f32]) -> impl Iterator<Item = Cell> {
    [name.into()].into_iter().chain(numbers.map(Cell::from)).chain(row([], vector))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::head::Row;

    fn data() -> Data {
        let tokens = ["the", " hot", " dog", " was"].map(String::from).into();
        let scores = vec![1.0, f32::NEG_INFINITY, 3.0, f32::NAN];
        let values = (0..4).map(|k| vec![k as f32, 1.0]).collect();
        Data { of: Row::made(tokens, true, 3), scores, values, ..Data::default() }.tiled(2)
    }

    #[test]
    fn what_was_kept_and_what_is_added_is_what_is_kept() {
        let table = Data { scores: vec![1.0, f32::NEG_INFINITY, 3.0, 0.0], ..data() }.tiled(2);
        let table = table.table(&State { step: 2, ..State::default() });
        assert_eq!((table.columns.len(), table.rows.len()), (8, 12));
        let number = |row: usize, column: usize| match table.rows[row][column] {
            Cell::Number(x) => x,
            ref other => panic!("{other:?}"),
        };
        assert_eq!(table.rows[7].first(), Some(&"score of was".into()));
        assert_eq!((number(7, 1), number(7, 2)), (0.0, (-3.0f32).exp()));
        assert_eq!(table.rows[10][0], "kept after tile 2".into());
        assert_eq!((number(8, 5), number(10, 3)), ((-2.0f32).exp(), 3.0));
        for column in [4, 6, 7] {
            assert!((number(8, column) + number(9, column) - number(10, column)).abs() < 1e-6, "{column}");
        }
        assert_eq!((&table.rows[11][0], number(11, 6)), (&"z of was".into(), number(10, 6) / number(10, 4)));
    }

    #[test]
    fn what_is_not_read_yet_has_no_row() {
        let at = |step| data().table(&State { step, ..State::default() }).rows;
        assert_eq!((at(0).len(), at(1).len(), at(9).len()), (1, 6, 12));
        assert_eq!(at(0)[0][3..5], [Cell::Number(f32::NEG_INFINITY), Cell::Number(0.0)]);
        assert_eq!(at(1)[1][..3], ["score of the".into(), Cell::Number(1.0), Cell::Number(1.0)]);
        assert!(at(1)[2][1..].iter().all(|cell| *cell == Cell::Empty), "masked");
    }
}
