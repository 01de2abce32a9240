//! Into the bag, and out again on threads, step by step.

use super::Data;
use crate::number::percent;
use crate::timeline::Timeline;
use crate::token::{plain, spoken};
use attnscope_words::words;

/// Two sentences of the same words: one bag and one answer, then two threads and two answers. `with` and `without` are the
/// columns of the answers with attention and without.
pub fn bag_then_threads(data: &Data, first: &str, with: [usize; 2], without: usize) -> Timeline {
    let [a, b] = with.map(|column| answer(data, column));
    fallen(data, first, without)
        .step(words!("Lifted out again on a thread, each word has its place."))
        .step(words!("The model with attention can use that. Two threads, two answers: {a}, and {b}."))
}

/// The same without the way back.
pub fn into_the_bag(data: &Data, first: &str, without: usize) -> Timeline {
    fallen(data, first, without)
}

fn fallen(data: &Data, first: &str, without: usize) -> Timeline {
    let one = answer(data, without);
    bars(
        Timeline::new()
            .step(first)
            .step(words!("Take the order away, and both are the same bag of words."))
            .step(words!("A twin of the model that sees only the bag must give both the same answer: {one}.")),
        "",
    )
    .brings("detail-")
    .brings("same-")
}

/// One sentence: the bag's answer and the thread's.
pub fn own_sentence(data: &Data, [with, without]: [usize; 2]) -> Timeline {
    let steps = Timeline::new()
        .step(words!("Your sentence, on a thread: each word has its place."))
        .step(words!("The same words in a bag."))
        .moves("bagged-", |rest| format!("chip-{rest}"))
        .one_by_one()
        .brings("bag")
        .brings("bag-name")
        .step(words!("The twin without attention sees only the bag: {}.", answer(data, without)));
    let steps = bars(steps, "1-").brings("detail-1-");
    let end = match data.of(&[with, without]).same_as(1) {
        Some(_) => words!("The model with attention sees the thread, and says exactly the same.").into(),
        None => words!("The model with attention sees the thread: {}.", answer(data, with)),
    };
    bars(steps.step(end), "0-").brings("detail-0-").brings("same-")
}

/// The bars of one column, or of all, grow.
fn bars(steps: Timeline, column: &str) -> Timeline {
    steps.grows(&format!("bar-{column}")).one_by_one().brings(&format!("p-{column}")).one_by_one()
}

/// What comes first in a column.
fn answer(data: &Data, column: usize) -> String {
    let sentence = data.column(column).map_or_else(String::new, |column| plain(&column.name));
    match data.answers.top(column) {
        Some((word, p)) => words!("“{}” first, with {}", spoken(&data.answers.words[word]), percent(p)),
        None => words!("no word for “{sentence}”"),
    }
}
