//! The input of a model: the text's tokens, their ids in the vocabulary, and a vector each.

mod column;
mod table;
mod timeline;

pub use timeline::timeline;

use crate::figure::Canvas;
use crate::figure::frame::{Frame, PAD, SMALL, caption, credit, sentence};
use crate::figure::signed_cells;
use attnscope_words::words;

use crate::number::plural;
use crate::scale::max_abs;
use crate::scene::{Anchor, Node, Run, Scene, Segment, Stroke};
use crate::theme::Theme;
use crate::token::{self, spoken};
use attnscope::Trace;

/// The most numbers of a vector that are drawn.
pub const CELLS: usize = 8;

/// The most lines of tokens; of a longer text the beginning is drawn.
const MAX_LINES: usize = 3;

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// The text, token by token.
    pub tokens: Vec<String>,
    /// Each token's number in the vocabulary.
    pub ids: Vec<u32>,
    /// Each token's vector as it enters the first layer, `[token][component]`; empty where the run did not keep it.
    pub vectors: Vec<Vec<f32>>,
    /// The model's name.
    pub model: String,
    /// Whether tokens are whole words that hold no spaces.
    pub word_level: bool,
}

impl Data {
    /// The tokens of a trace, with their vectors where it captured `embed`.
    pub fn from_trace(trace: &Trace) -> Self {
        let n = trace.tokens.len();
        // Only with one row per token is it known which token a row belongs to.
        let embed = trace.get("embed").filter(|array| array.shape().first() == Some(&n));
        let vector = |i| embed.and_then(|array| array.row(&[i])).map(<[f32]>::to_vec);
        Self {
            tokens: trace.tokens.iter().map(|t| t.text.clone()).collect(),
            ids: trace.tokens.iter().map(|t| t.id).collect(),
            vectors: (0..n).map_while(vector).collect(),
            model: trace.model.name.clone(),
            word_level: trace.model.word_level,
        }
    }

    /// A token's vector, if it has one.
    pub(super) fn vector(&self, idx: usize) -> Option<&[f32]> {
        self.vectors.get(idx).map(Vec::as_slice).filter(|v| !v.is_empty())
    }
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// The token that is emphasized.
    pub idx: Option<usize>,
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let width = state.canvas.width.max(320.0);
    let lead = words!(
        "A text is cut into tokens. Each has a number in the vocabulary, and the model looks up a vector for it."
    );
    let mut frame = Frame::new(theme, &state.canvas, width, words!("What the model is given"), lead);
    let lines = column::lines(data, frame.inner(), MAX_LINES);
    let drawn = lines.iter().map(|line| line.len()).sum::<usize>();
    let cells = || (0..drawn).filter_map(|i| data.vector(i)).flat_map(|v| v.iter().take(CELLS).copied());
    let limit = max_abs(cells());
    let gap = column::gap(data, &lines, frame.inner(), BESIDE);
    let (top, mut right) = (frame.y, PAD);
    for line in &lines {
        right = column::line(&mut frame, data, state, (line.clone(), gap), limit).max(right);
    }
    let left_out = data.tokens.len() - drawn;
    if left_out > 0 {
        frame.label(PAD, frame.y + 4.0, Anchor::Start, words!("… and {left_out} more"));
        frame.y += 22.0;
    }
    // Half a pixel of tolerance, since the sum of widths is not exact.
    let beside = lines.len() == 1 && left_out == 0 && frame.width - PAD - right >= BESIDE - 0.5;
    if beside {
        box_beside(&mut frame, right + 12.0, top)
    } else {
        box_below(&mut frame, right)
    }
    if cells().next().is_some() {
        frame.y += 18.0;
        signed_cells::legend(&mut frame, &[(words!("these vectors"), limit)]);
    }
    frame.finish(&said_below(data, drawn), description(data))
}

/// Width of the model beside the tokens.
const BOX_W: f32 = 84.0;
/// Width of the arrow and the model beside the tokens.
const BESIDE: f32 = BOX_W + 48.0;
const BOX_H: f32 = 44.0;

/// An arrow to the right into the model, beside the tokens.
fn box_beside(frame: &mut Frame, x: f32, top: f32) {
    let mid = ((top + frame.y) / 2.0).max(top + BOX_H / 2.0);
    let end = x + 32.0;
    arrow(frame, (x, mid), (end, mid));
    model(frame, end + 4.0, mid - BOX_H / 2.0, BOX_W);
}

/// An arrow down into the model, which is as wide as the tokens above it.
fn box_below(frame: &mut Frame, right: f32) {
    let width = (right - PAD).max(120.0);
    let mid = PAD + width / 2.0;
    arrow(frame, (mid, frame.y), (mid, frame.y + 26.0));
    frame.y += 30.0;
    model(frame, PAD, frame.y, width);
    frame.y += BOX_H;
}

fn model(frame: &mut Frame, x: f32, y: f32, width: f32) {
    let theme = frame.theme;
    let rect = Node::rect(x + 0.5, y + 0.5, width - 1.0, BOX_H - 1.0).radius(9.0).fill(theme.surface);
    frame.push(rect.stroke(Stroke::new(theme.muted, 1.5)).key("model"));
    let word = Node::text(x + width / 2.0, y + BOX_H / 2.0, Run::new(words!("model"))).size(15.0).bold();
    frame.push(word.anchor(Anchor::Middle).fill(theme.text).centred().key("model-word"));
}

/// A horizontal or vertical line with an arrowhead at its end.
fn arrow(frame: &mut Frame, from: (f32, f32), to: (f32, f32)) {
    let color = frame.theme.muted;
    frame.push(Node::line(from.0, from.1, to.0, to.1, Stroke::new(color, 1.5).round()).key("arrow-line"));
    let ends = if from.1 == to.1 {
        [(to.0 - 6.0, to.1 - 5.0), (to.0 - 6.0, to.1 + 5.0)]
    } else {
        [(to.0 - 5.0, to.1 - 6.0), (to.0 + 5.0, to.1 - 6.0)]
    };
    let d = vec![Segment::Move(ends[0].0, ends[0].1), Segment::Line(to.0, to.1), Segment::Line(ends[1].0, ends[1].1)];
    frame.push(Node::path(d).stroke(Stroke::new(color, 1.5).round()).key("arrow-head"));
}

/// The caption: the model, and what is left out.
fn said_below(data: &Data, drawn: usize) -> String {
    let d = data.vector(0).map_or(0, <[f32]>::len);
    let first = match d {
        0 => String::new(),
        d if d > CELLS => {
            words!(
                "The first {CELLS} of {d} numbers that enter the first layer (position included where the model adds it)."
            )
        }
        _ => words!("The numbers that enter the first layer (position included where the model adds it).").into(),
    };
    let cut = if drawn < data.tokens.len() {
        words!("The first {drawn} of {} are drawn.", plural(data.tokens.len(), "token"))
    } else {
        String::new()
    };
    let marked = data.tokens.iter().take(drawn).any(|t| token::shown(t).contains('␣'));
    caption(&[&credit(&data.model), &first, &cut, if marked { words!("␣ marks a space.") } else { "" }])
}

fn description(data: &Data) -> String {
    let said = |(idx, text): (usize, &String)| match data.ids.get(idx) {
        Some(id) => format!("{} ({id})", spoken(text)),
        None => spoken(text),
    };
    let named: Vec<String> = data.tokens.iter().enumerate().take(12).map(said).collect();
    let more = data.tokens.len() - named.len();
    let more = if more > 0 { words!(" and {more} more") } else { String::new() };
    let vectors = match data.vector(0) {
        Some(vector) => words!(" Each becomes a vector of {}.", plural(vector.len(), "number")),
        None => String::new(),
    };
    words!(
        "“{}” as {} with their numbers in the vocabulary: {}{more}.{vectors} They go into the model.",
        sentence(&data.tokens, data.word_level),
        plural(data.tokens.len(), "token"),
        named.join(", "),
    )
}

/// Size of the small print under a strip.
const UNDER: f32 = SMALL;

#[cfg(test)]
mod tests {
    use super::*;
    use attnscope::Site;
    use attnscope::{Array, Token};

    fn trace(rows: usize) -> Trace {
        let tokens = ["the", "hot", "dog"].iter().enumerate();
        let tokens = tokens.map(|(i, t)| Token { id: 7 + i as u32, text: t.to_string() }).collect();
        let mut trace = Trace { tokens, ..Trace::default() };
        trace
            .arrays
            .insert("embed".into(), Array::new([rows, 10], (0..rows * 10).map(|x| x as f32).collect::<Vec<_>>()));
        trace
    }

    #[test]
    fn a_cell_is_its_number_of_the_run() {
        let data = Data::from_trace(&trace(3));
        let scene = render(&data, &State::default(), &Theme::LIGHT);
        let cell = scene.node("cell-2-7").unwrap();
        let number = Site::Embed.at([2, 7]);
        assert_eq!((cell.value, cell.target), (Some(27.0), Some(crate::Target::Number { number })));
        assert!(scene.node("cell-2-8").is_none(), "the first eight");
        assert!(scene.texts().contains(&"id 9".to_string()));
        assert!(scene.description.contains("dog (9)"), "{}", scene.description);
    }

    #[test]
    fn vectors_of_unknown_tokens_are_left_out() {
        let data = Data::from_trace(&trace(2));
        assert!(data.vectors.is_empty());
        assert!(!render(&data, &State::default(), &Theme::LIGHT).description.contains("vector"));
    }

    #[test]
    fn no_token_is_left_alone_in_a_line() {
        let data = Data { tokens: vec!["word".into(); 10], ..Data::default() };
        let lines = |room| column::lines(&data, room, 3).into_iter().map(|line| line.len()).collect::<Vec<_>>();
        let all = 10.0 * crate::token::width("word", 15.0, crate::scene::Weight::Semibold) + 10.0 * 24.0 + 9.0 * 8.0;
        assert_eq!(lines(all + 1.0), [10]);
        assert_eq!(lines(all - 1.0), [5, 5]);
    }

    #[test]
    fn a_long_text_ends_after_three_lines() {
        let data = Data { tokens: vec!["word".into(); 300], ..Data::default() };
        let scene = render(&data, &State::default(), &Theme::LIGHT);
        let drawn = (0..300).filter(|i| scene.node(&format!("token-{i}")).is_some()).count();
        assert!(drawn >= 15 && scene.texts().contains(&format!("… and {} more", 300 - drawn)), "{drawn}");
    }
}
