//! The figures of the page. Each has a file with its questions, its drawing and its reactions to events.

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
mod in_context;
mod journey;
mod logit_lens;
mod map;
mod matrix;
mod neighbours;
mod next_tokens;
mod player;
mod projection;
mod reading;
mod root_d;
mod running_softmax;
mod softmax;
#[cfg(test)]
mod tests;
mod tokens;
mod training;
mod two_answers;
mod vector_strip;
mod weighted_sum;
mod whose;

use crate::{Change, Control, Event, Missing, Page, Paper, Selection};
use attnscope::Number;
use attnscope::Site;
use attnscope::analysis::explain::Explanation;
use attnscope::analysis::strongest;
use attnscope_figures::figure::add_note;
use attnscope_figures::{Scene, Table, Target, Timeline};
use attnscope_words::key;
use player::Player;
use std::cell::RefCell;

/// A figure of the page, with what the reader has set in it.
pub trait PageFigure {
    /// What it shows now.
    ///
    /// # Errors
    /// Something is missing; the page has been told what.
    fn view(&self, page: &Page<'_>) -> Result<View, Missing>;

    /// The same as a table, computed when it is asked for: a long text's would cost more than the drawing.
    ///
    /// # Errors
    /// Something is missing; the page has been told what. It is nothing that the view does not need.
    fn table(&self, page: &Page<'_>) -> Result<Table, Missing>;

    /// How a number was computed that the figure computes itself, by the key of its mark or the name that another such
    /// number gives it. `None` if there is no such number now.
    fn explain(&self, _mark: &str, _page: &Page<'_>) -> Option<Explanation> {
        None
    }

    /// Handles an event. Its effect on the figure itself is visible in the next view.
    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        usual(event, page)
    }

    /// The step of its timeline that is shown, `None` at rest: for figures that show another state at a step, and not only
    /// fewer marks.
    fn at_step(&mut self, _step: Option<usize>) {}

    /// The step that a mark stands for, if choosing it leads there.
    fn step_of(&self, _target: Target, _page: &Page<'_>) -> Option<usize> {
        None
    }

    /// Id of the model that it shows.
    fn model<'a>(&self, page: &Page<'a>) -> &'a str {
        &page.selection.model
    }

    /// Milliseconds to the next [`Event::Tick`], while its timeline plays. The registry sees to it.
    fn plays(&self) -> Option<u32> {
        None
    }

    /// Whether it needs so much computation that it waits until it is seen.
    fn is_heavy(&self, _page: &Page<'_>) -> bool {
        false
    }
}

/// What a figure shows.
#[derive(Clone, Debug)]
pub struct View {
    /// Above the drawing.
    pub controls: Vec<Control>,
    /// The drawing.
    pub scene: Scene,
    /// How it comes about, step by step, if that is shown: the marks of the drawing arrive one after another. What plays it
    /// adds the controls for it.
    pub timeline: Option<Timeline>,
}

impl View {
    /// A drawing without controls.
    pub fn of(scene: Scene) -> Self {
        Self { controls: Vec::new(), scene, timeline: None }
    }

    /// With these controls.
    fn with(self, controls: Vec<Control>) -> Self {
        Self { controls, ..self }
    }

    /// With these steps.
    fn plays(self, timeline: Timeline) -> Self {
        Self { timeline: Some(timeline), ..self }
    }

    /// Adds a sentence to the caption, if there is one.
    fn note(mut self, note: Option<&str>, paper: Paper) -> Self {
        if let Some(note) = note {
            add_note(&mut self.scene, note, &paper.canvas(), paper.theme());
        }
        self
    }
}

/// The parts of the selection that a figure may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// The model.
    Model,
    /// The sentence.
    Text,
    /// The interventions while the sentence is read.
    Changes,
    /// The sentence that it is compared with.
    Against,
    /// The layer.
    Layer,
    /// The head.
    Head,
    /// The query that is read out.
    Query,
    /// The key that is read out.
    Key,
    /// How many next tokens are shown.
    Top,
}

use Follows::{Against, Changes, Head, Key, Layer, Model, Query, Text, Top};

const TOKEN: &[Follows] = &[Model, Text, Query];
const RUN: &[Follows] = &[Model, Text, Changes];
const HEAD: &[Follows] = &[Model, Text, Layer, Head, Changes];
const ROW: &[Follows] = &[Model, Text, Layer, Head, Query, Changes];
const CELL: &[Follows] = &[Model, Text, Layer, Head, Query, Key, Changes];

/// A figure before it is drawn. The page, the command, embeds and links all find figures through this.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// What it shows, in one line.
    pub about: &'static str,
    /// The parts of the selection that it follows. Everything else that can be set is a control.
    pub follows: &'static [Follows],
    /// Its controls for which the command has options.
    pub options: &'static [&'static str],
    make: fn() -> Box<dyn PageFigure>,
}

impl Kind {
    /// The figure as it is in the beginning.
    pub fn make(&'static self) -> Box<dyn PageFigure> {
        Box::new(Registered { kind: self, figure: (self.make)(), player: Player::REST, steps: RefCell::default() })
    }
}

/// A figure of the registry: it plays the figure's timeline, and says what was changed in the run that it shows.
struct Registered {
    kind: &'static Kind,
    figure: Box<dyn PageFigure>,
    player: Player,
    /// The steps of what was drawn last, to which events refer.
    steps: RefCell<Option<Timeline>>,
}

impl Registered {
    /// The sentence about the changes of the run, where there are any.
    fn changes(&self, page: &Page<'_>) -> Option<String> {
        let changes: Vec<String> = page.selection.changes.iter().map(ToString::to_string).collect();
        if changes.is_empty() || !self.kind.follows.contains(&Changes) {
            return None;
        }
        let (changes, model) = (changes.join(", "), &page.selection.model);
        Some(match self.figure.model(page) == model {
            true => format!("Changed in this run: {changes}."),
            false => format!("Nothing is changed here: the changes ({changes}) are made in {model}."),
        })
    }
}

impl PageFigure for Registered {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let view = self.player.stage(self.figure.view(page)?, page.paper);
        self.steps.borrow_mut().clone_from(&view.timeline);
        Ok(view.note(self.changes(page).as_deref(), page.paper))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        self.figure.table(page)
    }

    fn explain(&self, mark: &str, page: &Page<'_>) -> Option<Explanation> {
        self.figure.explain(mark, page)
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        if let Some(timeline) = self.steps.get_mut() {
            let chosen = match event {
                Event::Chosen(target, _) => self.figure.step_of(*target, page),
                _ => None,
            };
            let heard = self.player.hear(event, timeline, chosen);
            self.figure.at_step(self.player.shown(timeline.last()));
            if heard {
                return Vec::new();
            }
        }
        self.figure.hear(event, page)
    }

    fn model<'a>(&self, page: &Page<'a>) -> &'a str {
        self.figure.model(page)
    }

    fn plays(&self) -> Option<u32> {
        self.player.plays(self.steps.borrow().as_ref()?)
    }

    fn is_heavy(&self, page: &Page<'_>) -> bool {
        self.figure.is_heavy(page)
    }
}

/// The entry of a figure in the list.
const fn kind<F: PageFigure + Default + 'static>(
    name: &'static str,
    about: &'static str,
    follows: &'static [Follows],
) -> Kind {
    Kind { name, about, follows, options: &[], make: || Box::new(F::default()) }
}

impl Kind {
    /// The same with these [`Self::options`].
    const fn options(self, options: &'static [&'static str]) -> Self {
        Self { options, ..self }
    }
}

/// All figures, in the story's order.
pub const FIGURES: [Kind; 24] = [
    kind::<tokens::Tokens>(
        "tokens",
        key!("the sentence in tokens, their ids, and the first numbers of their vectors"),
        TOKEN,
    ),
    kind::<next_tokens::NextTokens>(
        "next-tokens",
        key!("the likeliest next tokens as bars"),
        &[Model, Text, Top, Changes],
    ),
    kind::<embeddings::Embeddings>(
        "embeddings",
        key!("a word's embedding in the sentence and alone, their difference, and a word near it"),
        TOKEN,
    ),
    kind::<neighbours::Neighbours>(
        "neighbours",
        key!("the words whose embeddings are nearest to that of a token and of the one before it"),
        TOKEN,
    ),
    kind::<two_answers::TwoAnswers>(
        "two-answers",
        key!("the lesson model with attention and its twin without, on the same words in two orders"),
        &[Text],
    ),
    kind::<dot_product::DotProduct>(
        "dot-product",
        key!("two vectors and their dot product, component by component"),
        &[],
    ),
    kind::<root_d::RootD>(
        "root-d",
        key!("how the dot products of random vectors spread, and what dividing by √d does"),
        &[],
    ),
    kind::<projection::Projection>("projection", key!("a token's vector times W_Q, W_K or W_V"), ROW),
    kind::<components::Components>(
        "components",
        key!("how one token's weights come about: q × k term by term, sum, softmax"),
        CELL,
    ),
    kind::<softmax::Softmax>(
        "softmax",
        key!("one token's scores, their exponentials, and the weights that fill one bar"),
        CELL,
    ),
    kind::<weighted_sum::WeightedSum>(
        "weighted-sum",
        key!("how the weights mix the values, and the words near the token before and after"),
        CELL,
    ),
    kind::<in_context::InContext>(
        "in-context",
        key!("the words nearest to a word by itself and in its sentence, layer by layer"),
        &[Model, Text, Query, Against, Changes],
    ),
    kind::<attention_steps::AttentionSteps>(
        "attention-steps",
        key!("all of attention as matrices: Q, K, V, scores, mask, softmax, output"),
        ROW,
    ),
    kind::<matrix::Matrix>("matrix", key!("one head's attention: which token attends to which, as a matrix"), ROW),
    kind::<head_grid::HeadGrid>("head-grid", key!("the patterns of all heads, layer by layer"), HEAD),
    kind::<journey::Journey>(
        "journey",
        key!("a word's way through the layers, between words of two kinds"),
        &[Model, Text, Query, Against, Changes],
    ),
    kind::<cut_edge::CutEdge>(
        "cut-edge",
        key!("the next tokens as the sentence is, with one edge cut, and without the word attended to"),
        RUN,
    ),
    kind::<training::Training>("training", key!("the lesson model as it learns: loss, attention, prediction"), &[]),
    kind::<cost::Cost>("cost", key!("time and memory of attention against length, measured here"), &[]),
    kind::<running_softmax::RunningSoftmax>(
        "running-softmax",
        key!("how the kernel goes over the keys tile by tile, with a running softmax"),
        ROW,
    ),
    kind::<arcs::Arcs>("arcs", key!("one head's attention as arcs over the sentence"), ROW),
    kind::<logit_lens::LogitLens>("logit-lens", key!("what the model would say after each layer"), RUN),
    kind::<vector_strip::VectorStrip>(
        "vector-strip",
        key!("vectors as strips of coloured cells, and their difference"),
        RUN,
    )
    .options(&["layer", "query"]),
    kind::<map::Map>(
        "map",
        key!("one head's attention over a long text, whole or any part of it, down to single weights"),
        HEAD,
    )
    .options(&["rows", "cols", "pool"]),
];

/// The figure of this name, in its initial state.
pub fn figure(name: &str) -> Option<Box<dyn PageFigure>> {
    FIGURES.iter().find(|kind| kind.name == name).map(Kind::make)
}

/// The reactions to events that most figures share.
pub(crate) fn usual(event: &Event, page: &Page<'_>) -> Vec<Change> {
    match event {
        Event::Over(Target::Query { q_idx }, _) => vec![Change::Hover(Some(*q_idx))],
        Event::Over(Target::Number { number }, _) if number.site() == Site::Pattern => {
            vec![Change::Hover(Some(number.position()))]
        }
        Event::Over(..) | Event::Left => vec![Change::Hover(None)],
        Event::Chosen(Target::Query { q_idx } | Target::Token { idx: q_idx }, _) => vec![select_row(page, *q_idx)],
        Event::Chosen(Target::Number { number }, _) if number.site() == Site::Pattern => {
            let (q_idx, k_idx) = (Some(number.position()), Some(number.last()));
            let both = Selection { q_idx, k_idx, ..page.selection.clone() };
            vec![Change::Select(both), Change::Open((*number).into())]
        }
        Event::Chosen(Target::Number { number }, _) => vec![Change::Open((*number).into())],
        // Pictures chosen with the keyboard: a pointer chooses what is under it.
        Event::Chosen(Target::Numbers { first, columns, rows }, _) if first.site() == Site::Pattern => {
            let q_idx = page.selection.q_idx.unwrap_or(0).min(rows.saturating_sub(1));
            let row = Site::Pattern.in_layer(first.layer().unwrap_or(0), [first.head(), q_idx, 0]);
            opened(farthest(page, row, *columns))
        }
        Event::Chosen(Target::Numbers { first, columns, rows }, _) => opened(farthest(page, *first, columns * rows)),
        _ => Vec::new(),
    }
}

/// A number of the run, opened.
pub(crate) fn opened(number: Option<Number>) -> Vec<Change> {
    number.map(|number| Change::Open(number.into())).into_iter().collect()
}

/// Of `len` numbers of the run from the first on, the one farthest from 0.
fn farthest(page: &Page<'_>, first: Number, len: usize) -> Option<Number> {
    let at = first.indices();
    let (from, lead) = at.split_last()?;
    let row = page.run().ok()?.trace.get(&first.key())?.row(lead)?;
    let numbers = row.get(*from..row.len().min(from.saturating_add(len)))?;
    strongest(numbers).map(|i| first.with_last(from + i))
}

/// Another query is read out.
pub(crate) fn select_row(page: &Page<'_>, q_idx: usize) -> Change {
    Change::Select(Selection { q_idx: Some(q_idx), k_idx: None, ..page.selection.clone() })
}
