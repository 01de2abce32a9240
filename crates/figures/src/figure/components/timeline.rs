//! A query meets the keys, step by step.

use super::{Data, MAX_KEYS, choose};
use crate::figure::head::{divides, scaled};
use crate::number::{count, fixed, percent};
use crate::timeline::Timeline;
use crate::token::spoken;
use attnscope_words::words;

/// The steps, in the words of this row.
pub fn timeline(data: &Data) -> Timeline {
    let query = spoken(data.of.query());
    let mut seen: Vec<usize> =
        choose(data, MAX_KEYS).0.into_iter().filter(|&k| data.row.keys[k].score != f32::NEG_INFINITY).collect();
    // First the key with most weight, which is always drawn.
    seen.sort_by(|&a, &b| data.row.keys[b].weight.total_cmp(&data.row.keys[a].weight));
    let d = data.row.q.len();
    let steps = Timeline::new()
        .step(words!("The query of “{query}”: {} numbers, up for positive, down for negative.", count(d)));
    let mut steps = steps
        .step(words!("Each word that it may attend to has a key, just as long."))
        .brings("key-head")
        .brings("name-");
    for &k in &seen {
        steps = steps.brings(&format!("component-k{k}-")).one_by_one();
    }
    let brought = |steps: Timeline, k: usize| {
        let products = format!("product-k{k}-");
        let steps = steps.moves(&products, |rest| format!("component-q-{rest}")).one_by_one();
        steps.moves(&format!("sum-{k}"), move |_| format!("product-k{k}-{}", d.saturating_sub(1)))
    };
    if let Some((&first, others)) = seen.split_first() {
        let said = words!(
            "The query meets the key of “{}”: number by number they are multiplied, and the products added up to {}.",
            spoken(data.token(first)),
            fixed(data.row.keys[first].dot, 2)
        );
        steps = brought(steps.step(said), first).brings("product-head").brings("sum-head");
        if !others.is_empty() {
            steps = steps.step(words!("The same query meets every other key."));
            steps = others.iter().fold(steps, |steps, &k| brought(steps, k));
        }
    }
    let best = seen.first().map_or_else(String::new, |&k| {
        words!(" “{}” gets {}.", spoken(data.token(k)), percent(data.row.keys[k].weight))
    });
    steps
        .step(if divides(data.row.scale, d) && data.row.soft_cap.is_none() && data.of.of.bias.is_none() {
            words!("Each sum is divided by √{}: these are the scores.", count(d))
        } else {
            words!(
                "Each sum becomes a score ({}).",
                scaled(data.row.scale, data.row.soft_cap, data.of.of.bias.is_some(), d)
            )
        })
        .brings("score-head")
        .moves("score-", |k| format!("sum-{k}"))
        .one_by_one()
        .step(words!("Softmax makes weights of them (chapter 6).{best}"))
        .brings("weight-head")
        .brings("weight-track-")
        .grows("weight-")
        .one_by_one()
        .brings("share-")
}
