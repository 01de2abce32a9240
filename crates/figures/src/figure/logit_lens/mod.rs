//! The logit lens: what the model would predict if it stopped after each layer.

mod table;

use crate::figure::Canvas;
use crate::figure::frame::{Frame, LABEL, PAD, SMALL, caption, credit, sentence};
use crate::number::{percent, plural};
use crate::scene::{Anchor, Node, Run, Scene, Stroke, Target, Weight};
use crate::theme::Theme;
use crate::token::{self, spoken};
use attnscope::analysis::LensRow;
use attnscope::{ModelInfo, NextToken, Token};
use attnscope_words::words;
use std::ops::Range;

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// The text, token by token.
    pub tokens: Vec<String>,
    /// The embedding first, the last layer last.
    pub rows: Vec<LensRow>,
    /// The position that the rows begin with.
    pub first: usize,
    /// The model's name.
    pub model: String,
    /// Whether tokens are whole words that hold no spaces.
    pub word_level: bool,
}

impl Data {
    /// The rows of `attnscope::analysis::lens` from the position `first` on, with the texts of all tokens.
    pub fn new(tokens: &[Token], model: &ModelInfo, rows: Vec<LensRow>, first: usize) -> Self {
        let tokens = tokens.iter().map(|t| t.text.clone()).collect();
        Self { tokens, rows, first, model: model.name.clone(), word_level: model.word_level }
    }

    /// What the model would say after the token at a position, likeliest first; `None` if it was not asked.
    pub fn top(&self, row: usize, position: usize) -> Option<&[NextToken]> {
        self.rows.get(row)?.top.get(position.checked_sub(self.first)?).map(Vec::as_slice)
    }

    /// The item of a cell: cells are counted row by row.
    fn item(&self, row: usize, position: usize) -> usize {
        row * self.tokens.len() + position
    }

    /// Row and position of an item's cell.
    pub fn cell(&self, item: usize) -> (usize, usize) {
        let n = self.tokens.len().max(1);
        (item / n, item % n)
    }
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// The ringed cell: row, position.
    pub selected: Option<(usize, usize)>,
}

const ROW: f32 = 24.0;
fn label_w() -> f32 {
    let width = |word: &str| crate::text::width(word, 13.0, crate::scene::Weight::Semibold);
    54.0 + (width(words!("layer")) - width("layer")).max(0.0)
}

/// The most columns: each holds a word that must be legible.
pub const MAX_COLUMNS: usize = 24;

/// The positions that are drawn: all, or the last ones, or those from the chosen one on.
fn columns(data: &Data, state: &State) -> Range<usize> {
    let first = data.tokens.len().saturating_sub(MAX_COLUMNS);
    let first = state.selected.map_or(first, |(_, position)| position.min(first));
    first..(first + MAX_COLUMNS).min(data.tokens.len())
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let columns = columns(data, state);
    let n = columns.len().max(1) as f32;
    let cell = ((state.canvas.width - 2.0 * PAD - label_w()) / n).clamp(66.0, 132.0).floor();
    let width = (2.0 * PAD + label_w() + n * cell).max(Frame::within(&state.canvas, 2.0 * PAD + Frame::LEGEND_WIDTH));
    let lead = words!(
        "Read downwards: under each token, the next token that the model would choose if it stopped after that layer. \
                The top row is the bare embedding, the bottom row what the model says."
    );
    let mut frame = Frame::new(theme, &state.canvas, width, words!("The answer takes shape, layer by layer"), lead);
    heads(&mut frame, data, &columns, cell);
    let top = frame.y;
    for (row, lens) in data.rows.iter().enumerate() {
        let last = row + 1 == data.rows.len() && row > 0;
        if last {
            frame.y += 8.0;
        }
        let name = match lens.label.as_str() {
            "embed" => "embed".into(),
            label => label.to_owned(),
        };
        let node =
            Node::text(PAD + label_w() - 12.0, frame.y + ROW / 2.0, Run::new(name)).size(SMALL).anchor(Anchor::End);
        let node = node.fill(if last { theme.text } else { theme.muted }).centred();
        frame.push(if last { node.bold() } else { node });
        for (column, position) in columns.clone().enumerate() {
            let Some(top) = data.top(row, position) else { continue };
            let x = PAD + label_w() + column as f32 * cell;
            draw_cell(&mut frame, data, top, (row, position), (x, cell), last);
        }
        if let Some((_, position)) = state.selected.filter(|&(r, p)| r == row && data.top(r, p).is_some()) {
            let x = PAD + label_w() + position.saturating_sub(columns.start) as f32 * cell;
            let ring = Node::rect(x - 1.5, frame.y - 1.5, cell + 1.0, ROW + 1.0).radius(4.0);
            frame.push(ring.stroke(Stroke::new(theme.accent, 2.0)).key("chosen-cell"));
        }
        frame.y += ROW;
    }
    debug_assert!(frame.y >= top);
    frame.y += 14.0;
    frame.weight_legend(
        if frame.inner() < Frame::LEGEND_WIDTH + label_w() { PAD } else { PAD + label_w() },
        words!("probability"),
        1.0,
        None,
    );
    let rounded =
        words!("Colour is the probability of the token that is written; long tokens are cut. ␣ marks a space.");
    let all = plural(data.tokens.len(), "token");
    let some = match columns.len() == data.tokens.len() {
        true => String::new(),
        false => words!("Tokens {} to {} of a text of {all}.", columns.start, columns.end - 1),
    };
    frame.finish(&caption(&[&credit(&data.model), &some, rounded]), description(data))
}

/// The tokens of the text, above their columns.
fn heads(frame: &mut Frame, data: &Data, columns: &Range<usize>, cell: f32) {
    let theme = frame.theme;
    let mid = frame.y + 8.0;
    let name =
        Node::text(PAD + label_w() - 12.0, mid, Run::new(words!("layer"))).size(SMALL).bold().anchor(Anchor::End);
    frame.push(name.fill(theme.muted).centred());
    for (column, idx) in columns.clone().enumerate() {
        let text = &data.tokens[idx];
        let x = PAD + label_w() + column as f32 * cell;
        let runs = token::runs(text, theme.faint, cell - 8.0, LABEL, Weight::Semibold);
        let node = Node::text(x + (cell - 2.0) / 2.0, mid, runs).size(LABEL).bold().anchor(Anchor::Middle);
        frame.push(node.fill(theme.text).centred().key(format!("token-{idx}")).target(Target::Token { idx }));
    }
    frame.y += 24.0;
}

fn draw_cell(
    frame: &mut Frame,
    data: &Data,
    best: &[NextToken],
    (row, position): (usize, usize),
    (x, cell): (f32, f32),
    last: bool,
) {
    let (theme, y) = (frame.theme, frame.y);
    let Some(top) = best.first() else { return };
    let fill = if top.p.is_finite() { theme.weight(top.p) } else { theme.accent };
    let target = Target::Item { index: data.item(row, position) };
    let rect = Node::rect(x, y, cell - 2.0, ROW - 2.0).radius(3.0).fill(fill).target(target);
    let after = spoken(&data.tokens[position]);
    let said = words!("after {after}, {}: {} {}", depth(data, row), spoken(&top.text), percent(top.p));
    frame.push(rect.value(top.p).key(format!("cell-{row}-{position}")).label(said));
    let ink = theme.on(fill);
    let weight = if last { Weight::Semibold } else { Weight::Regular };
    let runs = token::runs(&top.text, fill.mix(ink, 0.45), cell - 10.0, SMALL, weight);
    let node =
        Node::text(x + (cell - 2.0) / 2.0, y + (ROW - 2.0) / 2.0, runs).size(SMALL).anchor(Anchor::Middle).fill(ink);
    let node = node.centred().key(format!("text-{row}-{position}"));
    frame.push(if last { node.bold() } else { node });
}

/// A row's place in the model, in words.
fn depth(data: &Data, row: usize) -> String {
    match data.rows.get(row).map(|r| r.label.as_str()) {
        Some("embed") | None => words!("before any layer").into(),
        Some(label) => words!("after layer {label}"),
    }
}

fn description(data: &Data) -> String {
    let mut out = words!("The likeliest next token at {} of the model", plural(data.rows.len(), "depth"));
    out += &words!(" for “{}”.", sentence(&data.tokens, data.word_level));
    let last = data.tokens.len().saturating_sub(1);
    let said: Vec<String> = [0, data.rows.len() / 2, data.rows.len().saturating_sub(1)]
        .into_iter()
        .filter_map(|row| Some((row, data.top(row, last)?.first()?)))
        .map(|(row, top)| format!("{}: {} {}", depth(data, row), spoken(&top.text), percent(top.p)))
        .collect();
    out + &words!(" At the last token, {}.", said.join("; "))
}
