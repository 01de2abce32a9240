//! One row per reading and word, one column per depth.

use super::{Data, said};
use crate::figure::as_table::{begin, row};
use crate::table::{Cell, Table};
use crate::token::{plain, spoken};
use attnscope_words::words;

impl Data {
    /// The cosines of both readings with every word, at every depth.
    pub fn table(&self) -> Table {
        let mut table = begin([words!("reading"), words!("word"), words!("kind")], (0..self.depths()).map(said));
        for (index, reading) in self.readings.iter().enumerate() {
            for (at, word) in self.words.iter().enumerate() {
                let kind: Option<Cell> = self.kinds.get(word.kind).map(|kind| plain(kind).into());
                let first = [plain(&reading.name).into(), spoken(&word.name).into(), kind.into()];
                let cosines: Vec<f32> = (0..self.depths()).map(|depth| self.cosine(index, depth, at)).collect();
                table.push(row(first, &cosines));
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Reading, Word};
    use super::*;

    #[test]
    fn a_row_is_a_word_in_a_reading() {
        let reading = |name: &str, cosine: f32| Reading { name: name.into(), cosines: vec![vec![cosine], vec![0.25]] };
        let data = Data {
            readings: [reading("the dog was", 0.5), reading("the hot dog was", f32::NAN)],
            words: vec![Word { name: " soup".into(), kind: 1 }],
            kinds: ["animal".into(), "food".into()],
            ..Data::default()
        };
        let table = data.table();
        assert_eq!(table.columns, ["reading", "word", "kind", "before any layer", "after layer 0"]);
        assert_eq!(table.rows[0], ["the dog was".into(), "soup".into(), "food".into(), 0.5.into(), Cell::Number(0.25)]);
        assert_eq!(table.rows.len(), 2);
    }
}
