//! The query, and for each key its vector with score and weight, then the products.

use super::Data;
use crate::figure::as_table::{begin, longest, numbered, row, word};
use crate::table::{Cell, Table};
use attnscope_words::words;

impl Data {
    /// `q × k` is multiplied component by component; `q·k` is their sum. Of a masked key there is only its
    /// name.
    pub fn table(&self) -> Table {
        let keys = &self.row.keys;
        let d = longest(keys.iter().flat_map(|key| [&key.k, &key.product]).chain([&self.row.q]));
        let mut table = begin([words!("row"), "q·k", words!("score"), words!("weight")], numbered(d));
        let query = words!("q of {}", word(&self.of.of.tokens, self.of.position()));
        table.push(row([query.into(), Cell::Empty, Cell::Empty, Cell::Empty], &self.row.q));
        for (k_idx, key) in keys.iter().enumerate() {
            let name = word(&self.of.of.tokens, k_idx);
            if key.score == f32::NEG_INFINITY {
                table.push([words!("k of {name}").into()]);
                continue;
            }
            let [dot, score, weight] = [key.dot, key.score, key.weight].map(Cell::Number);
            table.push(row([words!("k of {name}").into(), dot, score, weight], &key.k));
            let product = words!("q × k of {name}");
            table.push(row([product.into(), Cell::Empty, Cell::Empty, Cell::Empty], &key.product));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::head::Row;
    use attnscope::analysis::{Components, KeyComponents};

    #[test]
    fn a_key_has_two_rows_and_a_masked_one_its_name() {
        let key = |k: [f32; 2], score| KeyComponents {
            k: k.into(),
            product: k.map(|x| x * 2.0).into(),
            dot: 6.0,
            bias: 0.0,
            score,
            weight: 1.0,
        };
        let keys = vec![key([1.0, 2.0], 4.25), key([3.0, f32::NAN], f32::NEG_INFINITY)];
        let row =
            Components { layer: 0, head: 0, q_idx: 0, q: vec![2.0, 2.0], scale: 0.7, soft_cap: None, sink: None, keys };
        let data = Data { of: Row::made(vec!["the".into(), " dog".into()], true, 0), row };
        let table = data.table();
        assert_eq!((table.columns.join(" ").as_str(), table.rows.len()), ("row q·k score weight 0 1", 4));
        assert_eq!(table.rows[0][..2], ["q of the".into(), Cell::Empty]);
        let k = ["k of the".into(), 6.0.into(), 4.25.into(), 1.0.into(), 1.0.into(), Cell::Number(2.0)];
        assert_eq!(table.rows[1], k);
        assert_eq!(table.rows[2][4..], [Cell::Number(2.0), Cell::Number(4.0)]);
        assert_eq!(table.rows[3], ["k of dog".into()]);
    }
}
