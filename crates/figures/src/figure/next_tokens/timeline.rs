//! The likeliest next tokens, step by step.

use super::Data;
use crate::number::{count, plural};
use crate::timeline::Timeline;
use crate::token::spoken;
use attnscope_words::words;

/// The steps, in the words of this text.
pub fn timeline(data: &Data) -> Timeline {
    let first = data.next.first().map_or_else(String::new, |next| spoken(&next.text));
    let others = data.n_vocab.saturating_sub(data.next.len());
    Timeline::new()
        .step(match data.masked {
            None => words!("The text so far, and an empty place: what comes next?"),
            Some(_) => words!("The text, and a place that is masked: what stands there?"),
        })
        .step(words!(
            "Each of the {} tokens that the model knows gets a probability. Here are the likeliest; first is “{first}”.",
            count(data.n_vocab)
        ))
        .brings("name-")
        .one_by_one()
        .grows("next-")
        .one_by_one()
        .brings("p-")
        .one_by_one()
        .step(words!("Laid end to end, with the {}, they fill one bar: together exactly 1.", plural(others, "other")))
        .moves("share-", |id| format!("next-{id}"))
        .one_by_one()
        .brings("whole-track")
        .brings("whole-name")
        .brings("whole-hatch")
        .brings("rest")
}
