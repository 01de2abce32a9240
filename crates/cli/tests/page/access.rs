//! The page for everybody: before the engine, without JavaScript, light and dark, wide and narrow.

use crate::browser::Browser;
use crate::served::Served;
use crate::{page, quiet, ready};
use attnscope_page::FIGURES;
use attnscope_page::address::setting;
use serde_json::json;

#[test]
fn prose_and_figures_are_there_without_javascript() {
    let served = Served::start(&[]);
    let browser = Browser::open(1440, 900);
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    browser.go(&served.url);
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({"value": false}));
    let drawn = browser.run(
        "return [...document.querySelectorAll('figure[data-ready=false] svg')].filter((svg) => svg.getBoundingClientRect().width > 300).length",
    );
    assert_eq!(drawn, FIGURES.len(), "one drawing a figure is seen, the wide one");
    let text = browser.run("return document.querySelector('#chapter-01-the-next-word').innerText");
    assert!(text.as_str().unwrap().contains("A language model does one thing"), "{text}");
    let weights = browser.run(
        "return document.querySelectorAll('figure[data-figure=matrix] .wide [data-q][data-k][data-value]').length",
    );
    assert_eq!(weights, 10, "true numbers, though nothing runs");
    let seen = browser.run(
        "return [...document.querySelectorAll(':is([data-figure=matrix], [data-figure=next-tokens]) .wide rect[data-value]')]
             .filter((mark) => mark instanceof SVGElement && mark.closest('svg') && mark.getBoundingClientRect().height > 10).length",
    );
    assert_eq!(seen, 20, "ten cells and ten bars are really drawn");
    browser.size(390, 844);
    let fits = browser.run("return document.documentElement.scrollWidth <= innerWidth");
    assert_eq!(fits, true, "nothing reaches over a phone's edge");
}

#[test]
fn going_live_moves_nothing() {
    let served = Served::start(&[]);
    for (width, height) in [(1440, 900), (390, 844)] {
        let browser = Browser::open(width, height);
        browser.go(&served.url);
        ready(&browser);
        std::thread::sleep(std::time::Duration::from_millis(500));
        let shift = browser.run_async(
            "let sum = 0; new PerformanceObserver((list) => list.getEntries().forEach((entry) => sum += entry.value))
                .observe({type: 'layout-shift', buffered: true}); setTimeout(() => done(sum), 300)",
        );
        assert!(shift.as_f64().unwrap() < 0.02, "{width}: layout shift {shift}");
    }
}

#[test]
fn nothing_is_wider_than_the_screen() {
    let (served, browser) = page();
    for width in [320, 360, 390, 768, 1440, 2560] {
        browser.size(width, 900);
        std::thread::sleep(std::time::Duration::from_millis(200));
        let over = browser.run("return document.documentElement.scrollWidth - innerWidth");
        assert!(over.as_i64().unwrap() <= 0, "{width}: {over} pixels over the edge");
    }
    quiet(&browser, &served);
}

#[test]
fn the_reader_may_choose_dark_and_it_is_remembered() {
    let (served, browser) = page();
    let background = || browser.run("return getComputedStyle(document.documentElement).backgroundColor");
    let first_cell = || {
        browser.run(
            "return document.querySelector('figure[data-figure=matrix] [data-key=\"cell-2-1\"]').getAttribute('fill')",
        )
    };
    let (light, cell) = (background(), first_cell()); // `cell` prints as a JavaScript string
    browser.run("document.querySelector('#theme').click()");
    browser.wait("document.documentElement.dataset.theme === 'dark'");
    assert_ne!(background(), light);
    // Figures out of sight follow when the page has time.
    browser.wait(&format!(
        "document.querySelector('figure[data-figure=matrix] [data-key=\"cell-2-1\"]').getAttribute('fill') !== {cell}"
    ));
    browser.go(&served.url);
    assert_eq!(browser.run("return document.documentElement.dataset.theme"), "dark");
    quiet(&browser, &served);
}

#[test]
fn axe_finds_nothing() {
    let (served, browser) = page();
    // With what is folded away: a menu, tables, the arithmetic of a number.
    browser.run(
        "for (const name of ['matrix', 'attention-steps', 'cost']) {
        const menu = document.querySelector(`figure[data-figure=${name}] details.menu`);
        menu.querySelector('summary').click();
    }",
    );
    browser.wait("[...document.querySelectorAll('.panel button')].some((b) => b.textContent === 'show as a table')");
    browser.run("[...document.querySelectorAll('.panel button')].filter((b) => b.textContent === 'show as a table').forEach((b) => b.click())");
    browser.wait("document.querySelector('.twin table')");
    browser.run("document.querySelector('figure[data-figure=arcs] details.menu summary').click()");
    browser.run("document.querySelector('figure[data-figure=matrix] [data-key=\"cell-2-1\"]').dispatchEvent(new MouseEvent('click', {bubbles: true}))");
    browser.wait("document.querySelector('#arithmetic') && document.querySelector('.twin')");
    axe(&browser);
    // As a reader may have set the figures, whose numbers are then their own.
    let set = [("softmax", "temperature", "0.5"), ("attention-steps", "mask", "off"), ("running-softmax", "step", "1")];
    let set = set.map(|(figure, control, value)| setting(figure, control, value)).join("&");
    browser.go(&format!("{}?{set}&own=softmax.weight-1", served.url));
    crate::ready(&browser);
    browser.wait("document.querySelector('#arithmetic')");
    axe(&browser);
}

/// Looks at the page light and dark, on a wide screen and on a phone.
pub fn axe(browser: &Browser) {
    let axe = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/npm/node_modules/axe-core/axe.min.js");
    let axe = std::fs::read_to_string(axe).expect("axe-core is not here; `cargo xtask test` gets it");
    for _ in [0, 1] {
        for (width, height) in [(1440, 900), (390, 844)] {
            browser.size(width, height);
            std::thread::sleep(std::time::Duration::from_millis(600));
            browser.run(&axe);
            let found = browser.run_async("axe.run().then((found) => done(found.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 160) + ' ' + n.failureSummary).join(' | '))))");
            let theme = browser.run("return document.documentElement.dataset.theme ?? 'light'");
            assert_eq!(found, json!([]), "{theme}, {width} wide");
            let passes = browser.run_async("axe.run().then((found) => done(found.passes.length))");
            assert!(passes.as_u64().unwrap() > 10, "axe looked at next to nothing");
        }
        browser.run("document.querySelector('#theme').click()");
    }
}
