//! The path of a word through the layers, between two groups of words: from animal to food.
//!
//! Horizontally: the word's place between the groups. Vertically: the layers. Above: one depth as a line, with names.

mod chart;
mod line;
mod table;

use crate::figure::Canvas;
use crate::figure::frame::{Frame, PAD, caption, credit};
use attnscope_words::words;

use crate::number::{fixed, plural};
use crate::scale::{Linear, max_abs};
use crate::scene::Scene;
use crate::theme::Theme;
use crate::token::{self, spoken};
use attnscope::analysis::Journey;

/// The most paths that are drawn, from the first on.
pub const MAX_PATHS: usize = 4;

/// The most landmarks that are drawn, from the first on.
pub const MAX_LANDMARKS: usize = 24;

/// A path of the word.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Path {
    /// What was run: `the hot dog was`.
    pub name: String,
    /// Where the word stands after the embedding and after each layer: −1 is the mean of the first group, 1 that of
    /// the second.
    pub at: Vec<f32>,
}

/// A word of one of the groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Landmark {
    /// The word.
    pub name: String,
    /// Its group, 0 or 1.
    pub group: usize,
    /// Where it stands, as in [`Path`].
    pub at: Vec<f32>,
}

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// The word whose paths they are.
    pub word: String,
    /// Its paths, at most [`MAX_PATHS`] of them drawn.
    pub paths: Vec<Path>,
    /// The words of both groups.
    pub landmarks: Vec<Landmark>,
    /// What the groups are, each as one noun: `animal`, `food`.
    pub poles: [String; 2],
    /// The text in which landmarks are read, with a gap: `the … was`.
    pub template: String,
    /// The model's name.
    pub model: String,
}

impl Data {
    /// The result of an analysis, with names: of its paths, and of the words of its two groups, in their order.
    pub fn from_journey(
        found: Journey,
        word: &str,
        names: &[String],
        landmarks: [&[String]; 2],
        poles: [&str; 2],
        template: &str,
        model: &str,
    ) -> Self {
        let named = |(name, at): (&String, Vec<f32>)| Path { name: name.clone(), at };
        let group = |(group, (names, paths)): (usize, (&[String], Vec<Vec<f32>>))| -> Vec<Landmark> {
            names.iter().zip(paths).map(|(name, at)| Landmark { name: name.clone(), group, at }).collect()
        };
        Self {
            word: word.into(),
            paths: names.iter().zip(found.paths).map(named).collect(),
            landmarks: landmarks.into_iter().zip(found.landmarks).enumerate().flat_map(group).collect(),
            poles: poles.map(str::to_string),
            template: template.into(),
            model: model.into(),
        }
    }

    /// How many depths there are: the embedding, and each layer.
    pub fn depths(&self) -> usize {
        self.paths().iter().map(|path| path.at.len()).max().unwrap_or(0)
    }

    /// The item that chooses a depth; with a word (paths first, then landmarks), the word's place there.
    pub fn item(&self, word: Option<usize>, depth: usize) -> usize {
        word.map_or(0, |word| word + 1) * self.depths() + depth
    }

    /// The word, if it is a word's place, and the depth of an item: the inverse of [`Self::item`].
    pub fn chosen(&self, item: usize) -> (Option<usize>, usize) {
        let depths = self.depths().max(1);
        ((item / depths).checked_sub(1), item % depths)
    }

    fn paths(&self) -> &[Path] {
        &self.paths[..self.paths.len().min(MAX_PATHS)]
    }

    fn landmarks(&self) -> &[Landmark] {
        &self.landmarks[..self.landmarks.len().min(MAX_LANDMARKS)]
    }
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// The depth whose names are shown: 0 is the embedding, `l + 1` the output of layer `l`. `None` for the last.
    pub depth: Option<usize>,
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let width = state.canvas.width.max(320.0);
    let [a, b] = data.poles.each_ref().map(|pole| token::plain(pole));
    let title = words!("The path of “{}” between {a} and {b}", spoken(&data.word));
    let lead = words!(
        "Each dot is the vector of “{}” after one more layer. The farther left, the more it is like those of {a} words; \
         the farther right, like those of {b} words.",
        spoken(&data.word)
    );
    let mut frame = Frame::new(theme, &state.canvas, width, title, &lead);
    let depths = data.depths();
    if depths == 0 {
        frame.nothing(words!("No path."));
        return frame
            .finish(&credit(&data.model), words!("The path of a word through the layers; there is none.").into());
    }
    let depth = state.depth.unwrap_or(depths - 1).min(depths - 1);
    let (axis, beyond) = axis(data, width);
    let unnamed = line::draw(&mut frame, data, &axis, depth);
    chart::draw(&mut frame, data, &axis, depth);
    frame.finish(&said_below(data, beyond, unnamed), description(data, depth))
}

/// The axis, and whether something lies beyond its ends.
fn axis(data: &Data, width: f32) -> (Linear, bool) {
    let paths = data.paths().iter().map(|path| &path.at);
    let all = paths.chain(data.landmarks().iter().map(|landmark| &landmark.at)).flatten().copied();
    let largest = max_abs(all);
    let most = (largest * 1.06).clamp(1.25, 3.0);
    (Linear::new((-most, most), (PAD + chart::LABEL_W, width - PAD)), largest > most)
}

fn said_below(data: &Data, beyond: bool, unnamed: bool) -> String {
    let [a, b] = data.poles.each_ref().map(|pole| token::plain(pole));
    let scale = words!(
        "Across: the place along the straight line from the mean of the {a} words (−1) to that of the {b} words (1), \
         anew after every layer; what points in other directions is left out."
    );
    let read = words!("Each {a} or {b} word is read in “{}” and placed by the line", token::plain(&data.template));
    caption(&[
        &credit(&data.model),
        &scale,
        &read,
        words!("that the other words make."),
        if beyond { words!("What lies beyond ±3 is drawn at the edge.") } else { "" },
        if unnamed { words!("Some words have no room for their names.") } else { "" },
        &over(data.paths.len(), MAX_PATHS, "path"),
        &over(data.landmarks.len(), MAX_LANDMARKS, "landmark"),
    ])
}

fn over(all: usize, drawn: usize, noun: &str) -> String {
    if all > drawn { words!("The first {drawn} of {}.", plural(all, noun)) } else { String::new() }
}

/// A depth in words.
fn said(depth: usize) -> String {
    if depth == 0 { words!("before any layer").into() } else { words!("after layer {}", depth - 1) }
}

fn description(data: &Data, depth: usize) -> String {
    let [a, b] = data.poles.each_ref().map(|pole| token::plain(pole));
    let mut out = words!(
        "Where “{}” stands between {a} words (−1) and {b} words (1), at {}.",
        spoken(&data.word),
        plural(data.depths(), "depth")
    );
    for path in data.paths() {
        let at = |depth: usize| path.at.get(depth).map_or(words!("nothing").into(), |at| fixed(*at, 2));
        let last = path.at.len().saturating_sub(1);
        // The beginning of a text is enough to know which it is.
        out += &words!(" In “{}”: {} {}", token::excerpt(&path.name, 48), at(0), said(0));
        if depth > 0 && depth < last {
            out += &format!(", {} {}", at(depth), said(depth));
        }
        out += &format!(", {} {}.", at(last), said(last));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{Shape, Target};

    fn data() -> Data {
        let found = Journey {
            paths: vec![vec![-1.0, -1.0, -1.0], vec![-1.0, 0.0, f32::NAN]],
            landmarks: [vec![vec![-0.9; 3], vec![-1.1; 3]], vec![vec![0.9; 3], vec![1.1; 3]]],
        };
        let strings = |names: &[&str]| names.iter().map(|n| n.to_string()).collect::<Vec<_>>();
        let (animals, foods) = (strings(&["cat", "cow"]), strings(&["soup", "cake"]));
        let names = strings(&["the dog was", "the hot dog was"]);
        Data::from_journey(found, " dog", &names, [&animals, &foods], ["animal", "food"], "the … was", "tiny")
    }

    fn x(scene: &Scene, key: &str) -> Option<f32> {
        match scene.node(key)?.shape {
            Shape::Circle { cx, .. } => Some(cx),
            ref other => panic!("{key}: {other:?}"),
        }
    }

    #[test]
    fn a_dot_stands_where_its_number_says_and_none_stands_for_no_number() {
        let scene = render(&data(), &State { depth: Some(1), ..State::default() }, &Theme::LIGHT);
        let place = |key: &str| x(&scene, key).unwrap_or_else(|| panic!("{key}"));
        assert_eq!(place("path-0-0"), place("path-1-0"), "one embedding, one place");
        assert!(place("path-1-1") > place("path-0-1"));
        assert!(x(&scene, "path-1-2").is_none());
        assert_eq!(place("now-1"), place("path-1-1"), "line and chart have one scale");
        assert!(place("landmark-0") < place("now-1") && place("now-1") < place("landmark-2"));
        let dot = scene.node("path-1-1").unwrap();
        assert_eq!((dot.target, dot.value), (Some(Target::Item { index: 7 }), Some(0.0)));
        assert_eq!((data().chosen(7), data().item(Some(1), 1), data().chosen(2)), ((Some(1), 1), 7, (None, 2)));
        let landmark = scene.node("landmark-0").unwrap();
        assert_eq!(landmark.target, Some(Target::Item { index: data().item(Some(2), 1) }));
    }

    #[test]
    fn the_last_depth_is_shown_unless_another_is_chosen() {
        let texts = |depth| render(&data(), &State { depth, ..State::default() }, &Theme::LIGHT).texts();
        assert!(texts(None).contains(&"after layer 1".to_string()));
        assert!(texts(Some(0)).contains(&"before any layer".to_string()));
        assert_eq!(texts(None), texts(Some(99)));
    }
}
