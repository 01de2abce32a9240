//! A real model: by the server, and in the browser's own worker.

use crate::{page_with, quiet, same_numbers, shows};
use attnscope::Model;
use attnscope_cli::pull::resolve;

const ID: &str = "smollm2-135m";
const SENTENCE: &str = "She looked at the hot dog. It was";

fn choose(browser: &crate::Browser, id: &str) {
    browser.wait(&format!("[...document.querySelector('#model').options].some((option) => option.value === '{id}')"));
    browser.run(&format!(
        "const model = document.querySelector('#model'); model.value = '{id}'; model.dispatchEvent(new Event('change', {{bubbles: true}}))"
    ));
}

#[test]
fn real_model_by_the_server_equals_the_engine() {
    let (served, browser) = page_with(ID);
    let model = Model::open(&resolve(ID).unwrap()).unwrap();
    choose(&browser, ID);
    shows(&browser, "the hot dog was", "smollm2");
    same_numbers(&browser, &model, "the hot dog was", 16, 0);
    browser.write(SENTENCE);
    shows(&browser, SENTENCE, "smollm2");
    same_numbers(&browser, &model, SENTENCE, 16, 0);
    assert!(
        browser.run("return document.querySelector('#status').innerText").as_str().unwrap().contains("by the server")
    );
    quiet(&browser, &served);
}

#[test]
fn real_model_in_the_worker_equals_the_engine_and_gives_its_memory_back() {
    let (served, browser) = page_with(ID);
    let model = Model::open(&resolve(ID).unwrap()).unwrap();
    choose(&browser, &format!("browser/{ID}"));
    shows(&browser, "the hot dog was", "smollm2");
    same_numbers(&browser, &model, "the hot dog was", 16, 0);
    browser.write(SENTENCE);
    shows(&browser, SENTENCE, "smollm2");
    same_numbers(&browser, &model, SENTENCE, 16, 0);
    let workers = || {
        let targets = browser.devtools("Target.getTargets", serde_json::json!({"filter": [{}]}));
        targets["targetInfos"].as_array().unwrap().iter().filter(|t| t["type"] == "worker").count()
    };
    assert_eq!(workers(), 1);
    choose(&browser, "lesson");
    browser.write("the dog was");
    shows(&browser, "the dog was", "Lesson");
    browser.wait("true");
    assert_eq!(workers(), 0, "the worker was not ended");
    quiet(&browser, &served);
}

#[test]
fn real_model_from_a_file_of_the_reader_equals_the_engine() {
    let (served, browser) = page_with(ID);
    let path = resolve(ID).unwrap();
    browser.keys("input[type=file]", path.canonicalize().unwrap().to_str().unwrap());
    shows(&browser, "the hot dog was", "smollm2");
    same_numbers(&browser, &Model::open(&path).unwrap(), "the hot dog was", 0, 0);
    quiet(&browser, &served);
}

#[test]
fn real_model_that_predicts_nothing_shows_no_bars_of_another() {
    let (served, browser) = page_with("all-minilm-l6-v2");
    choose(&browser, "all-minilm-l6-v2");
    shows(&browser, "[CLS] the hot dog was [SEP]", "all-minilm");
    let figure = "document.querySelector('figure[data-figure=next-tokens]')";
    browser.wait(&format!("{figure}.innerText.includes('predicts no next word')"));
    assert_eq!(browser.run(&format!("return {figure}.querySelectorAll('[data-rank]').length")), 0);
    choose(&browser, "lesson");
    browser.wait(&format!("{figure}.querySelectorAll('[data-rank]').length === 10"));
    quiet(&browser, &served);
}

#[test]
fn real_model_that_is_stopped_goes_on_where_it_stopped() {
    let (served, browser) = page_with(ID);
    choose(&browser, &format!("browser/{ID}"));
    // A part must have come before it is stopped.
    browser.wait("Number(document.querySelector('#status progress')?.value) > 1e6");
    browser.run("document.querySelector('#status button').click()");
    browser.wait("!document.querySelector('#status progress')");
    choose(&browser, "lesson");
    shows(&browser, "the hot dog was", "Lesson");
    choose(&browser, &format!("browser/{ID}"));
    shows(&browser, "the hot dog was", "smollm2");
    quiet(&browser, &served);
}

#[test]
fn real_model_whose_server_is_killed_is_said_to_be_lost_and_the_page_lives_on() {
    let (mut served, browser) = page_with(ID);
    choose(&browser, ID);
    shows(&browser, "the hot dog was", "smollm2");
    served.kill();
    browser.write("the dog was");
    browser.wait("document.querySelector('#status').innerText.includes('still running')");
    let kept = browser.run("return document.querySelector('#figure-matrix-desc').textContent");
    assert!(kept.as_str().unwrap().contains("the hot dog was"), "what was there stays");
    choose(&browser, "lesson");
    shows(&browser, "the dog was", "Lesson");
}
