//! Each token's weight and value, their mix, what attention adds, and the nearest words before and after.

use super::Data;
use crate::figure::as_table::{begin, longest, numbered, row, word};
use crate::table::{Cell, Table};
use crate::token::spoken;
use attnscope_words::words;

impl Data {
    /// A masked token has only its name.
    pub fn table(&self) -> Table {
        let d = longest(self.values.iter().chain([&self.z, &self.attn_out]));
        let mut table = begin([words!("row"), words!("weight"), words!("cosine")], numbered(d));
        let visible = self.visible();
        for (k_idx, weight) in self.weights.iter().enumerate() {
            let name = words!("v of {}", word(&self.of.tokens, k_idx)).into();
            if visible.contains(&k_idx) {
                let value = self.values.get(k_idx).map_or(&[][..], Vec::as_slice);
                table.push(row([name, (*weight).into(), Cell::Empty], value));
            } else {
                table.push([name]);
            }
        }
        for (name, vector) in [("z", &self.z), ("attn_out", &self.attn_out)] {
            let name = words!("{name} of {}", word(&self.of.tokens, self.position));
            table.push(row([name.into(), Cell::Empty, Cell::Empty], vector));
        }
        for (when, words) in [(words!("before"), &self.before), (words!("after"), &self.after)] {
            for (near, cosine) in words {
                table.push([words!("nearest {when}: {}", spoken(near)).into(), Cell::Empty, (*cosine).into()]);
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::head::Head;

    #[test]
    fn values_then_the_mix_then_the_nearest_words() {
        let data = Data {
            of: Head::made(["the", " hot", " dog"].map(String::from).into(), true),
            position: 1,
            weights: vec![0.25, 0.75, 0.0],
            values: vec![vec![1.0, f32::NAN], vec![-2.0, 1.0], vec![9.0, 9.0]],
            z: vec![-1.25, f32::NAN],
            attn_out: vec![0.5, -0.25, 1.0],
            before: vec![(" hot".into(), 1.0)],
            after: vec![(" warm".into(), 0.5)],
            ..Data::default()
        };
        let table = data.table();
        assert_eq!((table.columns.join(" ").as_str(), table.rows.len()), ("row weight cosine 0 1 2", 7));
        assert_eq!(table.rows[1], ["v of hot".into(), 0.75.into(), Cell::Empty, (-2.0).into(), Cell::Number(1.0)]);
        assert_eq!(table.rows[2], ["v of dog".into()], "it comes later");
        assert_eq!(table.rows[3][..4], ["z of hot".into(), Cell::Empty, Cell::Empty, Cell::Number(-1.25)]);
        assert_eq!((&table.rows[4][0], &table.rows[4][5]), (&"attn_out of hot".into(), &Cell::Number(1.0)));
        assert_eq!(table.rows[6], ["nearest after: warm".into(), Cell::Empty, Cell::Number(0.5)]);
    }
}
