//! The page in other languages.

use crate::access;
use crate::browser::Browser;
use crate::{page, quiet, ready, shows};

/// Where an element's text is.
fn text(browser: &Browser, selector: &str) -> String {
    let found = browser.run(&format!("return document.querySelector({selector:?})?.innerText ?? ''"));
    found.as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_german_page_is_live_stays_german_and_leads_to_english_with_its_sentence() {
    let (served, browser) = page();
    browser.go(&format!("{}de/?text=the+dog+was", served.url));
    ready(&browser);
    browser.wait(
        "document.querySelector('#figure-matrix-desc').textContent.includes('„the dog was“')
            && document.querySelector('#figure-matrix figcaption').textContent.startsWith('Lehrmodell')",
    );
    assert_eq!(browser.run("return document.documentElement.lang"), "de");
    // What a figure draws anew is German as well.
    browser.run(
        "const layer = document.querySelector('#matrix-layer'); layer.value = '1';
         layer.dispatchEvent(new Event('change', {bubbles: true}))",
    );
    browser.wait("document.querySelector('#figure-matrix .drawing').textContent.includes('Schicht 1')");
    assert!(!text(&browser, "#figure-matrix").contains("layer"));
    assert!(text(&browser, "#status").contains("in dieser Seite berechnet"));
    access::axe(&browser);
    // The chapter that is read comes along.
    browser.run("document.querySelector('#figure-matrix').scrollIntoView()");
    browser.wait("document.querySelector('#contents [aria-current]')?.hash.startsWith('#chapter-08')");
    browser.run("document.querySelector('.languages a[hreflang=en]').click()");
    browser.wait("document.documentElement.lang === 'en'");
    ready(&browser);
    shows(&browser, "the dog was", "Lesson model");
    let address = browser.run("return location.pathname + location.search + location.hash");
    let address = address.as_str().unwrap_or_default();
    assert!(address.starts_with("/?text=the+dog+was") && address.contains("#chapter-08"), "{address}");
    quiet(&browser, &served);
}
