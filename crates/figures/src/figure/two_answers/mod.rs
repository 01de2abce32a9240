//! Words in a bag and on a thread: which words there are, against in which order; and the answers to both.

mod timeline;
mod words;

pub use timeline::{bag_then_threads, into_the_bag, own_sentence};

use crate::figure::Canvas;
use crate::figure::compare::{self, Column};
use crate::figure::frame::Frame;
use crate::scale::nice_ceil;
use crate::scene::Scene;
use crate::theme::Theme;
use attnscope_words::words;

/// The most words of a sentence that are drawn, from the first on.
pub const MAX_WORDS: usize = 24;

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// All answers that may be shown.
    pub answers: compare::Data,
    /// The words of each sentence, in order.
    pub sentences: Vec<Vec<String>>,
}

impl Data {
    /// The answers of these columns, on the same words.
    pub fn of(&self, columns: &[usize]) -> compare::Data {
        let all = &self.answers;
        let (names, p) =
            columns.iter().filter_map(|&c| Some((all.columns.get(c)?.clone(), all.p.get(c)?.clone()))).unzip();
        compare::Data { columns: names, words: all.words.clone(), p, model: all.model.clone() }
    }

    /// The sentence that a column answers.
    fn column(&self, column: usize) -> Option<&Column> {
        self.answers.columns.get(column)
    }
}

/// Where the words are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Words {
    /// Each sentence on a thread, in its order.
    #[default]
    Threads,
    /// All in one bag.
    Bag,
    /// On the thread, and again in the bag.
    Both,
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// Where the words are.
    pub words: Words,
    /// The columns of the answers that are shown.
    pub columns: Vec<usize>,
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let width = state.canvas.width.max(320.0);
    let lead = words!(
        "Which words there are, and in which order. Below, how probable each reading finds the same next words."
    );
    let mut frame = Frame::new(theme, &state.canvas, width, words!("Bag and thread"), lead);
    words::draw(&mut frame, data, state);
    let shown = data.of(&state.columns);
    // One scale for all answers, also for those that another step shows.
    let top = data.answers.p.iter().flatten().flatten().copied().filter(|p| p.is_finite()).fold(0.0, f32::max);
    let of = compare::State { canvas: state.canvas, max_p: Some(nice_ceil(top).min(1.0)), room: true };
    let caption = compare::draw(&mut frame, &shown, &of);
    let place = match state.words {
        Words::Threads => words!("Each sentence's words hang on a thread, in their order."),
        Words::Bag => words!("The words of both sentences lie in one bag, without an order."),
        Words::Both => words!("The sentence's words hang on a thread, in their order, and lie in a bag, without one."),
    };
    frame.finish(&caption, format!("{place} {}", compare::description(&shown)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Shape;
    use attnscope::NextToken;

    fn sample() -> Data {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let list = |word: &str, p| (Column { name: word.into(), detail: String::new() }, vec![next(word, p)]);
        fn next(text: &str, p: f32) -> NextToken {
            NextToken { id: 0, text: text.into(), p }
        }
        let lists = vec![list("tasty", 0.4), list("barking", 0.3), list("cold", 0.2), list("cold", 0.2)];
        let answers = compare::Data::from_next(lists, 8, String::new());
        Data { answers, sentences: vec![words("the hot dog on the rock was"), words("the dog on the hot rock was")] }
    }

    fn place(scene: &Scene, key: &str) -> (f32, f32) {
        match scene.node(key).unwrap_or_else(|| panic!("no {key}")).shape {
            Shape::Group { x, y, .. } => (x, y),
            ref other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_same_words_are_one_bag_in_whatever_order() {
        let data = sample();
        for width in [340.0, 760.0] {
            let canvas = Canvas { width, bare: true };
            let at = |words| render(&data, &State { canvas, words, columns: vec![0, 1] }, &Theme::LIGHT);
            let (threads, bag) = (at(Words::Threads), at(Words::Bag));
            assert_eq!((threads.width, threads.height), (bag.width, bag.height), "nothing jumps");
            // dog is word 2 of one sentence and word 1 of the other, and lies in one place.
            assert_eq!(place(&bag, "chip-0-2"), place(&bag, "chip-1-1"));
            assert_ne!(place(&threads, "chip-0-2"), place(&threads, "chip-1-1"));
            let places: std::collections::BTreeSet<String> =
                (0..7).map(|i| format!("{:?}", place(&bag, &format!("chip-0-{i}")))).collect();
            assert_eq!(places.len(), 7, "each of the two has a place of its own");
            assert_eq!(bag.node("chip-1-1").unwrap().opacity, 0.0, "once is enough");
        }
    }

    #[test]
    fn all_answers_have_one_scale_and_the_same_words() {
        let data = sample();
        let long = |columns: Vec<usize>, key: &str| {
            let scene = render(&data, &State { columns, ..State::default() }, &Theme::LIGHT);
            match scene.node(key).unwrap().shape {
                Shape::Rect { width, .. } => width,
                ref other => panic!("{other:?}"),
            }
        };
        let cold = data.answers.words.iter().position(|word| word == "cold").unwrap();
        assert!((long(vec![0, 1], "bar-0-0") / long(vec![2, 3], &format!("bar-0-{cold}")) - 2.0).abs() < 0.01);
    }

    #[test]
    fn one_sentence_is_on_the_thread_and_in_the_bag() {
        let mut data = sample();
        data.sentences.truncate(1);
        let scene =
            render(&data, &State { words: Words::Both, columns: vec![0, 2], ..State::default() }, &Theme::LIGHT);
        assert!(place(&scene, "bagged-0-2").1 > place(&scene, "chip-0-2").1);
        assert_eq!(scene.texts().iter().filter(|text| *text == "dog").count(), 2);
    }

    #[test]
    fn a_long_sentence_is_cut_and_said_to_be() {
        let long = Data { sentences: vec![vec!["so".into(); 90]], ..sample() };
        let scene =
            render(&long, &State { words: Words::Both, columns: vec![0, 2], ..State::default() }, &Theme::LIGHT);
        assert!(scene.node("chip-0-24").is_some() && scene.node("chip-0-25").is_none());
        assert!(scene.texts().contains(&"…".to_owned()));
    }
}
