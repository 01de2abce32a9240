//! From scores to weights: one query's scores, divided, exponentiated, and normalized to one full bar.
//!
//! Scores can be set by hand, and a temperature chosen: then the figure says that the numbers are not the model's.

mod arithmetic;
mod bar;
mod layout;
mod rows;
mod table;
mod timeline;

use crate::figure::frame::{Frame, caption, credit};
use crate::figure::head::{self, Head, Row};
use crate::figure::{Canvas, Error};
use crate::number::{fixed, number, percent, plural};
use crate::scene::Scene;
use crate::theme::Theme;
use crate::token::spoken;
use attnscope::Attention;
use attnscope::Trace;
use attnscope::analysis::components;
use attnscope_words::words;
use layout::Layout;
pub use timeline::{temperature, timeline};

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// The query whose row it is.
    pub of: Row,
    /// q·k of each key.
    pub dots: Vec<f32>,
    /// What is added to each score by distance; may be empty where nothing is.
    pub bias: Vec<f32>,
    /// One more score, of no key, if the head has one.
    pub sink: Option<f32>,
    /// What they are multiplied by: usually 1/√d_head.
    pub scale: f32,
    /// The bound of scores, if the model has one.
    pub soft_cap: Option<f32>,
    /// The keys that are masked for the query.
    pub masked: Vec<bool>,
    /// The run's own weight of each key, for comparison.
    pub weights: Vec<f32>,
    /// Length of q and k, for the name of the scale; 0 if not known.
    pub d_head: usize,
}

impl Data {
    /// One row of one head of a trace that captured q, k and pattern (if it has scores too, they say what is masked).
    pub fn from_trace(trace: &Trace, layer: usize, head: usize, q_idx: usize) -> Result<Self, Error> {
        let row = components(trace, layer, head, q_idx)
            .ok_or_else(|| Error::NotCaptured { key: format!("blocks.{layer}.attn.{{q,k,pattern}}") })?;
        Ok(Self {
            of: Row::of(trace, layer, head, q_idx)?,
            dots: row.keys.iter().map(|k| k.dot).collect(),
            bias: row.keys.iter().map(|k| k.bias).collect(),
            sink: row.sink,
            scale: row.scale,
            soft_cap: row.soft_cap,
            masked: (0..row.keys.len()).map(|k| row.keys[k].score == f32::NEG_INFINITY || row.is_cut(k)).collect(),
            weights: row.keys.iter().map(|k| k.weight).collect(),
            d_head: row.q.len(),
        })
    }

    fn token(&self, k_idx: usize) -> &str {
        self.of.key(k_idx)
    }

    /// The model's score of the dot product with a key.
    pub fn of_dot(&self, k_idx: usize, dot: f32) -> f32 {
        let scoring = Attention { scale: self.scale, soft_cap: self.soft_cap, ..Attention::default() };
        scoring.score(dot) + self.bias.get(k_idx).copied().unwrap_or(0.0)
    }

    /// What is done with a dot product to make a score: `÷ √16`.
    fn scaled(&self) -> String {
        head::scaled(self.scale, self.soft_cap, self.of.of.bias.is_some(), self.d_head)
    }

    fn is_masked(&self, k_idx: usize) -> bool {
        self.masked.get(k_idx).copied().unwrap_or(false)
    }

    /// The model's own score of a key that is not masked.
    pub(super) fn score(&self, k_idx: usize) -> Option<f32> {
        self.dots.get(k_idx).filter(|_| !self.is_masked(k_idx)).map(|dot| self.of_dot(k_idx, *dot))
    }
}

/// What is chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// Scores are divided by it before they are exponentiated; 1 as in the model. A value not above 0 counts as 1.
    pub temperature: f32,
    /// Scores set by hand, one per key; a shorter list leaves the rest as they are.
    pub edited: Vec<Option<f32>>,
    /// The key that is emphasized.
    pub k_idx: Option<usize>,
}

impl Default for State {
    fn default() -> Self {
        Self { canvas: Canvas::default(), temperature: 1.0, edited: Vec::new(), k_idx: None }
    }
}

impl State {
    /// The temperature that is used.
    fn heat(&self) -> f32 {
        if self.temperature.is_finite() && self.temperature > 0.0 { self.temperature } else { 1.0 }
    }

    /// The score that the reader set for this key.
    fn edit(&self, k_idx: usize) -> Option<f32> {
        self.edited.get(k_idx).copied().flatten().filter(|score| score.is_finite())
    }
}

/// Softmax, step by step. Masked keys have no score and add nothing.
struct Steps {
    pub scores: Vec<Option<f32>>,
    pub max: f32,
    /// exp((score − max) ÷ temperature)
    pub exps: Vec<f32>,
    pub sum: f32,
    pub weights: Vec<f32>,
    /// The share of the sink: what the weights lack to 1.
    pub sink: f32,
}

impl Steps {
    pub fn new(data: &Data, state: &State) -> Self {
        let score = |k| data.score(k).map(|own| state.edit(k).unwrap_or(own));
        let scores: Vec<Option<f32>> = (0..data.dots.len()).map(score).collect();
        let max = scores.iter().flatten().copied().chain(data.sink).fold(f32::NEG_INFINITY, f32::max);
        let exp = |score: &Option<f32>| score.map_or(0.0, |s| ((s - max) / state.heat()).exp());
        let exps: Vec<f32> = scores.iter().map(exp).collect();
        let sink = exp(&data.sink);
        let sum: f32 = exps.iter().sum::<f32>() + sink;
        // The sum is 0 where every key is masked: then all weights are 0, as in the kernel.
        let weights = exps.iter().map(|e| if sum == 0.0 { 0.0 } else { e / sum }).collect();
        let sink = if sum == 0.0 { 0.0 } else { sink / sum };
        Self { scores, max, exps, sum, weights, sink }
    }
}

/// The weights as they are drawn, one a key: softmax of the scores, those set by hand included, at the temperature.
pub fn weights(data: &Data, state: &State) -> Vec<f32> {
    Steps::new(data, state).weights
}

/// The score of a grip dragged to `x` (in the scene): the inverse of the drawing, within the axis.
pub fn score_at(data: &Data, state: &State, x: f32) -> f32 {
    Layout::new(data, state).scale.value(x)
}

/// Whether the numbers are the reader's: a score was set by hand, or the temperature is not 1.
fn is_changed(data: &Data, state: &State) -> bool {
    state.heat() != 1.0 || edits(data, state) > 0
}

fn edits(data: &Data, state: &State) -> usize {
    (0..data.dots.len()).filter(|&k| state.edit(k).is_some() && !data.is_masked(k)).count()
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let layout = Layout::new(data, state);
    let steps = Steps::new(data, state);
    let (query, Head { layer, head, .. }) = (spoken(data.of.query()), &data.of.of);
    let title = words!("From scores to weights: “{query}” in layer {layer}, head {head}");
    let lead = words!(
        "Each score is raised to a power of e, then divided by the sum of all. What comes out fills one bar: \
                who gets more takes it from the others."
    );
    let mut frame = Frame::new(theme, &state.canvas, layout.width, title, lead);
    rows::draw(&mut frame, data, state, &layout, &steps);
    bar::draw(&mut frame, data, state, &layout, &steps);
    let left_out = layout.left_out.iter().map(|&k| steps.weights[k]).sum();
    frame.finish(&says(data, state, &layout, left_out), description(data, state, &steps))
}

fn says(data: &Data, state: &State, layout: &Layout, left_out: f32) -> String {
    let edits = match edits(data, state) {
        0 => String::new(),
        n => words!("{} set by hand", plural(n, "score")),
    };
    let heat = if state.heat() == 1.0 { String::new() } else { words!("temperature {}", number(state.heat())) };
    let parts: Vec<&str> = [edits.as_str(), heat.as_str()].into_iter().filter(|p| !p.is_empty()).collect();
    let whose = match parts.is_empty() {
        true => String::new(),
        false => {
            words!("The reader's numbers, not the model's: {}; thin marks are the model's own.", parts.join(", "))
        }
    };
    let others = match layout.left_out.len() {
        0 => String::new(),
        n => words!("{} with little weight have no row ({} together).", plural(n, "key"), percent(left_out)),
    };
    let narrow = if layout.exp.is_none() {
        words!("The step in between, e to the score, is not drawn for want of room.")
    } else {
        ""
    };
    let other = words!("The run's own weights differ: it was changed, or limits its scores.");
    let other = if differs(data) { other } else { "" };
    caption(&[&credit(&data.of.of.model), &whose, words!("Numbers are rounded."), narrow, &others, other])
}

/// Whether the run's weights are not the softmax of its scores (a cut edge, a cap on scores).
fn differs(data: &Data) -> bool {
    let own = weights(data, &State::default());
    data.weights.len() == own.len() && own.iter().zip(&data.weights).any(|(a, b)| (a - b).abs() > 1e-3)
}

fn description(data: &Data, state: &State, steps: &Steps) -> String {
    let mut order: Vec<usize> = (0..data.dots.len()).filter(|&k| !data.is_masked(k)).collect();
    order.sort_by(|&a, &b| steps.weights[b].total_cmp(&steps.weights[a]));
    let said = order.iter().take(4).map(|&k| {
        let score = fixed(steps.scores[k].unwrap_or(f32::NEG_INFINITY), 2);
        words!("{}: score {score}, weight {}", spoken(data.token(k)), percent(steps.weights[k]))
    });
    let said: Vec<String> = said.collect();
    let whose = match (is_changed(data, state), differs(data)) {
        (true, _) => words!(" These are the reader's numbers, not the model's."),
        (false, true) => words!(" The run's own weights are others: it was changed, or limits its scores."),
        (false, false) => "",
    };
    let (asks, Head { layer, head, .. }) = (spoken(data.of.query()), &data.of.of);
    if order.is_empty() {
        return words!(
            "From scores to weights of “{asks}” in layer {layer}, head {head}. It may attend to no key: all its edges are cut, and it has no weights."
        );
    }
    let sink = data.sink.map_or_else(String::new, |_| words!(" The head's sink takes {} of it.", percent(steps.sink)));
    let all = if order.len() > said.len() { words!(" The {} largest weights.", said.len()) } else { String::new() };
    words!(
        "From scores to weights of “{asks}” in layer {layer}, head {head}. {}. All weights fill one bar, 100\u{202f}%.{sink}{all}{whose}",
        said.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_that_was_set_is_said_and_its_weight_is_in_the_table() {
        let model = attnscope::lesson::model();
        let tokens = model.encode("the hot dog was").unwrap();
        let set = attnscope::Intervention::set("0.0:2>1=0.5").unwrap();
        let trace = model.run(&tokens, &"q,k,pattern".parse().unwrap(), &[set]).unwrap();
        let data = Data::from_trace(&trace, 0, 0, 2).unwrap();
        let scene = render(&data, &State::default(), &Theme::LIGHT);
        assert!(scene.description.contains("own weights are others"), "{}", scene.description);
        let csv = data.table(&State::default()).to_csv();
        let hot = csv.lines().nth(2).unwrap();
        assert!(csv.contains("the model's weight") && hot.ends_with(",0.5"), "{csv}");
    }

    #[test]
    fn a_cut_edge_takes_no_share() {
        let model = attnscope::lesson::model();
        let tokens = model.encode("the hot dog was").unwrap();
        let cut = attnscope::Intervention::cut("2>1").unwrap();
        let trace = model.run(&tokens, &"q,k,pattern".parse().unwrap(), &[cut]).unwrap();
        let data = Data::from_trace(&trace, 0, 0, 2).unwrap();
        assert_eq!(data.masked, [false, true, false, true]);
        for (drawn, own) in weights(&data, &State::default()).iter().zip(&data.weights) {
            assert!((drawn - own).abs() < 1e-5, "{drawn} {own}");
        }
    }

    /// A run of a small random model from the fixtures: gpt-oss has sinks, BLOOM adds something by distance.
    fn fixture(name: &str) -> Trace {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/families/");
        let model = attnscope::Model::open(format!("{folder}{name}")).unwrap();
        model.run(&[5, 17, 42, 8, 60, 3], &"q,k,v,pattern,z".parse().unwrap(), &[]).unwrap()
    }

    #[test]
    fn sinks_and_what_is_added_by_distance_are_drawn() {
        use crate::figure::{attention_steps, components, running_softmax};
        for name in ["gpt-oss", "bloom"] {
            let trace = fixture(name);
            let has_sinks = name == "gpt-oss";
            for (layer, head, q_idx) in [(0, 1, 5), (1, 2, 4)] {
                let data = Data::from_trace(&trace, layer, head, q_idx).unwrap();
                assert!(!differs(&data), "{name}: {data:?}");
                let scene = render(&data, &State::default(), &Theme::LIGHT);
                assert_eq!(scene.node("share-sink").is_some(), has_sinks);
                for at in 0..6 {
                    for what in ["score", "exp", "weight"] {
                        let e = data.explain(&State { temperature: 2.0, ..State::default() }, &format!("{what}-{at}"));
                        assert!(e.iter().all(crate::figure::arithmetic::adds_up), "{name}: {what}-{at}: {e:?}");
                    }
                }
                let sum: f32 = weights(&data, &State { temperature: 3.0, ..State::default() }).iter().sum();
                assert!(if has_sinks { sum < 0.9999 } else { (sum - 1.0).abs() < 1e-5 }, "{name}: {sum}");
                let says =
                    |scene: Scene| (scene.caption.contains("own weights differ"), scene.caption.contains("sink"));
                let parts = components::Data::from_trace(&trace, layer, head, q_idx).unwrap();
                let parts = components::render(&parts, &Default::default(), &Theme::LIGHT);
                assert_eq!(says(parts), (false, has_sinks), "{name}");
                let tiles = running_softmax::Data::from_trace(&trace, layer, head, q_idx, 2).unwrap();
                assert!(!tiles.differs && !tiles.other_z, "{name}");
                let end = running_softmax::State { step: 9, ..Default::default() };
                assert_eq!(says(running_softmax::render(&tiles, &end, &Theme::LIGHT)), (false, has_sinks), "{name}");
                for mark in ["max@0", "sum@0", "max@1", "sum@1", "acc-0@1", "old-0@1"] {
                    let e = tiles.explain(&end, mark).unwrap();
                    assert!(e.value == e.computed() || crate::figure::arithmetic::adds_up(&e), "{name} {mark}: {e:?}");
                }
                let x = vec![vec![0.0; 4]; 6];
                let steps = attention_steps::Data::from_trace(&trace, layer, head, x).unwrap();
                let scene = attention_steps::render(&steps, &Default::default(), &Theme::LIGHT);
                assert!(!scene.caption.contains("alone: it was changed"), "{name}: {}", scene.caption);
                let unmasked = attention_steps::State { masked: false, ..Default::default() };
                for mark in ["score-1-3", "weight-1-3"] {
                    let e = steps.explain(&unmasked, mark).unwrap();
                    assert!(crate::figure::arithmetic::adds_up(&e), "{name} {mark}: {e:?}");
                }
            }
        }
    }

    fn data() -> Data {
        let tokens = ["the", " hot", " dog", " was"].map(String::from).to_vec();
        Data {
            of: Row::made(tokens, true, 2),
            dots: vec![4.0, 16.0, -2.0, 9.0],
            scale: 0.25,
            soft_cap: None,
            masked: vec![false, false, false, true],
            d_head: 16,
            ..Data::default()
        }
    }

    #[test]
    fn unedited_weights_are_the_models() {
        let model = attnscope::lesson::model();
        let tokens = model.encode("the hot dog on the rock was").unwrap();
        let trace = model.run(&tokens, &"q,k,pattern".parse().unwrap(), &[]).unwrap();
        for (layer, q_idx) in [(0, 2), (1, 6), (0, 0)] {
            let data = Data::from_trace(&trace, layer, 0, q_idx).unwrap();
            let own = weights(&data, &State::default());
            let pattern = &trace.pattern(layer, 0).unwrap().into_data()[q_idx * 7..][..7];
            assert_eq!((own.len(), data.weights.as_slice()), (7, pattern));
            for (a, b) in own.iter().zip(pattern) {
                assert!((a - b).abs() < 1e-6, "layer {layer}, query {q_idx}: {a} is not {b}");
            }
            assert!(!differs(&data));
        }
    }

    #[test]
    fn whatever_the_reader_does_the_bar_is_full() {
        let states = [
            State::default(),
            State { temperature: 0.2, ..State::default() },
            State { temperature: f32::NAN, edited: vec![Some(9.0), None, Some(f32::NAN)], ..State::default() },
            State {
                temperature: 40.0,
                edited: vec![None, Some(-50.0), None, Some(80.0), Some(1.0)],
                ..State::default()
            },
        ];
        for state in states {
            let weights = weights(&data(), &state);
            assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{state:?}: {weights:?}");
            assert_eq!(weights[3], 0.0, "masked");
        }
        let masked = Data { masked: vec![true; 4], ..data() };
        assert_eq!(weights(&masked, &State::default()), [0.0; 4]);
    }

    #[test]
    fn a_raised_score_takes_from_the_others_alike() {
        let before = weights(&data(), &State::default());
        let after = weights(&data(), &State { edited: vec![Some(5.0)], ..State::default() });
        assert!(after[0] > before[0] && after[1] < before[1] && after[2] < before[2]);
        assert!((after[1] / after[2] - before[1] / before[2]).abs() < 1e-2);
        let said = render(&data(), &State { edited: vec![Some(5.0)], ..State::default() }, &Theme::LIGHT).caption;
        assert!(said.contains("not the model's: 1 score set by hand"), "{said}");
        assert!(!render(&data(), &State::default(), &Theme::LIGHT).caption.contains("reader"));
    }

    #[test]
    fn a_place_leads_back_to_its_score() {
        use crate::scene::Shape;
        for width in [330.0, 374.0, 742.0] {
            let canvas = Canvas { width, bare: true };
            for wanted in [-1.25, 0.0, 0.5, 3.75] {
                let state = State { canvas, edited: vec![None, Some(wanted)], ..State::default() };
                let scene = render(&data(), &state, &Theme::LIGHT);
                let Some(Shape::Circle { cx, .. }) = scene.node("grip-1").map(|n| &n.shape) else { panic!("no grip") };
                let found = score_at(&data(), &state, *cx);
                assert!((found - wanted).abs() < 1e-4, "{width}: {found} is not {wanted}");
            }
            let state = State { canvas, ..State::default() };
            assert!(score_at(&data(), &state, f32::NAN).is_finite());
            assert!(score_at(&data(), &state, 1e9) >= 4.0 && score_at(&data(), &state, -1e9) < 0.0);
        }
    }
}
