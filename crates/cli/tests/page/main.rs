//! The page in a real browser, served by the command. Needs Chromium with its driver, and the page: `cargo xtask web`.

mod access;
mod bar;
mod browser;
mod dropped;
mod keyboard;
mod languages;
mod live;
mod map;
mod menu;
mod motion;
mod numbers;
mod own;
mod refusals;
mod served;
mod story;
mod trained;
mod workers;

use attnscope::{Capture, Model};
use browser::Browser;
use served::Served;

/// The page on the lesson model, live. No other is offered, so that every figure shows it.
fn page() -> (Served, Browser) {
    page_with("lesson")
}

/// The page on the lesson model, live, of a server that offers another.
fn page_with(model: &str) -> (Served, Browser) {
    let served = Served::start(&["--model", model]);
    let browser = Browser::open(1440, 900);
    browser.go(&served.url);
    ready(&browser);
    (served, browser)
}

/// Waits until every figure is live.
fn ready(browser: &Browser) {
    browser.wait("document.querySelectorAll('figure[data-ready=true]').length >= 2");
    // Some wait until they are seen, where there is a real model.
    browser.wait("![...document.querySelectorAll('figure[data-ready=false]')].some((figure) => !['head-grid', 'journey', 'cut-edge', 'logit-lens', 'vector-strip', 'map'].includes(figure.dataset.figure))");
}

/// Waits until the matrix shows a sentence of this model: its tokens are told in the drawing's description.
fn shows(browser: &Browser, sentence: &str, model: &str) {
    let said = format!("document.querySelector('#figure-matrix-desc')?.textContent.includes('“{sentence}”')");
    let whose =
        format!("document.querySelector('figure[data-figure=matrix] figcaption').textContent.startsWith('{model}')");
    browser.wait(&format!("{said} && {whose}"));
}

/// The page's matrix and next tokens against the engine's own, number by number.
fn same_numbers(browser: &Browser, model: &Model, sentence: &str, layer: usize, head: usize) {
    let capture: Capture = "pattern".parse().unwrap();
    let trace = model.run(&model.encode(sentence).unwrap(), &capture, &[]).unwrap();
    let pattern = trace.pattern(layer, head).unwrap().into_data();
    let n = trace.tokens.len();
    let cells = browser.run(
        "return [...document.querySelectorAll('figure[data-figure=matrix] [data-q][data-k][data-value]')]
             .map((cell) => [cell.dataset.q, cell.dataset.k, cell.dataset.value].map(Number))",
    );
    let cells = cells.as_array().unwrap();
    let window = model.config().layers[layer].attention.window.unwrap_or(n);
    let keys: usize = (1..=n).map(|before| before.min(window)).sum();
    assert_eq!(cells.len(), keys, "a cell for every key that a query may attend to");
    for cell in cells {
        let [q, k, weight] = [0, 1, 2].map(|i| cell[i].as_f64().unwrap());
        let expected = f64::from(pattern[q as usize * n + k as usize]);
        assert!((weight - expected).abs() <= 1e-4, "{sentence}: cell {q}>{k} is {weight}, expected {expected}");
    }
    let bars = browser.run(
        "return [...document.querySelectorAll('figure[data-figure=next-tokens] [data-item]')]
             .sort((a, b) => a.dataset.item - b.dataset.item).map((bar) => Number(bar.dataset.value))",
    );
    let expected = model.next_tokens(&trace, 10);
    assert_eq!(bars.as_array().unwrap().len(), expected.len());
    for (bar, next) in bars.as_array().unwrap().iter().zip(expected) {
        let found = bar.as_f64().unwrap();
        assert!(
            (found - f64::from(next.p)).abs() <= 1e-4,
            "{sentence}: {:?} has {found}, expected {}",
            next.text,
            next.p
        );
    }
}

/// Nothing went wrong that only the console knows, and nobody else was asked for anything.
fn quiet(browser: &Browser, served: &Served) {
    assert_eq!(browser.console(), Vec::<String>::new());
    let origin = served.url.trim_end_matches('/');
    let asked = browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name)");
    for url in asked.as_array().unwrap() {
        assert!(url.as_str().unwrap().starts_with(origin), "the page asked {url}");
    }
    assert!(asked.as_array().unwrap().len() >= 4, "{asked}");
}
