//! One row per pair of vectors, and one for their spread.

use super::weights::SHOWN;
use super::{Data, spread};
use crate::figure::as_table::begin;
use crate::number::count;
use crate::table::{Cell, Table};
use attnscope::analysis::softmax;
use attnscope_words::words;

impl Data {
    /// The dot products as they are and divided by √d, counted from 1; the figure's bars count these. The first
    /// few have weights: the softmax of those few.
    pub fn table(&self) -> Table {
        let (scaled, n) = (self.scaled(), self.dots.len().min(SHOWN));
        let divided = words!("q·k ÷ √{}", count(self.d));
        let headings = [divided.clone(), words!("softmax of q·k").into(), words!("softmax of {divided}")];
        let mut table = begin([words!("pair"), "q·k"], headings);
        table.push([words!("spread").into(), spread(&self.dots).into(), spread(&scaled).into()]);
        let weights = [softmax(&self.dots[..n]), softmax(&scaled[..n])];
        for (i, (dot, divided)) in self.dots.iter().zip(&scaled).enumerate() {
            let [raw, flat] = weights.each_ref().map(|weights| Cell::from(weights.get(i).copied()));
            table.push([(i + 1).into(), (*dot).into(), (*divided).into(), raw, flat]);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pairs_have_weights() {
        let dots = [1.0, 1.0, f32::NAN].into_iter().chain([-60.0; 7]).collect();
        let table = Data { d: 4, dots, seed: 1 }.table();
        assert_eq!((table.columns[2].as_str(), table.columns.len(), table.rows.len()), ("q·k ÷ √4", 5, 11));
        assert_eq!(table.rows[1], [1_usize.into(), 1.0.into(), 0.5.into(), 0.5.into(), Cell::Number(0.5)]);
        assert_eq!(table.rows[3][3], Cell::Number(0.0), "what is no number gets nothing");
        assert_eq!(table.rows[9][2..], [Cell::Number(-30.0), Cell::Empty, Cell::Empty]);
        assert_eq!(Data::default().table().rows, [["spread".into(), Cell::Empty, Cell::Empty]]);
    }
}
