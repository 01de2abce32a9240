//! What a word means in its sentence: other words, ordered by how near their vectors are to its own, layer by layer. All
//! of them are read at the same place of the same short text, so that like is compared with like.
//!
//! In a table of embeddings *dog* is near *wolf*, whatever stands beside it. In *the hot dog was* it is among the foods
//! after a few layers.

mod column;
mod table;

use crate::figure::Canvas;
use crate::figure::frame::{Frame, LABEL, PAD, caption, credit};
use crate::number::{fixed, plural};
use crate::scale::Linear;
use crate::scene::{Node, Run, Scene};
use crate::theme::Theme;
use crate::token::{self, spoken};
use attnscope_words::words;

/// The most words that are compared.
pub const MAX_WORDS: usize = 24;

/// A canvas narrower than this has its two lists one below the other.
const WIDE: f32 = 520.0;
/// Between the lists.
const GAP: f32 = 40.0;

/// A word that the word of the sentence is compared with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Word {
    /// Its text.
    pub name: String,
    /// Which of the two kinds it belongs to, 0 or 1.
    pub kind: usize,
}

/// The word of the sentence in one reading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The text in which it is read: `the hot dog was`.
    pub name: String,
    /// The cosine of the angle between its vector and that of each other word, −1 to 1, `[depth][word]`: at depth 0
    /// before any layer, at depth `l + 1` after layer `l`.
    pub cosines: Vec<Vec<f32>>,
}

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// The word.
    pub word: String,
    /// Two readings of it: by itself, and in the sentence.
    pub readings: [Reading; 2],
    /// The words that it is compared with.
    pub words: Vec<Word>,
    /// The two kinds, each as one noun: `animal`, `food`.
    pub kinds: [String; 2],
    /// The text in which the other words are read, with a gap: `the … was`.
    pub template: String,
    /// The model's name.
    pub model: String,
}

impl Data {
    /// How many depths there are: the embedding, and each layer.
    pub fn depths(&self) -> usize {
        self.readings.iter().map(|reading| reading.cosines.len()).max().unwrap_or(0)
    }

    /// The item of a cosine.
    fn item(&self, reading: usize, depth: usize, word: usize) -> usize {
        (reading * self.depths() + depth) * self.words.len() + word
    }

    /// Reading, depth and word of an item.
    pub fn chosen(&self, item: usize) -> (usize, usize, usize) {
        let (words, depths) = (self.words.len().max(1), self.depths().max(1));
        let (row, word) = (item / words, item % words);
        ((row / depths).min(1), row % depths, word)
    }

    fn words(&self) -> &[Word] {
        &self.words[..self.words.len().min(MAX_WORDS)]
    }

    /// The cosine with a word; NaN if there is none.
    fn cosine(&self, reading: usize, depth: usize, word: usize) -> f32 {
        let row = self.readings[reading].cosines.get(depth);
        row.and_then(|row| row.get(word)).copied().unwrap_or(f32::NAN)
    }

    /// The words of a reading, nearest first; those without a number last.
    pub fn nearest(&self, reading: usize, depth: usize) -> Vec<usize> {
        let key = |word: usize| {
            let cosine = self.cosine(reading, depth, word);
            if cosine.is_nan() { f32::NEG_INFINITY } else { cosine }
        };
        let mut order: Vec<usize> = (0..self.words().len()).collect();
        order.sort_by(|&a, &b| key(b).total_cmp(&key(a)));
        order
    }

    /// What a depth shows, in a sentence.
    pub fn said(&self, depth: usize) -> String {
        let first = |reading: usize| {
            let name = self.nearest(reading, depth).first().and_then(|&word| self.words().get(word));
            name.map_or_else(|| words!("nothing").into(), |word| words!("“{}”", spoken(&word.name)))
        };
        let [before, after] = [0, 1].map(|reading| token::excerpt(&self.readings[reading].name, SAID));
        let when = match depth.checked_sub(1) {
            None => words!("Before any layer").into(),
            Some(layer) => words!("After layer {layer}"),
        };
        words!(
            "{when}, nearest to “{}” is {} in “{before}”, and {} in “{after}”.",
            spoken(&self.word),
            first(0),
            first(1)
        )
    }

    /// The axis of the cosines, from the lowest of all depths, rounded down, to 1: it stays while the layers pass.
    fn axis(&self, range: (f32, f32)) -> Linear {
        let all = self.readings.iter().flat_map(|reading| reading.cosines.iter().flatten());
        let low = all.filter(|c| c.is_finite()).fold(1.0, |low: f32, c| low.min(*c)).clamp(-1.0, 0.9);
        Linear::new(((low * 10.0).floor() / 10.0, 1.0), range)
    }
}

/// Characters of a text that a sentence quotes.
const SAID: usize = 48;

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// The depth that is shown: 0 is the embedding, `l + 1` the output of layer `l`. `None` for the last.
    pub depth: Option<usize>,
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let width = state.canvas.width.max(320.0);
    let word = spoken(&data.word);
    let lead = words!(
        "The words whose vectors are nearest to that of “{word}”, each read in “{}” and taken after the same layer.",
        token::plain(&data.template)
    );
    let mut frame = Frame::new(theme, &state.canvas, width, words!("What “{word}” is like, in its sentence"), &lead);
    let depths = data.depths();
    if depths == 0 || data.words.is_empty() {
        frame.nothing(words!("No words to compare."));
        return frame.finish(&credit(&data.model), words!("The words nearest to a word; there are none.").into());
    }
    let depth = state.depth.unwrap_or(depths - 1).min(depths - 1);
    kinds(&mut frame, data, depth);
    let (top, wide) = (frame.y, width >= WIDE);
    let column = if wide { (frame.inner() - GAP) / 2.0 } else { frame.inner() };
    let mut below = top;
    for reading in 0..2 {
        if wide {
            frame.y = top;
        } else if reading == 1 {
            frame.y += 18.0;
        }
        let x = if wide { PAD + reading as f32 * (column + GAP) } else { PAD };
        column::draw(&mut frame, data, (reading, depth), (x, column));
        below = below.max(frame.y);
    }
    frame.y = below;
    frame.finish(&said_below(data), description(data, depth))
}

/// The names of the kinds in their colours, and which depth it is.
fn kinds(frame: &mut Frame, data: &Data, depth: usize) {
    let (theme, mid) = (frame.theme, frame.y + 7.0);
    let mut runs = Vec::new();
    for (i, kind) in data.kinds.iter().enumerate() {
        if i > 0 {
            runs.push(Run::new("   "));
        }
        runs.push(Run::new("● ").fill(color(theme, i)));
        runs.push(Run::new(token::plain(kind)));
    }
    frame.push(Node::text(PAD, mid, runs).size(LABEL).fill(theme.text).centred());
    let now = Node::text(frame.width - PAD, mid, Run::new(said(depth))).size(LABEL).bold();
    frame.push(now.anchor(crate::scene::Anchor::End).fill(theme.text).centred().key("depth"));
    frame.y += 26.0;
}

/// The colour of a kind of words.
fn color(theme: &Theme, kind: usize) -> crate::Color {
    theme.kinds[kind % theme.kinds.len()]
}

/// `before any layer`, `after layer 3`
fn said(depth: usize) -> String {
    depth.checked_sub(1).map_or(words!("before any layer").into(), |layer| words!("after layer {layer}"))
}

fn said_below(data: &Data) -> String {
    let many = words!("The first {MAX_WORDS} of {}.", plural(data.words.len(), "word"));
    caption(&[
        &credit(&data.model),
        words!(
            "Numbers are cosines of the angle between two vectors of the residual stream, rounded to two decimals; the axis is \
         the same for all layers and need not begin at 0."
        ),
        if data.words.len() > MAX_WORDS { &many } else { "" },
    ])
}

fn description(data: &Data, depth: usize) -> String {
    let list = |reading: usize| {
        let near = data.nearest(reading, depth).into_iter().take(5);
        let near = near
            .map(|word| format!("{} {}", spoken(&data.words[word].name), fixed(data.cosine(reading, depth, word), 2)));
        words!("in “{}”: {}", token::excerpt(&data.readings[reading].name, SAID), near.collect::<Vec<_>>().join(", "))
    };
    words!("The words nearest to “{}” {}, {}; {}.", spoken(&data.word), said(depth), list(0), list(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> Data {
        let word = |(name, kind): (&str, usize)| Word { name: name.into(), kind };
        let reading = |name: &str, cosines: [[f32; 3]; 2]| Reading {
            name: name.into(),
            cosines: cosines.iter().map(|row| row.to_vec()).collect(),
        };
        Data {
            word: " dog".into(),
            readings: [
                reading("the dog was", [[0.8, 0.7, 0.5], [0.9, 0.8, 0.4]]),
                reading("the hot dog was", [[0.8, 0.7, 0.5], [0.5, f32::NAN, 0.9]]),
            ],
            words: [("wolf", 0), ("cat", 0), ("soup", 1)].map(word).into(),
            kinds: ["animal".into(), "food".into()],
            template: "the … was".into(),
            model: String::new(),
        }
    }

    #[test]
    fn the_order_changes_with_the_layers_and_the_marks_stay() {
        let data = data();
        assert_eq!((data.nearest(1, 0), data.nearest(1, 1)), (vec![0, 1, 2], vec![2, 0, 1]));
        let at = |depth, key: &str| {
            let scene = render(&data, &State { depth: Some(depth), ..State::default() }, &Theme::LIGHT);
            match scene.node(key).map(|node| &node.shape) {
                Some(crate::scene::Shape::Circle { cx, cy, .. }) => (*cx, *cy),
                other => panic!("{key}: {other:?}"),
            }
        };
        let (before, after) = (at(0, "dot-1-2"), at(1, "dot-1-2"));
        assert!(after.1 < before.1 && after.0 > before.0, "soup climbs and comes nearer: {before:?} {after:?}");
        assert_eq!(at(0, "dot-0-0"), at(0, "dot-0-0"));
    }

    #[test]
    fn an_item_is_one_cosine() {
        let data = data();
        for (reading, depth, word) in [(0, 0, 0), (0, 1, 2), (1, 0, 1), (1, 1, 2)] {
            assert_eq!(data.chosen(data.item(reading, depth, word)), (reading, depth, word));
        }
        assert_eq!(Data::default().chosen(7), (1, 0, 0), "nothing is drawn, and nothing panics");
    }

    #[test]
    fn the_axis_holds_all_depths() {
        let axis = data().axis((0.0, 100.0));
        assert_eq!((axis.domain, axis.at(1.0)), ((0.4, 1.0), 100.0));
        assert!(render(&Data::default(), &State::default(), &Theme::LIGHT).description.contains("none"));
    }
}
