//! Scene → elements: what each mark is in SVG, as plain data. A file ([`crate::svg`]) and a page write the same ones.

use crate::scene::{Anchor, Node, Run, Segment, Shape, Stroke, Target, Weight};
use attnscope::Site;
use std::fmt::Write;

/// An SVG element. Values are unescaped: code that writes them into a file must escape them.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// `rect`, `text`, …
    pub tag: &'static str,
    /// Names and values, in order.
    pub attributes: Vec<(&'static str, String)>,
    /// The text of its `<title>`.
    pub label: Option<String>,
    /// What is inside.
    pub content: Content,
}

/// The inside of an element.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Nothing.
    Empty,
    /// Pieces of text.
    Text(Vec<Span>),
    /// The nodes of a group.
    Group,
}

/// A piece of text: plain text if it has no attributes, otherwise a `tspan`.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The characters.
    pub text: String,
    /// Names and values.
    pub attributes: Vec<(&'static str, String)>,
}

type Attributes = Vec<(&'static str, String)>;

/// The element of a node. The nodes inside a group are for the caller to walk.
pub fn element(node: &Node) -> Element {
    let (tag, mut attributes) = shape(&node.shape);
    common(&mut attributes, node);
    let content = match &node.shape {
        Shape::Group { .. } => Content::Group,
        Shape::Text { runs, .. } => Content::Text(runs.iter().map(span).collect()),
        _ => Content::Empty,
    };
    Element { tag, attributes, label: node.label.clone(), content }
}

fn shape(shape: &Shape) -> (&'static str, Attributes) {
    let mut out = Attributes::new();
    match shape {
        Shape::Rect { x, y, width, height, radius, fill, stroke } => {
            numbers(&mut out, [("x", x), ("y", y), ("width", width), ("height", height)]);
            if *radius > 0.0 {
                numbers(&mut out, [("rx", radius)]);
            }
            paint(&mut out, fill.map(|c| c.to_string()), stroke.as_ref());
            ("rect", out)
        }
        Shape::Line { x1, y1, x2, y2, stroke: line } => {
            numbers(&mut out, [("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2)]);
            self::stroke(&mut out, line);
            ("line", out)
        }
        Shape::Circle { cx, cy, r, fill, stroke } => {
            numbers(&mut out, [("cx", cx), ("cy", cy), ("r", r)]);
            paint(&mut out, fill.map(|c| c.to_string()), stroke.as_ref());
            ("circle", out)
        }
        Shape::Path { d, fill, stroke } => {
            out.push(("d", path(d)));
            paint(&mut out, fill.map(|c| c.to_string()), stroke.as_ref());
            ("path", out)
        }
        Shape::Group { x, y, .. } => {
            out.push(("transform", format!("translate({} {})", num(*x), num(*y))));
            ("g", out)
        }
        Shape::Raster { x, y, width, height, image } => {
            numbers(&mut out, [("x", x), ("y", y), ("width", width), ("height", height)]);
            out.push(("preserveAspectRatio", "none".into()));
            // Older viewers know `optimizeSpeed` only; the style wins where both are known.
            out.push(("image-rendering", "optimizeSpeed".into()));
            out.push(("style", "image-rendering:pixelated".into()));
            out.push(("href", image.data_uri()));
            ("image", out)
        }
        Shape::Text { .. } => ("text", text(shape)),
    }
}

fn text(shape: &Shape) -> Attributes {
    let mut out = Attributes::new();
    let Shape::Text { x, y, anchor, size, weight, fill, rotate, .. } = shape else { return out };
    numbers(&mut out, [("x", x), ("y", y), ("font-size", size)]);
    out.push(("fill", fill.to_string()));
    match anchor {
        Anchor::Start => {}
        Anchor::Middle => out.push(("text-anchor", "middle".into())),
        Anchor::End => out.push(("text-anchor", "end".into())),
    }
    font_weight(&mut out, *weight);
    if *rotate != 0.0 {
        out.push(("transform", format!("rotate({} {} {})", num(*rotate), num(*x), num(*y))));
    }
    out.push(("xml:space", "preserve".into()));
    out
}

fn span(run: &Run) -> Span {
    let mut attributes = Attributes::new();
    if let Some(fill) = run.fill {
        attributes.push(("fill", fill.to_string()));
    }
    if let Some(weight) = run.weight {
        font_weight(&mut attributes, weight);
    }
    // A space at an end is kept by xml:space, but not by every viewer: no-break spaces are.
    // A run that only resets the weight still stands apart from the text around it.
    Span { text: run.text.replace(' ', "\u{a0}"), attributes }
}

fn font_weight(out: &mut Attributes, weight: Weight) {
    if weight == Weight::Semibold {
        out.push(("font-weight", "600".into()));
    }
}

/// Opacity, and what the mark stands for as `data-*`.
fn common(out: &mut Attributes, node: &Node) {
    if node.opacity < 1.0 {
        numbers(out, [("opacity", &node.opacity)]);
    }
    if let Some(Target::Number { number }) = &node.target {
        out.push(("data-number", number.to_string()));
    }
    if let (Some(Target::Own), Some(key)) = (&node.target, &node.key) {
        out.push(("data-own", key.clone()));
    }
    if let Some(Target::Numbers { first, .. }) = &node.target {
        out.push(("data-first", first.to_string()));
    }
    if let Some(target) = &node.target {
        out.extend(target_indices(target).into_iter().map(|(name, index)| (name, index.to_string())));
    }
    if let Some(value) = node.value {
        out.push(("data-value", value.to_string()));
    }
}

fn target_indices(target: &Target) -> Vec<(&'static str, usize)> {
    match *target {
        Target::Token { idx } => vec![("data-token", idx)],
        Target::Query { q_idx } => vec![("data-q", q_idx)],
        Target::Key { k_idx } => vec![("data-k", k_idx)],
        Target::Head { layer, head } => vec![("data-layer", layer), ("data-head", head)],
        Target::Component { k_idx: Some(k_idx), component } => vec![("data-k", k_idx), ("data-component", component)],
        Target::Product { k_idx, component } => vec![("data-k", k_idx), ("data-product", component)],
        Target::Component { k_idx: None, component } => vec![("data-component", component)],
        Target::Handle { index } => vec![("data-handle", index)],
        Target::Item { index } => vec![("data-item", index)],
        Target::Items { columns, rows } | Target::Numbers { columns, rows, .. } => {
            vec![("data-columns", columns), ("data-rows", rows)]
        }
        Target::Number { number } if number.site() == Site::Pattern => {
            vec![("data-q", number.position()), ("data-k", number.last())]
        }
        // Its name says it all: see above.
        Target::Number { .. } | Target::Own => vec![],
    }
}

fn numbers<const N: usize>(out: &mut Attributes, pairs: [(&'static str, &f32); N]) {
    out.extend(pairs.map(|(name, x)| (name, num(*x))));
}

fn paint(out: &mut Attributes, fill: Option<String>, line: Option<&Stroke>) {
    out.push(("fill", fill.unwrap_or_else(|| "none".into())));
    if let Some(line) = line {
        stroke(out, line);
    }
}

fn stroke(out: &mut Attributes, stroke: &Stroke) {
    out.push(("stroke", stroke.color.to_string()));
    out.push(("stroke-width", num(stroke.width)));
    if let Some((dash, gap)) = stroke.dash {
        out.push(("stroke-dasharray", format!("{} {}", num(dash), num(gap))));
    }
    if stroke.round {
        out.extend([("stroke-linecap", "round".into()), ("stroke-linejoin", "round".into())]);
    }
}

/// The `d` attribute of a path.
pub fn path(segments: &[Segment]) -> String {
    let mut out = String::new();
    for segment in segments {
        let _ = match *segment {
            Segment::Move(x, y) => write!(out, "M{} {}", num(x), num(y)),
            Segment::Line(x, y) => write!(out, "L{} {}", num(x), num(y)),
            Segment::Cubic(a, b, c, d, x, y) => {
                write!(out, "C{} {} {} {} {} {}", num(a), num(b), num(c), num(d), num(x), num(y))
            }
            Segment::Close => write!(out, "Z"),
        };
    }
    out
}

/// A coordinate with at most two decimals; 0 for NaN and infinity, which would break the file.
pub fn num(x: f32) -> String {
    if !x.is_finite() {
        return "0".into();
    }
    let text = format!("{x:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if matches!(text, "-0" | "") { "0".into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_finite() {
        assert_eq!([1.0, 0.5, -0.001, 12.3456, f32::NAN, f32::INFINITY].map(num), ["1", "0.5", "0", "12.35", "0", "0"]);
    }
}
