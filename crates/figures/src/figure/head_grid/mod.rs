//! The patterns of all heads: one row per layer, one column per head.

mod table;

use crate::figure::frame::{Frame, Masked, PAD, SMALL, caption, credit, sentence};
use crate::figure::{Canvas, Error, Pattern};
use crate::number::{number, plural};
use crate::scale::max_abs;
use crate::scene::{Anchor, Node, Run, Scene, Stroke, Target};
use crate::theme::Theme;
use attnscope::{Array, LazyPattern, ModelInfo, Site, Token, Trace};
use attnscope_words::words;

/// A thumbnail has at most this many pixels a side.
pub const THUMB_SIDE: usize = 64;

/// A number for each head, such as how much it attends to the token before.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// What is measured: `attends to the token before`.
    pub name: String,
    /// `[layer][head]`, 0 or more.
    pub values: Vec<Vec<f32>>,
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// The text, token by token.
    pub tokens: Vec<String>,
    /// `[layer][head]`, small enough for a thumbnail (see [`Pattern::pooled`]).
    pub thumbs: Vec<Vec<Pattern>>,
    /// A bar under each thumbnail.
    pub scores: Option<Scores>,
    /// The model's name.
    pub model: String,
    /// Whether tokens are whole words that hold no spaces.
    pub word_level: bool,
}

impl Data {
    /// All heads of a trace that captured every pattern.
    pub fn from_trace(trace: &Trace) -> Result<Self, Error> {
        let (layers, heads) = (trace.model.n_layers, trace.model.n_heads);
        let n = trace.tokens.len();
        let pixels = n.div_ceil(n.div_ceil(THUMB_SIDE).max(1));
        let thumb = |layer, head| {
            let missing = || Error::not_captured(Site::Pattern, layer);
            let pattern = LazyPattern::of(trace, layer, head).ok_or_else(missing)?;
            Ok(pattern.tile(0..n, 0..n, (pixels, pixels)).ok_or_else(missing)?.max)
        };
        let thumbs =
            (0..layers).map(|l| (0..heads).map(|h| thumb(l, h)).collect()).collect::<Result<Vec<_>, Error>>()?;
        Self::pooled(&trace.tokens, &trace.model, &thumbs)
    }

    /// All heads of a run over these tokens, `[layer][head]`: each the largest weights under its pixels.
    pub fn pooled(tokens: &[Token], model: &ModelInfo, max: &[Vec<Array>]) -> Result<Self, Error> {
        let n = tokens.len();
        let thumb = |layer, head, max: &Array| {
            Pattern::pooled(layer, head, n, max, |position| model.mask(layer).visible(position, n))
        };
        let row = |(layer, heads): (usize, &Vec<Array>)| {
            heads.iter().enumerate().map(|(head, max)| thumb(layer, head, max)).collect()
        };
        let thumbs = max.iter().enumerate().map(row).collect::<Result<_, Error>>()?;
        let tokens = tokens.iter().map(|t| t.text.clone()).collect();
        Ok(Self { tokens, thumbs, scores: None, model: model.name.clone(), word_level: model.word_level })
    }

    fn n_heads(&self) -> usize {
        self.thumbs.iter().map(Vec::len).max().unwrap_or(0)
    }

    fn score(&self, layer: usize, head: usize) -> Option<f32> {
        self.scores.as_ref()?.values.get(layer)?.get(head).copied()
    }
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// The ringed head: layer, head.
    pub selected: Option<(usize, usize)>,
    /// The weight from which on the colour is fullest; `None` for 1.
    pub full_at: Option<f32>,
}

/// The least distance from one thumbnail to the next, if the width allows it: room for a finger.
const TOUCH: f32 = 27.0;
/// Width of a layer's number, and of the gap between two columns of layers.
/// Room for the layers' numbers and the word over them, in English and where that is longer.
fn label_w() -> f32 {
    let width = |word: &str| crate::text::width(word, 13.0, crate::scene::Weight::Semibold);
    39.0 + (width(words!("layer")) - width("layer")).max(0.0)
}
const BETWEEN: f32 = 22.0;

/// Where everything is: layers may stand in several columns, side by side.
struct Layout {
    columns: usize,
    /// Layers in each column.
    rows: usize,
    /// Side of a thumbnail.
    thumb: f32,
    gap: f32,
    /// Height of a row.
    pitch: f32,
    scored: bool,
}

impl Layout {
    /// The number of columns that makes the thumbnails largest.
    fn new(data: &Data, canvas_width: f32) -> Self {
        let (layers, heads) = (data.thumbs.len().max(1), data.n_heads().max(1) as f32);
        let scored = data.scores.is_some();
        let inner = canvas_width.max(320.0) - 2.0 * PAD;
        let side = |columns: usize| {
            let labels = columns as f32 * label_w() + (columns as f32 - 1.0) * BETWEEN;
            let by_width = (inner - labels) / (columns as f32 * heads);
            let by_height = canvas_width.max(480.0) * 0.9 / layers.div_ceil(columns) as f32;
            // A long figure is better than heads too small for a finger.
            by_width.min(by_height.max(TOUCH))
        };
        let columns = (1..=4).max_by(|a, b| side(*a).total_cmp(&side(*b)).then(b.cmp(a))).unwrap_or(1);
        let step = side(columns).clamp(18.0, 156.0);
        let gap = (step * 0.12).clamp(3.0, 10.0);
        let thumb = (step - gap).floor();
        let pitch = thumb + gap + if scored { 7.0 } else { 0.0 };
        Self { columns, rows: layers.div_ceil(columns), thumb, gap, pitch, scored }
    }

    fn column_width(&self, heads: usize) -> f32 {
        label_w() + heads as f32 * (self.thumb + self.gap) - self.gap
    }

    fn width(&self, heads: usize) -> f32 {
        2.0 * PAD + self.columns as f32 * self.column_width(heads) + (self.columns as f32 - 1.0) * BETWEEN
    }

    /// Top left of a head's thumbnail.
    fn place(&self, layer: usize, head: usize, heads: usize, top: f32) -> (f32, f32) {
        let column = (layer / self.rows) as f32;
        let x = PAD + column * (self.column_width(heads) + BETWEEN) + label_w() + head as f32 * (self.thumb + self.gap);
        (x, top + (layer % self.rows) as f32 * self.pitch)
    }
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let (layout, heads) = (Layout::new(data, state.canvas.width), data.n_heads());
    let width = layout.width(heads).max(Frame::within(&state.canvas, 2.0 * PAD + Frame::LEGEND_WIDTH));
    let title = format!("{} in {}", plural(data.thumbs.len() * heads, "head"), plural(data.thumbs.len(), "layer"));
    let lead = words!("Each square is one head: its rows ask (query), its columns are attended to (key).");
    let mut frame = Frame::new(theme, &state.canvas, width, title, lead);
    axis_names(&mut frame, data, &layout);
    let top = frame.y;
    for (layer, row) in data.thumbs.iter().enumerate() {
        for (head, pattern) in row.iter().enumerate() {
            let (x, y) = layout.place(layer, head, heads, top);
            thumb(&mut frame, data, &layout, pattern, full_at(state), (x, y));
        }
    }
    if let Some((layer, head)) = state.selected.filter(|&(l, h)| data.thumbs.get(l).is_some_and(|row| h < row.len())) {
        let (x, y) = layout.place(layer, head, heads, top);
        let side = layout.thumb + 5.0;
        let ring = Node::rect(x - 2.5, y - 2.5, side, side).radius(4.0).stroke(Stroke::new(theme.accent, 2.5));
        frame.push(ring.key("chosen-head"));
    }
    frame.y = top + layout.rows as f32 * layout.pitch + 12.0;
    let masked = data.thumbs.iter().flatten().any(Pattern::is_masked);
    frame.weight_legend(PAD, words!("weight"), full_at(state), masked.then_some(Masked::Flat));
    if let Some(scores) = &data.scores {
        frame.y += 10.0;
        let mid = frame.y + 7.0;
        frame.push(Node::rect(PAD, mid - 1.5, 18.0, 3.0).fill(theme.accent));
        frame.label(PAD + 26.0, mid, Anchor::Start, words!("bar: {}, longest {}", scores.name, number(best(scores).2)));
        frame.y += 14.0;
    }
    let side = data.thumbs.iter().flatten().map(|p| p.kv_len).max().unwrap_or(0);
    let small = match data.tokens.len().div_ceil(side.max(1)) {
        0 | 1 => String::new(),
        block => words!("A pixel of a thumbnail is the largest weight of up to {block}\u{a0}×\u{a0}{block} cells."),
    };
    let tokens = words!("{}; layers and heads are counted from 0.", plural(data.tokens.len(), "token"));
    frame.finish(&caption(&[&credit(&data.model), &tokens, &small]), description(data))
}

/// Names of heads over each column, of layers beside each row.
fn axis_names(frame: &mut Frame, data: &Data, l: &Layout) {
    let heads = data.n_heads();
    let half = l.thumb / 2.0;
    frame.y += 34.0;
    let top = frame.y;
    for column in 0..l.columns.min(data.thumbs.len()) {
        let first = column * l.rows;
        if first >= data.thumbs.len() {
            break;
        }
        let (x, _) = l.place(first, 0, heads, top);
        let name =
            Node::text(x, top - 30.0, Run::new(words!("head"))).size(SMALL).fill(frame.theme.muted).bold().centred();
        frame.push(name);
        let name = Node::text(x - 8.0, top - 30.0, Run::new(words!("layer"))).size(SMALL).anchor(Anchor::End);
        frame.push(name.fill(frame.theme.muted).bold().centred());
        for head in 0..heads {
            let (x, _) = l.place(first, head, heads, top);
            frame.label(x + half, top - 12.0, Anchor::Middle, head.to_string());
        }
        for layer in first..(first + l.rows).min(data.thumbs.len()) {
            let (x, y) = l.place(layer, 0, heads, top);
            frame.label(x - 10.0, y + half, Anchor::End, layer.to_string());
        }
    }
}

/// The weight in full colour. It is the same for all heads, so that they can be compared.
fn full_at(state: &State) -> f32 {
    state.full_at.filter(|f| *f > 0.0).unwrap_or(1.0)
}

fn thumb(frame: &mut Frame, data: &Data, l: &Layout, p: &Pattern, full_at: f32, (x, y): (f32, f32)) {
    let (theme, layer, head) = (frame.theme, p.layer, p.head);
    let score = data.score(layer, head);
    let said = match (score, &data.scores) {
        (Some(s), Some(scores)) => words!("layer {layer}, head {head}; {}: {}", scores.name, number(s)),
        _ => words!("layer {layer}, head {head}"),
    };
    let mut image = Node::raster(x, y, l.thumb, l.thumb, p.raster(theme, full_at)).target(Target::Head { layer, head });
    image.value = score;
    frame.push(image.key(format!("head-{layer}-{head}")).label(said));
    if l.scored {
        let under = y + l.thumb + 3.0;
        frame.push(Node::rect(x, under, l.thumb, 3.0).fill(theme.grid));
        let part = score.zip(data.scores.as_ref()).map_or(0.0, |(s, all)| s.max(0.0) / best(all).2);
        if part.is_finite() && part > 0.0 {
            let bar = Node::rect(x, under, l.thumb * part.min(1.0), 3.0).fill(theme.accent);
            frame.push(bar.key(format!("score-{layer}-{head}")));
        }
    }
}

/// The head with the largest score: layer, head, score.
fn best(scores: &Scores) -> (usize, usize, f32) {
    let all =
        scores.values.iter().enumerate().flat_map(|(l, row)| row.iter().enumerate().map(move |(h, &s)| (l, h, s)));
    let top = all.filter(|x| x.2.is_finite()).max_by(|a, b| a.2.total_cmp(&b.2));
    top.map_or((0, 0, 1.0), |(l, h, s)| (l, h, max_abs([s])))
}

fn description(data: &Data) -> String {
    let (layers, heads) = (data.thumbs.len(), data.n_heads());
    let mut out = words!("The attention patterns of {} in each of {}", plural(heads, "head"), plural(layers, "layer"));
    out += &words!(" over “{}”.", sentence(&data.tokens, data.word_level));
    if let Some(scores) = &data.scores {
        let (layer, head, s) = best(scores);
        out += &words!(" {}: most in layer {layer}, head {head} ({}).", scores.name, number(s));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_heads_have_room_for_a_finger_on_a_phone() {
        let model = attnscope::lesson::model();
        let trace = model.run(&[0, 1], &"pattern".parse().unwrap(), &[]).unwrap();
        let thumbs = vec![vec![Pattern::from_trace(&trace, 0, 0).unwrap(); 9]; 30];
        let data = Data { tokens: Vec::new(), thumbs, scores: None, model: String::new(), word_level: true };
        let layout = Layout::new(&data, 358.0);
        assert!(layout.thumb + layout.gap >= 26.0, "{}", layout.thumb + layout.gap);
        assert!(layout.width(9) <= 358.0, "{}", layout.width(9));
    }
}
