//! Numbers that a figure works out itself: of what is dragged, sampled, set by hand, measured. They open as those of a
//! run do, and follow what the reader does.

use crate::browser::Browser;
use crate::{page, quiet};

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const LEFT: &str = "\u{e012}";
/// The open number.
const SHOWN: &str = "Number(document.querySelector('#arithmetic .result strong')?.textContent.replace('−', '-'))";
const FOCUSED: &str = "return document.activeElement.dataset.key ?? document.activeElement.id";

fn mark(figure: &str, key: &str) -> String {
    format!("document.querySelector('figure[data-figure={figure}] [data-key=\"{key}\"]')")
}

/// Opens a mark with Enter and waits for its arithmetic: the number that the mark shows.
fn open(browser: &Browser, figure: &str, key: &str) {
    browser.run(&format!("{}.focus()", mark(figure, key)));
    browser.press(ENTER);
    agrees(browser, figure, key);
}

/// Waits until the open number is the mark's.
fn agrees(browser: &Browser, figure: &str, key: &str) {
    let value = format!("Number({}.dataset.value)", mark(figure, key));
    browser.wait(&format!("Math.abs({SHOWN} - {value}) <= 0.006 * Math.max(1, Math.abs({value}))"));
}

#[test]
fn arithmetic_follows_an_arrow_and_leaves_the_focus_with_it() {
    let (served, browser) = page();
    open(&browser, "dot-product", "cosine");
    browser.wait("document.querySelector('#arithmetic').contains(document.activeElement)");
    browser.wait("location.search.includes('own=dot-product.cosine')");
    let before = browser.run(&format!("return {SHOWN}"));
    browser.run(&format!("{}.focus()", mark("dot-product", "grip-0")));
    browser.press(&LEFT.repeat(12));
    browser.wait(&format!("{SHOWN} !== {before}"));
    agrees(&browser, "dot-product", "cosine");
    assert_eq!(browser.run(FOCUSED), "grip-0");
    // Its first part is the dot product, and back.
    browser.run("document.querySelector('#arithmetic .part').click()");
    browser.wait("document.querySelector('#arithmetic h2').textContent.startsWith('the dot product')");
    agrees(&browser, "dot-product", "dot");
    browser.run("document.querySelector('#arithmetic .back').click()");
    agrees(&browser, "dot-product", "cosine");
    browser.press(ESCAPE);
    browser.wait("!document.querySelector('#arithmetic')");
    quiet(&browser, &served);
}

#[test]
fn who_types_with_a_number_open_goes_on_typing() {
    let (served, browser) = page();
    browser.run(&format!("{}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))", mark("matrix", "cell-2-1")));
    browser.wait("document.querySelector('#arithmetic')?.textContent.includes('hot')");
    browser.write("the old dog was");
    browser.wait("document.querySelector('#arithmetic')?.textContent.includes('old')");
    assert_eq!(browser.run(FOCUSED), "sentence");
    quiet(&browser, &served);
}

#[test]
fn what_is_set_sampled_and_kept_opens() {
    let (served, browser) = page();
    open(&browser, "root-d", "spread-scaled");
    open(&browser, "root-d", "weight-raw-2");
    browser.run("document.querySelector('#arithmetic .part').click()");
    browser.wait("document.querySelector('#arithmetic h2').textContent.includes('pair')");
    open(&browser, "running-softmax", "acc-3");
    browser.set("softmax", "temperature", "0.5");
    browser.wait(&format!("{}?.dataset.own", mark("softmax", "weight-1")));
    browser.run(&format!("{}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))", mark("softmax", "weight-1")));
    agrees(&browser, "softmax", "weight-1");
    browser.wait("document.querySelector('#arithmetic').textContent.includes('temperature')");
    browser.run("document.querySelector('#softmax-reset').click()");
    browser.wait("!document.querySelector('#arithmetic').textContent.includes('temperature')");
    quiet(&browser, &served);
}

#[test]
fn a_link_to_a_number_of_a_figures_own_opens_it() {
    let (served, browser) = page();
    browser.go(&format!("{}?text=the+hot+dog+was&own=dot-product.dot", served.url));
    browser.wait("document.querySelector('#arithmetic h2')?.textContent.startsWith('the dot product')");
    agrees(&browser, "dot-product", "dot");
    quiet(&browser, &served);
}
