//! Scene → DOM. A mark that keeps its key keeps its element, so that a change of state moves it instead of drawing it
//! anew; how it moves is the stylesheet's business (`.scene` in style.css), and reduced motion its, too.

use attnscope_figures::element::{Content, Element as Mark, Span, element, num};
use attnscope_figures::scene::{Node, Scene, Shape, Target};
use attnscope_page::Place;
use attnscope_page::paper::view_box;
use std::collections::HashMap;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, DomRect, Element, MouseEvent};

const SVG: &str = "http://www.w3.org/2000/svg";

/// A drawing in the page.
pub struct SceneView {
    document: Document,
    svg: Element,
    title: Element,
    description: Element,
    root: Drawn,
    /// The scene's place at the drawing's top left.
    origin: (f32, f32),
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
    /// Whether it stands for something: a mark that stays may come to, or cease. Not said yet: none.
    stands: Option<bool>,
    inside: Drawn,
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
        let (root, origin) = (Drawn::default(), (0.0, 0.0));
        let (targets, order) = (HashMap::new(), Vec::new());
        Ok(Self { document, svg, title, description, root, origin, targets, order, stop: None })
    }

    /// Draws the scene: what is the same stays, what changed is changed, what is gone goes.
    pub fn draw(&mut self, scene: &Scene) -> Result<(), JsValue> {
        let [x, y, width, height] = view_box(scene);
        self.svg.set_attribute("viewBox", &[x, y, width, height].map(num).join(" "))?;
        self.origin = (x, y);
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

    /// Where the pointer is.
    pub fn place(&self, mouse: &MouseEvent, mark: Option<&Element>) -> Place {
        let (x, y) = (mouse.client_x() as f32, mouse.client_y() as f32);
        let drawing = self.svg.get_bounding_client_rect();
        let mut place = Place {
            x: x - drawing.left() as f32 + self.origin.0,
            y: y - drawing.top() as f32 + self.origin.1,
            ..Place::default()
        };
        if let Some(mark) = mark.map(Element::get_bounding_client_rect) {
            let part = |at: f32, from: f64, length: f64| (at - from as f32) / (length as f32).max(1.0);
            place.across = part(x, mark.left(), mark.width()).clamp(0.0, 1.0);
            place.down = part(y, mark.top(), mark.height()).clamp(0.0, 1.0);
        }
        place
    }

    /// Lets Tab lead to the nearest mark in a direction, if there is one, and returns it to be focused.
    pub fn stop_beside(&mut self, mark: &Element, right: i32, down: i32) -> Result<Option<Element>, JsValue> {
        let marks = self.labelled()?;
        let from = mark.get_bounding_client_rect();
        let mut nearest: Option<(f64, &String, &Element)> = None;
        for (key, mark) in &marks {
            let to = mark.get_bounding_client_rect();
            if let Some(far) = distance(&from, &to, f64::from(right), f64::from(down))
                && nearest.is_none_or(|(best, ..)| far < best)
            {
                nearest = Some((far, key, mark));
            }
        }
        let Some((key, mark)) = nearest.map(|(_, key, mark)| (key.clone(), mark.clone())) else { return Ok(None) };
        self.stop = Some(key);
        self.set_stop()?;
        Ok(Some(mark))
    }

    /// Marks that can have the focus, with their keys.
    fn labelled(&self) -> Result<Vec<(String, Element)>, JsValue> {
        let found = self.svg.query_selector_all("[data-key][aria-label]")?;
        let marks = (0..found.length()).filter_map(|at| found.get(at)?.dyn_into::<Element>().ok());
        let named = marks.filter_map(|mark| Some((mark.get_attribute("data-key")?, mark)));
        Ok(named.filter(|(key, _)| self.targets.contains_key(key)).collect())
    }

    /// Exactly one labelled mark can be reached by Tab, and every handle; arrows lead to the others.
    fn set_stop(&mut self) -> Result<(), JsValue> {
        let marks = self.labelled()?;
        if !self.stop.as_ref().is_some_and(|stop| marks.iter().any(|(key, _)| key == stop)) {
            self.stop = self.order.iter().find(|key| marks.iter().any(|(k, _)| k == *key)).cloned();
        }
        for (key, mark) in &marks {
            let handle = matches!(self.targets.get(key), Some(Target::Handle { .. }));
            let value = if handle || self.stop.as_ref() == Some(key) { "0" } else { "-1" };
            set(mark, "tabindex", value)?;
        }
        Ok(())
    }
}

/// How far a mark lies in a direction (one of right and down is 0, the other ±1); none if it lies elsewhere. What is
/// straight beside comes before all that is not.
fn distance(from: &DomRect, to: &DomRect, right: f64, down: f64) -> Option<f64> {
    const ASIDE: f64 = 1e6;
    let middle = |r: &DomRect| (r.left() + r.width() / 2.0, r.top() + r.height() / 2.0);
    let ((x0, y0), (x1, y1)) = (middle(from), middle(to));
    // Bars of different lengths begin at the same place: where they overlap counts, not their middles.
    let beside = if right != 0.0 {
        from.top() < to.bottom() && to.top() < from.bottom()
    } else {
        from.left() < to.right() && to.left() < from.right()
    };
    let along = (x1 - x0) * right + (y1 - y0) * down;
    if beside {
        return (along > 1.0).then_some(along);
    }
    // The points of a curve are seldom in one line: then what lies wholly on that side will do.
    let gap = match (right as i32, down as i32) {
        (1, _) => to.left() - from.right(),
        (-1, _) => from.left() - to.right(),
        (_, 1) => to.top() - from.bottom(),
        _ => from.top() - to.bottom(),
    };
    let across = (x1 - x0).abs() * down.abs() + (y1 - y0).abs() * right.abs();
    (gap >= 0.0).then_some(ASIDE + along + across)
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
            None => create(document, mark)?,
        };
        if current.stands != Some(node.target.is_some()) {
            stand_for(&mut current, &key, node)?;
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

/// Says whether events on a mark are events on something. One that ceases to keeps its name, and gives up the focus.
fn stand_for(mark: &mut DrawnMark, key: &str, node: &Node) -> Result<(), JsValue> {
    let stands = node.target.is_some();
    match stands {
        true => mark.element.set_attribute("data-key", key)?,
        false => mark.element.remove_attribute("tabindex")?,
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
    if let Some(label) = &mark.label {
        element.set_attribute("aria-label", label)?;
    } else if mark.tag != "g" && mark.tag != "text" {
        element.set_attribute("aria-hidden", "true")?;
    }
    if let Content::Text(spans) = &mark.content {
        write(document, &element, spans)?;
    }
    Ok(DrawnMark { element, drawn: mark, stands: None, inside: Drawn::default() })
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
