//! Short ways to make a [`Node`]: `Node::rect(0., 0., 10., 10.).fill(blue).key("cell")`.

use crate::color::Color;
use crate::raster::Raster;
use crate::scene::{Anchor, Node, Run, Segment, Shape, Stroke, Target, Weight};
use crate::text::CAP_HEIGHT;

impl Run {
    /// A run that has the style of the surrounding text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), fill: None, weight: None }
    }

    /// In this colour.
    pub fn fill(mut self, color: Color) -> Self {
        self.fill = Some(color);
        self
    }

    /// In bold.
    pub fn bold(mut self) -> Self {
        self.weight = Some(Weight::Semibold);
        self
    }
}

impl Stroke {
    /// A plain line.
    pub fn new(color: Color, width: f32) -> Self {
        Self { color, width, dash: None, round: false }
    }

    /// With round ends.
    pub fn round(mut self) -> Self {
        self.round = true;
        self
    }

    /// Dashed.
    pub fn dash(mut self, dash: f32, gap: f32) -> Self {
        self.dash = Some((dash, gap));
        self
    }
}

impl From<Shape> for Node {
    fn from(shape: Shape) -> Self {
        Self { shape, key: None, label: None, target: None, value: None, opacity: 1.0, delay: 0.0 }
    }
}

impl Node {
    /// A rectangle without fill.
    pub fn rect(x: f32, y: f32, width: f32, height: f32) -> Self {
        let (width, height) = (width.max(0.0), height.max(0.0));
        Shape::Rect { x, y, width, height, radius: 0.0, fill: None, stroke: None }.into()
    }

    /// A straight line.
    pub fn line(x1: f32, y1: f32, x2: f32, y2: f32, stroke: Stroke) -> Self {
        Shape::Line { x1, y1, x2, y2, stroke }.into()
    }

    /// A path without fill.
    pub fn path(d: Vec<Segment>) -> Self {
        Shape::Path { d, fill: None, stroke: None }.into()
    }

    /// A circle without fill.
    pub fn circle(cx: f32, cy: f32, r: f32) -> Self {
        Shape::Circle { cx, cy, r, fill: None, stroke: None }.into()
    }

    /// A line of text on the baseline `y`, in the size of labels.
    pub fn text(x: f32, y: f32, runs: impl Into<Vec<Run>>) -> Self {
        let fill = Color::hex(0);
        Shape::Text {
            x,
            y,
            runs: runs.into(),
            anchor: Anchor::Start,
            size: 12.0,
            weight: Weight::Regular,
            fill,
            rotate: 0.0,
        }
        .into()
    }

    /// The same text, placed so that its capitals are centred on `y` if it is not rotated.
    /// Call it last, when the size is set.
    pub fn centred(mut self) -> Self {
        if let Shape::Text { x, y, size, rotate, .. } = &mut self.shape {
            let (sin, cos) = rotate.to_radians().sin_cos();
            let drop = *size * CAP_HEIGHT / 2.0;
            *x -= sin * drop;
            *y += cos * drop;
        }
        self
    }

    /// Nodes that move together.
    pub fn group(x: f32, y: f32, nodes: Vec<Node>) -> Self {
        Shape::Group { x, y, nodes }.into()
    }

    /// Pixels over a rectangle.
    pub fn raster(x: f32, y: f32, width: f32, height: f32, image: Raster) -> Self {
        Shape::Raster { x, y, width, height, image }.into()
    }

    /// Fills the shape, or colours the text.
    pub fn fill(mut self, color: Color) -> Self {
        match &mut self.shape {
            Shape::Rect { fill, .. } | Shape::Path { fill, .. } | Shape::Circle { fill, .. } => *fill = Some(color),
            Shape::Text { fill, .. } => *fill = color,
            Shape::Line { .. } | Shape::Group { .. } | Shape::Raster { .. } => {}
        }
        self
    }

    /// Draws the outline.
    pub fn stroke(mut self, line: Stroke) -> Self {
        match &mut self.shape {
            Shape::Rect { stroke, .. } | Shape::Path { stroke, .. } | Shape::Circle { stroke, .. } => {
                *stroke = Some(line)
            }
            Shape::Line { stroke, .. } => *stroke = line,
            Shape::Text { .. } | Shape::Group { .. } | Shape::Raster { .. } => {}
        }
        self
    }

    /// Rounds a rectangle's corners.
    pub fn radius(mut self, r: f32) -> Self {
        if let Shape::Rect { radius, width, height, .. } = &mut self.shape {
            *radius = r.min(*width / 2.0).min(*height / 2.0);
        }
        self
    }

    /// Sets a text's size.
    pub fn size(mut self, px: f32) -> Self {
        if let Shape::Text { size, .. } = &mut self.shape {
            *size = px;
        }
        self
    }

    /// Makes a text bold.
    pub fn bold(mut self) -> Self {
        if let Shape::Text { weight, .. } = &mut self.shape {
            *weight = Weight::Semibold;
        }
        self
    }

    /// Sets which point of a text its position refers to.
    pub fn anchor(mut self, to: Anchor) -> Self {
        if let Shape::Text { anchor, .. } = &mut self.shape {
            *anchor = to;
        }
        self
    }

    /// Rotates a text by degrees, clockwise.
    pub fn rotate(mut self, degrees: f32) -> Self {
        if let Shape::Text { rotate, .. } = &mut self.shape {
            *rotate = degrees;
        }
        self
    }

    /// Sets its key.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Sets the text for screen readers.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Sets what it stands for.
    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// Sets the number that it shows.
    pub fn value(mut self, value: f32) -> Self {
        self.value = Some(value);
        self
    }

    /// Makes it transparent.
    pub fn opacity(mut self, opacity: f32) -> Self {
        self.opacity = opacity;
        self
    }
}

impl From<&str> for Run {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<Run> for Vec<Run> {
    fn from(run: Run) -> Self {
        vec![run]
    }
}
