//! What the reader acts on stays where it is on the screen: a choice may change the height of figures above it, now and
//! when answers come, and the page would move under the pointer.

use std::cell::{Cell, RefCell};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Element, Window};

/// Milliseconds for which an element is held: as long as answers and drawings usually take.
const HELD: f64 = 2500.0;

/// An element, where its top is on the screen, and until when it stays there.
struct Held {
    element: Element,
    top: f64,
    until: f64,
}

thread_local! {
    static HELD_NOW: RefCell<Option<Held>> = const { RefCell::new(None) };
    /// Whether a frame was asked for that has not come: a second one would correct twice.
    static ASKED: Cell<bool> = const { Cell::new(false) };
    static FRAME: Closure<dyn FnMut(f64)> = Closure::new(correct);
}

/// Lets go when the reader scrolls: these come before what a figure makes of them.
pub fn follow_scrolling(window: &Window) -> Result<(), JsValue> {
    let release = Closure::<dyn FnMut()>::new(|| HELD_NOW.set(None));
    for kind in ["wheel", "touchstart", "pointerdown", "keydown"] {
        window.add_event_listener_with_callback_and_bool(kind, release.as_ref().unchecked_ref(), true)?;
    }
    release.forget();
    Ok(())
}

/// Holds an element where it is now.
pub fn hold(element: &Element) {
    let Some(window) = web_sys::window() else { return };
    let Some(now) = window.performance().map(|clock| clock.now()) else { return };
    let top = element.get_bounding_client_rect().top();
    let held = Held { element: element.clone(), top, until: now + HELD };
    HELD_NOW.set(Some(held));
    next_frame(&window);
}

/// Scrolls by as much as the element has moved, frame by frame.
fn correct(now: f64) {
    ASKED.set(false);
    let Some(window) = web_sys::window() else { return };
    let moved = HELD_NOW.with_borrow_mut(|held| {
        let moved = held.as_ref().filter(|held| now < held.until && held.element.is_connected());
        let moved = moved.map(|held| held.element.get_bounding_client_rect().top() - held.top);
        if moved.is_none() {
            *held = None;
        }
        moved
    });
    let Some(moved) = moved else { return };
    if moved.abs() >= 1.0 {
        window.scroll_by_with_x_and_y(0.0, moved);
    }
    next_frame(&window);
}

fn next_frame(window: &Window) {
    if ASKED.replace(true) {
        return;
    }
    let _ = FRAME.with(|frame| window.request_animation_frame(frame.as_ref().unchecked_ref()));
}
