//! The same next words under several runs, side by side.

mod bars;
mod table;
mod timeline;

pub use timeline::run_by_run;

use crate::figure::Canvas;
use crate::figure::frame::{Frame, caption, credit};
use crate::number::{percent, plural};
use crate::scale::nice_ceil;
use crate::scene::Scene;
use crate::theme::Theme;
use crate::token::{self, spoken};
use attnscope::NextToken;
use attnscope_words::{key, words};

/// The most runs that are drawn, from the first on.
pub const MAX_COLUMNS: usize = 4;

/// The most words that are drawn, from the first on.
pub const MAX_WORDS: usize = 24;

/// A canvas narrower than this has one group of bars per word instead of one column per run.
const WIDE: f32 = 520.0;

/// A run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// The text that was run: `the hot dog was`.
    pub name: String,
    /// What is special about it: `layer 2, head 0 off`. May be empty.
    pub detail: String,
}

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// The runs, at most [`MAX_COLUMNS`] of them drawn.
    pub columns: Vec<Column>,
    /// The next words, likeliest first.
    pub words: Vec<String>,
    /// Their probabilities, `[column][word]`; `None` where the word is not in the run's list.
    pub p: Vec<Vec<Option<f32>>>,
    /// The model's name.
    pub model: String,
}

impl Data {
    /// The words of all lists, the likeliest in any run first, at most `most` of them.
    pub fn from_next(columns: Vec<(Column, Vec<NextToken>)>, most: usize, model: String) -> Self {
        // A text that occurs twice in a list (two tokens may have the same text) gets the larger probability.
        let of =
            |list: &[NextToken], word: &str| list.iter().filter(|n| n.text == word).map(|n| n.p).max_by(f32::total_cmp);
        let mut words: Vec<(String, f32)> = Vec::new();
        for next in columns.iter().flat_map(|(_, list)| list) {
            let p = if next.p.is_nan() { -1.0 } else { next.p };
            match words.iter_mut().find(|(word, _)| *word == next.text) {
                Some((_, best)) => *best = best.max(p),
                None => words.push((next.text.clone(), p)),
            }
        }
        words.sort_by(|a, b| b.1.total_cmp(&a.1));
        words.truncate(most);
        let words: Vec<String> = words.into_iter().map(|(word, _)| word).collect();
        let p = columns.iter().map(|(_, list)| words.iter().map(|word| of(list, word)).collect()).collect();
        Self { columns: columns.into_iter().map(|(column, _)| column).collect(), words, p, model }
    }

    /// The probability of a word under a run, if it is known.
    pub fn probability(&self, column: usize, word: usize) -> Option<f32> {
        *self.p.get(column)?.get(word)?
    }

    /// The item index of a bar.
    pub fn index(&self, column: usize, word: usize) -> usize {
        column * self.words.len() + word
    }

    /// The bar of an item index: column and word.
    pub fn bar(&self, index: usize) -> Option<(usize, usize)> {
        let (column, word) = (index.checked_div(self.words.len())?, index % self.words.len());
        (column < self.columns.len()).then_some((column, word))
    }

    /// The first earlier run that gives every word exactly the same probability as this one.
    pub fn same_as(&self, column: usize) -> Option<usize> {
        let row = |c: usize| (0..self.words.len()).map(move |w| self.probability(c, w));
        let known = row(column).any(|p| p.is_some());
        (0..column).find(|&c| known && row(c).map(|p| p.map(f32::to_bits)).eq(row(column).map(|p| p.map(f32::to_bits))))
    }

    /// The likeliest word of a run, and its probability.
    pub fn top(&self, column: usize) -> Option<(usize, f32)> {
        let known = (0..self.words.len()).filter_map(|w| Some((w, self.probability(column, w)?)));
        // Of words with equal probabilities, the first.
        known.filter(|(_, p)| p.is_finite()).reduce(|best, next| if next.1 > best.1 { next } else { best })
    }

    fn n_columns(&self) -> usize {
        self.columns.len().min(MAX_COLUMNS)
    }

    fn n_words(&self) -> usize {
        self.words.len().min(MAX_WORDS)
    }

    /// The text under the heading of a run that changed nothing.
    fn sameness(&self, column: usize) -> Option<String> {
        let same = self.same_as(column)?;
        let which = [key!("first"), key!("second"), key!("third"), key!("fourth")].get(same)?;
        // With two runs it is clear which other one is meant.
        Some(if self.columns.len() == 2 {
            attnscope_words::text(SAME).into()
        } else {
            words!("exactly the same as the {which}")
        })
    }
}

/// Characters of a text that the description quotes.
const QUOTED: usize = 60;
const SAME: &str = key!("exactly the same");

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// The probability at the end of every bar's axis; `None` for a round number just above the longest bar.
    pub max_p: Option<f32>,
    /// Whether room is kept for the line about runs that agree, where there is none.
    pub room: bool,
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let width = state.canvas.width.max(320.0);
    let lead = words!("How probable each run finds the same next words. All bars have one scale.");
    let mut frame = Frame::new(theme, &state.canvas, width, words!("What comes next, run by run"), lead);
    let caption = draw(&mut frame, data, state);
    frame.finish(&caption, description(data))
}

/// Headings and bars; returns the caption.
pub(super) fn draw(frame: &mut Frame, data: &Data, state: &State) -> String {
    let known = || (0..data.n_columns()).flat_map(|c| (0..data.n_words()).map(move |w| data.probability(c, w)));
    let top = known().flatten().filter(|p| p.is_finite()).fold(0.0, f32::max);
    let max_p = state.max_p.filter(|p| p.is_finite() && *p > 0.0).unwrap_or_else(|| nice_ceil(top).min(1.0));
    match (data.n_columns(), data.n_words()) {
        (0, _) | (_, 0) => bars::nothing(frame),
        _ if frame.width < WIDE => bars::grouped(frame, data, max_p, state.room),
        _ => bars::columns(frame, data, max_p, state.room),
    }
    let missing = known().any(|p| p.is_none());
    let marked = data.words.iter().any(|word| token::shown(word).contains('␣'));
    let cut = |drawn: usize, all: usize, noun: &str| {
        if all > drawn { words!("The first {drawn} of {}.", plural(all, noun)) } else { String::new() }
    };
    caption(&[
        &credit(&data.model),
        words!("Percentages are rounded; bars are not."),
        if missing { words!("– stands for less than the last of that run's list.") } else { "" },
        if marked { words!("␣ marks a space.") } else { "" },
        &cut(data.n_columns(), data.columns.len(), "run"),
        &cut(data.n_words(), data.words.len(), "word"),
    ])
}

/// The likeliest word of each run, in words.
pub(super) fn description(data: &Data) -> String {
    let said = |column: usize| {
        let Column { name, detail } = &data.columns[column];
        let detail = if detail.is_empty() { String::new() } else { format!(" ({})", token::excerpt(detail, QUOTED)) };
        let top = match data.top(column) {
            Some((word, p)) => format!("{} {}", spoken(&data.words[word]), percent(p)),
            None => words!("no word").into(),
        };
        let same = data.sameness(column).map_or(String::new(), |same| format!(", {}", token::plain(&same)));
        format!("{}{detail}: {top}{same}", token::excerpt(name, QUOTED))
    };
    let runs: Vec<String> = (0..data.n_columns()).map(said).collect();
    let n = plural(data.n_words(), "next word");
    words!(
        "The probabilities of {n} in {}. The likeliest of them in each: {}.",
        plural(runs.len(), "run"),
        runs.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(words: &[(&str, f32)]) -> Vec<NextToken> {
        words.iter().map(|(text, p)| NextToken { id: 0, text: text.to_string(), p: *p }).collect()
    }

    fn column(name: &str) -> Column {
        Column { name: name.into(), detail: String::new() }
    }

    #[test]
    fn the_words_of_all_lists_stand_likeliest_first() {
        let lists = vec![
            (column("a"), list(&[("x", 0.5), ("y", 0.2), ("w", 0.01)])),
            (column("b"), list(&[("z", 0.6), ("y", 0.3)])),
        ];
        let data = Data::from_next(lists, 3, String::new());
        assert_eq!(data.words, ["z", "x", "y"]);
        assert_eq!(data.p, [[None, Some(0.5), Some(0.2)], [Some(0.6), None, Some(0.3)]]);
        let scene = render(&data, &State::default(), &Theme::LIGHT);
        assert!(scene.caption.contains("less than the last"), "{}", scene.caption);
        assert!(
            scene.description.contains("a: x 50") && scene.description.contains("b: z 60"),
            "{}",
            scene.description
        );
        assert!(scene.node("bar-0-0").is_none() && scene.texts().contains(&"–".to_string()));
    }

    #[test]
    fn a_run_that_changes_nothing_is_said_to() {
        let lists = |p| vec![(column("a"), list(&[("x", 0.5)])), (column("b"), list(&[("x", p)]))];
        for (p, same) in [(0.5, true), (0.500_001, false)] {
            let scene = render(&Data::from_next(lists(p), 5, String::new()), &State::default(), &Theme::LIGHT);
            assert_eq!(scene.texts().contains(&SAME.to_string()), same, "{p}");
            assert_eq!(scene.description.contains(SAME), same, "{p}");
        }
    }

    #[test]
    fn columns_share_one_scale() {
        let data = Data::from_next(
            vec![(column("a"), list(&[("x", 0.4)])), (column("b"), list(&[("x", 0.1)]))],
            5,
            String::new(),
        );
        let long = |state: &State, key| match render(&data, state, &Theme::LIGHT).node(key).unwrap().shape {
            crate::scene::Shape::Rect { width, .. } => width,
            ref other => panic!("{other:?}"),
        };
        let state = State::default();
        assert!((long(&state, "bar-0-0") / long(&state, "bar-1-0") - 4.0).abs() < 0.01);
        let half = State { max_p: Some(1.0), ..state.clone() };
        assert!((long(&state, "bar-0-0") / long(&half, "bar-0-0") - 2.0).abs() < 0.01, "0.4 of 0.5, then of 1");
    }
}
