//! What moves by itself: figures with steps play once when they are read, never where motion is not wanted; slides.

use crate::browser::Browser;
use crate::served::Served;
use crate::{page, quiet, ready};
use serde_json::json;

const STEP: &str = "Number(document.querySelector('#softmax-step').value)";
const PLAYS: &str = "document.querySelector('#figure-softmax').hasAttribute('data-playing')";

/// The page where motion is welcome.
fn moving() -> (Served, Browser) {
    let (served, browser) = page();
    let feature = json!([{"name": "prefers-reduced-motion", "value": "no-preference"}]);
    browser.devtools("Emulation.setEmulatedMedia", json!({"features": feature}));
    browser.go(&served.url);
    ready(&browser);
    (served, browser)
}

fn read(browser: &Browser) {
    browser.run("document.querySelector('#figure-softmax .drawing').scrollIntoView({block: 'center'})");
}

#[test]
fn a_figure_plays_once_when_it_is_read_and_stops_for_the_reader() {
    let (served, browser) = moving();
    let last = browser.run("return Number(document.querySelector('#softmax-step').max)").as_u64().unwrap();
    assert_eq!(browser.run(&format!("return {STEP}")), json!(last), "at first it is whole");
    let height = browser.run("return document.querySelector('#figure-softmax').offsetHeight");
    read(&browser);
    browser.wait(&format!("{PLAYS} && {STEP} === 1"));
    browser.wait("document.querySelector('#figure-softmax .said').textContent.includes('one dot product each')");
    // What has not arrived stands for nothing, and the marks move there instead of being drawn anew.
    let share = "document.querySelector('#figure-softmax svg [fill-opacity], #figure-softmax svg rect[opacity=\"0\"]')";
    browser.wait(&format!("{share} && !{share}.dataset.key && !{share}.ariaLabel"));
    browser.wait(&format!("{STEP} === 2"));
    assert_eq!(browser.run("return document.querySelector('#figure-softmax').offsetHeight"), height, "nothing jumps");
    // Who takes the line stops it.
    browser.set("softmax", "step", &last.to_string());
    browser.wait(&format!("!{PLAYS} && {STEP} === {last}"));
    browser.wait("document.querySelector('#figure-softmax [data-key=share-1]')");
    // Read again, it stays.
    browser.run("scrollTo(0, 0)");
    read(&browser);
    browser.run_async("setTimeout(done, 1200)");
    assert_eq!(browser.run(&format!("return !{PLAYS} && {STEP} === {last}")), json!(true));
    quiet(&browser, &served);
}

#[test]
fn what_plays_by_itself_is_nothing_that_a_link_tells() {
    let (served, browser) = moving();
    read(&browser);
    browser.wait(&format!("{STEP} === 1"));
    assert_eq!(browser.run("return location.search.includes('softmax')"), json!(false));
    browser.set("softmax", "step", "2");
    browser.wait("location.search.includes('softmax.step=2')");
    browser.go(browser.run("return location.href").as_str().unwrap());
    ready(&browser);
    browser.wait(&format!("{STEP} === 2"));
    read(&browser);
    browser.run_async("setTimeout(done, 1200)");
    assert_eq!(browser.run(&format!("return {STEP}")), json!(2), "a link's step stays");
    quiet(&browser, &served);
}

#[test]
fn where_motion_is_not_wanted_nothing_plays_and_steps_are_stills() {
    let (served, browser) = page();
    read(&browser);
    browser.run_async("setTimeout(done, 1500)");
    assert_eq!(browser.run(&format!("return {PLAYS}")), json!(false));
    browser.set("softmax", "step", "1");
    browser.wait("!document.querySelector('#figure-softmax [data-key=share-1]')");
    quiet(&browser, &served);
}

#[test]
fn slides_show_one_figure_at_a_time_and_go_through_its_steps() {
    let (served, browser) = page();
    browser.run("scrollTo(0, 0); document.querySelector('.present').click()");
    let seen = |figure: &str| {
        browser.wait(&format!(
            "JSON.stringify([...document.querySelectorAll('main figure')].filter((f) => f.offsetHeight).map((f) => f.dataset.figure)) === '[\"{figure}\"]'"
        ));
    };
    seen("tokens");
    browser.wait("Number(document.querySelector('#tokens-step').value) === 1");
    for _ in 0..4 {
        browser.press("\u{e014}");
    }
    browser.wait("Number(document.querySelector('#tokens-step').value) === 5");
    browser.press("\u{e014}");
    seen("next-tokens");
    browser.press("\u{e012}");
    seen("tokens");
    browser.run("document.querySelector('#page-of-slides [value=end]').click()");
    browser.wait("[...document.querySelectorAll('main figure')].filter((f) => f.offsetHeight).length > 20");
    quiet(&browser, &served);
}
