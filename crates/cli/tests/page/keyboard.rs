//! The keyboard alone suffices.

use crate::{page, quiet};
use attnscope_page::{FIGURES, Kind};
use serde_json::Value;

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const UP: &str = "\u{e013}";
const LEFT: &str = "\u{e012}";
const RIGHT: &str = "\u{e014}";
const DOWN: &str = "\u{e015}";

/// Where the focus is: its figure, and what in it.
const FOCUS: &str = "
    const at = document.activeElement, figure = at.closest('figure')?.dataset.figure ?? '';
    return [figure, at.dataset.control ?? (at.tagName === 'SUMMARY' ? 'menu' : at.dataset.key ? 'mark' : at.id || at.tagName)]";

#[test]
fn tab_leads_to_every_control_every_menu_and_into_every_drawing() {
    let (served, browser) = page();
    browser.run("document.querySelector('.skip').focus()");
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..600 {
        browser.press(TAB);
        let at = browser.run(FOCUS);
        let at = (at[0].as_str().unwrap().to_owned(), at[1].as_str().unwrap().to_owned());
        if at.1 == "BODY" {
            break;
        }
        reached.insert(at);
    }
    assert!(
        reached.contains(&(String::new(), "sentence".into())) && reached.contains(&(String::new(), "model".into()))
    );
    for Kind { name, .. } in FIGURES {
        let controls = browser.run(&format!(
            "return [...document.querySelectorAll('figure[data-figure={name}] [data-control]:not(:disabled)')].map((c) => c.dataset.control)"
        ));
        let mut wanted: Vec<&str> = controls.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        wanted.push("menu");
        // Some are pictures only: nothing in them is chosen.
        let chosen = browser
            .run(&format!("return document.querySelectorAll('figure[data-figure={name}] [role=button]').length"));
        if chosen != 0 {
            wanted.push("mark");
        }
        for what in wanted {
            assert!(reached.contains(&(name.to_owned(), what.to_owned())), "Tab leads to no {what} in {name}");
        }
    }
    quiet(&browser, &served);
}

#[test]
fn arrows_lead_through_every_drawing() {
    let (served, browser) = page();
    for Kind { name, .. } in FIGURES {
        let marks = format!("figure[data-figure={name}] [role=button]:not([data-handle])");
        if browser.run(&format!("return document.querySelectorAll('{marks}').length")).as_u64().unwrap() < 2 {
            continue;
        }
        browser.run(&format!("document.querySelector('{marks}').focus()"));
        let key = || browser.run("return document.activeElement.dataset.key ?? ''");
        let first = key();
        // Whichever way there is from the first one.
        let moved = [RIGHT, DOWN, LEFT, UP].into_iter().any(|arrow| {
            browser.press(arrow);
            key() != first
        });
        assert!(moved, "{name}: arrows lead nowhere");
        let inside = browser.run("return document.activeElement.closest('figure')?.dataset.figure ?? ''");
        assert_eq!(inside, name, "arrows stay in the figure");
    }
    quiet(&browser, &served);
}

/// The numbers of each figure open with Enter, and Escape closes them.
#[test]
fn enter_opens_a_number_in_every_figure_that_has_some() {
    let (served, browser) = page();
    let figures = [
        "tokens",
        "next-tokens",
        "embeddings",
        "neighbours",
        "two-answers",
        "dot-product",
        "root-d",
        "projection",
        "components",
        "softmax",
        "weighted-sum",
        "attention-steps",
        "matrix",
        "head-grid",
        "journey",
        "cut-edge",
        "running-softmax",
        "arcs",
    ];
    for name in figures {
        // A bar of the next tokens writes its word behind the sentence instead.
        let bar = if name == "next-tokens" { ":not([data-item])" } else { "" };
        let numbers = format!("[...document.querySelectorAll('figure[data-figure={name}] [role=button]{bar}')]");
        let count = browser.run(&format!("return {numbers}.length")).as_u64().unwrap();
        let mut opened = false;
        for at in 0..count.min(60) {
            browser.run(&format!("{numbers}[{at}]?.focus()"));
            browser.press(ENTER);
            std::thread::sleep(std::time::Duration::from_millis(30));
            if browser.run("return Boolean(document.querySelector('#arithmetic'))") == Value::Bool(true) {
                opened = true;
                break;
            }
        }
        assert!(opened, "{name}: no mark opens a number");
        browser.wait("document.querySelector('#arithmetic').contains(document.activeElement)");
        browser.press(ESCAPE);
        browser.wait("!document.querySelector('#arithmetic')");
        let back = browser.run("return document.activeElement.closest('figure')?.dataset.figure ?? ''");
        assert_eq!(back, name, "the focus goes back to where it came from");
    }
    quiet(&browser, &served);
}

#[test]
fn a_menu_is_used_without_a_pointer() {
    let (served, browser) = page();
    browser.run("document.querySelector('figure[data-figure=arcs] .menu summary').focus()");
    browser.press(ENTER);
    browser.wait("document.querySelector('figure[data-figure=arcs] .menu .panel')");
    browser.press(TAB);
    assert_eq!(browser.run("return document.activeElement.textContent"), "SVG");
    browser.press(ESCAPE);
    browser.wait("!document.querySelector('figure[data-figure=arcs] .menu .panel')");
    assert_eq!(browser.run("return document.activeElement.tagName"), "SUMMARY", "back where it was opened");
    quiet(&browser, &served);
}

/// Vectors turn by their tips, without a pointer too.
#[test]
fn handles_move_by_arrows() {
    let (served, browser) = page();
    browser.run("document.querySelector('figure[data-figure=dot-product] [data-key=\"grip-0\"]').focus()");
    let said = "document.querySelector('#figure-dot-product-desc').textContent";
    let before = browser.run(&format!("return {said}"));
    browser.press(&LEFT.repeat(5));
    browser.wait(&format!("{said} !== {before}"));
    quiet(&browser, &served);
}
