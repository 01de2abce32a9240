//! One list of [`crate::figure::neighbours`], and the lines between a word's rows in both lists.

use super::List;
use crate::Color;
use crate::figure::frame::{Frame, LABEL};
use crate::number::{fixed, number};
use crate::scene::Segment::{Cubic, Move};
use crate::scene::{Anchor, Node, Run, Stroke, Target, Weight};
use crate::{text, token};
use attnscope::Number;
use attnscope_words::words;

const ROW: f32 = 28.0;
const BAR: f32 = 16.0;
/// Room for a number at the end of its row.
const NUMBER: f32 = 44.0;
/// From a word to its bar.
const AIR: f32 = 12.0;

/// The place of a list.
pub(super) struct Place {
    /// Its index.
    pub list: usize,
    /// How many words the lists before it have.
    pub first: usize,
    pub x: f32,
    pub width: f32,
    /// Room for its words.
    pub label_w: f32,
    /// Lines of the longest heading: the rows of two lists start at the same height.
    pub heading_lines: usize,
    /// The number at the beginning of the axis, 0 or below; 1 is at its end.
    pub low: f32,
    /// The colour of words that have no colour of their own.
    pub plain: Color,
}

/// The row of a word: where its word begins, where its number ends, and its middle; with its colour if it has one.
pub(super) struct Row {
    left: f32,
    right: f32,
    mid: f32,
    color: Option<Color>,
}

/// The width for words, out of that of a whole list: the same for all lists, so that their bars have one scale.
pub(super) fn label_width(lists: &[List], width: f32) -> f32 {
    let words = lists.iter().flat_map(List::shown);
    let longest = words.map(|(word, _)| token::width(word, LABEL + 1.0, Weight::Regular)).fold(40.0, f32::max);
    (longest + 1.0).min(width * 0.36)
}

/// The lines of a heading: at most two, the second truncated.
pub(super) fn heading(list: &List, width: f32) -> Vec<String> {
    let mut lines = text::wrap(&token::plain(&list.heading), width, LABEL + 1.0, Weight::Semibold);
    if lines.len() > 2 {
        let rest = lines.split_off(1).join(" ");
        lines.push(rest);
    }
    lines.iter().map(|line| text::fit(line, width, LABEL + 1.0, Weight::Semibold)).collect()
}

/// Heading, rows, axis. `color` is the colour of a word that is also in the other list.
pub(super) fn draw(frame: &mut Frame, list: &List, at: Place, color: &dyn Fn(usize) -> Option<Color>) -> Vec<Row> {
    let theme = frame.theme;
    let lines = heading(list, at.width);
    frame.y += 20.0 * at.heading_lines.saturating_sub(lines.len()) as f32;
    for line in lines {
        let node = Node::text(at.x, frame.y + 8.0, Run::new(line)).size(LABEL + 1.0).bold().fill(theme.text);
        frame.push(node.centred());
        frame.y += 20.0;
    }
    frame.y += 8.0;
    let words = list.shown();
    if words.is_empty() {
        frame.label(at.x, frame.y + 10.0, Anchor::Start, words!("No words."));
        frame.y += 24.0;
        return Vec::new();
    }
    let x0 = at.x + at.label_w + AIR;
    let full = at.x + at.width - NUMBER - x0;
    let zero = x0 - at.low / (1.0 - at.low) * full;
    let unit = full / (1.0 - at.low);
    let top = frame.y;
    let mut rows = Vec::new();
    for (i, (word, cosine)) in words.iter().enumerate() {
        let mid = frame.y + ROW / 2.0;
        let opens = list.numbers.get(i).copied();
        let left = row(frame, &at, (i, opens), (word, *cosine), (x0, zero, unit, mid), color(i));
        rows.push(Row { left, right: at.x + at.width, mid, color: color(i) });
        frame.y += ROW;
    }
    axis(frame, &at, (zero, unit), top);
    rows
}

/// Word, bar, number. Returns where the word begins.
fn row(
    frame: &mut Frame,
    at: &Place,
    (i, opens): (usize, Option<Number>),
    (word, cosine): (&str, f32),
    (x0, zero, unit, mid): (f32, f32, f32, f32),
    color: Option<Color>,
) -> f32 {
    let theme = frame.theme;
    let runs = token::runs(word, theme.faint, at.label_w, LABEL + 1.0, Weight::Regular);
    let word_w = text::runs_width(&runs, LABEL + 1.0, Weight::Regular);
    let name = Node::text(x0 - AIR, mid, runs).size(LABEL + 1.0).anchor(Anchor::End).fill(theme.text).centred();
    frame.push(name.key(format!("word-{}-{i}", at.list)));
    let long = if cosine.is_finite() { cosine.clamp(at.low, 1.0) * unit } else { 0.0 };
    let bar = Node::rect(zero + long.min(0.0), mid - BAR / 2.0, long.abs().max(1.0), BAR).radius(3.0);
    let bar = bar.fill(color.unwrap_or(at.plain)).value(cosine).key(format!("bar-{}-{i}", at.list));
    let said = words!("{}: cosine {}", token::spoken(word), number(cosine));
    let item = Target::Item { index: at.first + i };
    frame.push(bar.target(opens.map_or(item, |number| Target::Number { number })).label(said));
    let shown = if cosine.is_nan() { "NaN".into() } else { fixed(cosine, 2) };
    let shown = text::fit(&shown, NUMBER - 6.0, LABEL, Weight::Regular);
    let node = Node::text(at.x + at.width, mid, Run::new(shown)).size(LABEL).anchor(Anchor::End).fill(theme.text);
    frame.push(node.centred().key(format!("cosine-{}-{i}", at.list)));
    x0 - AIR - word_w
}

/// Lines at 0 and 1 through all rows, their numbers below.
fn axis(frame: &mut Frame, at: &Place, (zero, unit): (f32, f32), top: f32) {
    let line = Stroke::new(frame.theme.grid, 1.0);
    // Behind the bars, which begin at it.
    frame.push(Node::line(zero - 0.5, top, zero - 0.5, frame.y + 4.0, line));
    frame.push(Node::line(zero + unit, top, zero + unit, frame.y + 4.0, line));
    frame.label(zero, frame.y + 14.0, Anchor::Middle, "0");
    frame.label(zero + unit, frame.y + 14.0, Anchor::Middle, "1");
    if at.low < 0.0 {
        let x = zero + at.low * unit;
        if zero - x > 30.0 {
            let shown = if at.low == -1.0 { "−1".into() } else { fixed(at.low, 1) };
            frame.label(x, frame.y + 14.0, Anchor::Middle, shown);
            frame.push(Node::line(x, frame.y, x, frame.y + 4.0, line));
        }
    }
    frame.y += 22.0;
}

/// Lines from a word's row in the first list to its row in the second.
pub(super) fn join(frame: &mut Frame, rows: &[Vec<Row>], shared: &[(usize, usize)]) {
    let [first, second] = rows else { return };
    for &(i, j) in shared {
        let (a, b) = (&first[i], &second[j]);
        let (from, to) = (a.right + 6.0, b.left - 6.0);
        let bend = (to - from) * 0.5;
        let d = vec![Move(from, a.mid), Cubic(from + bend, a.mid, to - bend, b.mid, to, b.mid)];
        let line = Stroke::new(a.color.unwrap_or(frame.theme.faint), 1.5).round();
        frame.push(Node::path(d).stroke(line).opacity(0.7).key(format!("join-{i}-{j}")));
    }
}
