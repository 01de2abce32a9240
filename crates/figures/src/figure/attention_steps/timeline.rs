//! One row as in chapters 5 to 7, then all rows at once, step by step.

use super::{Data, SAID, STEPS};
use crate::number::percent;
use crate::timeline::Timeline;
use crate::token::spoken;
use attnscope_words::words;

/// Which of [`STEPS`] is shown at each step of the timeline, and whether of one row alone. After the last of [`STEPS`] the
/// weights are called by their name.
const MOMENTS: [(usize, bool); 12] = [
    (0, false),
    (1, true),
    (3, true),
    (5, true),
    (6, true),
    (1, false),
    (2, false),
    (3, false),
    (4, false),
    (5, false),
    (6, false),
    (6, false),
];
/// How many of them show one row alone.
const ALONE: usize = 4;
/// Milliseconds for which a step of all rows is shown: what happens is known by then.
const QUICK: u32 = 2000;

/// What a step of the timeline shows: the index into [`STEPS`], whether of one row alone, and whether the weights are named.
pub fn moment(step: Option<usize>) -> (usize, bool, bool) {
    let last = MOMENTS.len() - 1;
    let at = step.unwrap_or(last).min(last);
    (MOMENTS[at].0, MOMENTS[at].1, at == last)
}

/// The step of the timeline that shows one of [`STEPS`] with all rows.
pub fn step_of(step: usize) -> usize {
    if step == 0 { 0 } else { step.min(STEPS.len() - 1) + ALONE }
}

/// The steps; `row` is done first, `masked` says whether later tokens are masked.
pub fn timeline(data: &Data, row: usize, masked: bool) -> Timeline {
    let steps = one_row(data, row, Timeline::new().step(attnscope_words::text(SAID[0])));
    all_rows(data, masked, steps)
}

/// As in chapters 5, 6 and 7.
fn one_row(data: &Data, row: usize, steps: Timeline) -> Timeline {
    let (word, i) = (spoken(data.token(row)), row);
    let last = data.d_head().saturating_sub(1);
    let best = data.weights.get(row).and_then(|row| row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)));
    let most = best.map_or_else(String::new, |(k, w)| {
        let whom = if k == row { words!("itself").into() } else { words!("“{}”", spoken(data.token(k))) };
        words!(" Most goes to {whom}, {}.", percent(*w))
    });
    let said = words!(
        "First one row, that of “{word}”. A table makes its query; each word that it may attend to has a key and a value \
         (chapter 5)."
    );
    let steps = vector(steps.step(said), "q", i, move |c| format!("x-{i}-{c}"));
    let steps = data.of.visible(i).fold(steps, |steps, k| {
        let steps = vector(steps, "k", k, move |c| format!("x-{k}-{c}"));
        vector(steps, "v", k, move |c| format!("x-{k}-{c}"))
    });
    let steps = steps
        .step(words!("The query of “{word}” meets each key. A dot product, divided by √d: a row of scores."))
        .moves(&format!("s-{i}-"), move |k| format!("k-{k}-{last}"))
        .one_by_one()
        .brings(&format!("number-{i}-"))
        .one_by_one()
        .step(match data.of.sink {
            None => words!("Softmax makes weights of them, which sum to 1 (chapter 6).{most}"),
            Some(_) => words!("Softmax makes weights of them, which sum to 1 with the head's sink (chapter 6).{most}"),
        })
        .grows(&format!("w-{i}-"))
        .one_by_one()
        .brings(&format!("share-{i}-"))
        .one_by_one()
        .step(words!(
            "The row of weights meets the columns of V: each value counts as much as its weight says (chapter 7)."
        ))
        .sends(&format!("w-{i}-"), |k| format!("v-{k}-0"))
        .sends(&format!("share-{i}-"), |k| format!("v-{k}-0"));
    vector(steps, "z", i, move |c| format!("v-{i}-{c}"))
}

/// A row of a matrix arrives: its cells, or the strip that stands for them.
fn vector(steps: Timeline, of: &str, row: usize, from: impl Fn(&str) -> String + Clone + 'static) -> Timeline {
    let strip = from.clone();
    steps.moves(&format!("{of}-{row}-"), from).one_by_one().moves(&format!("{of}-{row}"), move |_| strip("0"))
}

/// What one row did, all rows do.
fn all_rows(data: &Data, masked: bool, steps: Timeline) -> Timeline {
    let last = data.d_head().saturating_sub(1);
    let column = |rest: &str| rest.split('-').nth(1).unwrap_or_default().to_owned();
    let steps = steps
        .step(words!("Now all rows do the same, at once: a query, a key and a value for every word."))
        .pauses(QUICK);
    let steps = ["q-", "k-", "v-"]
        .into_iter()
        .fold(steps, |steps, of| steps.moves(of, |rest| format!("x-{rest}")).one_by_one());
    let mask = match data.of.masks() && masked {
        true => words!("The mask comes down: what is later may not be seen, so those scores are struck out."),
        false => words!("Here nothing is masked: every word may attend to every other."),
    };
    steps
        .step(attnscope_words::text(SAID[2]))
        .moves("s-", move |rest| format!("k-{}-{last}", column(rest)))
        .one_by_one()
        .brings("number-")
        .one_by_one()
        .step(attnscope_words::text(SAID[3]))
        .pauses(QUICK)
        .step(mask)
        .falls("curtain-")
        .abreast()
        .rises("hem-")
        .brings("masked")
        .step(match data.of.sink {
            None => words!("Softmax runs along each row: weights, which sum to 1 in every row."),
            Some(_) => words!("Softmax runs along each row: weights, which sum to 1 with the head's sink."),
        })
        .grows("w-")
        .abreast()
        .brings("share-")
        .abreast()
        .step(attnscope_words::text(SAID[6]))
        .sends("w-", move |rest| format!("v-{}-0", column(rest)))
        .sends("share-", move |rest| format!("v-{}-0", column(rest)))
        .moves("z-", |rest| format!("v-{rest}"))
        .one_by_one()
        .step(words!(
            "And this square is the famous picture: each row a word that attends, each column one that is attended to. \
             Choose a cell, and its arithmetic opens."
        ))
}
