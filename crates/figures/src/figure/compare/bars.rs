//! The bars of the figure: one column per run, or one group of bars per word where there is no room for columns.

use super::Data;
use crate::figure::frame::{Frame, LABEL, PAD, SMALL};
use crate::number::percent;
use crate::scene::{Anchor, Node, Run, Stroke, Target, Weight};
use crate::{text, token};
use attnscope_words::words;

/// Height of a word's row where runs are columns.
const ROW: f32 = 30.0;
/// From the beginning of a bar to that of the next in a group.
const BAR_STEP: f32 = 19.0;
/// Room for a number behind a bar.
const NUMBER: f32 = 54.0;
/// Between columns.
const GAP: f32 = 26.0;
/// From a word to its bar.
const AIR: f32 = 14.0;

/// The text shown where there is nothing to compare.
pub(super) fn nothing(frame: &mut Frame) {
    frame.label(PAD, frame.y + 10.0, Anchor::Start, words!("No words to compare."));
    frame.y += 24.0;
}

/// Words once at the left, then a column of bars for each run.
pub(super) fn columns(frame: &mut Frame, data: &Data, max_p: f32, room: bool) {
    let label_w = label_width(data, frame.inner() * 0.24);
    let n = data.n_columns() as f32;
    let left = PAD + label_w + AIR;
    let column_w = (frame.width - PAD - left - (n - 1.0) * GAP) / n;
    let top = frame.y;
    let mut below = top;
    for column in 0..data.n_columns() {
        let x = left + column as f32 * (column_w + GAP);
        frame.y = top;
        heading(frame, data, column, x, column_w, room);
        below = below.max(frame.y);
    }
    frame.y = below + 10.0;
    let first = frame.y;
    for word in 0..data.n_words() {
        let mid = frame.y + ROW / 2.0;
        name(frame, data, word, left - AIR, label_w, mid);
        for column in 0..data.n_columns() {
            let x = left + column as f32 * (column_w + GAP);
            bar(frame, data, (column, word), (x, mid, column_w - NUMBER, 20.0), max_p);
        }
        frame.y += ROW;
    }
    for column in 0..data.n_columns() {
        axis(frame, left + column as f32 * (column_w + GAP), first);
    }
}

/// A word's bars under one another, each in the colour of its run.
pub(super) fn grouped(frame: &mut Frame, data: &Data, max_p: f32, room: bool) {
    for column in 0..data.n_columns() {
        let swatch = Node::rect(PAD, frame.y + 1.5, 12.0, 12.0).radius(3.0).fill(frame.theme.run(column));
        frame.push(swatch);
        let (x, width) = (PAD + 20.0, frame.inner() - 20.0);
        heading(frame, data, column, x, width, room);
        frame.y += 6.0;
    }
    frame.y += 10.0;
    let label_w = label_width(data, frame.inner() * 0.32);
    let x = PAD + label_w + AIR;
    let full = frame.width - PAD - NUMBER - x;
    let group = BAR_STEP * data.n_columns() as f32;
    for word in 0..data.n_words() {
        let top = frame.y;
        name(frame, data, word, x - AIR, label_w, top + group / 2.0);
        for column in 0..data.n_columns() {
            let mid = top + (column as f32 + 0.5) * BAR_STEP;
            bar(frame, data, (column, word), (x, mid, full, 15.0), max_p);
        }
        frame.y = top + group;
        axis(frame, x, top);
        frame.y += 14.0;
    }
    frame.y -= 14.0;
}

/// A run's name in bold, what is special about it, and whether it changes nothing; moves `y` below it.
fn heading(frame: &mut Frame, data: &Data, column: usize, x: f32, width: f32, room: bool) {
    let theme = frame.theme;
    let run = &data.columns[column];
    for (i, line) in lines(&run.name, width, LABEL + 1.0, Weight::Semibold).into_iter().enumerate() {
        let node = Node::text(x, frame.y + 7.5, Run::new(line)).size(LABEL + 1.0).bold();
        frame.push(node.fill(theme.run(column)).centred().key(format!("head-{column}-{i}")));
        frame.y += 19.0;
    }
    for (i, line) in lines(&run.detail, width, 12.0, Weight::Regular).into_iter().enumerate() {
        let node = Node::text(x, frame.y + 6.5, Run::new(line)).size(SMALL).fill(theme.muted).centred();
        frame.push(node.key(format!("detail-{column}-{i}")));
        frame.y += 17.0;
    }
    let same = lines(&data.sameness(column).unwrap_or_default(), width, 12.0, Weight::Semibold);
    frame.y += if same.is_empty() && room { 17.0 } else { 0.0 };
    for (i, line) in same.into_iter().enumerate() {
        let node = Node::text(x, frame.y + 6.5, Run::new(line)).size(SMALL).bold().fill(theme.text).centred();
        frame.push(node.key(format!("same-{column}-{i}")));
        frame.y += 17.0;
    }
}

/// Two lines at most, each within the width.
fn lines(content: &str, width: f32, size: f32, weight: Weight) -> Vec<String> {
    let mut lines = text::wrap_balanced(&token::plain(content), width, size, weight);
    if lines.len() > 2 {
        lines = text::wrap(&token::plain(content), width, size, weight);
        let rest = lines.split_off(1).join(" ");
        lines.push(rest);
    }
    lines.iter().map(|line| text::fit(line, width, size, weight)).collect()
}

/// Room for the longest word, `most` at most.
fn label_width(data: &Data, most: f32) -> f32 {
    let words = data.words.iter().take(data.n_words());
    words.map(|word| token::width(word, LABEL + 1.0, Weight::Semibold)).fold(30.0, f32::max).min(most)
}

fn name(frame: &mut Frame, data: &Data, word: usize, right: f32, room: f32, mid: f32) {
    let runs = token::runs(&data.words[word], frame.theme.faint, room, LABEL + 1.0, Weight::Semibold);
    let node = Node::text(right, mid, runs).size(LABEL + 1.0).anchor(Anchor::End).fill(frame.theme.text).centred();
    let best = (0..data.n_columns()).any(|c| data.top(c).is_some_and(|(top, _)| top == word));
    let node = node.key(format!("word-{word}"));
    frame.push(if best { node.bold() } else { node });
}

/// One bar and its number; no bar and a dash where the run's list does not hold the word.
fn bar(
    frame: &mut Frame,
    data: &Data,
    (column, word): (usize, usize),
    (x, mid, full, height): (f32, f32, f32, f32),
    max_p: f32,
) {
    let theme = frame.theme;
    let Some(p) = data.probability(column, word) else {
        let dash = Node::text(x + 8.0, mid, Run::new("–")).size(LABEL).fill(theme.muted).centred();
        return frame.push(dash.key(format!("p-{column}-{word}")));
    };
    let share = if p.is_finite() { (p / max_p).clamp(0.0, 1.0) } else { 0.0 };
    let long = (share * full).max(1.5);
    let said =
        words!("{}: {} in {}", token::spoken(&data.words[word]), percent(p), token::plain(&data.columns[column].name));
    let node = Node::rect(x, mid - height / 2.0, long, height).radius(3.0).fill(theme.run(column)).value(p);
    frame.push(
        node.key(format!("bar-{column}-{word}")).target(Target::Item { index: data.index(column, word) }).label(said),
    );
    let size = if height < 18.0 { SMALL } else { LABEL };
    // A value that is not a number is shown as a long text.
    let shown = text::fit(&percent(p), full + NUMBER - long - 7.0, size, Weight::Semibold);
    let number = Node::text(x + long + 7.0, mid, Run::new(shown)).size(size).fill(theme.text).centred();
    let best = data.top(column).is_some_and(|(top, _)| top == word);
    let number = number.key(format!("p-{column}-{word}"));
    frame.push(if best { number.bold() } else { number });
}

/// The line at which bars begin, from `top` to `y`.
fn axis(frame: &mut Frame, x: f32, top: f32) {
    frame.push(Node::line(x - 0.5, top, x - 0.5, frame.y, Stroke::new(frame.theme.grid, 1.0)));
}
