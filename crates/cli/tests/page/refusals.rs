//! What goes wrong is said where the reader looks, what was there stays, and nothing hangs.

use crate::browser::Browser;
use crate::served::Served;
use crate::{page, quiet, shows};
use serde_json::json;

const STATUS: &str = "document.querySelector('#status').innerText";

#[test]
fn an_unknown_word_is_named_and_mended_by_a_click() {
    let (served, browser) = page();
    browser.write("the hot dogg was");
    browser.wait(&format!("{STATUS}.includes('dogg')"));
    let kept = browser.run("return document.querySelector('#figure-matrix-desc').textContent");
    assert!(!kept.as_str().unwrap().contains("dogg"), "the figures keep the last sentence that could be read");
    let near = "[...document.querySelectorAll('#status button')].find((button) => button.textContent === 'dog')";
    browser.wait(near);
    browser.run(&format!("{near}.click()"));
    shows(&browser, "the hot dog was", "Lesson");
    assert_eq!(browser.run("return document.querySelector('#sentence').value"), "the hot dog was");
    quiet(&browser, &served);
}

#[test]
fn empty_and_endless_sentences_are_answered() {
    let (served, browser) = page();
    browser.write("");
    browser.wait(&format!("{STATUS}.includes('empty')"));
    let long = json!("dog ".repeat(20_000));
    browser.run(&format!(
        "const input = document.querySelector('#sentence'); input.value = {long}; input.dispatchEvent(new Event('input', {{bubbles: true}}))"
    ));
    browser.wait(&format!("{STATUS}.includes('20000 tokens') || {STATUS}.includes('20,000 tokens')"));
    browser.write("the dog was");
    shows(&browser, "the dog was", "Lesson");
    quiet(&browser, &served);
}

#[test]
fn a_file_that_is_no_model_is_said_to_be_none() {
    let (_served, browser) = page();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.gguf");
    std::fs::write(&path, "Dear reader, this is no model.").unwrap();
    browser.keys("input[type=file]", path.to_str().unwrap());
    browser.wait(&format!("{STATUS}.includes('not a GGUF file')"));
    let lesson =
        "[...document.querySelectorAll('#status button')].find((button) => button.textContent.includes('lesson'))";
    browser.run(&format!("{lesson}.click()"));
    shows(&browser, "the hot dog was", "Lesson");
}

#[test]
fn a_model_too_large_is_said_to_be_so_before_it_is_read() {
    let (_served, browser) = page();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.gguf");
    // A file with nothing in it: 5 GiB long, no room taken.
    std::fs::File::create(&path).unwrap().set_len(5 << 30).unwrap();
    browser.keys("input[type=file]", path.to_str().unwrap());
    browser.wait(&format!("{STATUS}.includes('takes at most')"));
    assert_eq!(browser.run("return document.querySelector('#sentence').value"), "the hot dog was");
    let lesson =
        "[...document.querySelectorAll('#status button')].find((button) => button.textContent.includes('lesson'))";
    browser.run(&format!("{lesson}.click()"));
    shows(&browser, "the hot dog was", "Lesson");
}

#[test]
fn a_link_to_what_is_not_there_is_answered() {
    let (served, browser) = page();
    browser.go(&format!("{}?model=no-such-model&layer=99&head=99", served.url));
    browser.wait(&format!("{STATUS}.includes('no-such-model')"));
    browser.go(&format!("{}?layer=99&head=99&query=99", served.url));
    shows(&browser, "the hot dog was", "Lesson");
    browser.wait("location.search.includes('layer=1&head=0')");
    quiet(&browser, &served);
}

#[test]
fn what_must_be_known_of_a_text_is_said_with_its_numbers() {
    // This model puts <s> before every text; this text has one of its own.
    let served = Served::start(&["--model", concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cases/9")]);
    let browser = Browser::open(1440, 900);
    browser.go(&format!("{}?model=9&text=%3Cs%3Ethe+hot+dog", served.url));
    browser.wait(&format!("{STATUS}.includes('second BOS') && {STATUS}.includes('computed by the server')"));
    browser.write("the hot dog");
    browser.wait(&format!("!{STATUS}.includes('BOS')"));
    quiet(&browser, &served);
}

#[test]
fn what_a_link_changes_is_said_and_can_be_undone() {
    let (served, browser) = page();
    browser.go(&format!("{}?change=cut+2%3E1&set=heat.x=1&change=burn+2", served.url));
    browser.wait(&format!("{STATUS}.includes('changed: cut 2>1') && {STATUS}.includes('\"heat\"')"));
    browser.wait(&format!("{STATUS}.includes('burn 2')"));
    let weight =
        "Number(document.querySelector('figure[data-figure=matrix] [data-q=\"2\"][data-k=\"1\"]').dataset.value)";
    browser.wait(&format!("{weight} === 0"));
    let caption = "document.querySelector('figure[data-figure=matrix] figcaption').textContent";
    browser.wait(&format!("{caption}.includes('Changed in this run: cut 2>1.')"));
    let undo = "[...document.querySelectorAll('#status button')].find((button) => button.textContent === 'as it is')";
    browser.run(&format!("{undo}.click()"));
    browser.wait(&format!("{weight} > 0.5 && !{caption}.includes('Changed') && !location.search.includes('change')"));
    quiet(&browser, &served);
}
