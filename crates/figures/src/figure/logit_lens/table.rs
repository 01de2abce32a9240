//! One row per depth and token: what the model would predict there.

use super::Data;
use crate::figure::as_table::begin;
use crate::table::{Cell, Table};
use crate::token::spoken;

impl Data {
    /// The likeliest next token after each token at each depth.
    pub fn table(&self) -> Table {
        let mut table = begin(["layer", "position", "token", "next token", "probability"], []);
        for lens in &self.rows {
            for (position, token) in self.tokens.iter().enumerate() {
                let best = lens.top.get(position).and_then(|top| top.first());
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
        let table = Data { tokens, rows, model: String::new(), word_level: false }.table();
        assert_eq!((table.columns.len(), table.rows.len()), (5, 4));
        assert_eq!(table.rows[0], ["embed".into(), 0_usize.into(), "the".into(), "was".into(), Cell::Number(0.5)]);
        assert_eq!(table.rows[1][3..], [Cell::Empty, Cell::Empty]);
        assert_eq!(table.rows[3][..4], ["0".into(), 1_usize.into(), "dog".into(), "ran".into()]);
    }
}
