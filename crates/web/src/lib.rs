//! # attnscope-web
//!
//! The live page. The prose and the first drawings are already there (`attnscope-site` made them); this finds the
//! bar and the figures in it, and makes them follow the reader.
#![forbid(unsafe_code)]

mod app;
mod arithmetic;
mod bar;
mod beside;
mod client;
mod controls;
mod drawn;
mod engine_worker;
mod export;
mod figures;
mod lesson_worker;
mod listen;
mod live;
mod menu;
mod palette;
mod scene_view;
mod sentence;
mod server;
mod settings;
mod steady;
mod theme;
mod watch;
mod work;

use app::App;
use arithmetic::Arithmetic;
use attnscope_page::Selection;
use attnscope_words::Language;
use bar::{Bar, Status};
use client::{Client, Scripts};
use leptos::prelude::*;
use settings::Settings;
use wasm_bindgen::prelude::*;
use web_sys::{DragEvent, Element, HtmlElement, MouseEvent, Window};

/// Makes the page live. `engine` and `lesson` are the addresses of the workers' scripts; `code` is the page's language, and
/// `table` holds its texts, which English needs not.
#[wasm_bindgen]
pub fn start(engine: &str, lesson: &str, code: &str, table: &str) -> Result<(), JsValue> {
    console_error_panic_hook::set_once();
    if !table.is_empty() {
        attnscope_words::speak(Some(Language::read(code, table)?));
    }
    let window = web_sys::window().ok_or("a window")?;
    let query = window.location().search()?;
    let ((selection, refused), settings) = (Selection::read_query(&query), Settings::from_query(&query));
    // The page's signals live as long as the page.
    let owner = Owner::new();
    owner.set();
    let client = Client::new(Scripts { engine: engine.into(), lesson: lesson.into() });
    let app = App::new(selection, settings, theme::is_dark(&window), client);
    app.refused.set(refused);
    mount_controls(app, &window)?;
    figures::mount_all(app)?;
    theme::follow_system(app, &window);
    follow_address(app, &window)?;
    accept_files(app, &window)?;
    follow_links(app, &window)?;
    steady::follow_scrolling(&window)?;
    close_menus(&window)?;
    let root = window.document().and_then(|document| document.document_element());
    if root.is_some_and(|root| root.get_attribute("data-server").as_deref() != Some("none")) {
        app.look_for_server();
    }
    std::mem::forget(owner);
    Ok(())
}

fn mount_controls(app: App, window: &Window) -> Result<(), JsValue> {
    let document = window.document().ok_or("a page")?;
    let place = |id: &str| -> Option<HtmlElement> {
        let element = document.get_element_by_id(id)?.dyn_into::<HtmlElement>().ok()?;
        element.set_inner_html("");
        Some(element)
    };
    if let Some(bar) = place("bar") {
        leptos::mount::mount_to(bar, move || view! { <Bar app=app /> }).forget();
    }
    leptos::mount::mount_to_body(move || view! { <Arithmetic app=app /> });
    Effect::new(move || app.say_known());
    if let Some(status) = place("status") {
        leptos::mount::mount_to(status, move || view! { <Status app=app /> }).forget();
    }
    Ok(())
}

/// Keeps the address in step with the selection, and the selection with the address (back, forward).
fn follow_address(app: App, window: &Window) -> Result<(), JsValue> {
    let (history, location) = (window.history()?, window.location());
    Effect::new(move || {
        let query = app.settings.with(|settings| settings.add_to(app.selection.with(Selection::to_query)));
        if location.search().is_ok_and(|now| now != query) {
            let path = location.pathname().unwrap_or_default() + &query + &location.hash().unwrap_or_default();
            // Otherwise every letter typed would be a step of the history: only a link or another model adds one.
            let step = app.step.try_update_value(std::mem::take).unwrap_or(false);
            let _ = if step {
                history.push_state_with_url(&JsValue::NULL, "", Some(&path))
            } else {
                history.replace_state_with_url(&JsValue::NULL, "", Some(&path))
            };
        }
    });
    let location = window.location();
    let back = Closure::<dyn FnMut()>::new(move || {
        if let Ok(query) = location.search() {
            let (selection, refused) = Selection::read_query(&query);
            if selection.open.is_none() {
                app.opened.set(Vec::new());
            }
            app.select(selection);
            app.refused.set(refused);
        }
    });
    window.add_event_listener_with_callback("popstate", back.as_ref().unchecked_ref())?;
    back.forget();
    Ok(())
}

/// Links in the prose that lead to another sentence of this page change the selection; the page is not loaded again.
fn follow_links(app: App, window: &Window) -> Result<(), JsValue> {
    let handler = Closure::<dyn FnMut(MouseEvent)>::new(move |event: MouseEvent| {
        let plain = event.button() == 0 && !(event.ctrl_key() || event.meta_key() || event.shift_key());
        let link = event.target().and_then(|target| target.dyn_into::<Element>().ok()?.closest("a[href^='?']").ok()?);
        if let Some((link, query)) =
            link.filter(|_| plain).and_then(|link| Some((link.clone(), link.get_attribute("href")?)))
        {
            event.prevent_default();
            steady::hold(&link);
            app.forget_link();
            app.select_step(app.selection.get_untracked().after_link(&query));
        }
    });
    window.add_event_listener_with_callback("click", handler.as_ref().unchecked_ref())?;
    handler.forget();
    Ok(())
}

/// A click elsewhere closes a menu.
fn close_menus(window: &Window) -> Result<(), JsValue> {
    let handler = Closure::<dyn FnMut(MouseEvent)>::new(move |event: MouseEvent| {
        let clicked = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        menu::close_others(clicked.as_ref());
    });
    window.add_event_listener_with_callback("click", handler.as_ref().unchecked_ref())?;
    handler.forget();
    Ok(())
}

/// A model's file may be dropped anywhere on the page.
fn accept_files(app: App, window: &Window) -> Result<(), JsValue> {
    for kind in ["dragover", "drop"] {
        let handler = Closure::<dyn FnMut(DragEvent)>::new(move |event: DragEvent| {
            event.prevent_default();
            let file = event.data_transfer().and_then(|data| data.files()).and_then(|files| files.get(0));
            if let Some(file) = file.filter(|_| event.type_() == "drop") {
                app.choose_model(&app.client().add_file(file));
            }
        });
        window.add_event_listener_with_callback(kind, handler.as_ref().unchecked_ref())?;
        handler.forget();
    }
    Ok(())
}
