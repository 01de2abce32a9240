//! The figures of the page: each finds its place in the prose, draws the latest answer there, and reports what the
//! reader does to it.

use crate::app::{Answer, App};
use crate::scene_view::{SceneEvent, SceneView, canvas_width};
use attnscope_figures::figure::{Canvas, matrix, next_tokens};
use attnscope_figures::scene::{Scene, Target};
use attnscope_figures::{Figure, Theme};
use leptos::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Element, HtmlElement, KeyboardEvent, ResizeObserver};

/// Makes every figure of the page live. A figure that the page names but nobody draws is left as it was drawn.
pub fn mount_all(app: App) -> Result<(), JsValue> {
    let document = web_sys::window().and_then(|window| window.document()).ok_or("a page")?;
    let places = document.query_selector_all("figure[data-figure]")?;
    for at in 0..places.length() {
        let Some(place) = places.get(at).and_then(|node| node.dyn_into::<Element>().ok()) else { continue };
        if let Some(figure) = place.get_attribute("data-figure").as_deref().and_then(Figure::from_name) {
            mount(app, figure, place)?;
        }
    }
    Ok(())
}

/// What is drawn: the answer, what is chosen in it, and the paper.
struct Drawing<'a> {
    answer: &'a Answer,
    head: usize,
    q_idx: Option<usize>,
    canvas: Canvas,
    theme: &'a Theme,
}

/// The scene, or why there is none.
fn scene(figure: Figure, d: &Drawing<'_>) -> Result<Scene, String> {
    let (trace, canvas) = (&d.answer.run.trace, d.canvas);
    let said = |error: attnscope_figures::figure::Error| error.to_string();
    match figure {
        Figure::NextTokens => {
            if d.answer.run.next.is_empty() {
                let name = &trace.model.name;
                return Err(format!("{name} is an encoder: it reads a text both ways, and predicts no next word."));
            }
            let data = next_tokens::Data::from_trace(trace, d.answer.run.next.clone()).map_err(said)?;
            Ok(next_tokens::render(&data, &next_tokens::State { canvas, ..Default::default() }, d.theme))
        }
        Figure::Matrix => {
            let data = matrix::Data::from_trace(trace, d.answer.layer, d.head).map_err(said)?;
            // A row that a shorter sentence lacks is its last one.
            let q_idx = d.q_idx.map(|q_idx| q_idx.min(trace.tokens.len().saturating_sub(1)));
            let state = matrix::State { canvas, q_idx, ..Default::default() };
            Ok(matrix::render(&data, &state, d.theme))
        }
        other => Err(format!("the page does not know how to draw {} yet", other.name())),
    }
}

fn mount(app: App, figure: Figure, place: Element) -> Result<(), JsValue> {
    let Some(paper) = place.query_selector(".drawing")? else { return Ok(()) };
    let caption = place.query_selector("figcaption")?;
    let width = width_of(&paper)?;
    let view: Rc<RefCell<Option<SceneView>>> = Rc::default();
    // Not on the drawing itself: browsers let Tab stop at an SVG that listens for the focus.
    listen(app, &view, &paper)?;
    let pale = place.clone();
    Effect::new(move || {
        let stale = if app.failure.with(Option::is_some) { "true" } else { "false" };
        let _ = pale.set_attribute("data-stale", stale);
    });
    Effect::new(move || {
        let (selection, dark) = (app.selection.get(), app.dark.get());
        let q_idx = app.hovered.get().or(selection.q_idx);
        let Some(answer) = app.run.get() else { return };
        let theme = if dark { &Theme::DARK } else { &Theme::LIGHT };
        let canvas = Canvas { width: canvas_width(width.get()), bare: true };
        let drawing = Drawing { answer: &answer, head: selection.head, q_idx, canvas, theme };
        let drawn = match scene(figure, &drawing) {
            Ok(scene) => draw(&view, &paper, figure, &scene).map(|()| scene.caption),
            // What stood there belongs to another model or sentence: it must not stay.
            Err(why) => {
                view.borrow_mut().take();
                paper.set_text_content(Some(&why));
                Ok(String::new())
            }
        };
        if let Ok(text) = drawn {
            if let Some(caption) = &caption {
                caption.set_text_content(Some(&text));
            }
            if place.get_attribute("data-ready").as_deref() != Some("true") {
                let _ = place.set_attribute("data-ready", "true");
                // `cargo xtask bench page` asks when the first figure lived.
                let _ = web_sys::window().and_then(|window| window.performance()).map(|clock| clock.mark("live"));
            }
        }
    });
    Ok(())
}

fn draw(view: &Rc<RefCell<Option<SceneView>>>, paper: &Element, figure: Figure, scene: &Scene) -> Result<(), JsValue> {
    if view.borrow().is_none() {
        let fresh = SceneView::new(paper, &format!("figure-{}", figure.name()))?;
        *view.borrow_mut() = Some(fresh);
    }
    view.borrow_mut().as_mut().map_or(Ok(()), |view| view.draw(scene))
}

/// The width of an element in pixels, as it changes.
fn width_of(element: &Element) -> Result<RwSignal<f32>, JsValue> {
    let width = RwSignal::new(element.client_width().max(320) as f32);
    let observed = element.clone();
    let changed = Closure::<dyn FnMut()>::new(move || {
        let now = observed.client_width().max(320) as f32;
        if width.get_untracked() != now {
            width.set(now);
        }
    });
    ResizeObserver::new(changed.as_ref().unchecked_ref())?.observe(element);
    // As long as the page.
    changed.forget();
    Ok(width)
}

/// Turns the browser's events into those of the scene.
fn listen(app: App, view: &Rc<RefCell<Option<SceneView>>>, paper: &Element) -> Result<(), JsValue> {
    for kind in ["pointerover", "pointerleave", "focusin", "focusout", "click", "keydown"] {
        let view = view.clone();
        let handler = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
            let element = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let target = element.and_then(|element| view.borrow().as_ref()?.target_of(&element));
            match (event.type_().as_str(), target) {
                ("pointerover" | "focusin", Some(target)) => heard(app, SceneEvent::Over(target)),
                ("pointerover" | "pointerleave" | "focusout", _) => heard(app, SceneEvent::Left),
                ("click", Some(target)) => heard(app, SceneEvent::Chosen(target)),
                ("keydown", Some(target)) => {
                    if let Some(key) = event.dyn_ref::<KeyboardEvent>() {
                        pressed(app, &view, target, key);
                    }
                }
                _ => {}
            }
        });
        paper.add_event_listener_with_callback(kind, handler.as_ref().unchecked_ref())?;
        handler.forget();
    }
    Ok(())
}

/// What an event means.
fn heard(app: App, event: SceneEvent) {
    match event {
        SceneEvent::Over(Target::Cell { q_idx, .. } | Target::Query { q_idx }) => app.hovered.set(Some(q_idx)),
        SceneEvent::Over(_) | SceneEvent::Left => {
            if app.hovered.get_untracked().is_some() {
                app.hovered.set(None);
            }
        }
        SceneEvent::Chosen(Target::Cell { q_idx, .. } | Target::Query { q_idx } | Target::Token { idx: q_idx }) => {
            app.selection.update(|s| s.q_idx = Some(q_idx));
        }
        SceneEvent::Chosen(Target::Next { rank }) => write_on(app, rank),
        SceneEvent::Chosen(_) => {}
    }
}

/// Puts the token of this rank behind the sentence.
fn write_on(app: App, rank: usize) {
    let Some(answer) = app.run.get_untracked() else { return };
    // After a sentence that could not be read the bars still speak of the one before.
    if app.selection.with_untracked(|s| s.text != answer.text || s.model != answer.model) {
        return;
    }
    let Some(next) = answer.run.next.get(rank) else { return };
    let gap = if answer.run.trace.model.word_level { " " } else { "" };
    app.selection.update(|s| s.text = format!("{}{gap}{}", s.text, next.text));
}

/// Enter and space choose; arrows lead from mark to mark.
fn pressed(app: App, view: &Rc<RefCell<Option<SceneView>>>, target: Target, key: &KeyboardEvent) {
    let next = match key.key().as_str() {
        "Enter" | " " => {
            key.prevent_default();
            return heard(app, SceneEvent::Chosen(target));
        }
        "ArrowUp" => neighbour(target, -1, 0),
        "ArrowDown" => neighbour(target, 1, 0),
        "ArrowLeft" => neighbour(target, 0, -1),
        "ArrowRight" => neighbour(target, 0, 1),
        _ => None,
    };
    let Some(next) = next else { return };
    key.prevent_default();
    // The focus moves while nobody else holds the view: the event it causes asks the view again.
    let element = view.borrow_mut().as_mut().and_then(|view| view.stop_at(next).ok().flatten());
    if let Some(element) = element {
        let _ = element.unchecked_into::<HtmlElement>().focus();
    }
}

/// The mark so many rows and columns away. One that is not there is not found, and the focus stays.
fn neighbour(target: Target, down: isize, right: isize) -> Option<Target> {
    let step = |at: usize, by: isize| at.checked_add_signed(by);
    Some(match target {
        Target::Cell { layer, head, q_idx, k_idx } => {
            Target::Cell { layer, head, q_idx: step(q_idx, down)?, k_idx: step(k_idx, right)? }
        }
        Target::Next { rank } => Target::Next { rank: step(rank, down)? },
        Target::Token { idx } => Target::Token { idx: step(idx, right)? },
        _ => return None,
    })
}
