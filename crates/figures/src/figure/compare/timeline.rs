//! One run's answer after the other.

use super::Data;
use crate::number::percent;
use crate::timeline::Timeline;
use crate::token::{self, spoken};
use attnscope_words::words;

/// The steps: the runs by name, then the answer of each.
pub fn run_by_run(data: &Data, first: &str) -> Timeline {
    (0..data.n_columns()).fold(Timeline::new().step(first), |steps, column| {
        let run = &data.columns[column];
        let top = data.top(column).map_or_else(
            || words!("no word").into(),
            |(word, p)| words!("“{}” comes first, with {}", spoken(&data.words[word]), percent(p)),
        );
        let detail = if run.detail.is_empty() { String::new() } else { format!(" {}", token::plain(&run.detail)) };
        let same = data.sameness(column).map_or_else(String::new, |same| format!(" ({})", token::plain(&same)));
        steps
            .step(words!("“{}”{detail}: {top}{same}.", token::plain(&run.name)))
            .grows(&format!("bar-{column}-"))
            .one_by_one()
            .brings(&format!("p-{column}-"))
            .one_by_one()
            .brings(&format!("same-{column}-"))
    })
}
