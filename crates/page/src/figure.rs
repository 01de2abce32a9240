//! The figures of the page. One file each says what it asks, shows and does.

mod answer;
mod arcs;
mod attention_steps;
mod choose;
mod components;
mod cost;
mod cut_edge;
mod dot_product;
mod embeddings;
mod head_grid;
mod journey;
mod matrix;
mod neighbours;
mod next_tokens;
mod player;
mod projection;
mod root_d;
mod running_softmax;
mod softmax;
#[cfg(test)]
mod tests;
mod tokens;
mod training;
mod two_answers;
mod weighted_sum;

use crate::{Change, Control, Event, Missing, Open, Page, Paper, Selection};
use attnscope::Site;
use attnscope::analysis::Number;
use attnscope::analysis::explain::Explanation;
use attnscope_figures::figure::add_note;
use attnscope_figures::{Scene, Table, Target};

/// Longer sentences are refused, in bytes, where all layers are kept: they would not fit.
pub(crate) const LONG_FOR_ALL_LAYERS: usize = 400;

/// A figure of the page, with what the reader has set in it.
pub trait PageFigure {
    /// What it shows now.
    ///
    /// # Errors
    /// Something is missing; the page has been told what.
    fn view(&self, page: &Page<'_>, paper: Paper) -> Result<View, Missing>;

    /// The same as a table, computed when it is asked for: a long text's would cost more than the drawing.
    ///
    /// # Errors
    /// Something is missing; the page has been told what. It is nothing that the view does not need.
    fn table(&self, page: &Page<'_>) -> Result<Table, Missing>;

    /// How a number came about that the figure works out itself, by the key of its mark or the name that another such
    /// number gives it. None where there is no such number now.
    fn explain(&self, _mark: &str, _page: &Page<'_>) -> Option<Explanation> {
        None
    }

    /// Hears of an event. What it does to the figure itself shows in the next view.
    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        usual(event, page)
    }

    /// Milliseconds to the next [`Event::Tick`], while something plays.
    fn plays(&self) -> Option<u32> {
        None
    }

    /// Whether it asks so much of the machine that it waits until it is seen.
    fn is_heavy(&self, _page: &Page<'_>) -> bool {
        false
    }
}

/// What a figure shows.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Above the drawing.
    pub controls: Vec<Control>,
    /// The drawing.
    pub scene: Scene,
}

impl View {
    /// A drawing without controls.
    pub fn of(scene: Scene) -> Self {
        Self { controls: Vec::new(), scene }
    }

    /// A sentence more in the caption, if there is one to say.
    fn note(mut self, note: Option<&str>, paper: Paper) -> Self {
        if let Some(note) = note {
            add_note(&mut self.scene, note, &paper.canvas(), paper.theme());
        }
        self
    }
}

/// The figures by name, in the story's order, and what each shows.
pub const FIGURES: [(&str, &str); 20] = [
    ("tokens", "the sentence in tokens, their ids, and the first numbers of their vectors"),
    ("next-tokens", "the likeliest next tokens as bars"),
    ("embeddings", "a word's embedding in the sentence and alone, their difference, and a word near it"),
    ("neighbours", "the words whose embeddings are nearest to that of a token and of the one before it"),
    ("two-answers", "the lesson model with attention and its twin without, on the same words in two orders"),
    ("dot-product", "two vectors and their dot product, component by component"),
    ("root-d", "how the dot products of random vectors spread, and what dividing by √d does"),
    ("projection", "a token's vector times W_Q, W_K or W_V"),
    ("components", "how one token's weights come about: q × k term by term, sum, softmax"),
    ("softmax", "one token's scores, their exponentials, and the weights that fill one bar"),
    ("weighted-sum", "how the weights mix the values, and the words near the token before and after"),
    ("attention-steps", "all of attention as matrices: Q, K, V, scores, mask, softmax, output"),
    ("matrix", "one head's attention: which token looks at which, as a matrix"),
    ("head-grid", "the patterns of all heads, layer by layer"),
    ("journey", "a word's way through the layers, between words of two kinds"),
    ("cut-edge", "the next tokens as the sentence is, with one look cut, and without the word looked at"),
    ("training", "the lesson model as it learns: loss, looks, prediction"),
    ("cost", "time and memory of attention against length, measured here"),
    ("running-softmax", "how the kernel goes over the keys tile by tile, with a running softmax"),
    ("arcs", "one head's attention as arcs over the sentence"),
];

/// The figure of this name, as it is in the beginning.
pub fn figure(name: &str) -> Option<Box<dyn PageFigure>> {
    Some(match name {
        "tokens" => Box::new(tokens::Tokens),
        "next-tokens" => Box::new(next_tokens::NextTokens),
        "embeddings" => Box::new(embeddings::Embeddings),
        "neighbours" => Box::new(neighbours::Neighbours),
        "two-answers" => Box::new(two_answers::TwoAnswers::default()),
        "dot-product" => Box::new(dot_product::DotProduct::default()),
        "root-d" => Box::new(root_d::RootD::default()),
        "projection" => Box::new(projection::Projection::default()),
        "components" => Box::new(components::Components::default()),
        "softmax" => Box::new(softmax::Softmax::default()),
        "weighted-sum" => Box::new(weighted_sum::WeightedSum::default()),
        "attention-steps" => Box::new(attention_steps::AttentionSteps::default()),
        "matrix" => Box::new(matrix::Matrix),
        "head-grid" => Box::new(head_grid::HeadGrid),
        "journey" => Box::new(journey::Journey::default()),
        "cut-edge" => Box::new(cut_edge::CutEdge::default()),
        "training" => Box::new(training::Training::default()),
        "cost" => Box::new(cost::Cost::default()),
        "running-softmax" => Box::new(running_softmax::RunningSoftmax::default()),
        "arcs" => Box::new(arcs::Arcs),
        _ => return None,
    })
}

/// What most figures do with what most marks stand for.
pub(crate) fn usual(event: &Event, page: &Page<'_>) -> Vec<Change> {
    match event {
        Event::Over(Target::Cell { q_idx, .. } | Target::Query { q_idx }, _) => vec![Change::Hover(Some(*q_idx))],
        Event::Over(..) | Event::Left => vec![Change::Hover(None)],
        Event::Chosen(Target::Query { q_idx } | Target::Token { idx: q_idx }, _) => vec![select_row(page, *q_idx)],
        Event::Chosen(Target::Cell { layer, head, q_idx, k_idx }, _) => {
            let number = Site::Pattern.in_layer(*layer, [*head, *q_idx, *k_idx]);
            vec![select_row(page, *q_idx), Change::Open(number.into())]
        }
        Event::Chosen(Target::Number { number }, _) => vec![Change::Open(Open::Here(*number))],
        // Pictures chosen with the keyboard: a pointer chooses what is under it.
        Event::Chosen(Target::Numbers { first, columns, rows }, _) => opened(strongest(page, *first, columns * rows)),
        Event::Chosen(Target::Pattern { layer, head, q_len, kv_len }, _) => {
            let q_idx = page.selection.q_idx.unwrap_or(0).min(q_len.saturating_sub(1));
            let row = Site::Pattern.in_layer(*layer, [*head, q_idx, 0]);
            opened(strongest(page, row, *kv_len))
        }
        _ => Vec::new(),
    }
}

/// A number of the run, opened.
pub(crate) fn opened(number: Option<Number>) -> Vec<Change> {
    number.map(|number| Change::Open(number.into())).into_iter().collect()
}

/// Of `len` numbers of the run from the first on, that farthest from 0.
fn strongest(page: &Page<'_>, first: Number, len: usize) -> Option<Number> {
    let at = first.indices();
    let (from, lead) = at.split_last()?;
    let row = page.run().ok()?.trace.get(&first.key())?.row(lead)?;
    let numbers = row.iter().enumerate().skip(*from).take(len).filter(|(_, x)| x.is_finite());
    numbers.max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs())).map(|(i, _)| first.with_last(i))
}

/// Another query is read out.
pub(crate) fn select_row(page: &Page<'_>, q_idx: usize) -> Change {
    Change::Select(Selection { q_idx: Some(q_idx), ..page.selection.clone() })
}
