//! Scene → DOM. A mark that keeps its key keeps its element, so that a change of state moves it instead of drawing it
//! anew; the stylesheet decides how it moves (`.scene` in style.css), also with reduced motion.

use crate::beside::distance;
use crate::drawn::{Drawn, SVG, draw_nodes, set};
use attnscope_figures::element::num;
use attnscope_figures::{Scene, Target};
use attnscope_page::Place;
use attnscope_page::paper::view_box;
use std::collections::HashMap;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, Element, MouseEvent};

/// A drawing in the page.
pub struct SceneView {
    document: Document,
    svg: Element,
    title: Element,
    description: Element,
    root: Drawn,
    /// The point of the scene at the drawing's top left.
    origin: (f32, f32),
    /// The drawing's width, in pixels of the scene.
    width: f32,
    /// What each mark with a key stands for.
    targets: HashMap<String, Target>,
    /// Keys of the marks with a target, in the order in which they are drawn.
    order: Vec<String>,
    /// The key of the one mark that Tab reaches.
    stop: Option<String>,
}

impl SceneView {
    /// An empty drawing in `parent`, in place of its content. `id` is its name in the page.
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
        let (root, origin, width) = (Drawn::default(), (0.0, 0.0), 0.0);
        let (targets, order) = (HashMap::new(), Vec::new());
        Ok(Self { document, svg, title, description, root, origin, width, targets, order, stop: None })
    }

    /// Draws the scene: unchanged marks stay, changed ones are updated, those no longer drawn are removed.
    pub fn draw(&mut self, scene: &Scene) -> Result<(), JsValue> {
        let [x, y, width, height] = view_box(scene);
        self.svg.set_attribute("viewBox", &[x, y, width, height].map(num).join(" "))?;
        (self.origin, self.width) = ((x, y), width);
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

    /// The target of an event's element, and the key of its mark.
    pub fn target_of(&self, element: &Element) -> Option<(Target, String)> {
        let key = element.closest("[data-key]").ok()??.get_attribute("data-key")?;
        Some((*self.targets.get(&key)?, key))
    }

    /// Where the pointer is.
    pub fn place(&self, mouse: &MouseEvent, mark: Option<&Element>) -> Place {
        let (x, y) = (mouse.client_x() as f32, mouse.client_y() as f32);
        let drawing = self.svg.get_bounding_client_rect();
        // A slide shows the drawing enlarged.
        let scale = if drawing.width() > 0.0 { self.width / drawing.width() as f32 } else { 1.0 };
        let mut place = Place {
            x: (x - drawing.left() as f32) * scale + self.origin.0,
            y: (y - drawing.top() as f32) * scale + self.origin.1,
            ..Place::default()
        };
        if let Some(mark) = mark.map(Element::get_bounding_client_rect) {
            let part = |at: f32, from: f64, length: f64| (at - from as f32) / (length as f32).max(1.0);
            place.across = part(x, mark.left(), mark.width()).clamp(0.0, 1.0);
            place.down = part(y, mark.top(), mark.height()).clamp(0.0, 1.0);
        }
        place
    }

    /// Lets Tab reach the nearest mark in a direction, if there is one, and returns it to be focused.
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
