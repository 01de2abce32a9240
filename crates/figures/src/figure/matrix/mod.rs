//! One head's pattern as a matrix: a row is a query, a column a key.
//!
//! Up to [`MAX_CELLS`] tokens it has one cell per weight, with the number inside where there is room; beyond
//! that it is one raster with sparse labels.

mod cells;
mod raster;
mod table;

pub(super) use table::weights;

use crate::figure::frame::sentence;
use crate::figure::{Canvas, Error, Pattern};
use crate::number::{percent, plural};
use crate::scene::Scene;
use crate::theme::Theme;
use crate::token::spoken;
use attnscope::Trace;
use attnscope_words::words;

/// The longest text that is drawn cell by cell.
pub const MAX_CELLS: usize = 64;

fn lead(data: &Data) -> &'static str {
    match data.pattern.has_sink {
        false => words!("Each row is a query: what one token attends to. A row sums to 1."),
        true => words!("Each row is a query: what one token attends to. A row and the head's sink sum to 1."),
    }
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// The text, token by token (the keys; the queries are the last of them).
    pub tokens: Vec<String>,
    /// The weights.
    pub pattern: Pattern,
    /// The model's name.
    pub model: String,
    /// Whether tokens are whole words that hold no spaces.
    pub word_level: bool,
}

impl Data {
    /// One head of a trace.
    pub fn from_trace(trace: &Trace, layer: usize, head: usize) -> Result<Self, Error> {
        let pattern = Pattern::from_trace(trace, layer, head)?;
        let tokens: Vec<String> = trace.tokens.iter().map(|t| t.text.clone()).collect();
        if tokens.len() != pattern.kv_len {
            return Err(Error::Size { what: "tokens", expected: pattern.kv_len, found: tokens.len() });
        }
        Ok(Self { tokens, pattern, model: trace.model.name.clone(), word_level: trace.model.word_level })
    }

    /// The text of a key; empty where the data has none.
    pub(super) fn key(&self, k_idx: usize) -> &str {
        self.tokens.get(k_idx).map_or("", String::as_str)
    }

    /// The text of a query.
    pub(super) fn query(&self, q_idx: usize) -> &str {
        self.key(self.pattern.first_query() + q_idx)
    }
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// The row that is ringed and read out.
    pub q_idx: Option<usize>,
    /// The column that is stressed.
    pub k_idx: Option<usize>,
    /// The weight from which on the colour is fullest. `None`: 1 for cells; for long texts, whose weights
    /// are mostly small, such that only the few largest reach it.
    pub full_at: Option<f32>,
    /// Attention edges that are cut, query and key: crossed, with a dashed outline and without their number.
    pub cut: Vec<(usize, usize)>,
}

impl State {
    /// Whether this edge is cut.
    fn is_cut(&self, q_idx: usize, k_idx: usize) -> bool {
        self.cut.contains(&(q_idx, k_idx))
    }

    /// The cut edges that the mask allows: only those can be cut.
    fn cuts<'a>(&'a self, data: &'a Data) -> impl Iterator<Item = (usize, usize)> + 'a {
        let p = &data.pattern;
        let at = (0..p.q_len).flat_map(|q| (0..p.kv_len).map(move |k| (q, k)));
        let most = if self.cut.is_empty() { 0 } else { usize::MAX };
        at.take(most).filter(|&(q, k)| self.is_cut(q, k) && p.weight(q, k).is_some())
    }
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    if data.pattern.kv_len <= MAX_CELLS {
        cells::render(data, state, theme)
    } else {
        raster::render(data, state, theme)
    }
}

/// `Attention of layer 16, head 0`
pub(super) fn title(data: &Data) -> String {
    words!("Attention of layer {}, head {}", data.pattern.layer, data.pattern.head)
}

/// The label of a cell.
pub(super) fn cell_label(data: &Data, q_idx: usize, k_idx: usize, weight: f32) -> String {
    let own = data.pattern.first_query() + q_idx == k_idx;
    let whom = if own { words!("itself").into() } else { spoken(data.key(k_idx)) };
    words!("{} attends {} to {whom}", spoken(data.query(q_idx)), percent(weight))
}

/// The label of a cell whose edge is cut.
fn cut_label(data: &Data, q_idx: usize, k_idx: usize) -> String {
    words!("{} to {}: cut", spoken(data.query(q_idx)), spoken(data.key(k_idx)))
}

/// The caption's note about cut edges; empty if there are none.
fn cut_note(data: &Data, state: &State) -> &'static str {
    if state.cuts(data).next().is_some() { words!("A crossed cell is an edge that is cut.") } else { "" }
}

/// The main numbers in words.
fn description(data: &Data, state: &State) -> String {
    let p = &data.pattern;
    let mut out = words!("Attention of layer {}, head {} over {}", p.layer, p.head, plural(p.kv_len, "token"));
    if p.kv_len <= MAX_CELLS {
        out += &words!(": “{}”", sentence(&data.tokens, data.word_level));
    }
    out += words!(". Rows are queries, columns are keys.");
    match (state.q_idx.filter(|&q| q < p.q_len), p.peak()) {
        (Some(q_idx), _) => out += &format!(" {}.", p.said(q_idx, &data.tokens)),
        (None, Some((q_idx, k_idx, w))) => {
            out += &words!(" The largest weight on another token: {}.", cell_label(data, q_idx, k_idx, w));
        }
        (None, None) => {}
    }
    for (q_idx, k_idx) in state.cuts(data).take(4) {
        out += &format!(" {}.", cut_label(data, q_idx, k_idx));
    }
    out
}
