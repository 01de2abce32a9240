//! The bar: the box of the sentence, and what it says below.

use crate::browser::Browser;
use crate::{page, page_with, quiet, ready, shows};
use serde_json::json;

const SENTENCE: &str = "document.querySelector('#sentence')";
const HEIGHT: &str = "document.querySelector('#sentence').offsetHeight";
const STATUS: &str = "document.querySelector('#status').innerText";
const ENTER: &str = "\u{e007}";
const SHIFT: &str = "\u{e008}";
const UP: &str = "\u{e000}";

/// Puts a text into the box as pasting does.
fn paste(browser: &Browser, text: &str) {
    browser.run(&format!(
        "const box = {SENTENCE}; box.focus(); box.select(); document.execCommand('insertText', false, {})",
        json!(text)
    ));
}

#[test]
fn the_box_keeps_its_height_for_a_short_sentence_and_grows_with_a_long_one() {
    let (served, browser) = page();
    for width in [1440, 390] {
        browser.size(width, 844);
        browser.write("the dog was");
        shows(&browser, "the dog was", "Lesson");
        let one = browser.run(&format!("return {HEIGHT}")).as_u64().unwrap();
        assert!((36..=40).contains(&one), "{one} at {width}");
        browser.write("the hot dog was");
        assert_eq!(browser.run(&format!("return {HEIGHT}")), one, "a short sentence moves nothing");
        paste(&browser, "the hot dog was\nthe dog was\nthe cat was");
        browser.wait(&format!("{HEIGHT} === {}", one + 2 * 24));
        paste(&browser, &"the dog\n".repeat(40));
        browser.wait(&format!("{HEIGHT} === {} && {SENTENCE}.scrollHeight > {HEIGHT}", one + 5 * 24));
        paste(&browser, "the dog was");
        browser.wait(&format!("{HEIGHT} === {one}"));
    }
    quiet(&browser, &served);
}

/// Where the browser does not know `field-sizing`, the page gives the box its lines.
#[test]
fn the_box_grows_in_every_browser() {
    let (served, browser) = page();
    let script = "CSS.supports = () => false;
        addEventListener('load', () => document.styleSheets[0].insertRule('#sentence { field-sizing: fixed !important }'))";
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": script}));
    browser.go(&served.url);
    ready(&browser);
    let lines = |n: u32| browser.wait(&format!("{SENTENCE}.rows === {n} && {HEIGHT} === {}", 38 + (n - 1) * 24));
    lines(1);
    paste(&browser, "the dog\nwas");
    lines(2);
    paste(&browser, &"the dog\n".repeat(40));
    lines(6);
    paste(&browser, "the dog was");
    lines(1);
    quiet(&browser, &served);
}

#[test]
fn enter_writes_nothing_and_with_shift_begins_a_line() {
    let (served, browser) = page();
    browser.write("the dog was");
    browser.press(ENTER);
    assert_eq!(browser.run(&format!("return {SENTENCE}.value")), "the dog was");
    assert_eq!(browser.run("return document.activeElement.id"), "sentence");
    browser.keys("#sentence", &format!("{SHIFT}{ENTER}{UP}big"));
    assert_eq!(browser.run(&format!("return {SENTENCE}.value")), "the dog was\nbig");
    shows(&browser, "the dog was big", "Lesson");
    // The address keeps the line, and so does a page that is loaded from it.
    browser.wait("location.search.includes('the+dog+was%0Abig')");
    browser.run("location.reload()");
    ready(&browser);
    browser.wait(&format!("{SENTENCE}.value === 'the dog was\\nbig'"));
    quiet(&browser, &served);
}

/// An embed and a page without JavaScript have the same box.
#[test]
fn an_embed_has_the_same_box() {
    let (served, browser) = page();
    browser.size(390, 844);
    browser.go(&format!("{}embed-matrix.html", served.url));
    shows(&browser, "the hot dog was", "Lesson");
    browser.write("the dog was");
    shows(&browser, "the dog was", "Lesson");
    assert_eq!(browser.run(&format!("return {HEIGHT}")), 38);
    let overflow = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert_eq!(overflow, 0);
    quiet(&browser, &served);
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    browser.go(&served.url);
    assert_eq!(browser.run(&format!("return {SENTENCE}.value")), "the hot dog was");
    assert_eq!(browser.run(&format!("return [{SENTENCE}.disabled, {HEIGHT}]")), json!([true, 38]));
}

#[test]
fn words_near_an_unknown_one_are_offered_once() {
    let (served, browser) = page();
    browser.write("the hot dogg was");
    browser.wait(&format!("{STATUS}.includes('dogg')"));
    let said = browser.run("return document.querySelector('#status .failed span').textContent");
    assert_eq!(said, "the lesson model does not know \"dogg\" (word 3)");
    let pressed = "[...document.querySelectorAll('#status button:not(#words *)')].map((button) => button.textContent)";
    let offered = browser.run(&format!("return {pressed}"));
    assert_eq!(offered.as_array().unwrap().iter().filter(|word| **word == "dog").count(), 1);
    let elsewhere = browser.run("return document.querySelector('main').innerText.includes('near: dog')");
    assert_eq!(elsewhere, false, "no figure repeats it");
    quiet(&browser, &served);
}

#[test]
fn a_word_is_said_as_it_was_typed() {
    let (served, browser) = page();
    paste(&browser, "the ❤\u{fe0f} was");
    browser.wait(&format!("{STATUS}.includes('does not know \"❤\u{fe0f}\" (word 2)')"));
    paste(&browser, "the do\u{200b}g was");
    browser.wait(&format!("{STATUS}.includes('does not know \"do[hidden character]g\"')"));
    quiet(&browser, &served);
}

#[test]
fn real_model_is_named_with_how_its_weights_are_stored() {
    let (served, browser) = page_with("smollm2-135m");
    let options = "[...document.querySelector('#model').options].map((option) => option.textContent)";
    browser.wait(&format!("{options}.some((name) => name.startsWith('smollm2-135M Q4_1 · on the server'))"));
    browser.run("const m = document.querySelector('#model'); m.value = 'smollm2-135m'; m.dispatchEvent(new Event('change', {bubbles: true}))");
    shows(&browser, "the hot dog was", "smollm2-135M Q4_1");
    browser.wait(&format!("{STATUS}.startsWith('smollm2-135M Q4_1 · ')"));
    quiet(&browser, &served);
}
