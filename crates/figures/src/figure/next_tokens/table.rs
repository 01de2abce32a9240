//! One row per next token, and one for all others.

use super::Data;
use crate::figure::as_table::begin;
use crate::number::plural;
use crate::table::{Cell, Table};
use crate::token::spoken;
use attnscope_words::words;

impl Data {
    /// The next tokens with their probabilities, likeliest first.
    pub fn table(&self) -> Table {
        let token = if self.masked.is_some() { words!("token in this place") } else { words!("next token") };
        let mut table = begin([token, "id", words!("probability")], []);
        for next in &self.next {
            table.push([spoken(&next.text).into(), Cell::Count(next.id.into()), next.p.into()]);
        }
        let others = self.n_vocab.saturating_sub(self.next.len());
        table.push([words!("all other {}", plural(others, "token")).into(), Cell::Empty, self.rest().into()]);
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attnscope::NextToken;

    #[test]
    fn the_others_are_the_last_row() {
        let next = [(" hot", 7, 0.5), ("\n", 3, 0.25)].map(|(text, id, p)| NextToken { id, text: text.into(), p });
        let data = Data {
            tokens: vec![],
            next: next.into(),
            n_vocab: 1002,
            model: String::new(),
            word_level: false,
            masked: None,
        };
        let table = data.table();
        assert_eq!(table.columns, ["next token", "id", "probability"]);
        assert_eq!(table.rows[0], ["hot".into(), Cell::Count(7), Cell::Number(0.5)]);
        assert_eq!(table.rows[1], ["line break".into(), Cell::Count(3), Cell::Number(0.25)]);
        assert_eq!(table.rows[2..], [["all other 1,000 tokens".into(), Cell::Empty, Cell::Number(0.25)]]);
    }
}
