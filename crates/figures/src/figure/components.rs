//! How one token's weights come about: q, each k, their products, the sum, ÷√d, softmax.
//!
//! After BertViz's neuron view: in adjacent columns a score explains itself.

use super::frame::{Frame, LABEL, PAD, SMALL, caption, credit};
use super::{Canvas, Error};
use crate::number::{count, fixed, number, percent, plural};
use crate::scale::max_abs;
use crate::scene::{Anchor, Node, Run, Scene, Stroke, Target, Weight};
use crate::theme::Theme;
use crate::token::{self, spoken};
use attnscope::Trace;
use attnscope::analysis::components::{Components, KeyComponents};

/// More keys than this are not drawn: those with the largest weights stay.
const MAX_KEYS: usize = 24;

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// The text, token by token (the keys).
    pub tokens: Vec<String>,
    /// Where the query stands among them.
    pub position: usize,
    /// The row, taken apart.
    pub row: Components,
    /// The model's name.
    pub model: String,
}

impl Data {
    /// One row of one head of a trace that captured q, k and pattern.
    pub fn from_trace(trace: &Trace, layer: usize, head: usize, q_idx: usize) -> Result<Self, Error> {
        let row = attnscope::analysis::components::components(trace, layer, head, q_idx)
            .ok_or_else(|| Error::NotCaptured { key: format!("blocks.{layer}.attn.{{q,k,pattern}}") })?;
        let tokens: Vec<String> = trace.tokens.iter().map(|t| t.text.clone()).collect();
        // The queries are the last of the keys: all of them, unless earlier keys came from a cache.
        let q_len = trace.layer(layer, "attn.q").and_then(|q| q.shape().get(1).copied()).unwrap_or(0);
        let position = row.keys.len().saturating_sub(q_len) + q_idx;
        Ok(Self { tokens, position, row, model: trace.model.name.clone() })
    }

    fn token(&self, k_idx: usize) -> &str {
        self.tokens.get(k_idx).map_or("", String::as_str)
    }
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The paper.
    pub canvas: Canvas,
    /// The component that is marked in every strip.
    pub component: Option<usize>,
    /// The key that is stressed.
    pub k_idx: Option<usize>,
}

/// Height of a row; half of it up, half down.
const ROW: f32 = 46.0;
const GAP: f32 = 20.0;
const SUM_W: f32 = 58.0;
const SCORE_W: f32 = 58.0;
const WEIGHT_W: f32 = 148.0;
/// Height of a row of a forbidden key.
const MASKED_ROW: f32 = 30.0;

/// Left edges of the columns.
struct Layout {
    label_w: f32,
    strip_w: f32,
    k: f32,
    product: f32,
    sum: f32,
    score: f32,
    weight: f32,
    width: f32,
    max_q: f32,
    max_k: f32,
    max_product: f32,
}

impl Layout {
    fn new(data: &Data, canvas_width: f32) -> Self {
        let names = data.tokens.iter().map(|t| token::width(t, LABEL + 1.0, Weight::Semibold));
        let label_w = names.fold(40.0, f32::max).min(110.0);
        let fixed = 2.0 * PAD + label_w + 5.0 * GAP + SUM_W + SCORE_W + WEIGHT_W;
        let d = data.row.q.len().max(1) as f32;
        // Bars thinner than two pixels and a gap are hard to see: then the figure gets wider.
        let strip_w = ((canvas_width - fixed) / 2.0).max(d * 2.6).clamp(120.0, 520.0);
        let k = PAD + label_w + GAP;
        let product = k + strip_w + GAP;
        let sum = product + strip_w + GAP;
        let score = sum + SUM_W + GAP;
        let weight = score + SCORE_W + GAP;
        let keys = || data.row.keys.iter();
        Self {
            label_w,
            strip_w,
            k,
            product,
            sum,
            score,
            weight,
            width: weight + WEIGHT_W + PAD,
            max_q: max_abs(data.row.q.iter().copied()),
            max_k: max_abs(keys().flat_map(|k| k.k.iter().copied())),
            max_product: max_abs(
                keys().filter(|k| k.score != f32::NEG_INFINITY).flat_map(|k| k.product.iter().copied()),
            ),
        }
    }
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let layout = Layout::new(data, state.canvas.width);
    let asks = spoken(data.token(data.position));
    let title = format!("Why “{asks}” looks where it looks: layer {}, head {}", data.row.layer, data.row.head);
    let lead = "Multiply the query with a key, component by component, and add up: that is the score. Softmax turns the \
                scores of all keys into weights that sum to 1.";
    let mut frame = Frame::new(theme, &state.canvas, layout.width, title, lead);
    query_row(&mut frame, data, state, &layout);
    headings(&mut frame, data, &layout);
    let (shown, left_out) = choose(data);
    for &k_idx in &shown {
        key_row(&mut frame, data, state, &layout, k_idx);
    }
    let left_weight: f32 = left_out.iter().map(|&k| data.row.keys[k].weight).filter(|w| w.is_finite()).sum();
    let others =
        format!("{} with little weight left out ({} together).", plural(left_out.len(), "key"), percent(left_weight));
    let others = if left_out.is_empty() { "" } else { others.as_str() };
    frame.y += 6.0;
    let bars = "Bars go up for positive numbers, down for negative ones; each column has its own scale.";
    frame.finish(&caption(&[&credit(&data.model), bars, "Numbers are rounded.", others]), description(data))
}

/// The keys to draw in their order, and those left out.
fn choose(data: &Data) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..data.row.keys.len()).collect();
    order.sort_by(|&a, &b| data.row.keys[b].weight.total_cmp(&data.row.keys[a].weight));
    let mut left_out = order.split_off(order.len().min(MAX_KEYS));
    order.sort_unstable();
    left_out.sort_unstable();
    (order, left_out)
}

/// The query once, over the column of the keys it is multiplied with.
fn query_row(frame: &mut Frame, data: &Data, state: &State, l: &Layout) {
    let theme = frame.theme;
    let mid = frame.y + ROW / 2.0;
    let runs = token::runs(data.token(data.position), theme.faint, l.label_w, LABEL + 1.0, Weight::Semibold);
    let name = Node::text(PAD + l.label_w, mid, runs).size(LABEL + 1.0).bold().anchor(Anchor::End);
    frame.push(name.fill(theme.query).centred());
    bars(frame, &data.row.q, (l.k, mid, l.strip_w), l.max_q, (theme.query, theme.query), None, state);
    let says = vec![Run::new("query q").bold().fill(theme.query), Run::new("  what it asks for")];
    frame.push(Node::text(l.product, mid, says).size(LABEL).fill(theme.muted).centred());
    frame.y += ROW + 20.0;
}

fn headings(frame: &mut Frame, data: &Data, l: &Layout) {
    let (theme, y) = (frame.theme, frame.y + 6.0);
    let d = data.row.q.len();
    let divide = (data.row.scale * (d as f32).sqrt() - 1.0).abs() < 1e-3;
    let scaled = if divide { format!("÷ √{}", count(d)) } else { format!("× {}", number(data.row.scale)) };
    let heads = [
        (l.k, Anchor::Start, "key k".to_owned(), theme.key),
        (l.product, Anchor::Start, "q × k, one by one".into(), theme.text),
        (l.sum + SUM_W, Anchor::End, "sum".into(), theme.text),
        (l.score + SCORE_W, Anchor::End, scaled, theme.text),
        (l.weight, Anchor::Start, "softmax: weight".into(), theme.text),
    ];
    for (x, anchor, text, fill) in heads {
        frame.push(Node::text(x, y, Run::new(text)).size(12.0).bold().anchor(anchor).fill(fill).centred());
    }
    frame.y += 20.0;
    let line = Node::line(PAD, frame.y, l.width - PAD, frame.y, Stroke::new(theme.grid, 1.0));
    frame.push(line);
    frame.y += 6.0;
}

fn key_row(frame: &mut Frame, data: &Data, state: &State, l: &Layout, k_idx: usize) {
    let key = &data.row.keys[k_idx];
    let masked = key.score == f32::NEG_INFINITY;
    let height = if masked { MASKED_ROW } else { ROW };
    let (theme, mid) = (frame.theme, frame.y + height / 2.0);
    if state.k_idx == Some(k_idx) {
        let back = Node::rect(PAD - 8.0, frame.y + 1.0, l.width - 2.0 * PAD + 16.0, height - 2.0).radius(6.0);
        frame.push(back.fill(theme.surface).key("chosen-key"));
    }
    let runs = token::runs(data.token(k_idx), theme.faint, l.label_w, LABEL + 1.0, Weight::Semibold);
    let name = Node::text(PAD + l.label_w, mid, runs).size(LABEL + 1.0).anchor(Anchor::End).centred();
    let name = name.fill(if masked { theme.muted } else { theme.text }).target(Target::Key { k_idx });
    frame.push(if state.k_idx == Some(k_idx) { name.bold() } else { name });
    if masked {
        let why = "masked: comes later, may not be looked at";
        frame.push(Node::text(l.k, mid, Run::new(why)).size(SMALL + 0.5).fill(theme.muted).centred());
        frame.y += height;
        return;
    }
    bars(frame, &key.k, (l.k, mid, l.strip_w), l.max_k, (theme.key, theme.key), Some(k_idx), state);
    let (plus, minus) = (theme.weight(0.7), theme.muted);
    bars(frame, &key.product, (l.product, mid, l.strip_w), l.max_product, (plus, minus), Some(k_idx), state);
    numbers(frame, data, l, key, k_idx, mid);
    frame.y += ROW;
}

/// Sum, score, and the weight as a bar.
fn numbers(frame: &mut Frame, data: &Data, l: &Layout, key: &KeyComponents, k_idx: usize, mid: f32) {
    let theme = frame.theme;
    for (x, value) in [(l.sum + SUM_W, key.dot), (l.score + SCORE_W, key.score)] {
        let node = Node::text(x, mid, Run::new(fixed(value, 2))).size(LABEL).anchor(Anchor::End).fill(theme.text);
        frame.push(node.centred().value(value));
    }
    let w = if key.weight.is_finite() { key.weight.clamp(0.0, 1.0) } else { 0.0 };
    let full = WEIGHT_W - 66.0;
    frame.push(
        Node::rect(l.weight, mid - 8.0, full, 16.0)
            .radius(3.0)
            .fill(theme.surface)
            .stroke(Stroke::new(theme.grid, 1.0)),
    );
    let target = Target::Cell { layer: data.row.layer, head: data.row.head, q_idx: data.row.q_idx, k_idx };
    let bar = Node::rect(l.weight, mid - 8.0, (full * w).max(1.0), 16.0).radius(3.0).fill(theme.weight(0.45 + 0.4 * w));
    let said = format!("{}: {} of the weight", spoken(data.token(k_idx)), percent(key.weight));
    frame.push(bar.target(target).value(key.weight).key(format!("weight-{k_idx}")).label(said));
    let share = Node::text(l.weight + WEIGHT_W, mid, Run::new(percent(key.weight))).size(LABEL).anchor(Anchor::End);
    frame.push(share.bold().fill(theme.text).centred());
}

/// Numbers as bars up and down from a line: `(x, mid, width)`, the largest, colours above and below zero.
fn bars(
    frame: &mut Frame,
    values: &[f32],
    (x0, mid, width): (f32, f32, f32),
    max: f32,
    (plus, minus): (crate::Color, crate::Color),
    k_idx: Option<usize>,
    state: &State,
) {
    let theme = frame.theme;
    let step = width / values.len().max(1) as f32;
    let gap = if step >= 4.0 {
        1.0
    } else if step >= 2.0 {
        0.5
    } else {
        0.0
    };
    let kind = if plus == minus { "component" } else { "product" };
    if let Some(c) = state.component.filter(|&c| c < values.len()) {
        let band = Node::rect(x0 + c as f32 * step - 1.0, mid - ROW / 2.0, step + 2.0 - gap, ROW).radius(2.0);
        frame.push(band.fill(theme.accent).opacity(0.18));
    }
    frame.push(Node::line(x0, mid, x0 + width, mid, Stroke::new(theme.grid, 1.0)));
    for (component, &value) in values.iter().enumerate() {
        let long = if value.is_finite() { (value / max).clamp(-1.0, 1.0) * (ROW / 2.0 - 3.0) } else { 0.0 };
        let x = x0 + component as f32 * step;
        let bar =
            Node::rect(x, mid - long.max(0.0), step - gap, long.abs()).fill(if long < 0.0 { minus } else { plus });
        let name = k_idx.map_or("q".into(), |k| format!("k{k}"));
        let bar =
            bar.key(format!("{kind}-{name}-{component}")).target(Target::Component { k_idx, component }).value(value);
        frame.push(bar.label(format!("{kind} {component}: {}", number(value))));
    }
}

fn description(data: &Data) -> String {
    let row = &data.row;
    let mut order: Vec<usize> = (0..row.keys.len()).collect();
    order.sort_by(|&a, &b| row.keys[b].weight.total_cmp(&row.keys[a].weight));
    let said: Vec<String> = order
        .iter()
        .take(3)
        .map(|&k| {
            let key = &row.keys[k];
            format!("{}: q·k {}, weight {}", spoken(data.token(k)), fixed(key.dot, 2), percent(key.weight))
        })
        .collect();
    let asks = spoken(data.token(data.position));
    format!("The scores of “{asks}” in layer {}, head {}, taken apart. {}.", row.layer, row.head, said.join("; "))
}
