//! One row per path or landmark, one column per depth.

use super::{Data, said};
use crate::figure::as_table::{begin, row};
use crate::table::{Cell, Table};
use crate::token::{plain, spoken};
use attnscope_words::words;

impl Data {
    /// Where the word's paths and the words of both kinds stand: −1 is the mean of the first kind, 1 that of the second.
    pub fn table(&self) -> Table {
        let paths = self.paths.iter().map(|path| path.at.len());
        let depths = paths.chain(self.landmarks.iter().map(|landmark| landmark.at.len())).max().unwrap_or(0);
        let mut table = begin([words!("word"), words!("reading"), words!("kind")], (0..depths).map(said));
        for path in &self.paths {
            let first = [spoken(&self.word).into(), plain(&path.name).into(), Cell::Empty];
            table.push(row(first, &path.at));
        }
        for landmark in &self.landmarks {
            let kind: Option<Cell> = self.poles.get(landmark.group).map(|pole| plain(pole).into());
            let first = [spoken(&landmark.name).into(), plain(&self.template).into(), kind.into()];
            table.push(row(first, &landmark.at));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Landmark, Path};
    use super::*;

    #[test]
    fn a_row_is_a_path_or_a_landmark() {
        let data = Data {
            word: " dog".into(),
            paths: vec![Path { name: "the hot dog was".into(), at: vec![-1.0, f32::NAN] }],
            landmarks: vec![Landmark { name: "soup".into(), group: 1, at: vec![0.5, 0.75] }],
            poles: ["animal".into(), "food".into()],
            template: "the … was".into(),
            model: String::new(),
        };
        let table = data.table();
        assert_eq!(table.columns, ["word", "reading", "kind", "before any layer", "after layer 0"]);
        assert_eq!(table.rows[0][..4], ["dog".into(), "the hot dog was".into(), Cell::Empty, Cell::Number(-1.0)]);
        assert_eq!(table.rows[1], ["soup".into(), "the … was".into(), "food".into(), 0.5.into(), Cell::Number(0.75)]);
        assert_eq!(table.rows.len(), 2);
    }
}
