//! The box of the reader's sentence: one line high at first, it grows with what is written, and then scrolls.

use crate::app::App;
use attnscope_words::words;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use web_sys::HtmlTextAreaElement;

/// Lines that it grows to. The stylesheet says the same.
const MOST_LINES: u32 = 6;

/// The box and its label.
#[component]
pub fn Sentence(app: App) -> impl IntoView {
    let text = move || app.selection.with(|s| s.text.clone());
    // Whether the reader has typed since coming to the box: the first letter begins a step of the browser's history, so
    // that Back leads to the sentence before.
    let typed = StoredValue::new(false);
    let field = NodeRef::<leptos::html::Textarea>::new();
    if !grows_by_itself() {
        Effect::new(move || {
            text();
            if let Some(field) = field.get() {
                // After the box has got the text.
                request_animation_frame(move || fit(&field));
            }
        });
    }
    view! {
        <label class="field sentence">
            <span>{words!("Your sentence")}</span>
            <textarea id="sentence" rows="1" node_ref=field autocomplete="off" autocapitalize="off" spellcheck="false"
                enterkeyhint="done" prop:value=text
                on:focus=move |_| typed.set_value(false)
                on:keydown=move |event| enter(&event, field)
                on:input:target=move |event| {
                    app.forget_link();
                    if !typed.get_value() {
                        typed.set_value(true);
                        app.step.set_value(true);
                    }
                    app.selection.update(|s| s.text = event.target().value());
                }></textarea>
        </label>
    }
}

/// Enter alone writes nothing: the figures follow every letter, and a line break at the end would be a token of its own.
/// With Shift it begins a line; what is pasted keeps its lines.
fn enter(event: &KeyboardEvent, field: NodeRef<leptos::html::Textarea>) {
    if event.key() != "Enter" || event.shift_key() || event.is_composing() {
        return;
    }
    event.prevent_default();
    // On a telephone it closes the keyboard, which hides the figures.
    if matches("(pointer: coarse)")
        && let Some(field) = field.get_untracked()
    {
        let _ = field.blur();
    }
}

fn matches(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|query| query.matches())
}

/// Whether the browser gives a box the height of its content, as the stylesheet asks it to.
fn grows_by_itself() -> bool {
    web_sys::css::supports_with_value("field-sizing", "content").unwrap_or(false)
}

/// Gives the box as many lines as its text takes.
fn fit(field: &HtmlTextAreaElement) {
    for lines in 1..=MOST_LINES {
        field.set_rows(lines);
        if field.scroll_height() <= field.client_height() {
            return;
        }
    }
}
