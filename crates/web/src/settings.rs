//! The settings of figures in the page's address, so that a link or a reload restores them.

use crate::app::App;
use attnscope_page::address::{setting, settings};
use leptos::prelude::*;
use std::collections::BTreeMap;
use wasm_bindgen::{JsCast, closure::Closure};

/// The least milliseconds between two changes of the address: browsers refuse many in a row, such as those of a slider.
const PAUSE: i32 = 400;

/// By figure: controls that differ from their initial state, and their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, Vec<(String, String)>>);

impl Settings {
    /// From an address' query.
    pub fn from_query(query: &str) -> Self {
        let mut all = Self::default();
        for (figure, control, value) in settings(query) {
            all.0.entry(figure).or_default().push((control, value));
        }
        all
    }

    /// Those of one figure.
    pub fn of(&self, figure: &str) -> &[(String, String)] {
        self.0.get(figure).map_or(&[], Vec::as_slice)
    }

    /// Appends them to a query, which may be empty.
    pub fn add_to(&self, mut query: String) -> String {
        for (figure, set) in &self.0 {
            add(&mut query, figure, set);
        }
        query
    }
}

/// Appends the settings of one figure to a query.
pub fn add(query: &mut String, figure: &str, set: &[(String, String)]) {
    for (control, value) in set {
        query.push(if query.is_empty() { '?' } else { '&' });
        *query += &setting(figure, control, value);
    }
}

impl App {
    /// Records the settings of a figure. The address follows a moment later.
    pub fn note_settings(self, figure: &str, set: Vec<(String, String)>) {
        if self.settings.with_untracked(|all| all.of(figure) == set) {
            return;
        }
        // Any change of the address in between includes them.
        self.settings.update_untracked(|all| {
            if set.is_empty() {
                all.0.remove(figure);
            } else {
                all.0.insert(figure.to_owned(), set);
            }
        });
        if self.address_is_due.try_update_value(|due| std::mem::replace(due, true)).unwrap_or(true) {
            return;
        }
        let soon = Closure::once_into_js(move || {
            self.address_is_due.set_value(false);
            self.settings.notify();
        });
        if let Some(window) = web_sys::window() {
            let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(soon.unchecked_ref(), PAUSE);
        }
    }
}
