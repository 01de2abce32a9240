//! What can be done with a figure: save it, share it, read it as a table.

use crate::export::{self, Look};
use crate::live::Live;
use attnscope_words::words;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement};

/// Adds the menu to a figure, and the place for its table after the drawing.
pub fn mount(live: &Rc<Live>) -> Option<()> {
    let document = live.element().owner_document()?;
    let place = document.create_element("div").ok()?;
    place.set_class_name("beside");
    live.element().append_child(&place).ok()?;
    let figure = StoredValue::new_local(live.clone());
    leptos::mount::mount_to(place.unchecked_into(), move || view! { <Menu figure=figure /> }).forget();
    Some(())
}

#[component]
fn Menu(figure: StoredValue<Rc<Live>, LocalStorage>) -> impl IntoView {
    let live = figure.get_value();
    let (name, drawn) = (live.name().to_owned(), live.drawn);
    let (open, table, said) = (RwSignal::new(false), RwSignal::new(false), RwSignal::new(String::new()));
    let root = NodeRef::<leptos::html::Details>::new();
    let close = move || {
        if let Some(details) = root.get_untracked() {
            let _ = details.remove_attribute("open");
        }
    };
    let pressed = move |event: KeyboardEvent| {
        if event.key() == "Escape" && open.get_untracked() {
            close();
            focus_summary(root);
        }
    };
    let toggled = move |_| {
        open.set(root.get_untracked().is_some_and(|details| details.has_attribute("open")));
        said.set(String::new());
    };
    // Until the reader chooses colours, a file has those of the page.
    let (dark, column) = (RwSignal::new(None::<bool>), RwSignal::new(false));
    let is_dark = move || dark.get().unwrap_or_else(|| figure.with_value(|live| live.is_dark()));
    let save = move |kind: &'static str| {
        let look = Look { dark: is_dark(), column: column.get_untracked() };
        figure.with_value(|live| export::save(live, kind, look, move |why| said.set(why)));
    };
    // Below, or above where the window ends before it does.
    Effect::new(move || {
        let shown = open.get();
        request_animation_frame(move || {
            let Some(details) = root.get_untracked().filter(|_| shown) else { return };
            let _ = details.toggle_attribute_with_force("data-up", opens_upwards(&details));
        });
    });
    let shown = move || {
        drawn.track();
        table.get().then(|| figure.with_value(|live| export::table(live)))
    };
    let rows = move || {
        match shown()? {
        Ok(html) => Some(view! { <div class="twin" tabindex="0" role="region" aria-label=words!("The figure as a table") inner_html=html></div> }.into_any()),
        Err(why) => Some(view! { <p class="twin">{why}</p> }.into_any()),
    }
    };
    let content = move || {
        open.get().then(|| {
            let (link, frame) = figure.with_value(|live| (export::link(live), export::frame(live)));
            view! {
                <div class="panel">
                    <p class="row"><span>{words!("Save as")}</span>
                        <button type="button" on:click=move |_| save("svg")>"SVG"</button>
                        <button type="button" on:click=move |_| save("png")>"PNG"</button>
                        <button type="button" on:click=move |_| save("csv")>"CSV"</button>
                    </p>
                    <p class="row" role="group" aria-label=words!("Colours of the file")><span>{words!("Colours")}</span>
                        {choice(words!("light"), move || !is_dark(), move || dark.set(Some(false)))}
                        {choice(words!("dark"), is_dark, move || dark.set(Some(true)))}
                    </p>
                    <p class="row" role="group" aria-label=words!("Width of the file")><span>{words!("Width")}</span>
                        {choice(words!("page"), move || !column.get(), move || column.set(false))}
                        {choice(words!("column"), move || column.get(), move || column.set(true))}
                    </p>
                    {field(words!("Link"), link, said)}
                    {field(words!("Embed"), frame, said)}
                    <p class="row"><button type="button" aria-pressed=move || table.get().to_string()
                        on:click=move |_| { table.update(|shown| *shown = !*shown); close(); focus_summary(root); }>
                        {move || if table.get() { words!("hide the table") } else { words!("show as a table") }}</button></p>
                    <p role="status">{move || said.get()}</p>
                </div>
            }
        })
    };
    view! {
        <details class="menu" node_ref=root on:toggle=toggled on:keydown=pressed>
            <summary aria-label=words!("Save, share or read as a table: {name}") title=words!("Save, share, table")>
                <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" fill="currentColor">
                    <circle cx="4" cy="10" r="1.6" /><circle cx="10" cy="10" r="1.6" /><circle cx="16" cy="10" r="1.6" />
                </svg>
            </summary>
            {content}
        </details>
        {rows}
    }
}

/// One of several ways, of which one is pressed.
fn choice(
    name: &'static str,
    chosen: impl Fn() -> bool + Send + Sync + 'static,
    choose: impl Fn() + 'static,
) -> impl IntoView {
    view! {
        <button type="button" class="choice" aria-pressed=move || chosen().to_string() on:click=move |_| choose()>{name}</button>
    }
}

/// Whether an open menu has no room below its button, and more above it.
fn opens_upwards(details: &Element) -> bool {
    let Some(panel) = details.query_selector(".panel").ok().flatten() else { return false };
    let height = web_sys::window().and_then(|window| window.inner_height().ok()?.as_f64()).unwrap_or_default();
    let (button, panel) = (details.get_bounding_client_rect(), panel.get_bounding_client_rect().height());
    button.bottom() + panel + 8.0 > height && button.top() > height - button.bottom()
}

/// A text to copy, by hand or with its button.
fn field(name: &'static str, text: String, said: RwSignal<String>) -> impl IntoView {
    let copied = text.clone();
    view! {
        <p class="row"><label><span>{name}</span><input type="text" readonly on:focus=select_all prop:value=text /></label>
            <button type="button" aria-label=words!("copy: {name}")
                on:click=move |_| export::copy(&copied, move |done| said.set(done))>{words!("copy")}</button></p>
    }
}

fn focus_summary(root: NodeRef<leptos::html::Details>) {
    let summary = root.get_untracked().and_then(|details| details.query_selector("summary").ok().flatten());
    if let Some(summary) = summary.and_then(|summary| summary.dyn_into::<HtmlElement>().ok()) {
        let _ = summary.focus();
    }
}

/// A field that gets the focus selects all of its text, to be copied.
fn select_all(event: web_sys::FocusEvent) {
    if let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) {
        input.select();
    }
}

/// Closes every menu but the one that was clicked in.
pub fn close_others(clicked: Option<&Element>) {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
    let Ok(open) = document.query_selector_all("details.menu[open]") else { return };
    for at in 0..open.length() {
        let Some(menu) = open.get(at).and_then(|node| node.dyn_into::<Element>().ok()) else { continue };
        if !clicked.is_some_and(|clicked| menu.contains(Some(clicked))) {
            let _ = menu.remove_attribute("open");
        }
    }
}
