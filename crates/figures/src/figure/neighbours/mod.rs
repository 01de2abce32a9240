//! The words nearest to a vector, as bars of cosine: one list, or two beside each other.

mod list;
mod table;

use crate::figure::Canvas;
use crate::figure::frame::{Frame, PAD, caption, credit};
use crate::number::{fixed, plural};
use crate::scene::Scene;
use crate::theme::Theme;
use crate::token::{self, spoken};
use attnscope::Number;
use attnscope::analysis::Neighbour;
use attnscope_words::words;
use list::Place;

/// The most lists that are drawn, from the first on.
pub const MAX_LISTS: usize = 2;

/// The most words of a list that are drawn, from the first on.
pub const MAX_WORDS: usize = 20;

/// A canvas narrower than this has two lists one below the other.
const WIDE: f32 = 520.0;

/// Distance between the lists: room for the lines that join a word to itself.
const GAP: f32 = 40.0;

/// The words nearest to one vector.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct List {
    /// Whose neighbours they are: `dog, before any layer`.
    pub heading: String,
    /// Words and the cosine of the angle between their vector and this one, −1 to 1, nearest first.
    pub words: Vec<(String, f32)>,
    /// Which number each word's cosine is; empty if the cosines are not numbers of a run.
    pub numbers: Vec<Number>,
}

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// One list or two.
    pub lists: Vec<List>,
    /// The model's name.
    pub model: String,
}

impl List {
    /// A list from the result of `attnscope::analysis::neighbours`; `number` is any word's cosine.
    pub fn new(heading: impl Into<String>, found: &[Neighbour], number: Number) -> Self {
        let words = found.iter().map(|near| (near.text.clone(), near.cosine)).collect();
        let numbers = found.iter().map(|near| number.with_last(near.id as usize)).collect();
        Self { heading: heading.into(), words, numbers }
    }

    fn shown(&self) -> &[(String, f32)] {
        &self.words[..self.words.len().min(MAX_WORDS)]
    }
}

impl Data {
    fn shown(&self) -> &[List] {
        &self.lists[..self.lists.len().min(MAX_LISTS)]
    }

    /// The words that are in both lists, as indices into the first and the second.
    pub fn shared(&self) -> Vec<(usize, usize)> {
        let [first, second] = self.shown() else { return Vec::new() };
        let mut taken = vec![false; second.shown().len()];
        let mut pair = |i: usize, word: &str| {
            // Two tokens may have the same text: each is joined once.
            let free = |j: &usize| !taken[*j] && second.words[*j].0 == word;
            let j = (0..taken.len()).find(free)?;
            taken[j] = true;
            Some((i, j))
        };
        first.shown().iter().enumerate().filter_map(|(i, (word, _))| pair(i, word)).collect()
    }
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let width = state.canvas.width.max(320.0);
    let lead = words!(
        "Words whose vectors point most nearly the same way. 1 is the same direction, 0 is a right angle, \
                below 0 points away."
    );
    let mut frame = Frame::new(theme, &state.canvas, width, words!("The nearest words"), lead);
    let (lists, shared) = (data.shown(), data.shared());
    let side_by_side = lists.len() == 2 && width >= WIDE;
    let column = if side_by_side { (frame.inner() - GAP) / 2.0 } else { frame.inner() };
    let (low, label_w) = (lowest(data), list::label_width(lists, column));
    // Words of only one list are fainter than those of both.
    let plain = if shared.is_empty() { theme.weight(0.6) } else { theme.faint };
    let lines = lists.iter().map(|near| list::heading(near, column).len()).max().unwrap_or(0);
    let heading_lines = if side_by_side { lines } else { 0 };
    let (top, mut below) = (frame.y, frame.y);
    let mut places = Vec::new();
    for (i, near) in lists.iter().enumerate() {
        let x = if side_by_side { PAD + i as f32 * (column + GAP) } else { PAD };
        if side_by_side {
            frame.y = top;
        } else if i > 0 {
            frame.y += 22.0;
        }
        let color = |word: usize| {
            let at = shared.iter().position(|&(a, b)| word == if i == 0 { a } else { b });
            at.map(|_| theme.weight(0.6))
        };
        let first = lists[..i].iter().map(|l| l.shown().len()).sum();
        places.push(list::draw(
            &mut frame,
            near,
            Place { list: i, first, x, width: column, label_w, heading_lines, low, plain },
            &color,
        ));
        below = below.max(frame.y);
    }
    frame.y = below;
    if side_by_side {
        list::join(&mut frame, &places, &shared);
    }
    if lists.is_empty() {
        frame.nothing(words!("No words."));
    }
    frame.finish(&said_below(data, &shared), description(data, &shared))
}

/// Where the axis begins: at 0, or at a tenth below the lowest number.
fn lowest(data: &Data) -> f32 {
    let all = data.shown().iter().flat_map(|l| l.shown().iter().map(|(_, cosine)| *cosine));
    let least = all.filter(|c| c.is_finite()).fold(0.0, f32::min).max(-1.0);
    (least * 10.0).floor() / 10.0
}

fn said_below(data: &Data, shared: &[(usize, usize)]) -> String {
    let words = || data.shown().iter().flat_map(List::shown);
    let left_out = data.lists.iter().map(|l| l.words.len()).max().unwrap_or(0) > MAX_WORDS;
    let first = words!("The first {MAX_WORDS} words of each list.");
    let lists = words!("The first {MAX_LISTS} of {}.", plural(data.lists.len(), "list"));
    caption(&[
        &credit(&data.model),
        words!("Numbers are cosines, rounded to two decimals."),
        if shared.is_empty() { "" } else { words!("A word that stands in both lists has one colour.") },
        if words().any(|(word, _)| token::shown(word).contains('␣')) { words!("␣ marks a space.") } else { "" },
        if left_out { &first } else { "" },
        if data.lists.len() > MAX_LISTS { &lists } else { "" },
    ])
}

fn description(data: &Data, shared: &[(usize, usize)]) -> String {
    let said = |l: &List| {
        let words: Vec<String> =
            l.words.iter().take(5).map(|(word, cosine)| format!("{} {}", spoken(word), fixed(*cosine, 2))).collect();
        format!(
            "{}: {}.",
            token::plain(&l.heading),
            if words.is_empty() { words!("none").into() } else { words.join(", ") }
        )
    };
    let mut out = vec![words!("The words with the nearest vectors, by cosine.").to_string()];
    out.extend(data.shown().iter().map(said));
    if let [first, _] = data.shown() {
        let both: Vec<String> = shared.iter().map(|&(i, _)| spoken(&first.words[i].0)).collect();
        out.push(if both.is_empty() {
            words!("No word is in both.").into()
        } else {
            words!("In both: {}.", both.join(", "))
        });
    }
    out.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Shape;

    fn data(first: &[(&str, f32)], second: &[(&str, f32)]) -> Data {
        let list = |words: &[(&str, f32)]| List {
            heading: "dog".into(),
            words: words.iter().map(|(word, cosine)| (word.to_string(), *cosine)).collect(),
            numbers: Vec::new(),
        };
        Data { lists: vec![list(first), list(second)], model: String::new() }
    }

    #[test]
    fn a_word_of_both_lists_is_joined_once() {
        let data = data(&[("cat", 0.9), ("cat", 0.8), ("cow", 0.7)], &[("soup", 0.9), ("cow", 0.5), ("cat", 0.4)]);
        assert_eq!(data.shared(), [(0, 2), (2, 1)]);
        let scene = render(&data, &State::default(), &Theme::LIGHT);
        let fill = |key: &str| match scene.node(key).map(|n| &n.shape) {
            Some(Shape::Rect { fill, .. }) => *fill,
            other => panic!("{key}: {other:?}"),
        };
        assert_eq!(fill("bar-0-0"), fill("bar-1-2"));
        assert_ne!(fill("bar-0-0"), fill("bar-0-1"));
        assert!(scene.node("join-0-2").is_some() && scene.description.contains("In both: cat, cow."));
    }

    #[test]
    fn bars_begin_at_zero_and_negative_ones_go_left() {
        let data = data(&[("cat", 0.5), ("rock", -0.25)], &[]);
        let scene = render(&data, &State::default(), &Theme::LIGHT);
        let bar = |key: &str| match scene.node(key).map(|n| &n.shape) {
            Some(Shape::Rect { x, width, .. }) => (*x, *width),
            other => panic!("{other:?}"),
        };
        let (cat, rock) = (bar("bar-0-0"), bar("bar-0-1"));
        assert!((cat.1 / rock.1 - 2.0).abs() < 0.01, "{cat:?} {rock:?}");
        assert!((rock.0 + rock.1 - cat.0).abs() < 0.01, "{cat:?} {rock:?}");
    }
}
