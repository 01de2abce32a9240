//! The elements of a drawing: unchanged ones stay, changed ones are updated, those no longer drawn are removed.

use attnscope_figures::element::{Content, Element as Mark, Span, element};
use attnscope_figures::{Node, Shape};
use std::collections::HashMap;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, Element, SvgElement};

/// The namespace of drawings.
pub const SVG: &str = "http://www.w3.org/2000/svg";

/// The elements of one group, by key.
#[derive(Default)]
pub struct Drawn {
    marks: HashMap<String, DrawnMark>,
}

struct DrawnMark {
    element: Element,
    drawn: Mark,
    /// Its delay, in seconds.
    delay: f32,
    /// Whether it has a target: a mark that stays may gain or lose one. `None` before it is first set.
    stands: Option<bool>,
    inside: Drawn,
}

/// Makes the children of `parent` after `after` match `nodes`.
pub fn draw_nodes(
    document: &Document,
    parent: &Element,
    after: Option<&Element>,
    drawn: &mut Drawn,
    nodes: &[Node],
) -> Result<(), JsValue> {
    let mut old = std::mem::take(&mut drawn.marks);
    let marks = named(nodes);
    // First what is gone: with it out of the way, what stays is in its place already. An element that is put in again, even
    // in the same place, does not move there but appears.
    let tags: HashMap<&str, &str> = marks.iter().map(|(key, mark, _)| (key.as_str(), mark.tag)).collect();
    old.retain(|key, known| {
        let stays = tags.get(key.as_str()) == Some(&known.drawn.tag);
        if !stays {
            known.element.remove();
        }
        stays
    });
    let mut last: Option<Element> = after.cloned();
    for (key, mark, node) in marks {
        let mut current = match old.remove(&key) {
            Some(mut known) => {
                change(document, &mut known, mark)?;
                known
            }
            None => create(document, mark)?,
        };
        if current.stands != Some(node.target.is_some()) {
            stand_for(&mut current, &key, node)?;
        }
        if current.delay != node.delay {
            wait(&mut current, node.delay)?;
        }
        if let Shape::Group { nodes, .. } = &node.shape {
            let element = current.element.clone();
            draw_nodes(document, &element, None, &mut current.inside, nodes)?;
        }
        let place = match &last {
            Some(last) => last.next_sibling(),
            None => parent.first_child(),
        };
        if place.as_ref() != Some(current.element.as_ref()) {
            parent.insert_before(&current.element, place.as_ref())?;
        }
        last = Some(current.element.clone());
        drawn.marks.insert(key, current);
    }
    Ok(())
}

/// The marks of these nodes, each with its key.
fn named(nodes: &[Node]) -> Vec<(String, Mark, &Node)> {
    let mut unnamed: HashMap<String, usize> = HashMap::new();
    let named = nodes.iter().map(|node| {
        let mark = for_page(element(node));
        // Marks without a key of their own are matched by their order, texts by what they say: else one text would
        // become another on its way to that one's place.
        let key = node.key.clone().unwrap_or_else(|| {
            let alike = match &mark.content {
                Content::Text(spans) => spans.iter().map(|span| span.text.as_str()).collect(),
                _ => mark.tag.to_owned(),
            };
            let count = unnamed.entry(alike.clone()).or_default();
            *count += 1;
            format!("{alike}#{count}")
        });
        (key, mark, node)
    });
    named.collect()
}

/// A text's position becomes its `transform`, which a stylesheet can animate; `x` and `y` would jump.
fn for_page(mut mark: Mark) -> Mark {
    if mark.tag != "text" {
        return mark;
    }
    let mut take = |wanted: &str| {
        let at = mark.attributes.iter().position(|(name, _)| *name == wanted)?;
        Some(mark.attributes.remove(at).1)
    };
    let (x, y) = (take("x").unwrap_or_default(), take("y").unwrap_or_default());
    // `rotate(degrees x y)` rotates about the text's own place, which is the origin after the move.
    let turn = take("transform").and_then(|turn| turn.split_whitespace().next().map(|start| format!(" {start})")));
    mark.attributes.push(("transform", format!("translate({x} {y}){}", turn.unwrap_or_default())));
    mark
}

/// Sets whether events on a mark have a target. A mark that loses its target lets events through, and gives up the focus.
fn stand_for(mark: &mut DrawnMark, key: &str, node: &Node) -> Result<(), JsValue> {
    let stands = node.target.is_some();
    match stands {
        true => mark.element.set_attribute("data-key", key)?,
        false => {
            mark.element.remove_attribute("data-key")?;
            mark.element.remove_attribute("tabindex")?;
        }
    }
    if node.label.is_some() {
        mark.element.set_attribute("role", if stands { "button" } else { "img" })?;
    }
    mark.stands = Some(stands);
    Ok(())
}

fn create(document: &Document, mark: Mark) -> Result<DrawnMark, JsValue> {
    let element = document.create_element_ns(Some(SVG), mark.tag)?;
    for (name, value) in &mark.attributes {
        put(&element, name, value)?;
    }
    name(&element, &mark)?;
    if let Content::Text(spans) = &mark.content {
        write(document, &element, spans)?;
    }
    Ok(DrawnMark { element, drawn: mark, delay: 0.0, stands: None, inside: Drawn::default() })
}

/// Updates an element, touching only what differs.
fn change(document: &Document, known: &mut DrawnMark, mark: Mark) -> Result<(), JsValue> {
    let element = &known.element;
    for (name, value) in &mark.attributes {
        if !known.drawn.attributes.contains(&(*name, value.clone())) {
            put(element, name, value)?;
        }
    }
    for (name, _) in &known.drawn.attributes {
        if !mark.attributes.iter().any(|(kept, _)| kept == name) {
            element.remove_attribute(name)?;
        }
    }
    if known.drawn.label != mark.label {
        name(element, &mark)?;
    }
    if let (Content::Text(spans), true) = (&mark.content, known.drawn.content != mark.content) {
        write(document, element, spans)?;
    }
    known.drawn = mark;
    Ok(())
}

/// Names a mark to screen readers. One without a name is passed over, unless it is text.
fn name(element: &Element, mark: &Mark) -> Result<(), JsValue> {
    match &mark.label {
        Some(label) => {
            element.set_attribute("aria-label", label)?;
            element.remove_attribute("aria-hidden")
        }
        None => {
            element.remove_attribute("aria-label")?;
            if mark.tag == "g" || mark.tag == "text" { Ok(()) } else { element.set_attribute("aria-hidden", "true") }
        }
    }
}

/// Sets how long a mark waits before it moves. Through the style's own interface: the page's policy forbids style in
/// attributes.
fn wait(mark: &mut DrawnMark, delay: f32) -> Result<(), JsValue> {
    let style = mark.element.unchecked_ref::<SvgElement>().style();
    match delay > 0.0 {
        true => style.set_property("transition-delay", &format!("{delay}s"))?,
        false => drop(style.remove_property("transition-delay")?),
    }
    mark.delay = delay;
    Ok(())
}

fn write(document: &Document, element: &Element, spans: &[Span]) -> Result<(), JsValue> {
    element.set_text_content(None);
    for span in spans {
        if span.attributes.is_empty() {
            element.append_child(&document.create_text_node(&span.text))?;
            continue;
        }
        let piece = document.create_element_ns(Some(SVG), "tspan")?;
        for (name, value) in &span.attributes {
            piece.set_attribute(name, value)?;
        }
        piece.set_text_content(Some(&span.text));
        element.append_child(&piece)?;
    }
    Ok(())
}

/// Sets an attribute of a mark. Styles are left to the stylesheet: the page's policy forbids style in attributes.
fn put(element: &Element, name: &str, value: &str) -> Result<(), JsValue> {
    match name {
        "style" | "xml:space" => Ok(()),
        _ => element.set_attribute(name, value),
    }
}

/// Sets an attribute if it has another value.
pub fn set(element: &Element, name: &str, value: &str) -> Result<(), JsValue> {
    if element.get_attribute(name).as_deref() == Some(value) { Ok(()) } else { element.set_attribute(name, value) }
}
