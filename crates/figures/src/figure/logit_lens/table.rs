//! One row per depth and token: what the model would predict there.

use super::Data;
use crate::figure::as_table::begin;
use crate::table::{Cell, Table};
use crate::token::spoken;
use attnscope_words::words;

impl Data {
    /// The likeliest next token at each depth, after each token from the first position on.
    pub fn table(&self) -> Table {
        let mut table = begin(
            [words!("layer"), words!("position"), words!("token"), words!("next token"), words!("probability")],
            [],
        );
        // Where only some tokens were asked for, there is nothing to say of the others.
        let end = self.first + self.rows.iter().map(|lens| lens.top.len()).max().unwrap_or(0);
        for (row, lens) in self.rows.iter().enumerate() {
            for (position, token) in self.tokens.iter().enumerate().take(end).skip(self.first) {
                let best = self.top(row, position).and_then(|top| top.first());
                let (next, p) = best.map(|best| (Cell::from(spoken(&best.text)), best.p)).unzip();
                let layer = lens.label.as_str().into();
                table.push([layer, position.into(), spoken(token).into(), next.into(), p.into()]);
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attnscope::NextToken;
    use attnscope::analysis::LensRow;

    #[test]
    fn a_row_is_a_depth_and_a_token() {
        let next = |text: &str, p| NextToken { id: 0, text: text.into(), p };
        let lens = |label: &str, top| LensRow { label: label.into(), top };
        let rows = vec![
            lens("embed", vec![vec![next(" was", 0.5), next(" is", 0.25)]]),
            lens("0", vec![vec![], vec![next(" ran", f32::NAN)]]),
        ];
        let tokens = vec!["the".into(), " dog".into()];
        let data = Data { tokens, rows, first: 0, model: String::new(), word_level: false };
        let table = data.table();
        assert_eq!((table.columns.len(), table.rows.len()), (5, 4));
        assert_eq!(table.rows[0], ["embed".into(), 0_usize.into(), "the".into(), "was".into(), Cell::Number(0.5)]);
        assert_eq!(table.rows[1][3..], [Cell::Empty, Cell::Empty]);
        assert_eq!(table.rows[3][..4], ["0".into(), 1_usize.into(), "dog".into(), "ran".into()]);
        let rows = data.rows.iter().cloned().map(|row| LensRow { top: row.top[..1].to_vec(), ..row }).collect();
        let table = Data { rows, first: 1, ..data }.table();
        assert_eq!(table.rows.len(), 2, "of the last token alone");
        assert_eq!(table.rows[0][1..4], [1_usize.into(), "dog".into(), "was".into()]);
    }
}
