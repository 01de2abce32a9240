//! A text on its way into the model, step by step.

use super::Data;
use crate::number::plural;
use crate::timeline::Timeline;
use attnscope_words::words;

/// The steps, in the words of this text.
pub fn timeline(data: &Data) -> Timeline {
    let d = data.vector(0).map_or(0, <[f32]>::len);
    let piece =
        if data.word_level { words!("here each word is one") } else { words!("a word, a part of one, or a sign") };
    Timeline::new()
        .step(words!("A text, as you write it."))
        .step(words!("It is cut into tokens: {piece}."))
        .brings("token-")
        .one_by_one()
        .grows("line-")
        .one_by_one()
        .step(words!("Each token has a number, its id: its place in the list of all tokens that the model knows."))
        .moves("id-", |i| format!("word-{i}"))
        .one_by_one()
        .step(words!("In a table, that place holds a list of {}: the token’s vector.", plural(d, "number")))
        .moves("cell-", |rest| format!("id-{}", rest.split('-').next().unwrap_or_default()))
        .one_by_one()
        .brings("under-")
        .step(words!("These lists go into the model. It never sees a letter."))
        .brings("arrow-line")
        .brings("arrow-head")
        .brings("model")
        .brings("model-word")
        .sends("cell-", |_| "model".into())
}
