//! Scene → SVG: one string that holds everything it needs.

use crate::element::{Content, Element, Span, element, num};
use crate::scene::{Node, Scene, Shape};
use crate::text::FONT_FAMILY;
use crate::token::is_hidden;
use std::fmt::Write;

/// The scene as a standalone SVG file.
pub fn to_svg(scene: &Scene) -> String {
    to_svg_of_width(scene, scene.width)
}

/// The same, shown `width` pixels wide: a figure that cannot be drawn narrower still fits a column.
pub fn to_svg_of_width(scene: &Scene, width: f32) -> String {
    let (w, h, id) = (num(scene.width), num(scene.height), id(scene));
    let (wide, high) = (num(width), num(scene.height * width / scene.width));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
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

/// One SVG for both themes, from the two drawings of a figure: a colour that differs becomes `light-dark()`, a raster
/// that differs is included twice, with the class `light-only` or `dark-only`. `None` if they differ in anything else.
pub fn for_both_themes(light: &str, dark: &str) -> Option<String> {
    let (mut light, mut dark) = (light.lines(), dark.lines());
    let mut out = String::new();
    loop {
        match (light.next(), dark.next()) {
            (None, None) => return Some(out),
            (Some(l), Some(d)) if l == d => out.push_str(l),
            (Some(l), Some(d)) => match (l.strip_prefix("<image"), d.strip_prefix("<image")) {
                (Some(l), Some(d)) => {
                    let _ = write!(out, "<image class=\"light-only\"{l}<image class=\"dark-only\"{d}");
                }
                _ => out.push_str(&both_colors(l, d)?),
            },
            _ => return None,
        }
        out.push('\n');
    }
}

fn both_colors(light: &str, dark: &str) -> Option<String> {
    let (mut light, mut dark) = (light.split('#'), dark.split('#'));
    let mut out = light.next()?.to_owned();
    if dark.next()? != out {
        return None;
    }
    loop {
        match (light.next(), dark.next()) {
            (None, None) => return Some(out),
            (Some(l), Some(d)) if l == d => out.extend(["#", l]),
            (Some(l), Some(d)) => {
                let ((l, rest), (d, same)) = (l.split_at_checked(6)?, d.split_at_checked(6)?);
                if rest != same || ![l, d].iter().all(|c| c.bytes().all(|b| b.is_ascii_hexdigit())) {
                    return None;
                }
                let _ = write!(out, "light-dark(#{l},#{d}){rest}");
            }
            _ => return None,
        }
    }
}

/// An id for the scene's title and description that no other drawing in the same page has (FNV-1a).
fn id(scene: &Scene) -> String {
    let said = scene.title.bytes().chain(scene.description.bytes());
    let hash = said.fold(0x811c_9dc5_u32, |h, byte| (h ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("attnscope-{hash:08x}")
}

fn write_node(out: &mut String, node: &Node) {
    let Element { tag, attributes, label, content } = element(node);
    let _ = write!(out, "<{tag}");
    write_attributes(out, &attributes);
    if content == Content::Empty && label.is_none() {
        out.push_str("/>\n");
        return;
    }
    out.push('>');
    if let Some(label) = &label {
        let _ = write!(out, "<title>{}</title>", escape(label));
    }
    match content {
        Content::Empty => {}
        Content::Text(spans) => spans.iter().for_each(|span| write_span(out, span)),
        Content::Group => {
            out.push('\n');
            if let Shape::Group { nodes, .. } = &node.shape {
                nodes.iter().for_each(|node| write_node(out, node));
            }
        }
    }
    let _ = writeln!(out, "</{tag}>");
}

fn write_span(out: &mut String, span: &Span) {
    if span.attributes.is_empty() {
        out.push_str(&escape(&span.text));
        return;
    }
    out.push_str("<tspan");
    write_attributes(out, &span.attributes);
    let _ = write!(out, ">{}</tspan>", escape(&span.text));
}

fn write_attributes(out: &mut String, attributes: &[(&'static str, String)]) {
    for (name, value) in attributes {
        let _ = write!(out, " {name}=\"{}\"", escape(value));
    }
}

/// Text for XML: markup escaped, forbidden characters replaced, and invisible ones spelt out, so that they cannot
/// change how a terminal or an editor shows the file.
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
            c if is_hidden(c) => {
                let _ = write!(out, "&#x{:X};", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
#[path = "svg_tests.rs"]
mod tests;
