//! How the weights mix the values into z, what W_O makes of it, and where the word stands before and after.

use super::frame::{Frame, LABEL, PAD, caption, credit};
use super::signed_cells::{Strip, gap};
use super::weighted_sum_words as words;
use super::{Canvas, Error, formula};
use crate::number::{count, fixed, number, percent, plural};
use crate::scale::max_abs;
use crate::scene::{Anchor, Node, Run, Scene, Stroke, Target, Weight};
use crate::text;
use crate::theme::Theme;
use crate::token::{self, spoken};
use attnscope::Trace;
use attnscope::analysis::Number;

/// More tokens than this are not drawn: those with the largest weights stay.
const MAX_ROWS: usize = 12;

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// The text, token by token (the keys).
    pub tokens: Vec<String>,
    /// Where among them the token stands that looks.
    pub position: usize,
    /// The layer.
    pub layer: usize,
    /// The head.
    pub head: usize,
    /// The head of keys and values that it uses.
    pub kv_head: usize,
    /// How many heads the layer has: `attn_out` is what all of them add.
    pub n_heads: usize,
    /// Its row of the pattern, `[kv_len]`.
    pub weights: Vec<f32>,
    /// The values, `[kv_len][d_head]`.
    pub values: Vec<Vec<f32>>,
    /// The mix, `[d_head]`.
    pub z: Vec<f32>,
    /// What attention adds to the token, `[d_model]`.
    pub attn_out: Vec<f32>,
    /// The words nearest to the token's vector before attention, with the cosine, nearest first.
    pub before: Vec<(String, f32)>,
    /// The same of the vector with `attn_out` added.
    pub after: Vec<(String, f32)>,
    /// The model's name.
    pub model: String,
}

impl Data {
    /// One token of one head of a trace that captured pattern, v, z and attn_out. A trace does not know the words of
    /// the vocabulary: the nearest of them are the caller's.
    pub fn from_trace(
        trace: &Trace,
        layer: usize,
        head: usize,
        position: usize,
        before: Vec<(String, f32)>,
        after: Vec<(String, f32)>,
    ) -> Result<Self, Error> {
        let array = |name: &str| {
            trace.layer(layer, name).ok_or_else(|| Error::NotCaptured { key: format!("blocks.{layer}.{name}") })
        };
        let (pattern, v, z, out) = (array("attn.pattern")?, array("attn.v")?, array("attn.z")?, array("attn_out")?);
        let info = &trace.model;
        if head >= info.n_heads {
            return Err(Error::NoSuch { what: "head", index: head, len: info.n_heads });
        }
        let no_such = Error::NoSuch { what: "token", index: position, len: trace.tokens.len() };
        // The rows are the last of the tokens: all of them, unless earlier ones came from a cache.
        let first = trace.tokens.len().saturating_sub(pattern.shape().get(1).copied().unwrap_or(0));
        let row = position.checked_sub(first).ok_or_else(|| no_such.clone())?;
        let kv_head = head / (info.n_heads / info.n_kv_heads.max(1)).max(1);
        let weights = pattern.row(&[head, row]).ok_or_else(|| no_such.clone())?.to_vec();
        let values = (0..weights.len()).filter_map(|k| Some(v.row(&[kv_head, k])?.to_vec())).collect::<Vec<_>>();
        if values.len() != weights.len() {
            return Err(Error::Size { what: "values", expected: weights.len(), found: values.len() });
        }
        Ok(Self {
            tokens: trace.tokens.iter().map(|t| t.text.clone()).collect(),
            position,
            layer,
            head,
            kv_head,
            n_heads: info.n_heads,
            weights,
            values,
            z: z.row(&[head, row]).ok_or_else(|| no_such.clone())?.to_vec(),
            attn_out: out.row(&[row]).ok_or(no_such)?.to_vec(),
            before,
            after,
            model: info.name.clone(),
        })
    }

    pub(super) fn token(&self, k_idx: usize) -> &str {
        self.tokens.get(k_idx).map_or("", String::as_str)
    }

    fn value(&self, k_idx: usize, component: usize) -> f32 {
        self.values.get(k_idx).and_then(|v| v.get(component)).copied().unwrap_or(f32::NAN)
    }

    /// The tokens to draw in their order, and those left out. What comes later and has no weight is in neither:
    /// it may not be looked at.
    fn choose(&self) -> (Vec<usize>, Vec<usize>) {
        let later = self.weights.iter().skip(self.position + 1).all(|w| *w == 0.0);
        let n = if later { self.weights.len().min(self.position + 1) } else { self.weights.len() };
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| self.weights[b].total_cmp(&self.weights[a]));
        let mut left_out = order.split_off(n.min(MAX_ROWS));
        order.sort_unstable();
        left_out.sort_unstable();
        (order, left_out)
    }

    /// The name of a weight of its row, for a run that began with the first token.
    fn number(&self, k_idx: usize) -> Number {
        Number::Weight { layer: self.layer, head: self.head, q_idx: self.position, k_idx }
    }
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The paper.
    pub canvas: Canvas,
    /// The column whose sum is written out.
    pub component: Option<usize>,
    /// The token whose line is stressed.
    pub k_idx: Option<usize>,
}

/// Where everything is.
struct Layout {
    /// Names, weights and strips stand in two lines each.
    narrow: bool,
    label_w: f32,
    bar: f32,
    bar_w: f32,
    /// Right edge of a weight's number.
    weight: f32,
    strip: f32,
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
            // Rings stand around the cells, and the page shows nothing beyond the margin.
            strip_w: PAD + inner - 2.0 - strip,
            row_h: if narrow { 54.0 } else { 34.0 },
            limit: max_abs(numbers),
            limit_out: max_abs(data.attn_out.iter().copied()),
        }
    }
}

/// Height of a strip.
const STRIP_H: f32 = 24.0;

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let width = state.canvas.width.clamp(330.0, 1600.0);
    let (shown, left_out) = data.choose();
    let l = Layout::new(data, &shown, width);
    let looks = spoken(data.token(data.position));
    let title = format!("What “{looks}” takes from the others: layer {}, head {}", data.layer, data.head);
    let lead = "Each value times its weight, added up, is z. The matrix W_O turns z into what is added to the word.";
    let mut frame = Frame::new(theme, &state.canvas, width, title, lead);
    headings(&mut frame, &l);
    let top = frame.y;
    shown.iter().for_each(|&k_idx| value_row(&mut frame, data, state, &l, k_idx));
    let left_weight: f32 = left_out.iter().map(|&k| data.weights[k]).filter(|w| w.is_finite()).sum();
    let others =
        format!("{} with little weight left out ({} together).", plural(left_out.len(), "token"), percent(left_weight));
    mix(&mut frame, data, &l);
    column(&mut frame, data, state, &l, top);
    sum_in_words(&mut frame, data, state, &shown, &l);
    added(&mut frame, data, &l);
    words::draw(&mut frame, data);
    let heads = format!("attn_out is the sum of all {} heads; z is one head's.", data.n_heads);
    let notes = caption(&[
        &credit(&data.model),
        "Blue is above zero, orange below; a value fades with its weight. Numbers are rounded.",
        if left_out.is_empty() { "" } else { &others },
        if data.n_heads > 1 { &heads } else { "" },
    ]);
    frame.finish(&notes, description(data, &shown))
}

fn headings(frame: &mut Frame, l: &Layout) {
    let theme = frame.theme;
    let mid = frame.y + 6.0;
    let mut head = |x: f32, text: &str, fill| {
        frame.push(Node::text(x, mid, Run::new(text)).size(12.0).bold().fill(fill).centred());
    };
    match l.narrow {
        true => {
            head(PAD, "token", theme.key);
            head(l.bar, "weight × value", theme.value);
        }
        false => {
            head(l.bar, "weight", theme.text);
            head(l.strip, "× value of each token", theme.value);
        }
    }
    frame.y += 18.0;
}

/// A token, its weight, and its value as strong as that.
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
    let said = format!("{} looks {} at {}", said(data, data.position), percent(weight), said(data, k_idx));
    let fill = theme.weight(0.25 + 0.75 * share);
    let bar = Node::rect(l.bar, mid - 7.0, (share * l.bar_w).max(1.0), 14.0).radius(3.0).fill(fill).value(weight);
    let bar = bar.key(format!("weight-{k_idx}")).target(Target::Number { number: data.number(k_idx) });
    frame.push(bar.label(said));
    let text = if weight.is_finite() { fixed(weight, 2) } else { "NaN".into() };
    let text = Node::text(l.weight, mid, Run::new(text)).size(LABEL).anchor(Anchor::End).fill(theme.text);
    frame.push(text.bold().centred());
    let times = Node::text(l.weight + 14.0, mid, Run::new("×")).size(LABEL).anchor(Anchor::Middle).fill(theme.muted);
    frame.push(times.centred());
    let y = if l.narrow { frame.y + 24.0 } else { mid - STRIP_H / 2.0 };
    let values = data.values.get(k_idx).map_or(&[][..], Vec::as_slice);
    let strip = strip(l, format!("v-{k_idx}"), values, y, l.limit);
    let width = l.strip_w - gap(l.strip_w / values.len().max(1) as f32);
    let place = Node::rect(l.strip, y, width, STRIP_H).radius(2.0).stroke(Stroke::new(theme.grid, 1.0));
    frame.push(place);
    let (layer, head) = (data.layer, data.kv_head);
    strip.draw(
        frame,
        |_| 0.04 + 0.96 * share,
        |component| {
            let label =
                format!("value of {}, number {component}: {}", spoken(data.token(k_idx)), number(values[component]));
            (label, Some(Target::Number { number: Number::V { layer, head, position: k_idx, component } }))
        },
    );
    frame.y += l.row_h;
}

fn said(data: &Data, k_idx: usize) -> String {
    spoken(data.token(k_idx))
}

fn strip<'a>(l: &Layout, key: String, values: &'a [f32], y: f32, limit: f32) -> Strip<'a> {
    Strip { key, values, limit, x: l.strip, y, width: l.strip_w, height: STRIP_H, down: false }
}

/// The line under a sum, and the sum.
fn mix(frame: &mut Frame, data: &Data, l: &Layout) {
    let theme = frame.theme;
    frame.y += 4.0;
    let line = Stroke::new(theme.text, 1.0);
    frame.push(Node::line(l.strip, frame.y, l.strip + l.strip_w, frame.y, line).opacity(0.6));
    frame.y += 8.0;
    let y = named(frame, l, "z", "the sum");
    let (layer, head, position) = (data.layer, data.head, data.position);
    strip(l, "z".into(), &data.z, y, l.limit).draw(
        frame,
        |_| 1.0,
        |component| {
            let label = format!("z of {}, number {component}: {}", said(data, position), number(data.z[component]));
            (label, Some(Target::Number { number: Number::Z { layer, head, position, component } }))
        },
    );
    frame.y = y + STRIP_H;
}

/// The name of what comes out and a word on it, before the strip or over it. Gives the strip's top.
fn named(frame: &mut Frame, l: &Layout, name: &str, what: &str) -> f32 {
    let theme = frame.theme;
    let mid = if l.narrow { frame.y + 8.0 } else { frame.y + STRIP_H / 2.0 };
    let name_w = text::width(name, LABEL + 1.0, Weight::Semibold);
    let node = Node::text(PAD, mid, Run::new(name)).size(LABEL + 1.0).bold().fill(theme.output);
    frame.push(node.centred());
    frame.label(PAD + name_w + 10.0, mid, Anchor::Start, what);
    if l.narrow { frame.y + 20.0 } else { frame.y }
}

/// Around the chosen column of all strips, values and sum.
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

/// The sum of the chosen column written out: `z₅ = 0.81·1.20 + …`.
fn sum_in_words(frame: &mut Frame, data: &Data, state: &State, shown: &[usize], l: &Layout) {
    let theme = frame.theme;
    let (size, most) = (LABEL, if l.narrow { 3 } else { 2 });
    let x = if l.narrow { PAD } else { l.strip };
    let room = frame.width - PAD - x;
    let y = frame.y + 20.0;
    frame.y = y + most as f32 * 20.0;
    let Some(c) = state.component.filter(|c| *c < data.z.len()) else {
        let text = "Choose a column: its numbers times their weights add up to one number of z.";
        for (i, line) in text::wrap_balanced(text, room, size, Weight::Regular).into_iter().enumerate() {
            frame.push(Node::text(x, y + i as f32 * 20.0, Run::new(line)).size(size).fill(theme.muted).centred());
        }
        return;
    };
    let name = format!("z_{{{c}}}");
    let begin = formula::write(frame, x, y, size + 1.0, Weight::Semibold, &[(&name, theme.output)]) + 5.0;
    let lines = written_out(data, shown, c, most, (begin - x, room));
    for (i, line) in lines.into_iter().enumerate() {
        let at = if i == 0 { begin } else { begin + 14.0 };
        let last = line
            .rsplit_once("= ")
            .filter(|(terms, _)| !terms.is_empty() || i > 0)
            .map(|(t, s)| (t.to_owned(), s.to_owned()));
        let runs = match last {
            Some((terms, sum)) => vec![Run::new(terms + "= "), Run::new(sum).bold().fill(theme.output)],
            None => vec![Run::new(line)],
        };
        frame.push(Node::text(at, y + i as f32 * 20.0, runs).size(size).fill(theme.text).centred());
    }
}

/// The terms of a column, the heaviest in full as long as they fit into `most` lines, and the sum.
fn written_out(data: &Data, shown: &[usize], c: usize, most: usize, (indent, room): (f32, f32)) -> Vec<String> {
    let mut order = shown.to_vec();
    order.sort_by(|&a, &b| data.weights[b].total_cmp(&data.weights[a]));
    let term = |&k: &usize| {
        let v = data.value(k, c);
        let v = if v < 0.0 { format!("({})", number(v)) } else { number(v) };
        format!("{}·{v}", fixed(data.weights[k], 2))
    };
    let complete = shown.len() == data.choose().0.len() && data.choose().1.is_empty();
    for kept in (1..=order.len().max(1)).rev() {
        let mut kept_terms: Vec<usize> = order.iter().take(kept).copied().collect();
        kept_terms.sort_unstable();
        let mut terms: Vec<String> = kept_terms.iter().map(term).collect();
        if kept < order.len() || !complete {
            terms.push("…".into());
        }
        // A term does not break: its spaces are made ones that do not.
        let whole = format!("= {} =\u{a0}{}", terms.join(" + "), number(data.z[c]));
        let whole = whole.replace(" + ", " +\u{a0}");
        let lines = text::wrap(&whole, room - indent - 14.0, LABEL, Weight::Regular);
        if lines.len() <= most || kept == 1 {
            return lines.into_iter().map(|line| line.replace('\u{a0}', " ")).collect();
        }
    }
    Vec::new()
}

/// Through W_O to what is added to the token.
fn added(frame: &mut Frame, data: &Data, l: &Layout) {
    let theme = frame.theme;
    let (x, top, bottom) = (l.strip + if l.narrow { 20.0 } else { l.strip_w / 2.0 }, frame.y - 4.0, frame.y + 22.0);
    frame.push(Node::line(x, top, x, bottom, Stroke::new(theme.output, 1.5)));
    use crate::scene::Segment::{Line, Move};
    let head = vec![Move(x - 4.0, bottom - 4.0), Line(x, bottom), Line(x + 4.0, bottom - 4.0)];
    frame.push(Node::path(head).stroke(Stroke::new(theme.output, 1.5).round()));
    formula::write(frame, x + 12.0, (top + bottom) / 2.0, LABEL, Weight::Semibold, &[("× W_O", theme.output)]);
    frame.y = bottom + 8.0;
    let what = if l.narrow {
        format!("added to {}", text::fit(&said(data, data.position), 120.0, 11.5, Weight::Regular))
    } else {
        format!("added to {}", text::fit(&said(data, data.position), 56.0, 11.5, Weight::Regular))
    };
    let y = named(frame, l, "attn_out", &what);
    let (layer, position) = (data.layer, data.position);
    strip(l, "attn-out".into(), &data.attn_out, y, l.limit_out).draw(
        frame,
        |_| 1.0,
        |component| {
            let label = format!(
                "attn_out of {}, number {component}: {}",
                said(data, position),
                number(data.attn_out[component])
            );
            (label, Some(Target::Number { number: Number::AttnOut { layer, position, component } }))
        },
    );
    frame.y = y + STRIP_H + 30.0;
}

fn description(data: &Data, shown: &[usize]) -> String {
    let mut order = shown.to_vec();
    order.sort_by(|&a, &b| data.weights[b].total_cmp(&data.weights[a]));
    let mixed: Vec<String> =
        order.iter().take(3).map(|&k| format!("{} of {}", percent(data.weights[k]), said(data, k))).collect();
    let near = |words: &[(String, f32)]| {
        let words: Vec<_> = words.iter().take(3).map(|(w, c)| format!("{} {}", spoken(w), number(*c))).collect();
        if words.is_empty() { "nothing".into() } else { words.join(", ") }
    };
    format!(
        "In layer {}, head {}, “{}” mixes the values of {}: {}. Their sum z has {} numbers. Nearest by cosine before: {}; \
         after: {}.",
        data.layer,
        data.head,
        said(data, data.position),
        plural(shown.len(), "token"),
        mixed.join(", "),
        count(data.z.len()),
        near(&data.before),
        near(&data.after),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> Data {
        Data {
            tokens: ["the", "hot", "dog", "was"].map(String::from).to_vec(),
            position: 2,
            n_heads: 1,
            weights: vec![0.25, 0.5, 0.25, 0.0],
            values: vec![vec![1.0, 0.0], vec![-2.0, 1.0], vec![4.0, 2.0], vec![9.0, 9.0]],
            z: vec![0.25, 1.0],
            ..Data::default()
        }
    }

    #[test]
    fn the_sum_is_written_out() {
        let lines = written_out(&data(), &[0, 1, 2], 0, 2, (0.0, 900.0));
        assert_eq!(lines, ["= 0.25·1.00 + 0.50·(−2.00) + 0.25·4.00 = 0.25"]);
        let narrow = written_out(&data(), &[0, 1, 2], 0, 1, (0.0, 220.0));
        assert_eq!(narrow, ["= 0.50·(−2.00) + … = 0.25"]);
    }

    #[test]
    fn what_may_not_be_looked_at_is_not_there() {
        assert_eq!(data().choose(), (vec![0, 1, 2], vec![]));
        let looks_on = Data { weights: vec![0.25, 0.5, 0.0, 0.25], ..data() };
        assert_eq!(looks_on.choose().0.len(), 4);
        let scene = render(&data(), &State::default(), &Theme::LIGHT);
        assert!(scene.node("v-2-0").is_some() && scene.node("v-3-0").is_none());
        assert!(scene.node("v-1-0").unwrap().opacity > scene.node("v-0-0").unwrap().opacity);
    }

    #[test]
    fn of_many_tokens_the_heaviest_stay() {
        let n = 300;
        let weights: Vec<f32> = (0..n).map(|k| if k == 7 { 0.5 } else { 0.5 / 299.0 }).collect();
        let data = Data {
            tokens: vec!["a".into(); n],
            position: n - 1,
            weights,
            values: vec![vec![1.0; 2]; n],
            z: vec![1.0; 2],
            ..Data::default()
        };
        let (shown, left_out) = data.choose();
        assert_eq!((shown.len(), left_out.len(), shown.contains(&7)), (MAX_ROWS, n - MAX_ROWS, true));
        let scene = render(&data, &State::default(), &Theme::LIGHT);
        assert!(scene.caption.contains("288 tokens with little weight left out (48"), "{}", scene.caption);
    }
}
