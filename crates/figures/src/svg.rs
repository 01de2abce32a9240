//! Scene → SVG: one string that holds everything it needs.

use crate::scene::{Anchor, Node, Run, Scene, Segment, Shape, Stroke, Target, Weight};
use crate::text::FONT_FAMILY;
use std::fmt::Write;

/// The scene as a standalone SVG file.
pub fn to_svg(scene: &Scene) -> String {
    let (w, h, id) = (num(scene.width), num(scene.height), id(scene));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
         aria-labelledby=\"{id}-title {id}-desc\" font-family=\"{FONT_FAMILY}\" font-size=\"12\">\n\
         <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n\
         <rect width=\"{w}\" height=\"{h}\" fill=\"{}\"/>\n",
        escape(&scene.title),
        escape(&scene.description),
        scene.background
    );
    scene.nodes.iter().for_each(|node| write_node(&mut out, node));
    out.push_str("</svg>\n");
    out
}

/// A name for the scene's title and description that other drawings in the same page do not have (FNV-1a).
fn id(scene: &Scene) -> String {
    let said = scene.title.bytes().chain(scene.description.bytes());
    let hash = said.fold(0x811c_9dc5_u32, |h, byte| (h ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("attnscope-{hash:08x}")
}

fn write_node(out: &mut String, node: &Node) {
    let common = attributes(node);
    match &node.shape {
        Shape::Rect { x, y, width, height, radius, fill, stroke } => {
            let _ = write!(
                out,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
                num(*x),
                num(*y),
                num(*width),
                num(*height)
            );
            if *radius > 0.0 {
                let _ = write!(out, " rx=\"{}\"", num(*radius));
            }
            let _ = write!(out, "{}{common}", paint(fill.map(|c| c.to_string()), stroke.as_ref()));
            close(out, node, "rect");
        }
        Shape::Line { x1, y1, x2, y2, stroke } => {
            let _ =
                write!(out, "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"", num(*x1), num(*y1), num(*x2), num(*y2));
            let _ = write!(out, "{}{common}", stroke_attributes(stroke));
            close(out, node, "line");
        }
        Shape::Circle { cx, cy, r, fill, stroke } => {
            let _ = write!(out, "<circle cx=\"{}\" cy=\"{}\" r=\"{}\"", num(*cx), num(*cy), num(*r));
            let _ = write!(out, "{}{common}", paint(fill.map(|c| c.to_string()), stroke.as_ref()));
            close(out, node, "circle");
        }
        Shape::Path { d, fill, stroke } => {
            let _ =
                write!(out, "<path d=\"{}\"{}{common}", path(d), paint(fill.map(|c| c.to_string()), stroke.as_ref()));
            close(out, node, "path");
        }
        Shape::Group { x, y, nodes } => {
            let _ = write!(out, "<g transform=\"translate({} {})\"{common}>", num(*x), num(*y));
            hover(out, node);
            out.push('\n');
            nodes.iter().for_each(|n| write_node(out, n));
            out.push_str("</g>\n");
        }
        Shape::Raster { x, y, width, height, image } => {
            let _ = write!(
                out,
                "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
                num(*x),
                num(*y),
                num(*width),
                num(*height)
            );
            // `optimizeSpeed` is what viewers knew before `pixelated`; the style wins where both are known.
            let _ = write!(
                out,
                " preserveAspectRatio=\"none\" image-rendering=\"optimizeSpeed\" style=\"image-rendering:pixelated\" href=\"{}\"{common}",
                image.data_uri()
            );
            close(out, node, "image");
        }
        Shape::Text { .. } => write_text(out, node, &common),
    }
}

fn write_text(out: &mut String, node: &Node, common: &str) {
    let Shape::Text { x, y, runs, anchor, size, weight, fill, rotate } = &node.shape else { return };
    let _ = write!(out, "<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{fill}\"", num(*x), num(*y), num(*size));
    match anchor {
        Anchor::Start => {}
        Anchor::Middle => out.push_str(" text-anchor=\"middle\""),
        Anchor::End => out.push_str(" text-anchor=\"end\""),
    }
    out.push_str(weight_attribute(*weight));
    if *rotate != 0.0 {
        let _ = write!(out, " transform=\"rotate({} {} {})\"", num(*rotate), num(*x), num(*y));
    }
    let _ = write!(out, " xml:space=\"preserve\"{common}>");
    hover(out, node);
    runs.iter().for_each(|run| write_run(out, run));
    out.push_str("</text>\n");
}

fn write_run(out: &mut String, run: &Run) {
    // A space at an end is kept by xml:space, but not by every viewer: no-break spaces are.
    let text = escape(&run.text).replace(' ', "\u{a0}");
    if run.fill.is_none() && run.weight.is_none() {
        out.push_str(&text);
        return;
    }
    out.push_str("<tspan");
    if let Some(fill) = run.fill {
        let _ = write!(out, " fill=\"{fill}\"");
    }
    out.push_str(run.weight.map_or("", weight_attribute));
    let _ = write!(out, ">{text}</tspan>");
}

fn weight_attribute(weight: Weight) -> &'static str {
    match weight {
        Weight::Regular => "",
        Weight::Semibold => " font-weight=\"600\"",
    }
}

/// Ends an element: empty, or holding the text that a resting pointer is shown.
fn close(out: &mut String, node: &Node, name: &str) {
    if node.label.is_some() {
        out.push('>');
        hover(out, node);
        let _ = writeln!(out, "</{name}>");
    } else {
        out.push_str("/>\n");
    }
}

fn hover(out: &mut String, node: &Node) {
    if let Some(label) = &node.label {
        let _ = write!(out, "<title>{}</title>", escape(label));
    }
}

/// Opacity, and what the mark stands for as `data-*`.
fn attributes(node: &Node) -> String {
    let mut out = String::new();
    if node.opacity < 1.0 {
        let _ = write!(out, " opacity=\"{}\"", num(node.opacity));
    }
    if let Some(target) = &node.target {
        out.push_str(&target_attributes(target));
    }
    if let Some(value) = node.value {
        let _ = write!(out, " data-value=\"{value}\"");
    }
    out
}

fn target_attributes(target: &Target) -> String {
    let data =
        |pairs: &[(&str, usize)]| -> String { pairs.iter().map(|(k, v)| format!(" data-{k}=\"{v}\"")).collect() };
    match *target {
        Target::Cell { layer, head, q_idx, k_idx } => {
            data(&[("layer", layer), ("head", head), ("q", q_idx), ("k", k_idx)])
        }
        Target::Pattern { layer, head, q_len, kv_len } => {
            data(&[("layer", layer), ("head", head), ("q-len", q_len), ("kv-len", kv_len)])
        }
        Target::Token { idx } => data(&[("token", idx)]),
        Target::Query { q_idx } => data(&[("q", q_idx)]),
        Target::Key { k_idx } => data(&[("k", k_idx)]),
        Target::Head { layer, head } => data(&[("layer", layer), ("head", head)]),
        Target::Layer { layer } => data(&[("layer", layer)]),
        Target::Component { k_idx: Some(k_idx), component } => data(&[("k", k_idx), ("component", component)]),
        Target::Component { k_idx: None, component } => data(&[("component", component)]),
        Target::Next { rank } => data(&[("rank", rank)]),
        Target::LensCell { row, position } => data(&[("row", row), ("position", position)]),
        Target::VectorCell { vector, component } => data(&[("vector", vector), ("component", component)]),
    }
}

fn paint(fill: Option<String>, stroke: Option<&Stroke>) -> String {
    let fill = fill.as_deref().unwrap_or("none");
    format!(" fill=\"{fill}\"{}", stroke.map(stroke_attributes).unwrap_or_default())
}

fn stroke_attributes(stroke: &Stroke) -> String {
    let mut out = format!(" stroke=\"{}\" stroke-width=\"{}\"", stroke.color, num(stroke.width));
    if let Some((dash, gap)) = stroke.dash {
        let _ = write!(out, " stroke-dasharray=\"{} {}\"", num(dash), num(gap));
    }
    if stroke.round {
        out.push_str(" stroke-linecap=\"round\" stroke-linejoin=\"round\"");
    }
    out
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

/// A coordinate with at most two decimals. What is no number is drawn at 0 rather than break the file.
fn num(x: f32) -> String {
    if !x.is_finite() {
        return "0".into();
    }
    let text = format!("{x:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if matches!(text, "-0" | "") { "0".into() } else { text.into() }
}

/// Text that XML can hold: its own signs escaped, and characters it forbids replaced.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
#[path = "svg_tests.rs"]
mod tests;
