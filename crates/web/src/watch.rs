//! What the browser reports about an element: its width, and whether it is visible.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit, ResizeObserver};

/// The width of an element in pixels, as it changes.
pub fn width_of(element: &Element) -> Result<RwSignal<f32>, JsValue> {
    let width = RwSignal::new(element.client_width().max(280) as f32);
    let observed = element.clone();
    let changed = Closure::<dyn FnMut()>::new(move || {
        let now = observed.client_width().max(280) as f32;
        if width.get_untracked() != now {
            width.set(now);
        }
    });
    ResizeObserver::new(changed.as_ref().unchecked_ref())?.observe(element);
    // It lives as long as the page.
    changed.forget();
    Ok(width)
}

/// Whether an element is in sight.
pub fn seen(element: &Element) -> Result<RwSignal<bool>, JsValue> {
    within(element, "0px")
}

/// Whether an element is in the middle of the window, where it is read.
pub fn is_read(element: &Element) -> Result<RwSignal<bool>, JsValue> {
    within(element, "-35% 0px")
}

/// Whether the reader wants things to stand still.
pub fn is_still() -> bool {
    let asked =
        web_sys::window().and_then(|window| window.match_media("(prefers-reduced-motion: reduce)").ok().flatten());
    asked.is_some_and(|query| query.matches())
}

/// Whether an element is in the window with this margin.
fn within(element: &Element, margin: &str) -> Result<RwSignal<bool>, JsValue> {
    let seen = RwSignal::new(false);
    let changed = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
        let last = entries.pop().unchecked_into::<IntersectionObserverEntry>();
        if seen.get_untracked() != last.is_intersecting() {
            seen.set(last.is_intersecting());
        }
    });
    let options = IntersectionObserverInit::new();
    options.set_root_margin(margin);
    IntersectionObserver::new_with_options(changed.as_ref().unchecked_ref(), &options)?.observe(element);
    changed.forget();
    Ok(seen)
}
