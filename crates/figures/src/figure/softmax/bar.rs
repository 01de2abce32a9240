//! The full bar of the softmax figure: all weights end to end, and below it the model's own as a thin bar.

use super::layout::Layout;
use super::rows::short_percent;
use super::{Data, State, Steps, is_changed};
use crate::figure::frame::{Frame, LABEL, PAD, SMALL};
use crate::number::percent;
use crate::scene::{Anchor, Node, Run, Stroke, Target, Weight};
use crate::text;
use crate::token::spoken;
use attnscope::Site;
use attnscope_words::words;

const HEIGHT: f32 = 40.0;

pub(super) fn draw(frame: &mut Frame, data: &Data, state: &State, l: &Layout, steps: &Steps) {
    let (theme, right) = (frame.theme, l.width - PAD);
    frame.y += 14.0;
    let mid = frame.y + 7.0;
    let title = match steps.sum {
        s if s.is_nan() => words!("No weights: a score is not a number"),
        0.0 => words!("No weights: no key may be attended to"),
        _ if data.sink.is_some() => words!("The weights and the head's sink fill exactly one bar"),
        _ => words!("The weights fill exactly one bar"),
    };
    let title = Node::text(PAD, mid, Run::new(title)).size(LABEL).bold().fill(theme.text);
    let all = Node::text(right, mid, Run::new("100\u{202f}%")).size(LABEL).anchor(Anchor::End).fill(theme.muted);
    frame.nodes.extend([title.centred().key("bar-title"), all.centred().key("bar-all")]);
    frame.y += 38.0;
    let full = frame.inner();
    frame.push(Node::rect(PAD, frame.y, full, HEIGHT).radius(4.0).fill(theme.surface).key("bar-track"));
    let (mut named_to, mut end) = (PAD, PAD);
    for (k_idx, x, w) in segments(data, l, &steps.weights, full) {
        segment(frame, data, state, (k_idx, x, w), steps, &mut named_to);
        end = x + w;
    }
    if data.sink.is_some() {
        sink(frame, steps.sink, (end, right - end));
    }
    frame.y += HEIGHT + 5.0;
    thin(frame, data, state, l, full);
    frame.y += 28.0;
}

/// Key (`None` for all keys without a row), left edge and width of each weight, end to end.
fn segments(data: &Data, l: &Layout, weights: &[f32], full: f32) -> Vec<(Option<usize>, f32, f32)> {
    let share = |w: f32| if w.is_finite() { w.clamp(0.0, 1.0) } else { 0.0 };
    let of = |k: usize| weights.get(k).copied().map_or(0.0, share);
    let rest = l.left_out.iter().map(|&k| of(k)).sum::<f32>();
    let others = (!l.left_out.is_empty()).then_some((None, rest));
    let mut x = PAD;
    let parts = l.shown.iter().filter(|&&k| k < data.dots.len()).map(|&k| (Some(k), of(k))).chain(others);
    let place = |(k_idx, w): (Option<usize>, f32)| {
        let width = (w * full).min(PAD + full - x).max(0.0);
        x += width;
        (k_idx, x - width, width)
    };
    parts.map(place).collect()
}

/// The model's own weight of a key.
fn of_run(data: &Data, k_idx: usize) -> Target {
    Target::Number { number: data.of.number(Site::Pattern, k_idx) }
}

/// The gap between a segment and the next, if there is one.
fn gap(frame: &Frame, x: f32, w: f32) -> f32 {
    if w > 4.0 && x + w < frame.width - PAD - 0.5 { 1.5 } else { 0.0 }
}

/// The part that no token gets, in the bar's ground, with its share inside if there is room.
fn sink(frame: &mut Frame, share: f32, (x, w): (f32, f32)) {
    let (theme, mid) = (frame.theme, frame.y + HEIGHT / 2.0);
    let edge = Stroke::new(theme.faint, 1.0);
    let part = Node::rect(x + 0.5, frame.y + 0.5, (w - 1.0).max(0.0), HEIGHT - 1.0).radius(3.0).stroke(edge);
    let said = words!("the head's sink: {} of the bar, of which no token gets any", percent(share));
    frame.push(part.key("share-sink").value(share).label(said));
    let name = words!("sink  {}", short_percent(share));
    if text::width(&name, LABEL, Weight::Regular) <= w - 10.0 {
        let node = Node::text(x + w / 2.0, mid, Run::new(name)).size(LABEL).anchor(Anchor::Middle).fill(theme.muted);
        frame.push(node.centred().key("share-name-sink"));
    }
}

/// One key's part of the bar, its name inside or, if there is no room, above.
fn segment(
    frame: &mut Frame,
    data: &Data,
    state: &State,
    (k_idx, x, w): (Option<usize>, f32, f32),
    steps: &Steps,
    named_to: &mut f32,
) {
    let (theme, mid) = (frame.theme, frame.y + HEIGHT / 2.0);
    let (fill, id, name, value) = match k_idx {
        Some(k) => (theme.weight_bar(steps.weights[k]), k.to_string(), data.token(k), steps.weights[k]),
        None => (theme.faint, words!("others").into(), "others", w / frame.inner()),
    };
    let gap = gap(frame, x, w);
    let part = Node::rect(x, frame.y, w - gap, HEIGHT).radius(if w > 8.0 { 3.0 } else { 0.0 }).fill(fill);
    let part = part.target(match k_idx.filter(|_| !is_changed(data, state)) {
        Some(k_idx) => of_run(data, k_idx),
        None => Target::Own,
    });
    let said = words!("{}: {} of the bar", spoken(name), percent(value));
    frame.push(part.key(format!("share-{id}")).value(value).label(said));
    if let Some(k_idx) = k_idx.filter(|&k| state.k_idx == Some(k) && w > 3.0) {
        let ring = Node::rect(x - 1.5, frame.y - 1.5, w - gap + 3.0, HEIGHT + 3.0).radius(4.0);
        frame.push(ring.stroke(Stroke::new(theme.accent, 2.0)).key(format!("ring-{k_idx}")));
    }
    let bare = if k_idx.is_some() { spoken(name) } else { name.into() };
    let with_share = format!("{bare}  {}", short_percent(value));
    let fits = |t: &str, room: f32| text::width(t, LABEL, Weight::Semibold) <= room;
    let ink = theme.on(fill);
    match () {
        () if fits(&with_share, w - 16.0) => {
            let runs = vec![Run::new(bare).bold(), Run::new(format!("  {}", short_percent(value)))];
            let node = Node::text(x + w / 2.0, mid, runs).size(LABEL).anchor(Anchor::Middle).fill(ink);
            frame.push(node.centred().key(format!("share-name-{id}")));
        }
        () if fits(&bare, w - 10.0) => {
            let node = Node::text(x + w / 2.0, mid, Run::new(bare)).size(LABEL).bold().anchor(Anchor::Middle).fill(ink);
            frame.push(node.centred().key(format!("share-name-{id}")));
        }
        () if w >= 2.5 => above(frame, (x, w - gap), &bare, id, named_to),
        () => {}
    }
}

/// The name above the bar, if the previous name leaves room.
fn above(frame: &mut Frame, (x, w): (f32, f32), name: &str, id: String, named_to: &mut f32) {
    let theme = frame.theme;
    let name = text::fit(name, 90.0, SMALL, Weight::Regular);
    let wide = text::width(&name, SMALL, Weight::Regular);
    let left = (x + w / 2.0 - wide / 2.0).clamp(PAD, (frame.width - PAD - wide).max(PAD));
    if left < *named_to {
        return;
    }
    *named_to = left + wide + 3.5;
    let node = Node::text(left, frame.y - 12.0, Run::new(name)).size(SMALL).fill(theme.muted).centred();
    frame.push(node.key(format!("share-name-{id}")));
    let (mid, y) = (x + w / 2.0, frame.y);
    frame.push(Node::line(mid, y - 5.0, mid, y - 1.0, Stroke::new(theme.faint, 1.0)));
}

/// The model's own weights, if the bar above shows the reader's. Its height is always reserved, so nothing moves.
fn thin(frame: &mut Frame, data: &Data, state: &State, l: &Layout, full: f32) {
    let (theme, y) = (frame.theme, frame.y);
    if !is_changed(data, state) || data.weights.len() != data.dots.len() {
        return;
    }
    for (k_idx, x, w) in segments(data, l, &data.weights, full) {
        let gap = gap(frame, x, w);
        let fill = k_idx.map_or(theme.faint, |k| theme.weight_bar(data.weights[k]));
        let id = k_idx.map_or("others".into(), |k| k.to_string());
        let own = k_idx.map_or(w / full, |k| data.weights[k]);
        let part = Node::rect(x, y, w - gap, 6.0).radius(1.5).fill(fill).key(format!("own-share-{id}")).value(own);
        let name = k_idx.map_or(words!("others").into(), |k| spoken(data.token(k)));
        let part = part.label(words!("the model's own weight of {name}: {}", percent(own)));
        frame.push(part.target(k_idx.map_or(Target::Own, |k_idx| of_run(data, k_idx))));
    }
    frame.label(PAD, y + 18.0, Anchor::Start, words!("thin: the model's own weights"));
}
