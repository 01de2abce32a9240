//! Draws the lines of tokens, their sum, and its product with W_O.

use super::terms;
use super::words;
use super::{Data, State, description};
use crate::figure::formula;
use crate::figure::frame::{Frame, LABEL, PAD, SMALL, caption, credit};
use crate::figure::signed_cells::{SHARED, Strip, gap, per_pixel};
use crate::number::{fixed, percent, plural};
use crate::scale::max_abs;
use crate::scene::Segment::{Line, Move};
use crate::scene::{Anchor, Node, Run, Scene, Stroke, Target, Weight};
use crate::text;
use crate::theme::Theme;
use crate::token::{self, spoken};
use attnscope::Site;

/// Where everything is.
pub(super) struct Layout {
    /// Whether names and weights are on one line and strips on a second.
    pub narrow: bool,
    label_w: f32,
    bar: f32,
    bar_w: f32,
    /// Right edge of a weight's number.
    weight: f32,
    pub strip: f32,
    strip_w: f32,
    row_h: f32,
    limit: f32,
    limit_out: f32,
}

impl Layout {
    fn new(data: &Data, shown: &[usize], width: f32) -> Self {
        let inner = width - 2.0 * PAD;
        let narrow = inner < 520.0;
        let names = shown.iter().map(|&k| token::width(data.token(k), LABEL + 1.0, Weight::Semibold));
        let label_w = names.fold(if narrow { 36.0 } else { 62.0 }, f32::max).min(96.0);
        let bar = PAD + label_w + 14.0;
        let bar_w = if narrow { inner - label_w - 14.0 - 60.0 } else { 84.0 };
        let weight = bar + bar_w + 40.0;
        let strip = if narrow { PAD + 2.0 } else { weight + 30.0 };
        let numbers = shown.iter().filter_map(|&k| data.values.get(k)).flatten().chain(&data.z).copied();
        Self {
            narrow,
            label_w,
            bar,
            bar_w,
            weight,
            strip,
            // Rings are drawn around the cells, and the page shows nothing beyond the margin.
            strip_w: PAD + inner - 2.0 - strip,
            row_h: if narrow { 54.0 } else { 34.0 },
            limit: max_abs(numbers),
            limit_out: max_abs(data.attn_out.iter().copied()),
        }
    }
}

/// Height of a strip.
const STRIP_H: f32 = 24.0;

pub(super) fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let width = state.canvas.width.clamp(330.0, 1600.0);
    let (shown, left_out) = data.choose();
    let l = Layout::new(data, &shown, width);
    let query = spoken(data.token(data.position));
    let title = words!("What “{query}” takes from the others: layer {}, head {}", data.of.layer, data.of.head);
    let lead =
        words!("Each value times its weight, added up, is z. The matrix W_O turns z into what is added to the word.");
    let mut frame = Frame::new(theme, &state.canvas, width, title, lead);
    headings(&mut frame, &l);
    let top = frame.y;
    shown.iter().for_each(|&k_idx| value_row(&mut frame, data, state, &l, k_idx));
    let left_weight: f32 = left_out.iter().map(|&k| data.weights[k]).filter(|w| w.is_finite()).sum();
    let others =
        words!("{} with little weight left out ({} together).", plural(left_out.len(), "token"), percent(left_weight));
    mix(&mut frame, data, &l);
    column(&mut frame, data, state, &l, top);
    let from = frame.nodes.len();
    terms::draw(&mut frame, data, state, &shown, &l);
    frame.name_since(from, "written");
    let from = frame.nodes.len();
    added(&mut frame, data, &l);
    frame.name_since(from, "added");
    words::draw(&mut frame, data);
    let longest = data.attn_out.len().max(data.z.len()).max(1);
    let heads = words!("attn_out is the sum of all {} heads; z is one head's.", data.of.n_heads);
    let notes = caption(&[
        &credit(&data.of.model),
        words!("Green is above zero, pink below; a value fades with its weight. Numbers are rounded."),
        if left_out.is_empty() { "" } else { &others },
        if data.of.n_heads > 1 { &heads } else { "" },
        if data.adds_up() { "" } else { words!("The run was changed here: it went on with another z than this sum.") },
        if per_pixel(l.strip_w / longest as f32) > 1 { attnscope_words::text(SHARED) } else { "" },
    ]);
    frame.finish(&notes, description(data, &shown))
}

fn headings(frame: &mut Frame, l: &Layout) {
    let theme = frame.theme;
    let mid = frame.y + 6.0;
    let mut head = |x: f32, text: &str, fill| {
        let key = if x > PAD { "head-value" } else { "head-token" };
        let key = if text == words!("weight") { "head-weight" } else { key };
        frame.push(Node::text(x, mid, Run::new(text)).size(SMALL).bold().fill(fill).centred().key(key));
    };
    match l.narrow {
        true => {
            head(PAD, words!("token"), theme.key);
            head(l.bar, words!("weight × value"), theme.value);
        }
        false => {
            head(l.bar, words!("weight"), theme.text);
            head(l.strip, words!("× value of each token"), theme.value);
        }
    }
    frame.y += 18.0;
}

/// A token, its weight, and its value with an opacity that depends on the weight.
fn value_row(frame: &mut Frame, data: &Data, state: &State, l: &Layout, k_idx: usize) {
    let (theme, weight) = (frame.theme, data.weights[k_idx]);
    let stressed = state.k_idx == Some(k_idx);
    if stressed {
        let back = Node::rect(PAD - 1.0, frame.y, frame.inner() + 2.0, l.row_h - 2.0).radius(6.0);
        frame.push(back.fill(theme.surface).key("chosen-key"));
    }
    let mid = frame.y + if l.narrow { 12.0 } else { l.row_h / 2.0 - 1.0 };
    let share = if weight.is_finite() { weight.clamp(0.0, 1.0) } else { 0.0 };
    let runs = token::runs(data.token(k_idx), theme.faint, l.label_w, LABEL + 1.0, Weight::Semibold);
    let name = Node::text(PAD, mid, runs).size(LABEL + 1.0).fill(theme.key).centred();
    let name = if stressed { name.bold() } else { name };
    frame.push(name.key(format!("key-{k_idx}")).target(Target::Key { k_idx }));
    let track = Node::rect(l.bar, mid - 7.0, l.bar_w, 14.0).radius(3.0).fill(theme.surface);
    frame.push(track.stroke(Stroke::new(theme.grid, 1.0)));
    let said = words!("{} attends {} to {}", said(data, data.position), percent(weight), said(data, k_idx));
    let fill = theme.weight(0.25 + 0.75 * share);
    let bar = Node::rect(l.bar, mid - 7.0, (share * l.bar_w).max(1.0), 14.0).radius(3.0).fill(fill).value(weight);
    let target = Target::Number { number: data.number(k_idx) };
    let bar = bar.key(format!("weight-{k_idx}")).target(target);
    frame.push(bar.label(said));
    let text = if weight.is_finite() { fixed(weight, 2) } else { "NaN".into() };
    let text = Node::text(l.weight, mid, Run::new(text)).size(LABEL).anchor(Anchor::End).fill(theme.text);
    frame.push(text.bold().centred().key(format!("share-{k_idx}")).target(target));
    let times = Node::text(l.weight + 14.0, mid, Run::new("×")).size(LABEL).anchor(Anchor::Middle).fill(theme.muted);
    frame.push(times.centred().key(format!("times-{k_idx}")));
    let y = if l.narrow { frame.y + 24.0 } else { mid - STRIP_H / 2.0 };
    let values = data.values.get(k_idx).map_or(&[][..], Vec::as_slice);
    let name = words!("value of {}", spoken(data.token(k_idx)));
    let strip = strip(l, format!("v-{k_idx}"), name, values, y, l.limit);
    let width = l.strip_w - gap(l.strip_w / values.len().max(1) as f32);
    let place = Node::rect(l.strip, y, width, STRIP_H).radius(2.0).stroke(Stroke::new(theme.grid, 1.0));
    frame.push(place.key(format!("place-{k_idx}")));
    let (layer, head) = (data.of.layer, data.of.kv_head);
    strip.draw(frame, |_| 0.04 + 0.96 * share, |component| Site::V.in_layer(layer, [head, k_idx, component]));
    frame.y += l.row_h;
}

fn said(data: &Data, k_idx: usize) -> String {
    spoken(data.token(k_idx))
}

fn strip<'a>(l: &Layout, key: String, name: String, values: &'a [f32], y: f32, limit: f32) -> Strip<'a> {
    Strip { key, name, values, limit, x: l.strip, y, width: l.strip_w, height: STRIP_H, down: false }
}

/// The line above a sum, and the sum.
fn mix(frame: &mut Frame, data: &Data, l: &Layout) {
    let theme = frame.theme;
    frame.y += 4.0;
    let line = Stroke::new(theme.text, 1.0);
    frame.push(Node::line(l.strip, frame.y, l.strip + l.strip_w, frame.y, line).opacity(0.6).key("sum-line"));
    frame.y += 8.0;
    let y = named(frame, l, "z", words!("the sum"));
    let (layer, head, position) = (data.of.layer, data.of.head, data.position);
    let strip = strip(l, "z".into(), words!("z of {}", said(data, position)), &data.z, y, l.limit);
    strip.draw(frame, |_| 1.0, |component| Site::Z.in_layer(layer, [head, position, component]));
    frame.y = y + STRIP_H;
}

/// The name of a result and a remark, before the strip or above it. Returns the strip's top.
fn named(frame: &mut Frame, l: &Layout, name: &str, what: &str) -> f32 {
    let theme = frame.theme;
    let mid = if l.narrow { frame.y + 8.0 } else { frame.y + STRIP_H / 2.0 };
    let name_w = text::width(name, LABEL + 1.0, Weight::Semibold);
    let node = Node::text(PAD, mid, Run::new(name)).size(LABEL + 1.0).bold().fill(theme.output);
    frame.push(node.centred().key(format!("name-{name}")));
    let what = Node::text(PAD + name_w + 10.0, mid, Run::new(what)).size(SMALL).fill(theme.muted).centred();
    frame.push(what.key(format!("what-{name}")));
    if l.narrow { frame.y + 20.0 } else { frame.y }
}

/// A ring around the chosen column of all strips, values and sum.
fn column(frame: &mut Frame, data: &Data, state: &State, l: &Layout, top: f32) {
    let Some(c) = state.component.filter(|c| *c < data.z.len()) else { return };
    let step = l.strip_w / data.z.len() as f32;
    let (x, width) = (l.strip + c as f32 * step, (step - gap(step)).max(1.0));
    let rows = ((frame.y - STRIP_H - 12.0 - if l.narrow { 20.0 } else { 0.0 } - top) / l.row_h).round() as usize;
    let stroke = Stroke::new(frame.theme.accent, 2.0);
    for row in 0..rows {
        let y = top + row as f32 * l.row_h + if l.narrow { 24.0 } else { (l.row_h - 2.0 - STRIP_H) / 2.0 };
        let ring = Node::rect(x - 2.0, y - 2.0, width + 4.0, STRIP_H + 4.0).radius(3.0).stroke(stroke);
        frame.push(ring.key(format!("ring-{row}")));
    }
    let ring = Node::rect(x - 2.0, frame.y - STRIP_H - 2.0, width + 4.0, STRIP_H + 4.0).radius(3.0).stroke(stroke);
    frame.push(ring.key("ring-z"));
}

/// The product with W_O, which is added to the token.
fn added(frame: &mut Frame, data: &Data, l: &Layout) {
    let theme = frame.theme;
    let (x, top, bottom) = (l.strip + if l.narrow { 20.0 } else { l.strip_w / 2.0 }, frame.y - 4.0, frame.y + 22.0);
    frame.push(Node::line(x, top, x, bottom, Stroke::new(theme.output, 1.5)).key("arrow-line"));
    let head = vec![Move(x - 4.0, bottom - 4.0), Line(x, bottom), Line(x + 4.0, bottom - 4.0)];
    frame.push(Node::path(head).stroke(Stroke::new(theme.output, 1.5).round()).key("arrow-head"));
    formula::write(frame, x + 12.0, (top + bottom) / 2.0, LABEL, Weight::Semibold, &[(words!("× W_O"), theme.output)]);
    frame.y = bottom + 8.0;
    let room = if l.narrow { 120.0 } else { 56.0 };
    let what = words!("added to {}", text::fit(&said(data, data.position), room, SMALL, Weight::Regular));
    let y = named(frame, l, "attn_out", &what);
    let (layer, position) = (data.of.layer, data.position);
    let name = words!("attn_out of {}", said(data, position));
    let strip = strip(l, "attn-out".into(), name, &data.attn_out, y, l.limit_out);
    strip.draw(frame, |_| 1.0, |component| Site::AttnOut.in_layer(layer, [position, component]));
    frame.y = y + STRIP_H + 30.0;
}
