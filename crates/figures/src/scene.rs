//! A drawing as plain data, before anything is drawn.
//!
//! Lengths are CSS pixels from the top left. Nothing here depends on SVG, a page or a file.

use crate::color::Color;
use crate::raster::Raster;
use attnscope::Number;
use serde::Serialize;

/// A finished drawing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scene {
    /// Width in pixels.
    pub width: f32,
    /// Height in pixels.
    pub height: f32,
    /// What the figure is, in a few words.
    pub title: String,
    /// What it shows, in words for somebody who cannot see it.
    pub description: String,
    /// What the figure simplifies and where its numbers come from. A bare figure does not draw it: the page does.
    pub caption: String,
    /// What is behind everything.
    pub background: Color,
    /// The drawing, back to front.
    pub nodes: Vec<Node>,
}

/// One mark and what it stands for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    /// What is drawn.
    pub shape: Shape,
    /// Its identity from one state of the figure to the next, so that changes can be animated.
    pub key: Option<String>,
    /// The text for screen readers, also shown where a pointer rests on it.
    pub label: Option<String>,
    /// What it stands for: an event on the mark is an event on this.
    pub target: Option<Target>,
    /// The number it shows, unrounded.
    pub value: Option<f32>,
    /// 1 is opaque.
    pub opacity: f32,
    /// Seconds that it waits before it follows a change, where changes are animated.
    #[serde(skip_serializing_if = "is_at_once")]
    pub delay: f32,
}

/// What a mark stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names of the indices are the field's own")]
pub enum Target {
    /// A token of the text.
    Token { idx: usize },
    /// A token in its role as query (a row).
    Query { q_idx: usize },
    /// A token in its role as key (a column).
    Key { k_idx: usize },
    /// A head.
    Head { layer: usize, head: usize },
    /// One component of q (`k_idx` is `None`), or of a key or a product.
    Component { k_idx: Option<usize>, component: usize },
    /// One component of the query times that of a key.
    Product { k_idx: usize, component: usize },
    /// A number of the run, such as a weight: choosing it opens its arithmetic.
    Number { number: Number },
    /// Numbers of the run drawn as one raster, of which `first` is the top left one: a pattern with its queries as rows,
    /// or consecutive numbers of a vector in reading order. [`Target::at`] returns the number at a place of it.
    Numbers { first: Number, columns: usize, rows: usize },
    /// Something to drag, or to move with the arrow keys.
    Handle { index: usize },
    /// A place in a list of the figure's own: a next token, an edge, a step, a point of a curve.
    Item { index: usize },
    /// A number that the figure computes itself, identified by its mark's key: choosing it opens its arithmetic.
    Own,
    /// Items drawn as one raster, in reading order.
    Items { columns: usize, rows: usize },
}

/// The style of a line.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Stroke {
    /// Its colour.
    pub color: Color,
    /// Its thickness.
    pub width: f32,
    /// Dash and gap, if dashed.
    pub dash: Option<(f32, f32)>,
    /// Whether ends and corners are round.
    pub round: bool,
}

/// Which point of a text its position refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Anchor {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// The two font weights that are embedded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// 400
    Regular,
    /// 600
    Semibold,
}

/// A piece of a text that may have a style of its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// The characters.
    pub text: String,
    /// Its colour, if it is not that of the whole text.
    pub fill: Option<Color>,
    /// Its weight, if it is not that of the whole text.
    pub weight: Option<Weight>,
}

/// A step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Segment {
    /// Move the pen here without drawing.
    Move(f32, f32),
    /// A straight line to here.
    Line(f32, f32),
    /// A cubic curve: two control points, then its end.
    Cubic(f32, f32, f32, f32, f32, f32),
    /// A line back to where the pen last moved without drawing.
    Close,
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "shape", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "geometry says itself")]
pub enum Shape {
    /// A rectangle, perhaps with rounded corners.
    Rect { x: f32, y: f32, width: f32, height: f32, radius: f32, fill: Option<Color>, stroke: Option<Stroke> },
    /// A straight line.
    Line { x1: f32, y1: f32, x2: f32, y2: f32, stroke: Stroke },
    /// Lines and curves.
    Path { d: Vec<Segment>, fill: Option<Color>, stroke: Option<Stroke> },
    /// A circle.
    Circle { cx: f32, cy: f32, r: f32, fill: Option<Color>, stroke: Option<Stroke> },
    /// A line of text on the baseline `y`, rotated by `rotate` degrees about its position.
    Text { x: f32, y: f32, runs: Vec<Run>, anchor: Anchor, size: f32, weight: Weight, fill: Color, rotate: f32 },
    /// Nodes that move together.
    Group { x: f32, y: f32, nodes: Vec<Node> },
    /// Pixels stretched over a rectangle, each with crisp edges.
    Raster { x: f32, y: f32, width: f32, height: f32, image: Raster },
}

/// Whether a mark follows a change without delay, as nearly all do.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_at_once(delay: &f32) -> bool {
    *delay == 0.0
}

impl Scene {
    /// Marks on a white area of this size, without any words.
    pub fn of(width: f32, height: f32, nodes: Vec<Node>) -> Self {
        let (title, description, caption) = Default::default();
        Self { width, height, title, description, caption, background: Color::hex(0xff_ff_ff), nodes }
    }

    /// Calls `f` on every node, groups before their content.
    pub fn visit<'a>(&'a self, f: &mut impl FnMut(&'a Node)) {
        fn walk<'a>(nodes: &'a [Node], f: &mut impl FnMut(&'a Node)) {
            for node in nodes {
                f(node);
                if let Shape::Group { nodes, .. } = &node.shape {
                    walk(nodes, f);
                }
            }
        }
        walk(&self.nodes, f);
    }

    /// Whether every coordinate and size is a finite number. Figures guarantee it, whatever numbers a model computes.
    pub fn is_finite(&self) -> bool {
        let mut finite = self.width.is_finite() && self.height.is_finite();
        self.visit(&mut |node| {
            finite &= node.opacity.is_finite()
                && node.delay.is_finite()
                && node.shape.numbers().iter().all(|x| x.is_finite());
        });
        finite
    }

    /// The node with this key, if there is one.
    pub fn node(&self, key: &str) -> Option<&Node> {
        let mut found = None;
        self.visit(&mut |node| {
            if node.key.as_deref() == Some(key) {
                found = Some(node);
            }
        });
        found
    }

    /// Every text of the drawing, in order, runs joined.
    pub fn texts(&self) -> Vec<String> {
        let mut texts = Vec::new();
        self.visit(&mut |node| {
            if let Shape::Text { runs, .. } = &node.shape {
                texts.push(runs.iter().map(|r| r.text.as_str()).collect());
            }
        });
        texts
    }
}

impl Shape {
    /// Every coordinate and size, for checks.
    fn numbers(&self) -> Vec<f32> {
        let width = |s: &Option<Stroke>| s.map_or(0.0, |s| s.width);
        match self {
            Self::Rect { x, y, width: w, height, radius, stroke, .. } => {
                vec![*x, *y, *w, *height, *radius, width(stroke)]
            }
            Self::Line { x1, y1, x2, y2, stroke } => vec![*x1, *y1, *x2, *y2, stroke.width],
            Self::Circle { cx, cy, r, stroke, .. } => vec![*cx, *cy, *r, width(stroke)],
            Self::Text { x, y, size, rotate, .. } => vec![*x, *y, *size, *rotate],
            Self::Group { x, y, .. } => vec![*x, *y],
            Self::Raster { x, y, width, height, .. } => vec![*x, *y, *width, *height],
            Self::Path { d, stroke, .. } => d
                .iter()
                .flat_map(|segment| match *segment {
                    Segment::Move(x, y) | Segment::Line(x, y) => vec![x, y],
                    Segment::Cubic(a, b, c, d, e, f) => vec![a, b, c, d, e, f],
                    Segment::Close => vec![],
                })
                .chain([width(stroke)])
                .collect(),
        }
    }
}
