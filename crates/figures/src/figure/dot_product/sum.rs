//! The arithmetic beside the two arrows: two products as bars, their sum, and the cosine with its word.

use super::{Data, KINDS, kind};
use crate::figure::axis::{Side, Tick};
use crate::figure::frame::{Frame, LABEL, PAD, SMALL};
use crate::number::{brief, fixed};
use crate::scale::{Linear, max_abs, nice_ceil};
use crate::scene::{Anchor, Node, Run, Stroke, Target, Weight};
use crate::text;
use attnscope_words::words;

const ROW: f32 = 40.0;
const BAR: f32 = 20.0;
/// The widest result.
const WIDEST: &str = "−4.00";

/// Draws it from (x, y) to the right margin; moves the frame's `y` below it.
pub(super) fn sum(frame: &mut Frame, data: &Data, x: f32, y: f32) {
    frame.y = y;
    names(frame, data, x);
    bars(frame, data, x);
    cosine(frame, data, x);
}

/// `a = (1.20, 0.50)`, and the same of b.
fn names(frame: &mut Frame, data: &Data, x: f32) {
    let (theme, mid) = (frame.theme, frame.y + 9.0);
    let half = (frame.width - PAD - x) / 2.0;
    let arrows = [(data.a, theme.query), (data.b, theme.key)];
    for (i, ((v, color), name)) in arrows.into_iter().zip(&data.names).enumerate() {
        let numbers = format!(" = ({}, {})", fixed(v[0], 2), fixed(v[1], 2));
        let room = half - 8.0 - text::width(&numbers, LABEL, Weight::Regular);
        let name = text::fit(name, room.max(12.0), LABEL, Weight::Semibold);
        let runs = vec![Run::new(name).bold().fill(color), Run::new(numbers)];
        let node = Node::text(x + i as f32 * half, mid, runs).size(LABEL).fill(theme.text).centred();
        frame.push(node.key(format!("arrow-{i}")));
    }
    frame.y += 34.0;
}

/// The bars' axis.
fn axis(data: &Data, range: (f32, f32)) -> Linear {
    let [first, second] = data.products();
    let most = max_abs([first, second, first + second]);
    // 4 is the most that one product can reach, 8 the sum; only arrows that were not dragged can exceed that.
    let limit = [4.0, 8.0].into_iter().find(|&l| most <= l).unwrap_or_else(|| nice_ceil(most));
    Linear::new((-limit, limit), range)
}

fn bars(frame: &mut Frame, data: &Data, x: f32) {
    let (theme, top) = (frame.theme, frame.y);
    let [first, second] = data.products();
    let total = data.dot();
    // Results are aligned, and so are the equals signs.
    let result = x + text::width("−2.00 × −2.00 = ", LABEL, Weight::Regular);
    let left = result + text::width(WIDEST, LABEL, Weight::Semibold) + 22.0;
    let axis = axis(data, (left, frame.width - PAD - 4.0));
    let bottom = top + 3.0 * ROW + 4.0;
    let limit = axis.domain.1;
    let ticks = [-limit, -limit / 2.0, 0.0, limit / 2.0, limit].map(|value| Tick::new(axis.at(value), brief(value)));
    frame.grid(Side::Below, ticks.each_ref().map(|tick| tick.at), (top, bottom));
    frame.push(Node::line(axis.at(0.0), top, axis.at(0.0), bottom, Stroke::new(theme.faint, 1.0)));
    frame.tick_labels(Side::Below, bottom + 11.0, &ticks);
    let product = |i: usize| {
        vec![
            Run::new(fixed(data.a[i], 2)).fill(theme.query),
            Run::new(" × ").fill(theme.muted),
            Run::new(fixed(data.b[i], 2)).fill(theme.key),
        ]
    };
    let x = (x, left - 22.0);
    bar(frame, &axis, x, top, product(0), (0.0, first, first), "product-0");
    bar(frame, &axis, x, top + ROW, product(1), (first, first + second, second), "product-1");
    let line = top + 2.0 * ROW + 2.0;
    frame.push(Node::line(x.0, line, x.1, line, Stroke::new(theme.grid, 1.0)));
    let name = |i: usize| Run::new(text::fit(&data.names[i], 44.0, LABEL, Weight::Regular));
    let sum = vec![name(0).fill(theme.query), Run::new(" · ").fill(theme.muted), name(1).fill(theme.key)];
    bar(frame, &axis, x, top + 2.0 * ROW + 4.0, sum, (0.0, total, total), "dot");
    for (i, value) in [first, first + second].into_iter().enumerate() {
        let y = top + i as f32 * ROW + (ROW + BAR) / 2.0;
        let gap = ROW - BAR + if i == 1 { 4.0 } else { 0.0 };
        let down = Node::line(axis.at(value), y, axis.at(value), y + gap, Stroke::new(theme.muted, 1.0).dash(3.0, 2.0));
        frame.push(down.key(format!("carry-{i}")));
    }
    frame.y = bottom + 50.0;
}

/// A row: its arithmetic at the positions `x`, then a bar from the end of the previous one to its own end.
fn bar(
    frame: &mut Frame,
    axis: &Linear,
    x: (f32, f32),
    y: f32,
    mut runs: Vec<Run>,
    (from, to, value): (f32, f32, f32),
    key: &str,
) {
    let (theme, mid) = (frame.theme, y + ROW / 2.0);
    runs.push(Run::new(" = ").fill(theme.muted));
    let said: String = runs.iter().map(|r| r.text.as_str()).collect::<String>() + &fixed(value, 2);
    let result = text::width(WIDEST, LABEL, Weight::Semibold);
    let node = Node::text(x.1 - result, mid, runs).size(LABEL).anchor(Anchor::End).fill(theme.text).centred();
    frame.push(node.key(format!("{key}-text")));
    let node = Node::text(x.1, mid, Run::new(fixed(value, 2)).bold()).size(LABEL).anchor(Anchor::End);
    let node = node.fill(theme.text).centred().key(format!("{key}-result")).value(value);
    frame.push(node.target(Target::Own).label(said.clone()));
    let (a, b) = (axis.at(from), axis.at(to));
    let fill = if value < 0.0 { theme.negative[3] } else { theme.positive[3] };
    let bar = Node::rect(a.min(b), mid - BAR / 2.0, (a - b).abs(), BAR).fill(fill);
    frame.push(bar.key(key).value(value).label(said).target(Target::Own));
}

/// The cosine on a scale from −1 to 1 in three parts, each with its word.
fn cosine(frame: &mut Frame, data: &Data, x: f32) {
    let theme = frame.theme;
    let w = frame.width - PAD - x;
    let cos = data.cosine();
    let said = match cos {
        Some(cos) => vec![
            Run::new(words!("cosine of the angle ")).fill(theme.muted),
            Run::new(fixed(cos, 2)).bold(),
            Run::new(": ").fill(theme.muted),
            Run::new(attnscope_words::text(KINDS[kind(cos)])).bold(),
        ],
        None => vec![Run::new(words!("no angle: an arrow without length points nowhere")).fill(theme.muted)],
    };
    frame.push(Node::text(x, frame.y, said).size(LABEL).fill(theme.text).centred().key("kind"));
    let y = frame.y + 26.0;
    let scale = Linear::new((-1.0, 1.0), (x, x + w));
    let at = |cos: f32| scale.at(cos);
    for (i, (from, to)) in [(-1.0, -0.5), (-0.5, 0.5), (0.5, 1.0)].into_iter().enumerate() {
        let chosen = cos.is_some_and(|c| kind(c) == i);
        let fill = if chosen { theme.weight(0.35) } else { theme.grid };
        let part = Node::rect(at(from) + 1.0, y - 4.0, at(to) - at(from) - 2.0, 8.0).radius(2.0);
        frame.push(part.fill(fill).key(format!("part-{i}")));
        let word =
            Node::text((at(from) + at(to)) / 2.0, y + 20.0, Run::new(attnscope_words::text(KINDS[i]))).size(SMALL);
        let word = word.anchor(Anchor::Middle).fill(if chosen { theme.text } else { theme.muted }).centred();
        frame.push(if chosen { word.bold() } else { word });
    }
    if let Some(cos) = cos {
        let mark = Node::circle(at(cos).clamp(x + 7.0, x + w - 7.0), y, 6.0).fill(theme.text);
        let mark = mark.stroke(Stroke::new(theme.background, 2.0)).key("cosine").value(cos);
        let said = words!("cosine {}: {}", fixed(cos, 2), attnscope_words::text(KINDS[kind(cos)]));
        frame.push(mark.label(said).target(Target::Own));
    }
    frame.y = y + 30.0;
}
