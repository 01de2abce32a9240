//! Scene → DOM. A mark that keeps its key keeps its element, so that a change of state moves it instead of drawing it
//! anew; how it moves is the stylesheet's business (`.scene` in style.css), and reduced motion its, too.

use attnscope_figures::element::{Content, Element as Mark, Span, element, num};
use attnscope_figures::scene::{Node, Scene, Shape, Target};
use std::collections::HashMap;
use wasm_bindgen::JsValue;
use web_sys::{Document, Element};

const SVG: &str = "http://www.w3.org/2000/svg";
/// Figures keep a margin for files; on the page there is one already.
const CROP: f32 = 27.0;

/// What the reader did to a figure, in the figure's terms.
#[derive(Clone, Debug, PartialEq)]
pub enum SceneEvent {
    /// The pointer is over a mark, or it has the keyboard's focus.
    Over(Target),
    /// The pointer left the figure.
    Left,
    /// A mark was clicked, or chosen with Enter or the space bar.
    Chosen(Target),
}

/// A drawing in the page.
pub struct SceneView {
    document: Document,
    svg: Element,
    title: Element,
    description: Element,
    root: Drawn,
    /// The keys of marks by their target, and back.
    targets: HashMap<String, Target>,
    /// Keys of the marks with a target, in the order in which they are drawn.
    order: Vec<String>,
    /// The key of the one mark that Tab leads to.
    stop: Option<String>,
}

/// The elements of one group, by key.
#[derive(Default)]
struct Drawn {
    marks: HashMap<String, DrawnMark>,
}

struct DrawnMark {
    element: Element,
    drawn: Mark,
    inside: Drawn,
}

/// The width that a scene must have to fill so many pixels of the page.
pub fn canvas_width(pixels: f32) -> f32 {
    pixels + 2.0 * CROP
}

impl SceneView {
    /// An empty drawing in `parent`, in place of what was there. `id` names it in the page.
    pub fn new(parent: &Element, id: &str) -> Result<Self, JsValue> {
        let document = parent.owner_document().ok_or("a parent in a page")?;
        let svg = document.create_element_ns(Some(SVG), "svg")?;
        let [title, description] = ["title", "desc"].map(|tag| document.create_element_ns(Some(SVG), tag));
        let (title, description) = (title?, description?);
        title.set_id(&format!("{id}-title"));
        description.set_id(&format!("{id}-desc"));
        svg.append_child(&title)?;
        svg.append_child(&description)?;
        for (name, value) in [("class", "scene"), ("role", "group"), ("font-size", "12")] {
            svg.set_attribute(name, value)?;
        }
        svg.set_attribute("aria-labelledby", &format!("{id}-title"))?;
        svg.set_attribute("aria-describedby", &format!("{id}-desc"))?;
        parent.set_inner_html("");
        parent.append_child(&svg)?;
        let (root, targets) = (Drawn::default(), HashMap::new());
        Ok(Self { document, svg, title, description, root, targets, order: Vec::new(), stop: None })
    }

    /// Draws the scene: what is the same stays, what changed is changed, what is gone goes.
    pub fn draw(&mut self, scene: &Scene) -> Result<(), JsValue> {
        let (width, height) = (scene.width - 2.0 * CROP, scene.height);
        self.svg.set_attribute("viewBox", &format!("{} 0 {} {}", num(CROP), num(width), num(height)))?;
        self.svg.set_attribute("width", &num(width))?;
        self.svg.set_attribute("height", &num(height))?;
        self.title.set_text_content(Some(&scene.title));
        self.description.set_text_content(Some(&scene.description));
        self.targets.clear();
        self.order.clear();
        scene.visit(&mut |node| {
            if let (Some(key), Some(target)) = (&node.key, node.target) {
                self.targets.insert(key.clone(), target);
                self.order.push(key.clone());
            }
        });
        draw_nodes(&self.document, &self.svg, Some(&self.description), &mut self.root, &scene.nodes)?;
        self.set_stop()
    }

    /// What an event's element stands for.
    pub fn target_of(&self, element: &Element) -> Option<Target> {
        let marked = element.closest("[data-key]").ok()??;
        self.targets.get(&marked.get_attribute("data-key")?).copied()
    }

    /// Makes the mark of this target the one that Tab leads to, if it is drawn and can be, and returns it to be focused.
    pub fn stop_at(&mut self, target: Target) -> Result<Option<Element>, JsValue> {
        let Some(key) = self.targets.iter().find(|(_, t)| **t == target).map(|(key, _)| key.clone()) else {
            return Ok(None);
        };
        if self.root.marks.get(&key).is_none_or(|mark| mark.drawn.label.is_none()) {
            return Ok(None);
        }
        self.stop = Some(key.clone());
        self.set_stop()?;
        Ok(self.root.marks.get(&key).map(|mark| mark.element.clone()))
    }

    /// Exactly one labelled mark can be reached by Tab; arrows lead to the others.
    fn set_stop(&mut self) -> Result<(), JsValue> {
        let alive = |key: &String| self.root.marks.contains_key(key) && self.targets.contains_key(key);
        if !self.stop.as_ref().is_some_and(alive) {
            let labelled = |key: &&String| alive(key) && self.root.marks[*key].drawn.label.is_some();
            self.stop = self.order.iter().find(labelled).cloned();
        }
        for (key, mark) in &self.root.marks {
            if mark.drawn.label.is_some() && self.targets.contains_key(key) {
                let value = if self.stop.as_ref() == Some(key) { "0" } else { "-1" };
                set(&mark.element, "tabindex", value)?;
            }
        }
        Ok(())
    }
}

fn draw_nodes(
    document: &Document,
    parent: &Element,
    after: Option<&Element>,
    drawn: &mut Drawn,
    nodes: &[Node],
) -> Result<(), JsValue> {
    let mut old = std::mem::take(&mut drawn.marks);
    let mut last: Option<Element> = after.cloned();
    let mut unnamed: HashMap<&'static str, usize> = HashMap::new();
    for node in nodes {
        let mark = for_page(element(node));
        // Marks without a key of their own are taken in the order in which they come.
        let key = node.key.clone().unwrap_or_else(|| {
            let count = unnamed.entry(mark.tag).or_default();
            *count += 1;
            format!("{}#{count}", mark.tag)
        });
        let known = old.remove(&key).filter(|known| known.drawn.tag == mark.tag);
        let mut current = match known {
            Some(mut known) => {
                change(document, &mut known, mark)?;
                known
            }
            None => create(document, &key, node, mark)?,
        };
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
    old.into_values().for_each(|gone| gone.element.remove());
    Ok(())
}

/// A text's place becomes its `transform`, which a stylesheet can move; `x` and `y` would jump.
fn for_page(mut mark: Mark) -> Mark {
    if mark.tag != "text" {
        return mark;
    }
    let mut take = |wanted: &str| {
        let at = mark.attributes.iter().position(|(name, _)| *name == wanted)?;
        Some(mark.attributes.remove(at).1)
    };
    let (x, y) = (take("x").unwrap_or_default(), take("y").unwrap_or_default());
    // `rotate(degrees x y)` turns about the text's own place, which is the origin after the move.
    let turn = take("transform").and_then(|turn| turn.split_whitespace().next().map(|start| format!(" {start})")));
    mark.attributes.push(("transform", format!("translate({x} {y}){}", turn.unwrap_or_default())));
    mark
}

fn create(document: &Document, key: &str, node: &Node, mark: Mark) -> Result<DrawnMark, JsValue> {
    let element = document.create_element_ns(Some(SVG), mark.tag)?;
    for (name, value) in &mark.attributes {
        put(&element, name, value)?;
    }
    if node.target.is_some() {
        element.set_attribute("data-key", key)?;
    }
    if let Some(label) = &mark.label {
        let role = if node.target.is_some() { "button" } else { "img" };
        element.set_attribute("role", role)?;
        element.set_attribute("aria-label", label)?;
    } else if mark.tag != "g" && mark.tag != "text" {
        element.set_attribute("aria-hidden", "true")?;
    }
    if let Content::Text(spans) = &mark.content {
        write(document, &element, spans)?;
    }
    Ok(DrawnMark { element, drawn: mark, inside: Drawn::default() })
}

/// Makes an element what it is to be now, touching only what differs.
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
    if let Some(label) = mark.label.as_ref().filter(|_| known.drawn.label != mark.label) {
        element.set_attribute("aria-label", label)?;
    }
    if let (Content::Text(spans), true) = (&mark.content, known.drawn.content != mark.content) {
        write(document, element, spans)?;
    }
    known.drawn = mark;
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

/// Sets an attribute of a mark. What the stylesheet says is left to it: the page's policy forbids style in attributes.
fn put(element: &Element, name: &str, value: &str) -> Result<(), JsValue> {
    match name {
        "style" | "xml:space" => Ok(()),
        _ => element.set_attribute(name, value),
    }
}

fn set(element: &Element, name: &str, value: &str) -> Result<(), JsValue> {
    if element.get_attribute(name).as_deref() == Some(value) { Ok(()) } else { element.set_attribute(name, value) }
}
