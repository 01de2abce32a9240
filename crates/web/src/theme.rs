//! Light or dark: what the reader chose, or else the system's theme. `theme.js` has set it before anything was drawn.

use crate::app::App;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, Window};

const KEY: &str = "theme";

fn root(window: &Window) -> Option<Element> {
    window.document()?.document_element()
}

/// Whether the page is dark now.
pub fn is_dark(window: &Window) -> bool {
    match root(window).and_then(|root| root.get_attribute("data-theme")).as_deref() {
        Some("dark") => true,
        Some("light") => false,
        _ => window.match_media("(prefers-color-scheme: dark)").ok().flatten().is_some_and(|query| query.matches()),
    }
}

/// Follows the system as long as the reader has not chosen.
pub fn follow_system(app: App, window: &Window) {
    let Ok(Some(query)) = window.match_media("(prefers-color-scheme: dark)") else { return };
    let handler = Closure::<dyn FnMut()>::new(move || {
        if let Some(window) = web_sys::window() {
            app.dark.set(is_dark(&window));
        }
    });
    let _ = query.add_event_listener_with_callback("change", handler.as_ref().unchecked_ref());
    handler.forget();
}

/// Changes to the other theme, and remembers it.
pub fn toggle(app: App) {
    let Some(window) = web_sys::window() else { return };
    let dark = !app.dark.get_untracked();
    let name = if dark { "dark" } else { "light" };
    if let Some(root) = root(&window) {
        let _ = root.set_attribute("data-theme", name);
    }
    if let Ok(Some(storage)) = window.local_storage() {
        // If nothing may be stored, the choice holds for this page only.
        let _ = storage.set_item(KEY, name);
    }
    app.dark.set(dark);
}
