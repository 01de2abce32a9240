//! A word in a sentence and by itself: one list laid on the other, step by step.

use super::Data;
use crate::number::plural;
use crate::timeline::Timeline;
use crate::token::spoken;
use attnscope_words::words;

/// The steps for a word's vector in the sentence, the same by itself, and perhaps that of another word.
pub fn word_by_word(data: &Data) -> Timeline {
    let name = |i: usize| data.vectors.get(i).map_or_else(String::new, |vector| spoken(&vector.name));
    let d = data.vectors.first().map_or(0, |vector| vector.values.len());
    let strip = |timeline: Timeline, i: usize| {
        let parts = ["cell", "strip"].map(|kind| format!("{kind}-{i}-"));
        let timeline = timeline.brings(&format!("name-{i}")).brings(&format!("note-{i}"));
        parts.iter().fold(timeline, |timeline, part| timeline.brings(part).one_by_one())
    };
    let last = data.vectors.len();
    let onto = |timeline: Timeline, to: usize| {
        ["cell", "strip"].into_iter().fold(timeline, |timeline, kind| {
            timeline.sends(&format!("{kind}-1-"), move |rest| format!("{kind}-{to}-{rest}"))
        })
    };
    let steps = Timeline::new().step(words!(
        "“{}”: the word as it stands in the sentence is {}.",
        name(0),
        plural(d, "number")
    ));
    let steps = strip(steps.step(words!("“{}”: the same word, looked up by itself.", name(1))), 1);
    let steps = steps.step(words!("Lay the second list on the first …"));
    let steps = onto(steps, 0);
    let steps = steps
        .step(words!("… and take one from the other, cell by cell. Nothing is left: the table knows no neighbours."));
    let steps = ["cell", "strip"].into_iter().fold(strip(steps, last), |steps, kind| {
        steps.moves(&format!("{kind}-{last}-"), move |rest| format!("{kind}-0-{rest}")).one_by_one()
    });
    match data.vectors.len() > 2 {
        true => strip(steps.step(words!("Another word, “{}”, has another list.", name(2))), 2),
        false => steps,
    }
}
