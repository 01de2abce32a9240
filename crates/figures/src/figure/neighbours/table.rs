//! One row per word of a list.

use super::Data;
use crate::figure::as_table::begin;
use crate::table::Table;
use crate::token::{plain, spoken};
use attnscope_words::words;

impl Data {
    /// The words near to each vector, nearest first.
    pub fn table(&self) -> Table {
        let mut table = begin([words!("vector"), words!("word"), words!("cosine")], []);
        for list in &self.lists {
            for (word, cosine) in &list.words {
                table.push([plain(&list.heading).into(), spoken(word).into(), (*cosine).into()]);
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::super::List;
    use super::*;
    use crate::table::Cell;

    #[test]
    fn a_row_is_a_word() {
        let list = |heading: &str, words: &[(&str, f32)]| List {
            heading: heading.into(),
            words: words.iter().map(|(word, cosine)| (word.to_string(), *cosine)).collect(),
            numbers: Vec::new(),
        };
        let lists =
            vec![list("dog before", &[(" cat", 0.5), (" cow", f32::NAN)]), list("dog after", &[(" soup", 0.25)])];
        let table = Data { lists, model: String::new() }.table();
        assert_eq!((table.columns.join(" ").as_str(), table.rows.len()), ("vector word cosine", 3));
        assert_eq!(table.rows[0], ["dog before".into(), "cat".into(), Cell::Number(0.5)]);
        assert_eq!(table.rows[2], ["dog after".into(), "soup".into(), Cell::Number(0.25)]);
    }
}
