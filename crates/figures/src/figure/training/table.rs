//! One row per step.

use super::Data;
use crate::figure::as_table::begin;
use crate::number::plural;
use crate::table::{Cell, Table};
use attnscope_words::words;
use std::collections::BTreeMap;

impl Data {
    /// The losses, their mean over the steps around, and the other series; below, the losses to compare with.
    pub fn table(&self) -> Table {
        let mean = words!("mean over {}", plural(self.window(), "step"));
        let series = self.series.iter().map(|series| series.name.replace('*', ""));
        let mut table = begin([words!("step"), words!("loss")], [mean].into_iter().chain(series));
        let smoothed = self.smoothed();
        let lines: Vec<&[(usize, f32)]> = [&self.losses, &smoothed]
            .into_iter()
            .chain(self.series.iter().map(|s| &s.points))
            .map(Vec::as_slice)
            .collect();
        let mut rows: BTreeMap<usize, Vec<Cell>> = BTreeMap::new();
        for (at, line) in lines.iter().enumerate() {
            for (step, number) in *line {
                rows.entry(*step).or_insert_with(|| vec![Cell::Empty; lines.len()])[at] = (*number).into();
            }
        }
        for (step, cells) in rows {
            table.push([step.into()].into_iter().chain(cells));
        }
        table.push([words!("guessing").into(), self.chance().into()]);
        if let Some(reference) = self.reference {
            table.push([words!("the built-in model, trained").into(), reference.into()]);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::super::Series;
    use super::*;

    #[test]
    fn a_row_is_a_step() {
        let series = Series { name: "*dog* attends to *hot*".into(), points: vec![(10, 0.5)], ..Series::default() };
        let losses = vec![(5, 4.0), (10, f32::NAN), (15, 2.0)];
        let table =
            Data { losses, steps: 100, n_vocab: 148, reference: Some(1.25), series: vec![series], ..Data::default() }
                .table();
        assert_eq!(table.columns, ["step", "loss", "mean over 2 steps", "dog attends to hot"]);
        assert_eq!(table.rows[0], [5_usize.into(), 4.0.into(), 4.0.into(), Cell::Empty]);
        assert_eq!(table.rows[1][2..], [Cell::Empty, Cell::Number(0.5)]);
        assert_eq!(table.rows[3], ["guessing".into(), Cell::Number(148f32.ln())]);
        assert_eq!((table.rows.len(), &table.rows[4][1]), (5, &Cell::Number(1.25)));
    }
}
