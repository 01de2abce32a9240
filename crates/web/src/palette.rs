//! The lesson model's words, to choose from, and sentences by chance: nobody need guess what it knows.

use crate::app::App;
use attnscope_page::Selection;
use attnscope_page::palette::{groups, surprise};
use attnscope_page::selection::{LESSON, TRAINED};
use attnscope_words::words;
use leptos::prelude::*;

/// The two buttons below the sentence, and the list that the first opens. Only for a model that knows these words alone.
#[component]
pub fn Palette(app: App) -> impl IntoView {
    let known = move || app.selection.with(|s| s.model == LESSON || s.model == TRAINED);
    let write = move |text: String| {
        app.forget_link();
        app.select_step(Selection { text, open: None, k_idx: None, ..app.selection.get_untracked() });
    };
    let chance = move |_| write(surprise((js_sys::Math::random() * 1e15) as u64));
    let append = move |word: &str| {
        let text = app.selection.with_untracked(|s| s.text.trim_end().to_owned());
        write(if text.is_empty() { word.to_owned() } else { format!("{text} {word}") });
    };
    let entry = move |word: String| {
        let shown = word.clone();
        view! { <button type="button" on:click=move |_| append(&word)>{shown}</button> }
    };
    let group = move |(name, words): (&'static str, Vec<String>)| {
        view! { <dt>{name}</dt><dd>{words.into_iter().map(entry).collect_view()}</dd> }
    };
    view! {
        <p class="palette" hidden=move || !known()>
            <button type="button" popovertarget="words">{words!("words")}</button>
            <button type="button" on:click=chance>{words!("surprise me")}</button>
        </p>
        <div id="words" popover="" role="dialog" aria-label=words!("The words that the lesson model knows")>
            <p>
                <button type="button" on:click=move |_| write(String::new())>"empty"</button>
                <button type="button" on:click=chance>{words!("surprise me")}</button>
            </p>
            <dl>{groups().into_iter().map(group).collect_view()}</dl>
        </div>
    }
}
