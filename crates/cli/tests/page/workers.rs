//! A real model: by the server, and in the browser's own worker.

use crate::browser::Browser;
use crate::served::Served;
use crate::{page_with, quiet, same_numbers, shows};
use attnscope::Model;
use attnscope_hub::resolve;
use std::time::{Duration, Instant};

const ID: &str = "smollm2-135m";
const SENTENCE: &str = "She looked at the hot dog. It was";

fn choose(browser: &Browser, id: &str) {
    browser.wait(&format!("[...document.querySelector('#model').options].some((option) => option.value === '{id}')"));
    browser.run(&format!(
        "const model = document.querySelector('#model'); model.value = '{id}'; model.dispatchEvent(new Event('change', {{bubbles: true}}))"
    ));
}

#[test]
fn real_model_by_the_server_equals_the_engine() {
    let (served, browser) = page_with(ID);
    let model = Model::open(resolve(ID).unwrap()).unwrap();
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
fn real_model_in_the_worker_on_several_threads_equals_the_engine_and_gives_its_memory_back() {
    let (served, browser) = page_with(ID);
    let threads = browser.run("return Math.min(navigator.hardwareConcurrency, 8)").as_u64().unwrap();
    let offers = "return crossOriginIsolated && 'threads' in document.documentElement.dataset";
    assert_eq!(browser.run(offers), true, "the page was built without threads: see what `cargo xtask web` noted");
    in_the_worker(&served, &browser, if threads > 1 { 1 + threads as usize } else { 1 });
}

/// As on a host that sends no headers for it.
#[test]
fn real_model_in_the_worker_on_one_thread_equals_the_engine_and_gives_its_memory_back() {
    let (served, browser) = page_with(ID);
    let script = "Object.defineProperty(self, 'crossOriginIsolated', {value: false})";
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", serde_json::json!({"source": script}));
    browser.go(&served.url);
    in_the_worker(&served, &browser, 1);
}

fn in_the_worker(served: &Served, browser: &Browser, expected: usize) {
    let model = Model::open(resolve(ID).unwrap()).unwrap();
    choose(browser, &format!("browser/{ID}"));
    shows(browser, "the hot dog was", "smollm2");
    same_numbers(browser, &model, "the hot dog was", 16, 0);
    browser.write(SENTENCE);
    shows(browser, SENTENCE, "smollm2");
    same_numbers(browser, &model, SENTENCE, 16, 0);
    let workers = || {
        let targets = browser.devtools("Target.getTargets", serde_json::json!({"filter": [{}]}));
        targets["targetInfos"].as_array().unwrap().iter().filter(|t| t["type"] == "worker").count()
    };
    assert_eq!(workers(), expected);
    choose(browser, "lesson");
    browser.write("the dog was");
    shows(browser, "the dog was", "Lesson");
    // A browser ends a worker's own workers a moment later.
    let patience = Instant::now();
    while workers() > 0 {
        assert!(patience.elapsed() < Duration::from_secs(10), "{} workers were not ended", workers());
        std::thread::sleep(Duration::from_millis(50));
    }
    quiet(browser, served);
}

/// A thread that dies says so past its worker, which waits for it. What was asked fails, and the next question starts anew.
#[test]
fn real_model_in_a_worker_that_died_is_said_and_started_again() {
    let (served, browser) = page_with(ID);
    let script = "const Native = self.Worker;
        self.workers = [];
        self.Worker = class extends Native { constructor(...all) { super(...all); self.workers.push(this); } };";
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", serde_json::json!({"source": script}));
    browser.go(&served.url);
    choose(&browser, &format!("browser/{ID}"));
    shows(&browser, "the hot dog was", "smollm2");
    browser.run(
        "const {port1, port2} = new MessageChannel(), [worker] = self.workers;
         worker.dispatchEvent(new MessageEvent('message', {data: {died: port1}}));
         // It answers no more, as one that waits for a thread that is gone.
         worker.postMessage = () => port2.postMessage('memory access out of bounds');",
    );
    browser.write("the dog was");
    browser.wait("document.querySelector('#status').innerText.includes('stopped')");
    browser.write(SENTENCE);
    shows(&browser, SENTENCE, "smollm2");
    assert!(browser.run("return self.workers.length").as_u64().unwrap() > 1);
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
    assert_eq!(browser.run(&format!("return {figure}.querySelectorAll('[data-item]').length")), 0);
    choose(&browser, "lesson");
    browser.wait(&format!("{figure}.querySelectorAll('[data-item]').length === 10"));
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
