//! The nearest words before and after, side by side.

use super::Data;
use crate::color::Color;
use crate::figure::frame::{Frame, LABEL, PAD, SMALL};
use crate::number::{fixed, number};
use crate::scale::nice_ceil;
use crate::scene::{Anchor, Node, Run, Target, Weight};
use crate::token::{self, spoken};
use attnscope_words::words;

/// Words per list.
const MOST: usize = 6;

/// Draws both lists; moves `y` below them.
pub(super) fn draw(frame: &mut Frame, data: &Data) {
    let top = frame.y;
    let gap = if frame.inner() < 520.0 { 22.0 } else { 44.0 };
    let width = (frame.inner() - gap) / 2.0;
    let cosines = data.before.iter().chain(&data.after).map(|(_, c)| *c).filter(|c| c.is_finite());
    let full_at = nice_ceil(cosines.fold(0.0, f32::max)).min(1.0);
    list(frame, data, "before", &data.before, (PAD, width), full_at);
    let left_y = std::mem::replace(&mut frame.y, top);
    list(frame, data, "after", &data.after, (PAD + width + gap, width), full_at);
    frame.y = frame.y.max(left_y);
}

/// One list: the word, its cosine, a bar.
fn list(frame: &mut Frame, data: &Data, when: &str, words: &[(String, f32)], (x, width): (f32, f32), full_at: f32) {
    let theme = frame.theme;
    let name = token::runs(data.token(data.position), theme.faint, width - 70.0, LABEL, Weight::Semibold);
    let said = if when == "before" { words!("before") } else { words!("after") };
    let mut head = vec![Run::new(words!("nearest to "))];
    head.extend(name.into_iter().map(Run::bold));
    head.push(Run::new(if when == "before" { words!(" before") } else { words!(" after") }).bold());
    let size = LABEL;
    frame.push(Node::text(x, frame.y + 7.0, head).size(size).fill(theme.text).centred().key(format!("{when}-head")));
    frame.y += 24.0;
    if words.is_empty() {
        frame.label(x, frame.y + 8.0, Anchor::Start, words!("none"));
        frame.y += 24.0;
    }
    let stacked = width < 220.0;
    let row = if stacked { 32.0 } else { 26.0 };
    let widest = words.iter().take(MOST).map(|(w, _)| token::width(w, LABEL, Weight::Semibold)).fold(30.0, f32::max);
    let label_w = if stacked { width - 44.0 } else { widest.min(90.0) };
    for (rank, (word, cosine)) in words.iter().take(MOST).enumerate() {
        let mid = frame.y + if stacked { 8.0 } else { row / 2.0 };
        let share = if cosine.is_finite() { (cosine / full_at).clamp(0.0, 1.0) } else { 0.0 };
        let runs = token::runs(word, theme.faint, label_w, LABEL, Weight::Semibold);
        frame.push(Node::text(x, mid, runs).size(LABEL).fill(theme.text).centred().key(format!("{when}-name-{rank}")));
        let text = if cosine.is_finite() { fixed(*cosine, 2) } else { "NaN".into() };
        let text = Node::text(x + width, mid, Run::new(text)).size(SMALL).anchor(Anchor::End).fill(theme.muted);
        frame.push(text.centred().key(format!("{when}-cosine-{rank}")));
        let (bar_x, bar_y, full, high) = match stacked {
            true => (x, frame.y + 18.0, width, 6.0),
            false => (x + label_w + 12.0, mid - 7.0, width - label_w - 12.0 - 42.0, 14.0),
        };
        let fill = color(frame, data, when, word);
        let bar = Node::rect(bar_x, bar_y, (share * full).max(1.5), high).radius(3.0).fill(fill).value(*cosine);
        let twice = words[..rank].iter().any(|(w, _)| w == word);
        let key = if twice { format!("{when}-{rank}-{word}") } else { format!("{when}-{word}") };
        let bar = bar.key(key).label(words!("{said}: {}, cosine {}", spoken(word), number(*cosine)));
        let opens = data.cosines[usize::from(when == "after")].get(rank);
        frame.push(match opens {
            Some(&number) => bar.target(Target::Number { number }),
            None => bar,
        });
        frame.y += row;
    }
}

/// A word in both lists is ink in both; a new one has the colour of the output, and one that is gone is pale.
fn color(frame: &Frame, data: &Data, when: &str, word: &str) -> Color {
    let theme = frame.theme;
    let in_both = |list: &[(String, f32)]| list.iter().take(MOST).any(|(w, _)| w == word);
    match (in_both(&data.after), in_both(&data.before)) {
        (true, true) => theme.weight(0.6),
        _ if when == "after" => theme.output,
        _ => theme.faint,
    }
}
