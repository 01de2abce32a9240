//! A figure step by step: at each step some marks arrive, from where they stand or from the place of another mark. A page
//! moves them; each step by itself is a still.

use crate::scene::{Node, Scene, Shape};
use attnscope_words::words;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::rc::Rc;

/// Seconds over which the marks that arrive one after another set out.
const SPREAD: f32 = 0.6;
/// Seconds after which what has set out has arrived.
const ARRIVED: f32 = 1.5;
/// What is left of a mark that does not belong to a step.
const DIM: f32 = 0.3;
/// Milliseconds for which a step is shown while it plays: long enough to read its sentence.
const PAUSE: u32 = 2800;

/// The rest of a key → the key of another mark.
type Other = Rc<dyn Fn(&str) -> String>;

/// Where a mark is before its step.
#[derive(Clone)]
enum From {
    /// Where it stands, invisible.
    Here,
    /// Without width, where its bar begins: at its left edge, or, of a number below zero, at its right.
    Begin,
    /// Without height, at its foot.
    Below,
    /// Without height, at its head.
    Above,
    /// At the place of another mark, whose key is made from the rest of its own. Invisible.
    Mark(Other),
}

/// In which order the marks of a name set out.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    Together,
    OneByOne,
    /// By the last number of their keys: rows side by side, each from its first mark to its last.
    Abreast,
}

/// The marks of this name.
#[derive(Clone)]
struct Brought {
    marks: String,
    from: From,
    order: Order,
}

/// Copies of marks that fly to another mark and are taken up by it.
#[derive(Clone)]
struct Sent {
    marks: String,
    /// The mark where they fly to.
    to: Other,
}

/// A step: its sentence, and what happens.
#[derive(Clone)]
struct Step {
    said: String,
    /// Its name, if it is not called by its number.
    name: Option<String>,
    pause: Option<u32>,
    brought: Vec<Brought>,
    sent: Vec<Sent>,
    lit: Vec<String>,
    whole: Vec<String>,
}

/// The steps of a figure, in order. At the last one all marks are as the figure drew them.
///
/// Marks are named by their keys: a name that ends in `-` means all marks whose keys begin so, any other a single mark.
///
/// ```
/// use attnscope_figures::{Color, Node, Scene, Timeline};
///
/// let bar = Node::rect(0.0, 0.0, 80.0, 10.0).fill(Color::hex(0)).key("bar-0");
/// let scene = Scene::of(100.0, 10.0, vec![bar]);
/// let steps = Timeline::new().step("Nothing yet.").step("A bar grows.").grows("bar-");
/// assert_eq!(steps.said(), ["Nothing yet.", "A bar grows."]);
/// assert_eq!(steps.stage(scene.clone(), 1), scene);
/// ```
#[derive(Clone)]
pub struct Timeline {
    steps: Vec<Step>,
    /// The id of the control that sets the step.
    pub id: &'static str,
    /// What a step is.
    pub label: &'static str,
    /// The number of the first step, for the reader and in addresses.
    pub first: usize,
    /// The step whose picture is shown at rest, if it is not the last.
    pub rest: Option<usize>,
    pause: u32,
}

impl Default for Timeline {
    fn default() -> Self {
        Self { steps: Vec::new(), id: "step", label: words!("step"), first: 1, rest: None, pause: PAUSE }
    }
}

impl fmt::Debug for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.said()).finish()
    }
}

impl Timeline {
    /// No steps yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a step is, if it is something more than a step, and the number of the first: tiles, from 0.
    pub fn counts(self, label: &'static str, first: usize) -> Self {
        Self { label, first, ..self }
    }

    /// The steps are set by a control of this name.
    pub fn set_by(self, id: &'static str) -> Self {
        Self { id, ..self }
    }

    /// At rest the picture of this step is shown, and not of the last.
    pub fn rests_at(self, step: usize) -> Self {
        Self { rest: Some(step), ..self }
    }

    /// Milliseconds for which each step is shown while it plays.
    pub fn every(self, pause: u32) -> Self {
        Self { pause, ..self }
    }

    /// One more step, with its sentence. What follows belongs to it.
    pub fn step(mut self, said: impl Into<String>) -> Self {
        self.steps.push(Step {
            said: said.into(),
            name: None,
            pause: None,
            brought: Vec::new(),
            sent: Vec::new(),
            lit: Vec::new(),
            whole: Vec::new(),
        });
        self
    }

    /// The step has a name, which stands in the place of its number.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.name = Some(name.into());
        }
        self
    }

    /// The step is shown for so many milliseconds while it plays.
    pub fn pauses(mut self, pause: u32) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.pause = Some(pause);
        }
        self
    }

    /// Marks appear where they stand.
    pub fn brings(self, marks: &str) -> Self {
        self.bring(marks, From::Here)
    }

    /// Bars grow from where they begin.
    pub fn grows(self, marks: &str) -> Self {
        self.bring(marks, From::Begin)
    }

    /// Marks grow from their foot.
    pub fn rises(self, marks: &str) -> Self {
        self.bring(marks, From::Below)
    }

    /// Marks come down from their head.
    pub fn falls(self, marks: &str) -> Self {
        self.bring(marks, From::Above)
    }

    /// Marks come from the places of others: `from` makes the key of such a mark from the rest of the key.
    pub fn moves(self, marks: &str, from: impl Fn(&str) -> String + 'static) -> Self {
        self.bring(marks, From::Mark(Rc::new(from)))
    }

    /// The marks named last set out one after another.
    pub fn one_by_one(self) -> Self {
        self.order(Order::OneByOne)
    }

    /// The marks named last set out row by row at the same time: those whose keys end in the same number together.
    pub fn abreast(self) -> Self {
        self.order(Order::Abreast)
    }

    fn order(mut self, order: Order) -> Self {
        if let Some(brought) = self.steps.last_mut().and_then(|step| step.brought.last_mut()) {
            brought.order = order;
        }
        self
    }

    /// Copies of marks fly to other marks, where they are taken up.
    pub fn sends(mut self, marks: &str, to: impl Fn(&str) -> String + 'static) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.sent.push(Sent { marks: marks.into(), to: Rc::new(to) });
        }
        self
    }

    /// All other marks are dimmed at this step.
    pub fn lights(mut self, marks: &[&str]) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.lit.extend(marks.iter().map(|&name| name.into()));
        }
        self
    }

    /// Marks are opaque at this step, however pale the figure draws them.
    pub fn whole(mut self, marks: &str) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.whole.push(marks.into());
        }
        self
    }

    fn bring(mut self, marks: &str, from: From) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.brought.push(Brought { marks: marks.into(), from, order: Order::Together });
        }
        self
    }

    /// The sentences of all steps.
    pub fn said(&self) -> Vec<String> {
        self.steps.iter().map(|step| step.said.clone()).collect()
    }

    /// The names of all marks that arrive or fly.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().flat_map(|step| {
            let brought = step.brought.iter().map(|one| one.marks.as_str());
            brought.chain(step.sent.iter().map(|one| one.marks.as_str()))
        })
    }

    /// Whether a mark of this key has this name.
    pub fn is(key: &str, name: &str) -> bool {
        if name.ends_with('-') { key.starts_with(name) } else { key == name }
    }

    /// The last step.
    pub fn last(&self) -> usize {
        self.steps.len().saturating_sub(1)
    }

    /// The sentence of a step, if it has one.
    pub fn sentence(&self, step: usize) -> Option<&str> {
        self.steps.get(step).map(|step| step.said.as_str()).filter(|said| !said.is_empty())
    }

    /// A step's name, or its number among all.
    pub fn name(&self, step: usize) -> String {
        let named = self.steps.get(step).and_then(|step| step.name.clone());
        named.unwrap_or_else(|| words!("{} of {}", step + self.first, self.last() + self.first))
    }

    /// Milliseconds for which a step is shown while it plays.
    pub fn pause(&self, step: usize) -> u32 {
        self.steps.get(step).and_then(|step| step.pause).unwrap_or(self.pause)
    }

    /// The figure at a step: what has not arrived yet is invisible and stands for nothing. Beyond the last step nothing is
    /// changed.
    pub fn stage(&self, mut scene: Scene, at: usize) -> Scene {
        if at > self.last() {
            return scene;
        }
        let mut shapes = HashMap::new();
        scene.visit(&mut |node| {
            if let Some(key) = &node.key {
                shapes.insert(key.clone(), node.shape.clone());
            }
        });
        self.place(&mut scene.nodes, at, &shapes);
        scene
    }

    /// Adds the marks that the next step's picture has and this one lacks, if they arrive there: a page can move only what
    /// is there already. For figures that draw another picture at each step.
    pub fn ahead(&self, mut scene: Scene, next: Scene, at: usize) -> Scene {
        let mut after = 0;
        for node in next.nodes {
            let Some(key) = &node.key else { continue };
            if let Some(i) = scene.nodes.iter().position(|here| here.key.as_ref() == Some(key)) {
                after = i + 1;
            } else if self.arrival(key).is_some_and(|(step, _)| step == at + 1) {
                scene.nodes.insert(after, node);
                after += 1;
            }
        }
        scene
    }

    fn place(&self, nodes: &mut Vec<Node>, at: usize, shapes: &HashMap<String, Shape>) {
        let (mut one_by_one, mut abreast) = (Vec::new(), Vec::new());
        let mut copies = Vec::new();
        for (i, node) in nodes.iter_mut().enumerate() {
            if let Shape::Group { nodes, .. } = &mut node.shape {
                self.place(nodes, at, shapes);
            }
            let Some(key) = node.key.clone() else { continue };
            copies.extend(self.copy(node, &key, at, shapes));
            let named = |names: &[String]| names.iter().any(|name| Self::is(&key, name));
            let step = self.steps.get(at);
            if step.is_some_and(|step| named(&step.whole)) {
                node.opacity = 1.0;
            }
            match self.arrival(&key) {
                Some((step, brought)) if step > at => hide(node, brought, &key, shapes),
                Some((step, brought)) if step == at => match brought.order {
                    Order::Together => {}
                    Order::OneByOne => one_by_one.push(i),
                    Order::Abreast => abreast.extend(column(&key).map(|column| (column, i))),
                },
                _ => {}
            }
            if step.is_some_and(|step| !step.lit.is_empty() && !named(&step.lit)) {
                node.opacity *= DIM;
            }
        }
        let step = SPREAD / one_by_one.len().max(1) as f32;
        one_by_one.iter().enumerate().for_each(|(order, &i)| nodes[i].delay = step * order as f32);
        let columns: BTreeSet<usize> = abreast.iter().map(|(column, _)| *column).collect();
        let step = SPREAD / columns.len().max(1) as f32;
        for (column, i) in abreast {
            nodes[i].delay = step * columns.range(..column).count() as f32;
        }
        nodes.extend(copies);
    }

    /// The step at which a mark arrives, and how; `None` if it is there from the beginning. Of several, the one that names
    /// most of its key.
    fn arrival(&self, key: &str) -> Option<(usize, &Brought)> {
        let all = self.steps.iter().enumerate().flat_map(|(i, step)| step.brought.iter().map(move |one| (i, one)));
        all.filter(|(_, one)| Self::is(key, &one.marks)).max_by_key(|(_, one)| one.marks.len())
    }

    /// The copy of a mark that flies at this step, or waits for the next one over its original.
    fn copy(&self, node: &Node, key: &str, at: usize, shapes: &HashMap<String, Shape>) -> Option<Node> {
        let sent = |step: usize| {
            let all = self.steps.get(step)?.sent.iter();
            all.filter(|one| Self::is(key, &one.marks)).max_by_key(|one| one.marks.len())
        };
        let mut copy = Node { label: None, target: None, value: None, ..node.clone() }.key(format!("copy-{key}"));
        let arrives = self.arrival(key).map(|(step, _)| step);
        match (sent(at), sent(at + 1)) {
            (Some(sent), _) => {
                move_to(&mut copy.shape, place_of(shapes, &(sent.to)(&key[sent.marks.len()..]))?);
                copy.opacity = 0.0;
            }
            // Over a mark that arrives only now it appears when that has arrived.
            (None, Some(_)) if arrives == Some(at) => copy.delay = ARRIVED,
            (None, Some(_)) => {}
            (None, None) if arrives == Some(at + 1) && sent(at + 2).is_some() => copy.opacity = 0.0,
            (None, None) => return None,
        }
        Some(copy)
    }
}

/// The number that a key ends in.
fn column(key: &str) -> Option<usize> {
    key.rsplit('-').next()?.parse().ok()
}

/// Where the mark of this key is. Numbers are drawn as cells or, where these would be too narrow, as one strip for all:
/// the strip is the place of a cell that is not drawn, and the first cell that of a strip.
fn place_of<'a>(shapes: &'a HashMap<String, Shape>, key: &str) -> Option<&'a Shape> {
    let strip = || key.rsplit_once('-').and_then(|(strip, _)| shapes.get(strip));
    shapes.get(key).or_else(strip).or_else(|| shapes.get(&format!("{key}-0")))
}

/// A mark before it has arrived.
fn hide(node: &mut Node, brought: &Brought, key: &str, shapes: &HashMap<String, Shape>) {
    (node.label, node.target) = (None, None);
    match (&brought.from, &mut node.shape) {
        (From::Begin, Shape::Rect { x, width, .. }) => {
            *x += if node.value.is_some_and(|value| value < 0.0) { *width } else { 0.0 };
            *width = 0.0;
        }
        (From::Below, Shape::Rect { y, height, .. }) => (*y, *height) = (*y + *height, 0.0),
        (From::Above, Shape::Rect { height, .. }) => *height = 0.0,
        (From::Mark(from), shape) => {
            node.opacity = 0.0;
            if let Some(place) = place_of(shapes, &from(&key[brought.marks.len()..])) {
                move_to(shape, place);
            }
        }
        _ => node.opacity = 0.0,
    }
    node.value = None;
}

/// Moves a shape to the place of another; rectangles take its size.
fn move_to(shape: &mut Shape, place: &Shape) {
    let Some((left, top, wide, high)) = bounds(place) else { return };
    let (middle, centre) = (left + wide / 2.0, top + high / 2.0);
    match shape {
        Shape::Rect { x, y, width, height, .. } | Shape::Raster { x, y, width, height, .. } => {
            (*x, *y, *width, *height) = (left, top, wide, high);
        }
        Shape::Circle { cx, cy, .. } => (*cx, *cy) = (middle, centre),
        Shape::Text { x, y, .. } | Shape::Group { x, y, .. } => match place {
            Shape::Text { .. } | Shape::Group { .. } => (*x, *y) = (left, top),
            _ => (*x, *y) = (middle, centre),
        },
        Shape::Line { .. } | Shape::Path { .. } => {}
    }
}

/// Left, top, width and height of what has a place.
fn bounds(shape: &Shape) -> Option<(f32, f32, f32, f32)> {
    match *shape {
        Shape::Rect { x, y, width, height, .. } | Shape::Raster { x, y, width, height, .. } => {
            Some((x, y, width, height))
        }
        Shape::Circle { cx, cy, r, .. } => Some((cx - r, cy - r, 2.0 * r, 2.0 * r)),
        Shape::Text { x, y, .. } | Shape::Group { x, y, .. } => Some((x, y, 0.0, 0.0)),
        Shape::Line { x1, y1, x2, y2, .. } => Some((x1.min(x2), y1.min(y2), (x1 - x2).abs(), (y1 - y2).abs())),
        Shape::Path { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{Run, Target};

    fn scene() -> Scene {
        let bar = |i: usize| {
            Node::rect(10.0 * i as f32, 20.0, 8.0, 4.0).key(format!("bar-{i}")).target(Target::Own).label("a bar")
        };
        let name = Node::text(3.0, 50.0, Run::new("sum")).key("sum");
        Scene::of(100.0, 60.0, vec![bar(1), bar(2), Node::rect(50.0, 40.0, 2.0, 2.0).key("end-1"), name])
    }

    fn place(scene: &Scene, key: &str) -> (f32, f32, f32, f32) {
        bounds(&scene.node(key).unwrap().shape).unwrap()
    }

    #[test]
    fn marks_arrive_at_their_step_and_stand_for_nothing_before() {
        let steps = Timeline::new().step("a").step("b").grows("bar-").one_by_one().step("c").brings("sum");
        let at = |step| steps.stage(scene(), step);
        assert_eq!(place(&at(0), "bar-1"), (10.0, 20.0, 0.0, 4.0));
        assert!(at(0).node("bar-1").unwrap().target.is_none() && at(0).node("bar-1").unwrap().label.is_none());
        assert_eq!((at(0).node("sum").unwrap().opacity, at(1).node("sum").unwrap().opacity), (0.0, 0.0));
        assert_eq!(place(&at(1), "bar-2"), (20.0, 20.0, 8.0, 4.0));
        assert_eq!([1, 2].map(|i| at(1).node(&format!("bar-{i}")).unwrap().delay), [0.0, SPREAD / 2.0]);
        assert_eq!(at(2), scene());
        let mut below = scene();
        below.nodes[0].value = Some(-1.0);
        assert_eq!(place(&steps.stage(below, 0), "bar-1"), (18.0, 20.0, 0.0, 4.0), "from zero, which is at its right");
        assert_eq!(at(usize::MAX), scene());
        assert_eq!(steps.said(), ["a", "b", "c"]);
    }

    #[test]
    fn marks_come_from_the_places_of_others_and_copies_fly_to_them() {
        let steps = Timeline::new()
            .step("a")
            .step("b")
            .moves("end-", |id| format!("bar-{id}"))
            .sends("bar-2", |_| "end-1".into())
            .lights(&["end-"])
            .step("c");
        let [first, second] = [0, 1].map(|step| steps.stage(scene(), step));
        assert_eq!(place(&first, "end-1"), (10.0, 20.0, 8.0, 4.0));
        assert_eq!((first.node("end-1").unwrap().opacity, second.node("end-1").unwrap().opacity), (0.0, 1.0));
        assert_eq!(place(&first, "copy-bar-2"), place(&first, "bar-2"));
        assert_eq!(
            (place(&second, "copy-bar-2"), second.node("copy-bar-2").unwrap().opacity),
            (place(&second, "end-1"), 0.0)
        );
        assert!(second.node("copy-bar-1").is_none() && second.node("copy-bar-2").unwrap().target.is_none());
        assert_eq!((second.node("bar-1").unwrap().opacity, second.node("end-1").unwrap().opacity), (DIM, 1.0));
        assert!(steps.stage(scene(), 2).node("copy-bar-2").is_none());
    }

    #[test]
    fn a_copy_does_not_hide_the_arrival_of_its_mark() {
        let steps = Timeline::new().step("a").step("b").grows("bar-2").step("c").sends("bar-2", |_| "end-1".into());
        let copy = |step| {
            let scene = steps.stage(scene(), step);
            scene.node("copy-bar-2").map(|copy| (copy.opacity, copy.delay)).unwrap()
        };
        assert_eq!([0, 1, 2].map(copy), [(0.0, 0.0), (1.0, ARRIVED), (0.0, 0.0)]);
    }

    #[test]
    fn what_comes_next_waits_where_it_will_be_drawn() {
        let steps = Timeline::new().step("a").step("b").grows("bar-2").step("c").brings("end-1");
        let mut before = scene();
        before.nodes.retain(|node| !matches!(node.key.as_deref(), Some("bar-2" | "end-1")));
        let ahead = steps.stage(steps.ahead(before, scene(), 0), 0);
        let keys: Vec<_> = ahead.nodes.iter().filter_map(|node| node.key.as_deref()).collect();
        assert_eq!(keys, ["bar-1", "bar-2", "sum"], "what comes later still is not there yet");
        assert_eq!(place(&ahead, "bar-2"), (20.0, 20.0, 0.0, 4.0));
    }

    #[test]
    fn the_longer_name_counts() {
        let steps =
            Timeline::new().step("a").brings("bar-").step("b").brings("bar-2").step("c").brings("bar").brings("su");
        let shown = |key: &str| steps.stage(scene(), 0).node(key).unwrap().opacity > 0.0;
        assert!(shown("bar-1") && !shown("bar-2") && shown("sum"));
    }
}
