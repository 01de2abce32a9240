//! One head's attention over a long text, drawn like a geographic map: the whole of it or any part, each pixel the
//! largest or the mean weight of the cells under it.
//!
//! Zoomed in until a cell has room for its token, it has one cell per weight.

mod cells;
mod legend;
mod raster;
mod table;

use crate::figure::frame::{caption, credit};
use crate::figure::{Canvas, Error};
use crate::number::{count, percent, plural};
use crate::scale::{nice_ceil, quantile_abs};
use crate::scene::Scene;
use crate::theme::Theme;
use crate::token::spoken;
use attnscope::Site;
use attnscope::analysis::MapTile;
use attnscope::{LazyPattern, ModelInfo, Trace};
use attnscope_words::{key, words};
use std::ops::Range;

const LEAD: &str = key!(
    "Each row is a query, each column a key: the stronger the colour, the more the one \
                    attends to the other."
);

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// The text, token by token (the keys; the queries are the last of them).
    pub tokens: Vec<String>,
    /// Layer.
    pub layer: usize,
    /// Head.
    pub head: usize,
    /// Queries of the whole pattern.
    pub q_len: usize,
    /// The part, pooled.
    pub tile: MapTile,
    /// The model: its name, and which keys a query may attend to.
    pub model: ModelInfo,
}

/// How a pixel summarizes the cells under it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pool {
    /// The largest weight.
    #[default]
    Max,
    /// The mean of the weights, in which a masked cell counts as 0.
    Mean,
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// What a pixel shows.
    pub pool: Pool,
    /// The weight from which on the colour is fullest. `None`: 1 for cells, else so that only the few largest reach it.
    pub full_at: Option<f32>,
}

impl Data {
    /// Some queries and keys of one head, of at most [`most_pixels`] a side. The trace holds `q`, `k` and `lse` of the
    /// layer, or its pattern.
    pub fn from_trace(
        trace: &Trace,
        (layer, head): (usize, usize),
        (rows, cols): (Range<usize>, Range<usize>),
        most: usize,
    ) -> Result<Self, Error> {
        let model = trace.model.clone();
        for (what, index, len) in [("layer", layer, model.n_layers), ("head", head, model.n_heads)] {
            if index >= len {
                return Err(Error::NoSuch { what, index, len });
            }
        }
        let pattern = LazyPattern::of(trace, layer, head).ok_or_else(|| missing(trace, layer))?;
        let (q_len, kv_len) = (pattern.q_len(), pattern.kv_len());
        if trace.tokens.len() != kv_len {
            return Err(Error::Size { what: "tokens", expected: kv_len, found: trace.tokens.len() });
        }
        for (what, part, len) in [("query", &rows, q_len), ("key", &cols, kv_len)] {
            if part.is_empty() || part.end > len {
                return Err(Error::NoSuch { what, index: part.end.saturating_sub(1).max(part.start), len });
            }
        }
        let block = rows.len().max(cols.len()).div_ceil(most.max(1));
        let size = (rows.len().div_ceil(block), cols.len().div_ceil(block));
        let tile = pattern.tile(rows, cols, size).ok_or_else(|| missing(trace, layer))?;
        let tokens = trace.tokens.iter().map(|t| t.text.clone()).collect();
        Ok(Self { tokens, layer, head, q_len, tile, model })
    }

    /// Where a query stands in the text.
    pub(super) fn position(&self, q_idx: usize) -> usize {
        self.tokens.len().saturating_sub(self.q_len) + q_idx
    }

    /// The number that a pixel shows; `None` where the mask forbids every cell under it.
    pub fn weight(&self, pool: Pool, y: usize, x: usize) -> Option<f32> {
        let (rows, cols) = (self.tile.queries(y), self.tile.keys(x));
        let (mask, n) = (self.model.mask(self.layer), self.tokens.len());
        let first = mask.visible(self.position(rows.start), n);
        let last = mask.visible(self.position(rows.end.saturating_sub(1)), n);
        let array = match pool {
            Pool::Max => &self.tile.max,
            Pool::Mean => &self.tile.mean,
        };
        let is_seen = first.start < cols.end && cols.start < last.end;
        array.row(&[y]).and_then(|row| row.get(x)).copied().filter(|_| is_seen)
    }

    /// Every pixel with what it shows, row by row.
    pub(super) fn weights(&self, pool: Pool) -> impl Iterator<Item = (usize, usize, Option<f32>)> + '_ {
        let (height, width) = self.tile.size();
        (0..height).flat_map(move |y| (0..width).map(move |x| (y, x, self.weight(pool, y, x))))
    }

    /// The text of a token; empty where the data has none.
    pub(super) fn token(&self, position: usize) -> &str {
        self.tokens.get(position).map_or("", String::as_str)
    }

    /// Whether this is the whole pattern.
    fn is_whole(&self) -> bool {
        (self.tile.rows.len(), self.tile.cols.len()) == (self.q_len, self.tokens.len())
    }

    /// Cells along a side of a pixel, at most.
    pub(super) fn block(&self) -> usize {
        let (height, width) = self.tile.size();
        let (rows, cols) = (&self.tile.rows, &self.tile.cols);
        rows.len().div_ceil(height.max(1)).max(cols.len().div_ceil(width.max(1))).max(1)
    }
}

/// The error for an array that the trace does not hold.
fn missing(trace: &Trace, layer: usize) -> Error {
    let site = [Site::Q, Site::K, Site::Lse].into_iter().find(|site| trace.layer(layer, *site).is_none());
    Error::not_captured(site.unwrap_or(Site::Pattern), layer)
}

/// How many pixels per side this canvas has room for.
pub fn most_pixels(canvas: &Canvas) -> usize {
    raster::side(canvas) as usize
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    if data.block() == 1 && cells::fits(data, &state.canvas) {
        cells::render(data, state, theme)
    } else {
        raster::render(data, state, theme)
    }
}

/// A round weight that all but one in a thousand pixels stay below.
fn full_at(data: &Data, state: &State) -> f32 {
    let shown = || data.weights(state.pool).filter_map(|(_, _, w)| w);
    state.full_at.filter(|f| *f > 0.0).unwrap_or_else(|| nice_ceil(quantile_abs(shown(), 0.999)).min(1.0))
}

/// How strong the colour of a weight is, 0 to 1: its square root, since most weights of a long text are tiny.
fn strength(weight: f32, full_at: f32) -> f32 {
    (weight / full_at).clamp(0.0, 1.0).sqrt()
}

/// `Attention of layer 16, head 0`
fn title(data: &Data) -> String {
    words!("Attention of layer {}, head {}", data.layer, data.head)
}

/// `queries 0 to 99 and keys 0 to 9`, by their positions in the text.
fn part(data: &Data, rows: &Range<usize>, cols: &Range<usize>) -> String {
    let said = |one: &str, many: &str, first: usize, last: usize| match first == last {
        true => format!("{one} {}", count(first)),
        false => words!("{many} {} to {}", count(first), count(last)),
    };
    let last = |part: &Range<usize>| part.end.saturating_sub(1);
    let queries = said(words!("query"), words!("queries"), data.position(rows.start), data.position(last(rows)));
    words!("{queries} and {}", said(words!("key"), words!("keys"), cols.start, last(cols)))
}

/// What a pixel stands for, in words.
fn pooled(data: &Data, pool: Pool) -> String {
    let block = data.block();
    if block == 1 {
        return words!("Each pixel is one weight.").into();
    }
    let even = [data.tile.rows.len(), data.tile.cols.len()].iter().all(|n| n.is_multiple_of(block));
    let up_to = if even { "" } else { words!("up to ") };
    let shows = match pool {
        Pool::Max => words!("the largest weight of"),
        Pool::Mean => words!("the mean, in which a masked cell counts as 0, of"),
    };
    words!("Each pixel is {shows} {up_to}{block}\u{a0}×\u{a0}{block} cells.")
}

/// The caption: the model, the part that is shown, and how weights became colours.
pub(super) fn said(data: &Data, pixels: &str, full_at: f32) -> String {
    let shown = part(data, &data.tile.rows, &data.tile.cols);
    let first = shown.chars().next().map_or(0, char::len_utf8);
    let (first, rest) = shown.split_at(first);
    let shown = words!("{}{rest} of {}.", first.to_uppercase(), plural(data.tokens.len(), "token"));
    let full = if full_at < 1.0 { words!(", full from {} on", crate::number::number(full_at)) } else { String::new() };
    let colours = words!("Colours go by the square root{full}.");
    caption(&[&credit(&data.model.name), &shown, pixels, &colours])
}

/// The label of a cell.
fn cell_label(data: &Data, q_idx: usize, k_idx: usize, weight: f32) -> String {
    let query = data.position(q_idx);
    let name = |at: usize| format!("{} ({})", spoken(data.token(at)), count(at));
    let whom = if query == k_idx { words!("itself").into() } else { name(k_idx) };
    words!("{} attends {} to {whom}", name(query), percent(weight))
}

/// The main numbers in words.
pub(super) fn description(data: &Data, state: &State) -> String {
    let mut out = words!(
        "{}: {} of a text of {}. Rows are queries, columns are keys.",
        title(data),
        part(data, &data.tile.rows, &data.tile.cols),
        plural(data.tokens.len(), "token")
    );
    let finite = data.weights(state.pool).filter_map(|(y, x, w)| Some((y, x, w.filter(|w| w.is_finite())?)));
    let Some((y, x, w)) = finite.max_by(|a, b| a.2.total_cmp(&b.2)) else { return out };
    let (rows, cols) = (data.tile.queries(y), data.tile.keys(x));
    out += &match (rows.len() * cols.len(), state.pool) {
        (1, _) => words!(" The largest weight: {}.", cell_label(data, rows.start, cols.start, w)),
        (_, Pool::Max) => words!(" The largest weight, {}, is of {}.", percent(w), part(data, &rows, &cols)),
        (_, Pool::Mean) => words!(" The largest mean, {}, is of {}.", percent(w), part(data, &rows, &cols)),
    };
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use attnscope::Array;
    use attnscope::cost::RandomHead;

    fn data(rows: Range<usize>, cols: Range<usize>, most: usize) -> Result<Data, Error> {
        let mut trace = RandomHead::new(100, 4).trace();
        trace.tokens = (0..100).map(|id| attnscope::Token { id, text: format!(" w{id}") }).collect();
        Data::from_trace(&trace, (0, 0), (rows, cols), most)
    }

    #[test]
    fn pixels_say_how_many_cells_lie_under_them() {
        let whole = data(0..100, 0..100, 50).unwrap();
        assert_eq!((whole.tile.size(), whole.block(), whole.is_whole()), ((50, 50), 2, true));
        assert!(pooled(&whole, Pool::Max).ends_with("the largest weight of 2\u{a0}×\u{a0}2 cells."));
        let part = data(10..100, 0..41, 30).unwrap();
        assert_eq!((part.tile.size(), part.block(), part.is_whole()), ((30, 14), 3, false));
        assert!(pooled(&part, Pool::Mean).contains("counts as 0, of up to 3"));
        let caption = render(&part, &State::default(), &Theme::LIGHT).caption;
        assert!(caption.contains("Queries 10 to 99 and keys 0 to 40 of 100 tokens."), "{caption}");
        assert!(caption.contains("square root"), "{caption}");
    }

    #[test]
    fn a_pixel_is_masked_where_all_its_cells_are() {
        let whole = data(0..100, 0..100, 50).unwrap();
        let weight = |y, x| whole.weight(Pool::Mean, y, x);
        assert!(weight(3, 3).is_some() && weight(3, 4).is_none() && weight(50, 0).is_none());
        let mut window = whole.clone();
        window.model.attention = window.model.attention.map(|one| attnscope::Attention { window: Some(10), ..*one });
        assert!(window.weight(Pool::Max, 20, 15).is_some() && window.weight(Pool::Max, 20, 14).is_none());
    }

    #[test]
    fn near_enough_it_is_cells_that_open() {
        let near = render(&data(90..95, 88..95, 600).unwrap(), &State::default(), &Theme::LIGHT);
        let cell = near.node("cell-93-90").unwrap();
        assert_eq!(cell.target, Some(crate::scene::Target::weight(0, 0, 93, 90)));
        assert_eq!(cell.value, data(93..94, 90..91, 1).unwrap().tile.max.data().first().copied());
        assert!(cell.label.as_deref().is_some_and(|label| label.starts_with("w93 (93) attends ")), "{:?}", cell.label);
        assert!(near.node("cell-90-91").is_none(), "masked");
        let far = render(&data(0..95, 0..95, 600).unwrap(), &State::default(), &Theme::LIGHT);
        assert!(far.node("map").is_some() && far.node("cell-93-90").is_none());
    }

    #[test]
    fn what_is_not_there_is_refused() {
        assert_eq!(data(0..101, 0..100, 9).unwrap_err(), Error::NoSuch { what: "query", index: 100, len: 100 });
        assert_eq!(data(0..1, 5..5, 9).unwrap_err(), Error::NoSuch { what: "key", index: 5, len: 100 });
        let mut trace = RandomHead::new(3, 4).trace();
        let draw = |trace: &Trace, layer| Data::from_trace(trace, (layer, 0), (0..3, 0..3), 9).unwrap_err();
        assert_eq!(draw(&trace, 0), Error::Size { what: "tokens", expected: 3, found: 0 });
        trace.arrays.insert("blocks.0.attn.lse".into(), Array::zeros([1, 2]));
        assert_eq!(draw(&trace, 0), Error::NotCaptured { key: "blocks.0.attn.pattern".into() });
        trace.arrays.remove("blocks.0.attn.lse");
        assert_eq!(draw(&trace, 0), Error::NotCaptured { key: "blocks.0.attn.lse".into() });
        assert_eq!(draw(&trace, 1), Error::NoSuch { what: "layer", index: 1, len: 1 });
    }
}
