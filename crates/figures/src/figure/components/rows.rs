//! Draws the rows of the components figure: the query, the column headings, the keys.

use super::layout::{Layout, Longest, MASKED_ROW, ROW};
use super::{Data, State};
use crate::color::Color;
use crate::figure::frame::{Frame, LABEL, PAD, SMALL};
use crate::figure::head::scaled;
use crate::number::{fixed, number, percent};
use crate::scene::{Anchor, Node, Run, Stroke, Target, Weight};
use crate::token::{self, spoken};
use attnscope::Site;
use attnscope::analysis::KeyComponents;
use attnscope_words::{key, words};

/// The query once, above the column of the keys it is multiplied with.
pub(super) fn query(frame: &mut Frame, data: &Data, state: &State, l: &Layout, longest: &Longest) {
    let theme = frame.theme;
    // The query's label is beside the bars, or above them.
    let (x, says_mid) = match l.stacked {
        true => (l.first(), frame.y + 8.0),
        false => (l.product, frame.y + ROW / 2.0),
    };
    let says = vec![Run::new(words!("query q")).bold().fill(theme.query), Run::new(words!("  what it asks for"))];
    let says = Node::text(x, says_mid, says).size(LABEL).fill(theme.muted).centred();
    frame.y += if l.stacked { 20.0 } else { 0.0 };
    let mid = frame.y + ROW / 2.0;
    let runs = token::runs(data.of.query(), theme.faint, l.label_w, LABEL + 1.0, Weight::Semibold);
    let name = Node::text(PAD + l.label_w, mid, runs).size(LABEL + 1.0).bold().anchor(Anchor::End);
    frame.push(name.fill(theme.query).centred());
    let strip = Strip { kind: key!("component"), of: None, x: l.first(), mid, width: l.strip_w, longest: longest.q };
    strip.draw(frame, &data.row.q, (theme.query, theme.query), state);
    frame.push(says.key("query-said"));
    frame.y += ROW + if l.stacked { 12.0 } else { 20.0 };
}

/// The column headings, in as many lines as a key has.
pub(super) fn headings(frame: &mut Frame, data: &Data, l: &Layout) {
    let theme = frame.theme;
    let d = data.row.q.len();
    // With what is added by distance it would not fit: then the caption says it.
    let scaled = match data.of.of.bias {
        None => scaled(data.row.scale, data.row.soft_cap, false, d),
        Some(_) => words!("score").into(),
    };
    let (first, second) = (frame.y + 6.0, frame.y + if l.stacked { 26.0 } else { 6.0 });
    let mut head = |x: f32, y: f32, anchor: Anchor, key: &str, text: &str, fill: Color| {
        let name = Node::text(x, y, Run::new(text)).size(SMALL).bold().anchor(anchor).fill(fill).centred();
        frame.push(name.key(format!("{key}-head")));
    };
    if let Some(k) = l.k {
        head(k, first, Anchor::Start, "key", words!("key k"), theme.key);
    }
    head(l.product, first, Anchor::Start, "product", words!("q × k, one by one"), theme.text);
    head(l.sum, second, Anchor::End, "sum", words!("sum"), theme.text);
    head(l.score, second, Anchor::End, "score", &scaled, theme.text);
    head(l.weight.0, second, Anchor::Start, "weight", words!("softmax: weight"), theme.text);
    frame.y = second + 14.0;
    frame.push(Node::line(PAD, frame.y, l.width - PAD, frame.y, Stroke::new(theme.grid, 1.0)));
    frame.y += 6.0;
}

/// One key: its bars, the products, and the results.
pub(super) fn key(frame: &mut Frame, data: &Data, state: &State, l: &Layout, longest: &Longest, k_idx: usize) {
    let key = &data.row.keys[k_idx];
    let masked = key.score == f32::NEG_INFINITY;
    let (height, line) = if masked { (MASKED_ROW, MASKED_ROW) } else { (l.row(), ROW) };
    let (theme, top, mid) = (frame.theme, frame.y, frame.y + line / 2.0);
    if state.k_idx == Some(k_idx) {
        let back = Node::rect(PAD - 8.0, top + 1.0, l.width - 2.0 * PAD + 16.0, height - 2.0).radius(6.0);
        frame.push(back.fill(theme.surface).key("chosen-key"));
    }
    let runs = token::runs(data.token(k_idx), theme.faint, l.label_w, LABEL + 1.0, Weight::Semibold);
    let name = Node::text(PAD + l.label_w, mid, runs).size(LABEL + 1.0).anchor(Anchor::End).centred();
    let name = name.fill(if masked { theme.muted } else { theme.text }).target(Target::Key { k_idx });
    let name = name.key(format!("name-{k_idx}"));
    frame.push(if state.k_idx == Some(k_idx) { name.bold() } else { name });
    frame.y += height;
    if masked {
        let why = match (k_idx > data.of.position(), l.stacked) {
            (true, true) => words!("masked: it comes later"),
            (true, false) => words!("masked: comes later, may not be attended to"),
            (false, true) => words!("masked: too far away"),
            (false, false) => words!("masked: too far away, may not be attended to"),
        };
        let why = Node::text(l.first(), mid, Run::new(why)).size(SMALL).fill(theme.muted).centred();
        frame.push(why.key(format!("name-{k_idx}-why")));
        return;
    }
    let strip =
        Strip { kind: key!("component"), of: Some(k_idx), x: l.product, mid, width: l.strip_w, longest: longest.k };
    if let Some(x) = l.k {
        Strip { x, ..strip }.draw(frame, &key.k, (theme.key, theme.key), state);
    }
    let strip = Strip { kind: key!("product"), longest: longest.product, ..strip };
    strip.draw(frame, &key.product, (theme.positive[3], theme.negative[3]), state);
    numbers(frame, data, l, key, k_idx, top + l.numbers());
}

/// Sum, score, and the weight as a bar.
fn numbers(frame: &mut Frame, data: &Data, l: &Layout, key: &KeyComponents, k_idx: usize, mid: f32) {
    let theme = frame.theme;
    let (layer, head, q_idx) = (data.row.layer, data.row.head, data.row.q_idx);
    let score = Target::Number { number: Site::Scores.in_layer(layer, [head, q_idx, k_idx]) };
    for (name, x, value) in [("sum", l.sum, key.dot), ("score", l.score, key.score)] {
        let node = Node::text(x, mid, Run::new(fixed(value, 2))).size(LABEL).anchor(Anchor::End).fill(theme.text);
        frame.push(node.centred().value(value).key(format!("{name}-{k_idx}")).target(score));
    }
    let w = if key.weight.is_finite() { key.weight.clamp(0.0, 1.0) } else { 0.0 };
    let (x, width) = l.weight;
    let full = width - 66.0;
    let track = Node::rect(x, mid - 8.0, full, 16.0).radius(3.0).fill(theme.surface);
    frame.push(track.stroke(Stroke::new(theme.grid, 1.0)).key(format!("weight-track-{k_idx}")));
    let target = Target::weight(layer, head, q_idx, k_idx);
    let bar = Node::rect(x, mid - 8.0, (full * w).max(1.0), 16.0).radius(3.0).fill(theme.weight_bar(w));
    let said = words!("{}: {} of the weight", spoken(data.token(k_idx)), percent(key.weight));
    frame.push(bar.target(target).value(key.weight).key(format!("weight-{k_idx}")).label(said));
    let share = Node::text(x + width, mid, Run::new(percent(key.weight))).size(LABEL).anchor(Anchor::End);
    frame.push(share.bold().fill(theme.text).centred().key(format!("share-{k_idx}")).target(target));
}

/// A place for numbers as bars, up and down from its middle.
#[derive(Clone, Copy)]
struct Strip {
    /// The kind of number that a bar shows, for its key and its label.
    kind: &'static str,
    /// The key that the numbers belong to; `None` for the query.
    of: Option<usize>,
    x: f32,
    mid: f32,
    width: f32,
    /// The number with the longest bar.
    longest: f32,
}

impl Strip {
    /// Draws them, in one colour above zero and one below.
    fn draw(&self, frame: &mut Frame, values: &[f32], (plus, minus): (Color, Color), state: &State) {
        let (theme, Self { kind, of: k_idx, mid, .. }) = (frame.theme, *self);
        let step = self.width / values.len().max(1) as f32;
        let gap = match step {
            s if s >= 4.0 => 1.0,
            s if s >= 2.0 => 0.5,
            _ => 0.0,
        };
        if let Some(c) = state.component.filter(|&c| c < values.len()) {
            let x = self.x + c as f32 * step - 1.0;
            let band = Node::rect(x, mid - ROW / 2.0, step + 2.0 - gap, ROW).radius(2.0);
            frame.push(band.fill(theme.accent).opacity(0.18));
        }
        let name = k_idx.map_or("q".into(), |k| format!("k{k}"));
        let zero = Node::line(self.x, mid, self.x + self.width, mid, Stroke::new(theme.grid, 1.0));
        frame.push(zero.key(format!("{kind}-{name}-zero")));
        for (component, &value) in values.iter().enumerate() {
            let part = if value.is_finite() { (value / self.longest).clamp(-1.0, 1.0) } else { 0.0 };
            let long = part * (ROW / 2.0 - 3.0);
            let x = self.x + component as f32 * step;
            let bar = Node::rect(x, mid - long.max(0.0), step - gap, long.abs());
            let bar = bar.fill(if long < 0.0 { minus } else { plus }).key(format!("{kind}-{name}-{component}"));
            let target = match k_idx {
                Some(k_idx) if kind == "product" => Target::Product { k_idx, component },
                _ => Target::Component { k_idx, component },
            };
            let bar = bar.target(target).value(value);
            frame.push(bar.label(words!("{kind} {component}: {}", number(value), kind = attnscope_words::text(kind))));
        }
    }
}
