//! How one token's weights are computed: q, each k, their products, the sum, ÷√d, softmax.
//!
//! After BertViz's neuron view: adjacent columns show how each score is computed.

mod layout;
mod rows;
mod table;
mod timeline;

pub use timeline::timeline;

use crate::figure::frame::{Frame, caption, credit};
use crate::figure::head::{Row, scaled};
use crate::figure::{Canvas, Error};
use crate::number::{fixed, number, percent, plural};
use crate::scene::Scene;
use crate::theme::Theme;
use crate::token::spoken;
use attnscope::Trace;
use attnscope::analysis::{Components, softmax_with_sink};
use attnscope_words::words;
use layout::{Layout, Longest};

/// The most keys that are drawn: those with the largest weights.
const MAX_KEYS: usize = 24;
/// The same where each has two lines.
const MAX_STACKED: usize = 12;

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// The query whose row it is.
    pub of: Row,
    /// The components of the row.
    pub row: Components,
}

impl Data {
    /// One row of one head of a trace that captured q, k and pattern.
    pub fn from_trace(trace: &Trace, layer: usize, head: usize, q_idx: usize) -> Result<Self, Error> {
        let row = attnscope::analysis::components(trace, layer, head, q_idx)
            .ok_or_else(|| Error::NotCaptured { key: format!("blocks.{layer}.attn.{{q,k,pattern}}") })?;
        Ok(Self { of: Row::of(trace, layer, head, q_idx)?, row })
    }

    pub(super) fn token(&self, k_idx: usize) -> &str {
        self.of.key(k_idx)
    }
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// The component that is marked in every strip.
    pub component: Option<usize>,
    /// The key that is emphasized.
    pub k_idx: Option<usize>,
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let layout = Layout::new(data, state.canvas.width);
    let asks = spoken(data.of.query());
    let title = words!("Why “{asks}” attends where it does: layer {}, head {}", data.row.layer, data.row.head);
    let lead = match data.row.sink {
        None => words!(
            "Multiply the query with a key, component by component, and add up: that is the score. Softmax turns the \
                scores of all keys into weights that sum to 1."
        ),
        Some(_) => words!(
            "Multiply the query with a key, component by component, and add up: that is the score. Softmax turns the \
                scores of all keys and the head's sink into shares that sum to 1."
        ),
    };
    let mut frame = Frame::new(theme, &state.canvas, layout.width, title, lead);
    let longest = Longest::new(data);
    rows::query(&mut frame, data, state, &layout, &longest);
    rows::headings(&mut frame, data, &layout);
    let (shown, left_out) = choose(data, if layout.stacked { MAX_STACKED } else { MAX_KEYS });
    for &k_idx in &shown {
        rows::key(&mut frame, data, state, &layout, &longest, k_idx);
    }
    let left_weight: f32 = left_out.iter().map(|&k| data.row.keys[k].weight).filter(|w| w.is_finite()).sum();
    let others =
        words!("{} with little weight left out ({} together).", plural(left_out.len(), "key"), percent(left_weight));
    let others = if left_out.is_empty() { "" } else { others.as_str() };
    frame.y += 6.0;
    let bars = words!("Bars go up for positive numbers, down for negative ones; each column has its own scale.");
    let narrow = if layout.k.is_none() { words!("The keys' own numbers are not drawn for want of room.") } else { "" };
    let scores: Vec<f32> = data.row.keys.iter().map(|key| key.score).collect();
    let weights = softmax_with_sink(&scores, data.row.sink);
    let differs = weights.iter().zip(&data.row.keys).any(|(ours, key)| (ours - key.weight).abs() > 1e-3);
    let differs =
        if differs { words!("The run's own weights differ: it was changed, or limits its scores.") } else { "" };
    let sink = data.row.sink.map(|sink| {
        words!(
            "This head has a sink, a learned score of {}: the weights of the tokens sum to less than 1.",
            number(sink)
        )
    });
    let sink = sink.as_deref().unwrap_or_default();
    let how = scaled(data.row.scale, data.row.soft_cap, true, data.row.q.len());
    let how = data.of.of.bias.as_ref().map(|_| words!("Score: the sum {how}."));
    let how = how.as_deref().unwrap_or_default();
    let said = [&credit(&data.of.of.model), bars, how, words!("Numbers are rounded."), narrow, others, sink, differs];
    frame.finish(&caption(&said), description(data))
}

/// The keys to draw in their order, at most so many, and those left out.
fn choose(data: &Data, most: usize) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..data.row.keys.len()).collect();
    order.sort_by(|&a, &b| data.row.keys[b].weight.total_cmp(&data.row.keys[a].weight));
    let mut left_out = order.split_off(order.len().min(most));
    order.sort_unstable();
    left_out.sort_unstable();
    (order, left_out)
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
            words!("{}: q·k {}, weight {}", spoken(data.token(k)), fixed(key.dot, 2), percent(key.weight))
        })
        .collect();
    let asks = spoken(data.of.query());
    words!("The scores of “{asks}” in layer {}, head {}, taken apart. {}.", row.layer, row.head, said.join("; "))
}
