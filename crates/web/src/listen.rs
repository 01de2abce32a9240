//! Turns the browser's events into those of a figure.

use crate::figures::Live;
use attnscope_figures::Target;
use attnscope_page::{Event, Place};
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlSelectElement, KeyboardEvent, MouseEvent, PointerEvent};

/// Listens to everything that can happen to a figure.
pub fn listen(live: &Rc<Live>) -> Result<(), JsValue> {
    let dragged: Rc<Cell<Option<Target>>> = Rc::default();
    let kinds = [
        "pointerover",
        "pointermove",
        "pointerleave",
        "pointerdown",
        "pointerup",
        "pointercancel",
        "focusin",
        "focusout",
        "click",
        "keydown",
    ];
    // Not on the drawing itself: browsers let Tab stop at an SVG that listens for the focus.
    for kind in kinds {
        let (live, dragged) = (live.clone(), dragged.clone());
        on(&live.clone().paper_element().clone(), kind, move |event| drawing(&live, &dragged, &event))?;
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
    // As long as the page.
    handler.forget();
    Ok(())
}

/// An event of the drawing.
fn drawing(live: &Rc<Live>, dragged: &Cell<Option<Target>>, event: &web_sys::Event) {
    let element = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    // While the figure is drawn, marks that move lose the focus: that is not the reader's doing.
    let Ok(view) = live.scene.try_borrow() else { return };
    let target = element.as_ref().and_then(|element| view.as_ref()?.target_of(element));
    drop(view);
    let place = || {
        let mouse = event.dyn_ref::<MouseEvent>().filter(|mouse| mouse.client_x() != 0 || mouse.client_y() != 0);
        let view = live.scene.borrow();
        mouse.zip(view.as_ref()).map_or_else(Place::default, |(mouse, view)| view.place(mouse, element.as_ref()))
    };
    match (event.type_().as_str(), target) {
        ("pointerdown", Some(handle @ Target::Handle { .. })) => {
            event.prevent_default();
            dragged.set(Some(handle));
            if let Some(pointer) = event.dyn_ref::<PointerEvent>() {
                // What is dragged out of the figure stays dragged.
                let _ = live.paper_element().set_pointer_capture(pointer.pointer_id());
            }
            focus(element.as_ref());
        }
        ("pointermove", target) => match (dragged.get(), target) {
            (Some(handle), _) => live.hear(Event::Dragged(handle, place())),
            // In a picture of many cells the mark stays the same while the pointer moves.
            (None, Some(picture)) if picture.is_picture() => live.hear(Event::Over(picture, place())),
            _ => {}
        },
        ("pointerup" | "pointercancel", _) => dragged.set(None),
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

/// An event of a control.
fn control(live: &Rc<Live>, event: &web_sys::Event) {
    let Some(element) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    let Some(element) = element.closest("[data-control]").ok().flatten() else { return };
    let id = element.get_attribute("data-control").unwrap_or_default();
    let is_button = element.tag_name() == "BUTTON";
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
    let (right, down) = match key.key().as_str() {
        "Enter" | " " => {
            key.prevent_default();
            return live.hear(Event::Chosen(target, Place::default()));
        }
        "ArrowUp" => (0, -1),
        "ArrowDown" => (0, 1),
        "ArrowLeft" => (-1, 0),
        "ArrowRight" => (1, 0),
        _ => return,
    };
    key.prevent_default();
    if matches!(target, Target::Handle { .. } | Target::Pattern { .. } | Target::Items { .. }) {
        return live.hear(Event::Nudged(target, right, down));
    }
    // The focus moves while nobody else holds the view: the event it causes asks the view again.
    let next = mark.and_then(|mark| live.scene.borrow_mut().as_mut()?.stop_beside(mark, right, down).ok().flatten());
    focus(next.as_ref());
}

fn focus(element: Option<&Element>) {
    if let Some(element) = element {
        let _ = element.unchecked_ref::<HtmlElement>().focus();
    }
}
