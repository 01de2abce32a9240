//! The figures follow the reader, and their numbers are the engine's.

use crate::{page, quiet, ready, same_numbers, shows};
use attnscope::lesson;
use serde_json::json;

#[test]
fn typing_changes_the_figures_and_their_numbers_are_the_engines() {
    let (served, browser) = page();
    let model = lesson::model();
    same_numbers(&browser, &model, "the hot dog was", 0, 0);
    for sentence in ["the dog was", "the hot dog on the rock was", "the dog on the hot rock was"] {
        browser.write(sentence);
        shows(&browser, sentence, "Lesson");
        same_numbers(&browser, &model, sentence, 0, 0);
    }
    quiet(&browser, &served);
}

/// What is known already is not asked again, and was not said again: the line above the figures spoke of another sentence.
#[test]
fn the_line_of_the_bar_speaks_of_the_sentence_that_is_there() {
    let (served, browser) = page();
    let says = |what: &str| browser.wait(&format!("document.querySelector('#status').textContent.includes('{what}')"));
    says("4 tokens");
    browser.write("the dog was");
    says("3 tokens");
    browser.write("the hot dog was");
    says("4 tokens");
    browser.write("the hot dog wasx");
    says("wasx");
    browser.write("the hot dog was");
    says("4 tokens");
    browser.write("the hot dog barr");
    says("barr");
    browser.write("the hot dog wasx");
    says("wasx");
    quiet(&browser, &served);
}

#[test]
fn the_address_holds_what_is_chosen() {
    let (served, browser) = page();
    browser.write("the dog was");
    shows(&browser, "the dog was", "Lesson");
    browser.run("const layer = document.querySelector('#matrix-layer'); layer.value = '1'; layer.dispatchEvent(new Event('change', {bubbles: true}))");
    browser.wait("document.querySelector('#figure-matrix-desc').textContent.includes('layer 1')");
    let url = browser.run("return location.href");
    assert!(url.as_str().unwrap().ends_with("?text=the+dog+was&model=lesson&layer=1&head=0&query=2"), "{url}");
    browser.go(url.as_str().unwrap());
    ready(&browser);
    shows(&browser, "the dog was", "Lesson");
    same_numbers(&browser, &lesson::model(), "the dog was", 1, 0);
    assert_eq!(browser.run("return document.querySelector('#sentence').value"), "the dog was");
    quiet(&browser, &served);
}

#[test]
fn links_in_the_prose_change_the_sentence_without_a_new_page() {
    let (served, browser) = page();
    browser.run("window.same = true; document.querySelector('main a[href^=\"?text=the+dog+was\"]').click()");
    shows(&browser, "the dog was", "Lesson");
    assert_eq!(browser.run("return window.same"), true, "the page was loaded anew");
    quiet(&browser, &served);
}

#[test]
fn a_bar_writes_on_and_a_mark_that_stays_keeps_its_element() {
    let (served, browser) = page();
    let word = browser.run(
        "window.cell = document.querySelector('figure[data-figure=matrix] [data-key=\"cell-2-1\"]');
         const bar = document.querySelector('figure[data-figure=next-tokens] [data-item=\"0\"]');
         const word = bar.getAttribute('aria-label').split(':')[0];
         bar.dispatchEvent(new MouseEvent('click', {bubbles: true}));
         return word",
    );
    let sentence = format!("the hot dog was {}", word.as_str().unwrap());
    shows(&browser, &sentence, "Lesson");
    same_numbers(&browser, &lesson::model(), &sentence, 0, 0);
    let kept = "window.cell === document.querySelector('figure[data-figure=matrix] [data-key=\"cell-2-1\"]') && window.cell.isConnected";
    assert_eq!(browser.run(&format!("return {kept}")), true, "the cell of dog and hot was drawn anew, not moved");
    quiet(&browser, &served);
}

#[test]
fn the_keyboard_alone_reads_the_matrix() {
    let (served, browser) = page();
    browser.run("document.querySelector('figure[data-figure=matrix] [data-key=\"cell-0-0\"]').focus()");
    let focused = || browser.run("return document.activeElement.dataset.key");
    browser.press("\u{e015}\u{e015}\u{e014}"); // down, down, right
    assert_eq!(focused(), "cell-2-1");
    let reading = "[...document.querySelectorAll('figure[data-figure=matrix] text')].map((t) => t.textContent).find((t) => t.includes('attends'))";
    browser.wait(&format!("({reading} ?? '').startsWith('dog')"));
    browser.press("\u{e013}\u{e012}"); // up, left: to cell-1-0
    assert_eq!(focused(), "cell-1-0");
    browser.press("\u{e007}"); // Enter
    browser.wait("location.search.includes('query=1')");
    browser.wait("document.querySelector('#arithmetic').contains(document.activeElement)");
    browser.press("\u{e00c}"); // Escape: back to the cell
    browser.wait("document.activeElement.dataset.key === 'cell-1-0'");
    browser.press("\u{e012}"); // nothing is left of it: the focus stays
    assert_eq!(focused(), "cell-1-0");
    assert_eq!(
        browser.run("return document.querySelectorAll('figure[data-figure=matrix] [tabindex=\"0\"]').length"),
        1
    );
    quiet(&browser, &served);
}

#[test]
fn a_long_sentence_is_drawn_as_a_picture() {
    let (served, browser) = page();
    let long = "the hot dog on the rock was ".repeat(3);
    browser.write(long.trim());
    browser.wait("document.querySelector('#status').textContent.length > 0");
    let n = lesson::model().encode(long.trim()).map(|tokens| tokens.len());
    match n {
        Ok(n) => browser.wait(&format!(
            "document.querySelectorAll('figure[data-figure=matrix] [data-q][data-k]').length == {}",
            n * (n + 1) / 2
        )),
        Err(error) => browser
            .wait(&format!("document.querySelector('#status').textContent.includes({})", json!(error.to_string()))),
    }
    quiet(&browser, &served);
}

/// Figures above the one that the reader acts on change their heights with a choice, and the arithmetic opens beside the
/// column: nothing moves under the pointer.
#[test]
fn a_choice_moves_nothing_on_the_screen() {
    let (served, browser) = page();
    browser.go(&format!("{}?text=the+hot+dog+on+the+rock+was&query=0", served.url));
    ready(&browser);
    let cell = "document.querySelector('figure[data-figure=matrix] .wide [data-key=\"cell-5-2\"], figure[data-figure=matrix] .scene [data-key=\"cell-5-2\"]')";
    browser.wait(&format!("Boolean({cell})"));
    browser.run(&format!("{cell}.scrollIntoView({{block: 'center'}})"));
    std::thread::sleep(std::time::Duration::from_millis(800));
    let places = || {
        let at = browser.run(&format!(
            "const [cell, prose] = [{cell}, document.querySelector('main section p:not(.place)')].map((e) => e.getBoundingClientRect()); return [cell.top, cell.left, prose.left]"
        ));
        [0, 1, 2].map(|i| at[i].as_f64().unwrap())
    };
    let before = places();
    let height = browser.run("return document.querySelector('figure[data-figure=matrix]').offsetTop");
    browser.run(&format!("{cell}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))"));
    browser.wait("Boolean(document.querySelector('#arithmetic'))");
    for _ in 0..15 {
        let now = places();
        for (was, is) in before.iter().zip(now) {
            assert!((was - is).abs() < 2.0, "{before:?} became {now:?}");
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let after = browser.run("return document.querySelector('figure[data-figure=matrix]').offsetTop");
    assert_ne!(height, after, "nothing above changed its height: the test shows nothing");
    quiet(&browser, &served);
}

/// The contents say which chapter is read, at the side or, on a narrow screen, behind a button.
#[test]
fn the_contents_follow_the_reader() {
    let (served, browser) = page();
    let at = |chapter: usize| {
        browser.run(&format!("document.querySelectorAll('main section')[{chapter}].scrollIntoView()"));
        browser.wait(&format!(
            "document.querySelectorAll('#contents a')[{chapter}].getAttribute('aria-current') === 'location'"
        ));
    };
    at(4);
    let shown = |what: &str| browser.run(&format!("return document.querySelector('{what}').checkVisibility()"));
    assert_eq!((shown("#contents"), shown("#where")), (true.into(), false.into()));
    browser.size(390, 844);
    at(6);
    assert_eq!((shown("#contents"), shown("#where")), (false.into(), true.into()));
    assert_eq!(browser.run("return document.querySelector('#where').textContent"), "Chapters 7/13");
    browser.run("document.querySelector('#where').click()");
    browser.wait("document.querySelector('#contents').matches(':popover-open')");
    browser.run("document.querySelectorAll('#contents a')[2].click()");
    browser.wait(
        "!document.querySelector('#contents').matches(':popover-open') && location.hash.startsWith('#chapter-03')",
    );
    quiet(&browser, &served);
}

/// Letters are not steps of the history, sentences are: Back leads to the one before.
#[test]
fn back_leads_to_the_sentence_before() {
    let (served, browser) = page();
    browser.run("document.querySelector('#sentence').focus()");
    browser.write("the dog wa");
    browser.write("the dog was");
    shows(&browser, "the dog was", "Lesson");
    browser.run("document.querySelector('#sentence').blur()");
    browser.run("document.querySelector('#sentence').focus()");
    browser.write("the cat was");
    shows(&browser, "the cat was", "Lesson");
    browser.run("history.back()");
    shows(&browser, "the dog was", "Lesson");
    browser.run("history.back()");
    shows(&browser, "the hot dog was", "Lesson");
    quiet(&browser, &served);
}
