//! Values mixed by their weights, step by step.

use super::Data;
use crate::number::percent;
use crate::timeline::Timeline;
use crate::token::spoken;
use attnscope_words::words;

/// The steps, in the words of this row.
pub fn timeline(data: &Data) -> Timeline {
    let query = spoken(data.token(data.position));
    let (shown, _) = data.choose();
    let most = shown.iter().copied().max_by(|&a, &b| data.weights[a].total_cmp(&data.weights[b]));
    let most = most.map_or_else(String::new, |k| {
        words!(" Of “{}” there remains {}.", spoken(data.token(k)), percent(data.weights[k]))
    });
    let steps = Timeline::new()
        .step(words!("The weights of “{query}”, from chapter 6: how much to take from each word."))
        .step(words!("Each word also has a value: a list of numbers that it hands over."))
        .brings("head-value")
        .brings("place-")
        .brings("v-")
        .one_by_one()
        .whole("v-")
        .step(words!("Each value is multiplied by its weight: what has little weight pales.{most}"))
        .brings("times-")
        .step(words!("Then all are added up, column by column. The sum is z: a mixture."))
        .brings("sum-line")
        .brings("name-z")
        .brings("what-z")
        .brings("z-")
        .one_by_one()
        .brings("ring-")
        .brings("written-");
    let steps = shown.iter().fold(steps, |steps, k| steps.sends(&format!("v-{k}-"), |c| format!("z-{c}")));
    steps
        .step(words!("One more table of numbers turns z into a list as long as the vector of “{query}” …"))
        .brings("added-")
        .brings("arrow-line")
        .brings("arrow-head")
        .brings("name-attn_out")
        .brings("what-attn_out")
        .moves("attn-out-", |c| format!("z-{c}"))
        .one_by_one()
        .brings("attn-out")
        .step(words!(
            "… and that is added to it. “{query}” has taken something in: here are the words near it, before and after."
        ))
        .brings("before-")
        .brings("after-")
}
