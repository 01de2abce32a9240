//! Turns the browser's events into those of a figure.

use crate::live::Live;
use attnscope_figures::Target;
use attnscope_page::{Event, Place};
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlSelectElement, KeyboardEvent, MouseEvent, PointerEvent};

/// A handle that is being dragged.
#[derive(Clone, Copy)]
struct Held {
    handle: Target,
    /// The pointer that drags it: the mouse, or one of several fingers.
    pointer: i32,
    /// From the handle's middle to the point where it was grabbed.
    off: (f32, f32),
}

/// Listens to everything that can happen to a figure.
pub fn listen(live: &Rc<Live>) -> Result<(), JsValue> {
    let held: Rc<Cell<Option<Held>>> = Rc::default();
    let kinds = [
        "pointerover",
        "pointermove",
        "pointerleave",
        "pointerdown",
        "touchstart",
        "pointerup",
        "pointercancel",
        "lostpointercapture",
        "focusin",
        "focusout",
        "click",
        "keydown",
    ];
    // Not on the drawing itself, since browsers let Tab stop at an SVG that listens for the focus.
    for kind in kinds {
        let (live, held) = (live.clone(), held.clone());
        on(&live.clone().paper_element().clone(), kind, move |event| drawing(&live, &held, &event))?;
    }
    for kind in ["input", "change", "click"] {
        let live = live.clone();
        on(&live.clone().element().clone(), kind, move |event| control(&live, &event))?;
    }
    Ok(())
}

fn on(element: &Element, kind: &str, f: impl FnMut(web_sys::Event) + 'static) -> Result<(), JsValue> {
    let handler = Closure::<dyn FnMut(web_sys::Event)>::new(f);
    element.add_event_listener_with_callback(kind, handler.as_ref().unchecked_ref())?;
    // It lives as long as the page.
    handler.forget();
    Ok(())
}

/// An event of the drawing.
fn drawing(live: &Rc<Live>, held: &Cell<Option<Held>>, event: &web_sys::Event) {
    let element = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    // While the figure is drawn, marks that move lose the focus, without any action of the reader.
    let Ok(view) = live.scene.try_borrow() else { return };
    let found = element.as_ref().and_then(|element| view.as_ref()?.target_of(element));
    drop(view);
    let (target, key) = found.unzip();
    if let (Some(Target::Own), Some(key)) = (target, key)
        && chooses(event)
    {
        event.prevent_default();
        return live.open_own(key);
    }
    let place = || {
        let mouse = event.dyn_ref::<MouseEvent>().filter(|mouse| mouse.client_x() != 0 || mouse.client_y() != 0);
        let view = live.scene.borrow();
        mouse.zip(view.as_ref()).map_or_else(Place::default, |(mouse, view)| view.place(mouse, element.as_ref()))
    };
    // The handle that is being dragged, if this event is of the pointer that drags it.
    let pointer = event.dyn_ref::<PointerEvent>();
    let own = held.get().filter(|held| pointer.is_some_and(|pointer| pointer.pointer_id() == held.pointer));
    match (event.type_().as_str(), target) {
        ("pointerdown", Some(handle @ Target::Handle { .. })) => {
            if let Some((pointer, mark)) = pointer.zip(element.as_ref()) {
                take(live, held, handle, pointer, mark);
            }
        }
        // In browsers that ignore `touch-action` within a drawing, the page would scroll.
        ("touchstart", Some(Target::Handle { .. })) => event.prevent_default(),
        ("pointermove", target) => match (own, target) {
            (Some(held), _) => {
                let place = place();
                let place = Place { x: place.x - held.off.0, y: place.y - held.off.1, ..place };
                live.hear(Event::Dragged(held.handle, place));
            }
            // In a picture of many cells the mark stays the same while the pointer moves.
            (None, Some(picture)) if picture.is_picture() => live.hear(Event::Over(picture, place())),
            _ => {}
        },
        ("pointerup" | "pointercancel" | "lostpointercapture", _) if own.is_some() => {
            held.set(None);
            live.hold(None);
        }
        ("pointerover" | "focusin", Some(target)) => live.hear(Event::Over(target, place())),
        ("pointerover" | "pointerleave" | "focusout", _) => live.hear(Event::Left),
        ("click", Some(target)) => live.hear(Event::Chosen(target, place())),
        ("keydown", Some(target)) => {
            if let Some(key) = event.dyn_ref::<KeyboardEvent>() {
                pressed(live, target, element.as_ref(), key);
            }
        }
        _ => {}
    }
}

/// Whether an event chooses a mark: a click, Enter, the space bar.
fn chooses(event: &web_sys::Event) -> bool {
    let key = event.dyn_ref::<KeyboardEvent>().map(KeyboardEvent::key);
    event.type_() == "click" || event.type_() == "keydown" && matches!(key.as_deref(), Some("Enter" | " "))
}

/// Begins to drag a handle, if none is being dragged already.
fn take(live: &Rc<Live>, held: &Cell<Option<Held>>, handle: Target, pointer: &PointerEvent, mark: &Element) {
    if held.get().is_some() || pointer.button() != 0 {
        return;
    }
    pointer.prevent_default();
    held.set(Some(Held { handle, pointer: pointer.pointer_id(), off: off(pointer, mark) }));
    live.hold(Some("handle"));
    // A handle that leaves the figure is still dragged.
    let _ = live.paper_element().set_pointer_capture(pointer.pointer_id());
    focus(mark.closest("[tabindex]").ok().flatten().as_ref());
}

/// From the middle of a mark to the pointer, so that grabbing it beside its middle does not move it.
fn off(pointer: &PointerEvent, mark: &Element) -> (f32, f32) {
    let marked = mark.closest("[data-key]").ok().flatten();
    let at = marked.as_ref().unwrap_or(mark).get_bounding_client_rect();
    let off = |at: i32, from: f64, length: f64| (f64::from(at) - from - length / 2.0) as f32;
    (off(pointer.client_x(), at.left(), at.width()), off(pointer.client_y(), at.top(), at.height()))
}

/// An event of a control.
fn control(live: &Rc<Live>, event: &web_sys::Event) {
    let Some(element) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    let Some(element) = element.closest("[data-control]").ok().flatten() else { return };
    let id = element.get_attribute("data-control").unwrap_or_default();
    let is_button = element.tag_name() == "BUTTON";
    if element.get_attribute("type").as_deref() == Some("range") {
        // `change` comes when the slider is released.
        live.hold((event.type_() == "input").then_some("slider"));
    }
    let value = match (event.type_().as_str(), is_button) {
        ("click", true) => Some(String::new()),
        ("input", false) => element.dyn_ref::<HtmlInputElement>().map(HtmlInputElement::value),
        ("change", false) => element.dyn_ref::<HtmlSelectElement>().map(HtmlSelectElement::value),
        _ => None,
    };
    if let Some(value) = value {
        live.hear(Event::Set(id, value));
    }
}

/// Enter and space choose; arrows lead from mark to mark, or move what can be moved.
fn pressed(live: &Rc<Live>, target: Target, mark: Option<&Element>, key: &KeyboardEvent) {
    if chooses(key) {
        key.prevent_default();
        return live.hear(Event::Chosen(target, Place::default()));
    }
    let (right, down) = match key.key().as_str() {
        "ArrowUp" => (0, -1),
        "ArrowDown" => (0, 1),
        "ArrowLeft" => (-1, 0),
        "ArrowRight" => (1, 0),
        _ => return,
    };
    key.prevent_default();
    if target.is_pattern() || matches!(target, Target::Handle { .. } | Target::Items { .. }) {
        return live.hear(Event::Nudged(target, right, down));
    }
    // The focus moves while the view is not borrowed, since the event it causes borrows the view again.
    let next = mark.and_then(|mark| live.scene.borrow_mut().as_mut()?.stop_beside(mark, right, down).ok().flatten());
    focus(next.as_ref());
}

fn focus(element: Option<&Element>) {
    if let Some(element) = element {
        let _ = element.unchecked_ref::<HtmlElement>().focus();
    }
}
