//! The bar that stays visible: the sentence, the model, light or dark; and below it the page's messages.

use crate::app::{Answer, App, Away};
use crate::client::{FROM_FILE, IN_BROWSER, Place, place};
use crate::palette::Palette;
use crate::sentence::Sentence;
use crate::theme;
use attnscope_figures::number::plural;
use attnscope_page::selection::{LESSON, TRAINED};
use attnscope_protocol::{Failure, FailureKind, Progress};
use attnscope_words::{heard, words};
use leptos::prelude::*;
use web_sys::HtmlInputElement;

/// Sentence, model, theme.
#[component]
pub fn Bar(app: App) -> impl IntoView {
    let file_input = NodeRef::<leptos::html::Input>::new();
    let choose = move |id: String| match id.as_str() {
        "open" => {
            if let Some(input) = file_input.get_untracked() {
                input.click();
            }
        }
        id => app.choose_model(id),
    };
    let opened = move |_| {
        let file = file_input.get_untracked().and_then(|input: HtmlInputElement| input.files()?.get(0));
        if let Some(file) = file {
            app.choose_model(&app.client().add_file(file));
        }
    };
    view! {
        <Sentence app=app />
        <label class="field model">
            <span>{words!("Model")}</span>
            <select id="model" prop:value=move || app.selection.with(|s| s.model.clone())
                on:change:target=move |event| choose(event.target().value())>
                {move || choices(app).into_iter().map(|(id, name)| {
                    let selected = app.selection.with(|s| s.model == id);
                    view! { <option value=id selected=selected>{name}</option> }
                }).collect_view()}
            </select>
        </label>
        <input type="file" accept=".gguf" hidden node_ref=file_input on:change=opened aria-label=words!("A model's file") />
        <button id="theme" class="icon" type="button" on:click=move |_| theme::toggle(app)
            aria-label=move || if app.dark.get() { words!("Use light colours") } else { words!("Use dark colours") }
            title=move || if app.dark.get() { words!("Light") } else { words!("Dark") }>
            <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
                <circle cx="10" cy="10" r="7" fill="none" stroke="currentColor" stroke-width="1.5" />
                <path d="M10 3a7 7 0 0 1 0 14z" fill="currentColor" />
            </svg>
        </button>
    }
}

/// The models that can be chosen: id and name.
fn choices(app: App) -> Vec<(String, String)> {
    let mut all = vec![(LESSON.to_owned(), words!("Lesson model").to_owned())];
    for card in app.cards.get() {
        let known = card.info.as_ref().map(|info| info.name.clone());
        let name = known.or_else(|| called(app, &card.id)).unwrap_or_else(|| card.id.clone());
        all.push((card.id.clone(), words!("{name} · on the server")));
        if card.gguf {
            let here = format!("{IN_BROWSER}{}", card.id);
            let name = called(app, &here).unwrap_or(name);
            all.push((here, words!("{name} · in this browser, {:.0} MB", card.bytes as f64 / 1e6)));
        }
    }
    if chosen_is(app, TRAINED) {
        all.push((TRAINED.to_owned(), words!("The model that you trained").to_owned()));
    }
    // A model from a link or a file is on the list as well, whoever offers it.
    let chosen = app.selection.with(|s| s.model.clone());
    if !all.iter().any(|(id, _)| *id == chosen) {
        let file = chosen.trim_start_matches(FROM_FILE).to_owned();
        let name = called(app, &chosen).map_or(file.clone(), |name| format!("{name} · {file}"));
        all.push((chosen.clone(), name));
    }
    all.push(("open".into(), words!("open a GGUF file …").into()));
    all
}

/// The name that the model itself has, once its file was read: it says how the weights are stored.
fn called(app: App, id: &str) -> Option<String> {
    app.run.with(|run| run.as_ref().filter(|run| run.selection.model == id).map(|run| run.run.trace.model.name.clone()))
}

fn chosen_is(app: App, model: &str) -> bool {
    app.selection.with(|s| s.model == model)
}

/// The status: who computed what is shown, or a failure with its remedy; and the progress of long work.
#[component]
pub fn Status(app: App) -> impl IntoView {
    let said = move || match (app.away(), app.failure.get()) {
        // How far it has come is shown below.
        (Some(Away::Under(..)), _) => ().into_any(),
        (Some(away), _) => gone(app, &away).into_any(),
        (None, Some(failure)) => failed(app, failure).into_any(),
        (None, None) => app.run.get().map(|answer| computed(&answer)).into_any(),
    };
    let changed = move || changed(app);
    let refused = move || app.refused.get().into_iter().map(|why| view! { <p class="failed">{why}</p> }).collect_view();
    // Not announced to screen readers, since it changes many times a second.
    let working = move || match app.away() {
        Some(Away::Under(done, total)) => trained_again(app, done, total).into_any(),
        _ => app.progress.get().map(|progress| working(app, &progress)).into_any(),
    };
    view! { <div role="status">{said}{changed}{refused}</div> {working} <Palette app=app /> }
}

/// What is changed in the run and compared with it, each with a button that undoes it.
fn changed(app: App) -> impl IntoView + use<> {
    let (changes, against) = app.selection.with(|s| (s.changes.clone(), s.against.clone()));
    let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
    let changed = (!changes.is_empty()).then(|| {
        view! {
            <p class="warned"><span>{words!("changed: {}", changes.join(", "))}</span>
                <button type="button" on:click=move |_| app.undo_changes()>{words!("as it is")}</button></p>
        }
    });
    let against = against.map(|against| {
        view! {
            <p><span>{words!("compared with: {against}")}</span>
                <button type="button" on:click=move |_| app.undo_comparison()>{words!("compare with none")}</button></p>
        }
    });
    view! { {changed} {against} }
}

fn computed(answer: &Answer) -> impl IntoView + use<> {
    let whose = match place(&answer.selection.model) {
        Place::Page => words!("computed in this page"),
        Place::Server => words!("computed by the server"),
        Place::Worker | Place::Trainer => words!("computed in this browser"),
    };
    let trace = &answer.run.trace;
    let warning = answer.run.warning.clone().map(|warning| view! { <p class="warned">{words!("note: {warning}")}</p> });
    let said = format!("{} · {}", heard(&trace.model.name), plural(trace.tokens.len(), "token"));
    // A telephone has no room for where.
    view! { <p><span>{said}<span class="whose">{format!(" · {whose}")}</span></span></p> {warning} }
}

fn working(app: App, progress: &Progress) -> impl IntoView + use<> {
    let (what, done, total) = match progress {
        Progress::Loading { done, total } => {
            let text = words!("loading the model: {:.0} of {:.0} MB", *done as f64 / 1e6, *total as f64 / 1e6);
            (text, *done as f64, *total as f64)
        }
        Progress::Layers { done, total } => (words!("layer {done} of {total}"), *done as f64, *total as f64),
        _ => (words!("working").into(), 0.0, 1.0),
    };
    view! {
        <p class="working">
            <progress max=total.max(1.0) value=done aria-label=what.clone()></progress>
            <span>{what}</span>
            <button type="button" on:click=move |_| app.give_up()>{words!("stop")}</button>
        </p>
    }
}

/// How far the chosen model has come, which is trained again.
fn trained_again(app: App, done: usize, total: usize) -> impl IntoView + use<> {
    let what = words!("training your model again: step {done} of {total}");
    view! {
        <p class="working">
            <progress max=total value=done aria-label=what.clone()></progress>
            <span>{what}</span> {use_lesson(app)}
        </p>
    }
}

/// Why the chosen model is not there, and what can be done.
fn gone(app: App, away: &Away) -> impl IntoView + use<> {
    let once_more = matches!(away, Away::Failed(_)).then(|| {
        view! { <button type="button" on:click=move |_| app.try_again()>{words!("try again")}</button> }
    });
    view! { <p class="failed"><span>{away.said()}</span> {once_more} {use_lesson(app)}</p> }
}

fn use_lesson(app: App) -> impl IntoView + use<> {
    view! { <button type="button" on:click=move |_| app.choose_model(LESSON)>{words!("use the lesson model")}</button> }
}

fn failed(app: App, failure: Failure) -> impl IntoView + use<> {
    let message = heard(failure.without_near()).into_owned();
    let (word, near) = match failure.kind {
        FailureKind::Text { word: Some(word), near } => (word, near),
        _ => (String::new(), Vec::new()),
    };
    let nears = near.into_iter().map(move |instead| {
        let (word, shown) = (word.clone(), instead.clone());
        let replace = move |_| app.selection.update(|s| s.text = replaced(&s.text, &word, &instead));
        view! { <button type="button" on:click=replace>{shown}</button> }
    });
    let lesson = app.selection.with_untracked(|s| s.model != LESSON).then(|| use_lesson(app));
    view! { <p class="failed"><span>{message}</span> {nears.collect_view()} {lesson}</p> }
}

/// The text with the first occurrence of this word replaced.
fn replaced(text: &str, word: &str, instead: &str) -> String {
    let bare = |piece: &str| piece.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let mut done = false;
    let pieces = text.split_inclusive(char::is_whitespace).map(|piece| {
        let spelled = piece.trim_end();
        let this = !done && bare(spelled) == word.to_lowercase();
        done |= this;
        if this { piece.replacen(spelled, instead, 1) } else { piece.to_owned() }
    });
    pieces.collect()
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn the_unknown_word_is_replaced_wherever_its_dot_stands() {
        assert_eq!(replaced("the Dogg, was", "dogg", "dog"), "the dog was");
        assert_eq!(replaced("a b a", "a", "c"), "c b a");
        assert_eq!(replaced("a  b", "x", "c"), "a  b");
        assert_eq!(replaced("a\n\nb\tb ", "b", "c"), "a\n\nc\tb ", "lines stay");
    }
}
