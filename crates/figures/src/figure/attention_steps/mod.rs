//! All of attention at once, as matrices, one step after another: X → Q, K, V → QKᵀ → ÷√d → mask → softmax → ·V.

mod arithmetic;
mod cells;
mod draw;
mod stage;
mod table;
mod timeline;

pub use timeline::{moment, step_of, timeline};

use crate::figure::head::{Head, captured, divides, scaled};
use crate::figure::{Canvas, Error};
use crate::number::{fixed, number, percent, plural};
use crate::scene::Scene;
use crate::theme::Theme;
use crate::token::spoken;
use attnscope::analysis::softmax_with_sink;
use attnscope::{Site, Trace};
use attnscope_words::{key, words};

/// The names of the steps. Step 0 is the input of attention.
pub const STEPS: [&str; 7] = ["X", "Q, K, V", "QKᵀ", "÷ √d", key!("mask"), "softmax", "· V"];

/// What happens at each step, in a sentence.
pub const SAID: [&str; STEPS.len()] = [
    key!("All vectors, one under the other: X. Each row is a word."),
    key!("Every row times the same three tables: a query, a key and a value for each word, all at once."),
    key!("Each query meets each key: where its row and the key’s column cross stands their dot product."),
    key!("All are divided by √d."),
    key!("The mask: what comes later may not be seen, so those scores are struck out."),
    key!("Softmax, row by row: each row now holds weights that sum to 1."),
    key!("Each row of weights mixes the rows of V: Z has a new vector for every word."),
];

/// The most tokens that are drawn, from the first on.
pub const MAX_TOKENS: usize = 16;

/// What is drawn: one head of one layer. `n` tokens, rows in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// The head, its tokens and its mask.
    pub of: Head,
    /// The input of attention, `[n][d_model]`.
    pub x: Vec<Vec<f32>>,
    /// Queries, `[n][d_head]`.
    pub q: Vec<Vec<f32>>,
    /// Keys, `[n][d_head]`.
    pub k: Vec<Vec<f32>>,
    /// Values, `[n][d_head]`.
    pub v: Vec<Vec<f32>>,
    /// The pattern, `[n][n]`.
    pub weights: Vec<Vec<f32>>,
    /// The mixed values, `[n][d_head]`.
    pub z: Vec<Vec<f32>>,
}

impl Data {
    /// One head of a trace that captured q, k, v, pattern and z of a whole text, with the input of attention: one
    /// normalized row per token, which a trace does not hold.
    pub fn from_trace(trace: &Trace, layer: usize, head: usize, x: Vec<Vec<f32>>) -> Result<Self, Error> {
        let (of, n) = (Head::of(trace, layer, head)?, trace.tokens.len());
        let rows = |site: Site, head: usize| -> Result<Vec<Vec<f32>>, Error> {
            let array = captured(trace, layer, site)?;
            let rows: Vec<Vec<f32>> = (0..n).filter_map(|i| Some(array.row(&[head, i])?.to_vec())).collect();
            same(site.name(), n, rows.len()).map(|()| rows)
        };
        let weights = rows(Site::Pattern, head)?;
        weights.iter().try_for_each(|row| same("keys", n, row.len()))?;
        same(words!("rows of x"), n, x.len())?;
        Ok(Self {
            x,
            q: rows(Site::Q, head)?,
            k: rows(Site::K, of.kv_head)?,
            v: rows(Site::V, of.kv_head)?,
            weights,
            z: rows(Site::Z, head)?,
            of,
        })
    }

    /// How many tokens are drawn.
    fn shown(&self) -> usize {
        self.of.tokens.len().min(MAX_TOKENS)
    }

    fn token(&self, i: usize) -> &str {
        self.of.token(i)
    }

    /// The model's score of the dot product of a query and a key.
    fn score(&self, q: usize, k: usize, dot: f32) -> f32 {
        self.of.scoring(self.d_head()).score(dot) + self.of.bias(q, k)
    }

    /// Whether it is the dot product divided by √d, and nothing else.
    fn is_divided(&self) -> bool {
        let scoring = self.of.scoring(self.d_head());
        divides(scoring.scale, self.d_head()) && scoring.soft_cap.is_none() && self.of.bias.is_none()
    }

    /// What that is: `÷ √16`.
    fn scaled(&self) -> String {
        let scoring = self.of.scoring(self.d_head());
        scaled(scoring.scale, scoring.soft_cap, self.of.bias.is_some(), self.d_head())
    }

    fn d_head(&self) -> usize {
        self.q.first().map_or(0, Vec::len)
    }
}

fn same(what: &'static str, expected: usize, found: usize) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::Size { what, expected, found }) }
}

/// What is chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// The step that is shown, an index into [`STEPS`]; a larger number shows the last step.
    pub step: usize,
    /// The row that is ringed.
    pub q_idx: Option<usize>,
    /// Whether only one row is done, that of the timeline: outlines stay dashed, and of scores only those of keys that it
    /// may attend to are drawn.
    pub alone: bool,
    /// Whether the weights are called by their name, as what all steps lead to.
    pub named: bool,
    /// Whether later tokens are masked. Without it the figure computes what the weights would be: softmax over all keys.
    pub masked: bool,
}

impl Default for State {
    /// All steps computed, with the mask, as in the model.
    fn default() -> Self {
        Self { canvas: Canvas::default(), step: STEPS.len() - 1, q_idx: None, alone: false, named: true, masked: true }
    }
}

/// The numbers from Q and K on.
struct Numbers {
    /// q·k, `[n][n]`, undivided and unmasked.
    pub dots: Vec<Vec<f32>>,
    pub weights: Vec<Vec<f32>>,
    pub z: Vec<Vec<f32>>,
    /// Whether weights and z were computed here, as if there were no mask, instead of taken from the run.
    pub imagined: bool,
    /// Whether softmax of these scores gives the run's weights.
    pub agree: bool,
    /// Whether these weights and V give Z.
    pub mixes: bool,
}

impl Numbers {
    /// Those of all rows.
    pub fn new(data: &Data, state: &State) -> Self {
        Self::first(data, state, data.q.len())
    }

    /// Those of the first rows: of a long text no others are drawn.
    fn first(data: &Data, state: &State, rows: usize) -> Self {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let dots: Vec<Vec<f32>> =
            data.q.iter().take(rows).map(|q| data.k.iter().map(|k| dot(q, k)).collect()).collect();
        let softmaxed = |masked: bool| -> Vec<Vec<f32>> {
            let row = |(i, dots): (usize, &Vec<f32>)| {
                let seen = |k: usize| !masked || data.of.sees(i, k);
                let score = |(k, dot): (usize, &f32)| if seen(k) { data.score(i, k, *dot) } else { f32::NEG_INFINITY };
                softmax_with_sink(&dots.iter().enumerate().map(score).collect::<Vec<f32>>(), data.of.sink)
            };
            dots.iter().enumerate().map(row).collect()
        };
        let ours = softmaxed(true);
        let near =
            |(a, b): (&Vec<f32>, &Vec<f32>)| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3);
        let agree = ours.len() == data.weights.len().min(rows) && ours.iter().zip(&data.weights).all(near);
        let mix = |row: &Vec<f32>| {
            (0..data.d_head())
                .map(|c| row.iter().zip(&data.v).map(|(w, v)| w * v.get(c).unwrap_or(&0.0)).sum())
                .collect()
        };
        let imagined = data.of.masks() && !state.masked;
        if !imagined {
            let made: Vec<Vec<f32>> = data.weights.iter().take(rows).map(mix).collect();
            let close = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-3 * (1.0 + b.abs()) || !b.is_finite();
            let mixes = made.iter().zip(&data.z).all(|(made, z)| made.iter().zip(z).all(close));
            return Self { dots, weights: data.weights.clone(), z: data.z.clone(), imagined, agree, mixes };
        }
        let weights = softmaxed(false);
        let z = weights.iter().map(mix).collect();
        Self { dots, weights, z, imagined, agree, mixes: true }
    }
}

/// Whether what a token may not attend to is struck out at this step.
fn masks(state: &State) -> bool {
    state.masked && (state.step >= 4 || state.alone)
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let state = State { step: state.step.min(STEPS.len() - 1), ..state.clone() };
    let state = State { q_idx: state.q_idx.filter(|q| *q < data.shown()), ..state };
    draw::render(data, &state, &Numbers::first(data, &state, data.shown()), theme)
}

/// The main numbers in words.
fn description(data: &Data, state: &State, numbers: &Numbers) -> String {
    let mut said = words!(
        "Attention of layer {}, head {} over {} as matrices, step {} of {}: {}.",
        data.of.layer,
        data.of.head,
        plural(data.of.tokens.len(), "token"),
        state.step + 1,
        STEPS.len(),
        attnscope_words::text(STEPS[state.step]),
    );
    if let Some(i) = state.q_idx.or_else(|| data.shown().checked_sub(1)) {
        said += &format!(" {}.", row_said(data, state, numbers, i));
    }
    said
}

/// The chosen row at this step, in words.
fn row_said(data: &Data, state: &State, numbers: &Numbers, i: usize) -> String {
    let name = spoken(data.token(i));
    let first = |rows: &[Vec<f32>]| {
        let row = rows.get(i).map_or(&[][..], Vec::as_slice);
        row.iter().take(3).map(|x| number(*x)).collect::<Vec<_>>().join(", ")
    };
    let visible = if masks(state) { data.of.visible(i) } else { 0..data.of.tokens.len() };
    let best = |row: &[f32], say: &dyn Fn(usize, f32) -> String| {
        let mut keys: Vec<usize> = (visible.start..row.len().min(visible.end)).collect();
        keys.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
        let keys = keys.iter().take(3);
        // A name and its number stay on one line.
        let said = |&k: &usize| {
            let whom = if k == i { words!("itself").into() } else { spoken(data.token(k)) };
            format!("{whom}\u{a0}{}", say(k, row[k]))
        };
        keys.map(said).collect::<Vec<_>>().join(", ")
    };
    let row = |rows: &[Vec<f32>]| rows.get(i).cloned().unwrap_or_default();
    match state.step {
        0 => words!("{name} reads {} …", first(&data.x)),
        1 => words!("{name}: its query begins {} …", first(&data.q)),
        2 => words!("{name} scores with {}", best(&row(&numbers.dots), &|_, x| fixed(x, 2))),
        3 | 4 => words!("{name} scores with {}", best(&row(&numbers.dots), &|k, x| fixed(data.score(i, k, x), 2))),
        5 => words!("{name} attends to {}", best(&row(&numbers.weights), &|_, w| percent(w))),
        _ => words!("{name} mixes values of {}", best(&row(&numbers.weights), &|_, w| percent(w))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson() -> Data {
        let model = attnscope::lesson::model();
        let capture = "q,k,v,pattern,z".parse().unwrap();
        let trace = model.run(&model.encode("the hot dog was").unwrap(), &capture, &[]).unwrap();
        Data::from_trace(&trace, 0, 0, vec![vec![0.0; 32]; 4]).unwrap()
    }

    #[test]
    fn softmax_of_the_scores_is_the_pattern() {
        let data = lesson();
        assert!(Numbers::new(&data, &State::default()).agree);
        let mut other = data.clone();
        other.q[2][0] += 3.0;
        assert!(!Numbers::new(&other, &State::default()).agree);
        let says = |d: &Data| render(d, &State::default(), &Theme::LIGHT).caption;
        assert!(says(&other).contains("alone: it was changed") && !says(&data).contains("alone: it was changed"));
    }

    #[test]
    fn without_the_mask_every_row_looks_everywhere() {
        let data = lesson();
        let state = State { masked: false, ..State::default() };
        let numbers = Numbers::new(&data, &state);
        assert!(numbers.imagined && numbers.weights[0][3] > 0.0);
        for (row, z) in numbers.weights.iter().zip(&numbers.z) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            let mixed: f32 = row.iter().zip(&data.v).map(|(w, v)| w * v[3]).sum();
            assert!((mixed - z[3]).abs() < 1e-5);
        }
        // The last query attends to all keys, with or without the mask.
        assert!((numbers.weights[3][2] - data.weights[3][2]).abs() < 1e-4);
        let scene = render(&data, &state, &Theme::LIGHT);
        assert!(scene.caption.contains("not the model's"), "{}", scene.caption);
        assert!(
            scene
                .node("w-0-3")
                .is_some_and(|n| n.target.is_some_and(|t| !matches!(t, crate::scene::Target::Number { .. })))
        );
    }

    #[test]
    fn what_is_not_computed_is_an_outline_and_nothing_moves() {
        let data = lesson();
        let at = |step| render(&data, &State { step, ..State::default() }, &Theme::LIGHT);
        let has = |step: usize, key: &str| at(step).node(key).is_some();
        assert!(has(0, "x-0-0") && !has(0, "q-0-0") && has(0, "outline-q"));
        assert!(has(1, "v-3-15") && !has(1, "s-0-0"));
        let masked = |step: usize| at(step).node("s-0-3").map(|node| (node.target.is_some(), node.label.is_some()));
        assert_eq!(
            (masked(3), masked(4), masked(5)),
            (Some((true, true)), Some((false, false)), None),
            "the mask takes it"
        );
        assert!(!has(3, "curtain-3") && has(4, "curtain-3") && has(6, "curtain-3"));
        assert!(!has(5, "z-0-0") && has(6, "z-3-15"));
        let place = |step: usize| {
            let key = if step < 5 { "s-1-0" } else { "w-1-0" };
            at(step).node(key).map(|n| format!("{:?}", n.shape).split("fill").next().map(str::to_owned))
        };
        assert!(place(2).is_some() && place(2) == place(6));
        assert_eq!(at(2).height, at(6).height);
        let value =
            |step: usize| at(step).node(if step < 5 { "s-2-1" } else { "w-2-1" }).and_then(|n| n.value).unwrap();
        assert!((value(2) / 4.0 - value(3)).abs() < 1e-6 && value(5) == data.weights[2][1]);
    }

    #[test]
    fn sizes_are_checked() {
        let model = attnscope::lesson::model();
        let trace = model.run(&model.encode("the dog").unwrap(), &"q,k,v,pattern,z".parse().unwrap(), &[]).unwrap();
        let error = Data::from_trace(&trace, 0, 0, vec![vec![]; 3]).unwrap_err();
        assert_eq!(error, Error::Size { what: "rows of x", expected: 2, found: 3 });
        assert!(matches!(Data::from_trace(&trace, 2, 0, vec![vec![]; 2]), Err(Error::NotCaptured { .. })));
        assert!(matches!(Data::from_trace(&trace, 0, 1, vec![vec![]; 2]), Err(Error::NoSuch { .. })));
    }
}
