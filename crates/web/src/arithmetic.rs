//! The arithmetic of one number, opened from any cell: its parts, each a button that opens its own arithmetic, down to
//! numbers that are stored in the model.

use crate::app::App;
use attnscope::analysis::explain::{Explanation, Factor, Rule, Source, Step, Term};
use attnscope_figures::number::{count, fixed, number};
use attnscope_page::{Missing, Open};
use attnscope_protocol::Response;
use attnscope_words::{heard, words};
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// Terms that are shown before the reader asks for all.
const SHOWN: usize = 24;
/// The panel's index among those that want answers: after all figures.
const PLACE: usize = usize::MAX;

/// What the panel shows.
#[derive(Clone, PartialEq)]
struct Said {
    /// The number.
    open: Open,
    /// Its arithmetic, or why there is none.
    content: Result<Explanation, String>,
}

/// The panel.
#[component]
pub fn Arithmetic(app: App) -> impl IntoView {
    let changed = RwSignal::new(0);
    app.add_figure(PLACE, changed);
    let said = RwSignal::new(None::<Said>);
    let all = RwSignal::new(false);
    Effect::new(move || {
        changed.track();
        let selection = app.selection.get();
        let Some(open) = selection.open.clone() else {
            said.set(None);
            return app.want(PLACE, Vec::new());
        };
        let Some(request) = selection.explain_request() else {
            // Its figure explains it, while it draws.
            let own = app.own.get().filter(|(of, _)| *of == open);
            said.set(own.map(|(open, explanation)| Said { open, content: Ok(explanation) }));
            return app.want(PLACE, Vec::new());
        };
        let (answer, wanted) = app.with_page(|page| {
            let answer = page.ask(&request).cloned();
            (answer, page.into_wanted())
        });
        app.want(PLACE, wanted);
        match answer {
            Ok(Response::Explained(explanation)) => said.set(Some(Said { open, content: Ok(explanation) })),
            Err(Missing::Failed(failure)) => said.set(Some(Said { open, content: Err(failure.message) })),
            _ => {}
        }
    });
    follow_focus(said);
    let close = move || app.close_number();
    let pressed = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            close();
        }
    };
    move || {
        let Said { open, content } = said.get()?;
        let elsewhere = open.said();
        let title = content.as_ref().map(|e| e.title.clone()).unwrap_or_default();
        Some(view! {
            <aside id="arithmetic" tabindex="-1" aria-label=words!("How this number comes about") on:keydown=pressed>
                <div class="head">
                    <button type="button" class="back" disabled=move || app.opened.with(Vec::is_empty)
                        on:click=move |_| app.back_number()>{words!("← back")}</button>
                    <button type="button" class="close" aria-label=words!("close") on:click=move |_| close()>"×"</button>
                </div>
                <h2>{stressed(&title)}</h2>
                {elsewhere.map(|run| view! { <p class="elsewhere">{stressed(&run)}</p> })}
                {match content {
                    Ok(explanation) => explained(app, &explanation, all).into_any(),
                    Err(why) => view! { <p class="failed">{why}</p> }.into_any(),
                }}
            </aside>
        })
    }
}

/// The focus moves into the panel when a number opens, and back when it closes. If the same number changes because
/// the reader drags or types, the focus stays where it is.
fn follow_focus(said: RwSignal<Option<Said>>) {
    let from = StoredValue::new_local(None::<Element>);
    let focused = || document().active_element();
    Effect::new(move |before: Option<Option<Open>>| {
        let open = said.with(|said| said.as_ref().map(|said| said.open.clone()));
        let before = before.flatten();
        if before == open {
            return open;
        }
        match (before.is_some(), open.is_some()) {
            (false, true) => from.set_value(focused()),
            (true, false) => {
                let back = from.try_update_value(Option::take).flatten();
                if let Some(back) = back.filter(|back| back.is_connected()) {
                    // Marks are SVG elements, which take the focus in the same way.
                    let _ = back.unchecked_ref::<HtmlElement>().focus();
                }
            }
            _ => {}
        }
        // After the panel is drawn.
        request_animation_frame(move || {
            let panel = document().get_element_by_id("arithmetic");
            let inside = panel.as_ref().is_some_and(|panel| panel.contains(document().active_element().as_deref()));
            if let Some(panel) = panel.filter(|_| !inside).and_then(|panel| panel.dyn_into::<HtmlElement>().ok()) {
                let _ = panel.focus();
            }
        });
        open
    });
}

fn explained(app: App, e: &Explanation, all: RwSignal<bool>) -> impl IntoView + use<> {
    let steps: Vec<_> = e.steps.iter().map(|step| step_of(app, step, all)).collect();
    let remarks: Vec<_> = e.remarks.iter().map(|text| view! { <p class="remark">{stressed(text)}</p> }).collect();
    view! {
        <p class="result"><code>{e.name.clone()}</code>" = "<strong>{result(e)}</strong></p>
        <p class="formula">{stressed(&e.formula)}</p>
        {table(app, &e.terms, e.rule, all)}
        {steps}
        {learned(e).then(|| view! { <p class="remark"><span class="stored">"dotted"</span>": learned in training, kept in the model’s file"</p> })}
        {remarks}
    }
}

/// Whether a weight of the model's file is among the terms.
fn learned(e: &Explanation) -> bool {
    let terms = e.terms.iter().chain(e.steps.iter().flat_map(|step| &step.terms));
    terms.flat_map(|term| &term.factors).any(|factor| matches!(factor.source, Source::Stored { .. }))
}

fn step_of(app: App, step: &Step, all: RwSignal<bool>) -> impl IntoView + use<> {
    view! {
        <h3>{step.name.clone()}" = "<strong>{number(step.value)}</strong></h3>
        <p class="formula">{stressed(&step.formula)}</p>
        {table(app, &step.terms, step.rule, all)}
    }
}

/// The terms, one per row: its name, its factors, its value.
fn table(app: App, terms: &[Term], rule: Rule, all: RwSignal<bool>) -> Option<impl IntoView + use<>> {
    if terms.is_empty() {
        return None;
    }
    let hidden = terms.len().saturating_sub(SHOWN);
    // A softmax is of scores or of logits: its terms say which.
    let first = terms.first().filter(|term| matches!(rule, Rule::Softmax { .. }) && !term.factors.is_empty());
    let value = match first {
        Some(term) => {
            let names: Vec<&str> = term.factors.iter().map(|factor| factor.name.as_str()).collect();
            format!("exp({} − max)", names.join(" ÷ "))
        }
        None if rule == Rule::Surprise => "−ln p".into(),
        None => words!("gives").into(),
    };
    let terms = terms.to_vec();
    let rows = move || {
        let shown = if all.get() { terms.len() } else { SHOWN.min(terms.len()) };
        terms[..shown].iter().map(|term| row(app, term)).collect_view()
    };
    let more = (hidden > 0).then(|| {
        let label = move || if all.get() { words!("fewer").to_owned() } else { words!("{hidden} more") };
        view! { <button type="button" class="more" on:click=move |_| all.update(|all| *all = !*all)>{label}</button> }
    });
    Some(view! {
        <table><thead><tr><th>{words!("of")}</th><th>{words!("is made of")}</th><th>{value}</th></tr></thead><tbody>{rows}</tbody></table>
        {more}
    })
}

fn row(app: App, term: &Term) -> impl IntoView + use<> {
    let factors = term.factors.iter().enumerate().map(|(i, factor)| {
        let sign = match (i, factor.divides) {
            (0, false) => "",
            (0, true) => "1 ÷ ",
            (_, false) => " × ",
            (_, true) => " ÷ ",
        };
        view! { {sign}{part(app, factor)} }
    });
    view! {
        <tr><th scope="row">{stressed(&term.name)}</th><td>{factors.collect_view()}</td><td class="number">{in_column(term.value)}</td></tr>
    }
}

/// The number: a count has no decimals.
fn result(e: &Explanation) -> String {
    if e.rule == Rule::Count { fixed(e.value, 0) } else { number(e.value) }
}

/// The value of a term, with as many decimals as its neighbours; a large whole number has none.
fn in_column(value: f32) -> String {
    if value >= 1000.0 && value.fract() == 0.0 { count(value as usize) } else { fixed(value, 4) }
}

/// A factor: a button if it can be opened.
fn part(app: App, factor: &Factor) -> AnyView {
    let whole = factor.source == Source::Constant && factor.value.fract() == 0.0 && factor.value.abs() < 1e5;
    let (name, value) = (factor.name.clone(), if whole { fixed(factor.value, 0) } else { number(factor.value) });
    match &factor.source {
        Source::Number(_) | Source::Text { .. } | Source::Between(..) | Source::Own(_) => {
            let inner = factor.source.clone();
            view! { <button type="button" class="part" title=name on:click=move |_| app.open_part(&inner)>{value}</button> }
                .into_any()
        }
        Source::Stored { tensor, at } => {
            let at = at.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
            let name = words!("learned in training, kept in the model’s file: {tensor}[{at}]");
            view! { <span class="stored" title=name.clone() aria-label=format!("{value}, {name}")>{value.clone()}</span> }
                .into_any()
        }
        Source::Step(_) | Source::Constant => view! { <span title=name>{value}</span> }.into_any(),
    }
}

/// Text between asterisks is emphasized.
fn stressed(text: &str) -> impl IntoView + use<> {
    // The engine and the figures write English, wherever they run.
    let text = heard(text);
    let pieces = text.split('*').map(str::to_owned).enumerate();
    let view =
        pieces.map(|(i, piece)| if i % 2 == 1 { view! { <em>{piece}</em> }.into_any() } else { piece.into_any() });
    view.collect_view()
}
