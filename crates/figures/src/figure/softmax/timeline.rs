//! Softmax step by step: dot products, scores, exponentials, and the one bar that they fill.

use super::{Data, State, Steps};
use crate::figure::head::divides;
use crate::number::{count, fixed};
use crate::timeline::Timeline;
use crate::token::spoken;
use attnscope_words::{key, words};

/// The temperatures at the last steps but one, and what is to be seen.
const TEMPERATURES: [(f32, &str); 2] = [
    (
        0.2,
        key!(
            "Divided by a low temperature before that, 0.2, the scores lie further apart: the largest takes nearly all."
        ),
    ),
    (20.0, key!("At a high one, 20, they lie close together, and so do the shares.")),
];
/// The steps before those.
const BEFORE: usize = 4;

/// The temperature at a step, where it is not the reader's.
pub fn temperature(step: usize) -> Option<f32> {
    step.checked_sub(BEFORE).and_then(|at| TEMPERATURES.get(at)).map(|(temperature, _)| *temperature)
}

/// The steps, in the words of this row.
pub fn timeline(data: &Data, state: &State) -> Timeline {
    let steps = Steps::new(data, state);
    let query = spoken(data.of.query());
    if (0..data.dots.len()).all(|k| data.is_masked(k)) {
        let none =
            words!("“{query}” may attend to no key: all its edges are cut. There is nothing to make weights of.");
        return Timeline::new().step(none);
    }
    let most = (0..steps.exps.len()).max_by(|&a, &b| steps.exps[a].total_cmp(&steps.exps[b])).unwrap_or(0);
    let most = spoken(data.token(most));
    let max = if steps.max.is_finite() { fixed(steps.max, 2) } else { words!("the largest").into() };
    let timeline = Timeline::new()
        .step(words!("The query of “{query}” has met every key that it may attend to: one dot product each."))
        .step(if divides(data.scale, data.d_head) && data.soft_cap.is_none() && data.of.of.bias.is_none() {
            words!("Each is divided by √{}: these are the scores, some above zero, some below.", count(data.d_head))
        } else {
            let how = data.scaled();
            words!("Each becomes a score ({how}), some above zero, some below.")
        })
        .brings("score-name")
        .brings("score-how")
        .brings("score-text-")
        .one_by_one()
        .grows("score-")
        .one_by_one()
        .brings("grip-")
        .step(words!("From each score the largest, {max}, is taken away, and e is raised to what remains. Nothing is below zero now."))
        .brings("exp-")
        .moves("exp-", |k| format!("score-{k}"))
        .one_by_one()
        .brings("exp-track-")
        .brings("exp-text-")
        .brings("exp-name")
        .brings("exp-how")
        .step(words!("Laid end to end, they fill one bar. The share of each is its weight; “{most}” has the largest."))
        .brings("bar-")
        .moves("share-", |k| format!("exp-{k}"))
        .one_by_one()
        .brings("share-name-")
        .brings("weight-")
        .brings("ring-");
    let timeline = TEMPERATURES.iter().fold(timeline, |timeline, (_, said)| timeline.step(attnscope_words::text(said)));
    timeline.step(words!("As in the model: temperature 1. Drag a score, and watch the others give way."))
}
