//! A model that the reader trained: its address holds how, so that it is trained again wherever that is opened.

use crate::browser::Browser;
use crate::{page, quiet, same_numbers, shows};
use attnscope::lesson::{Settings, Trainer};

const CAPTION: &str = "document.querySelector('figure[data-figure=training] figcaption').textContent";
const MATRIX: &str = "document.querySelector('figure[data-figure=matrix]')";
const STATUS: &str = "document.querySelector('#status').innerText";

/// The model that these settings lead to.
fn trained(settings: &Settings, steps: usize) -> attnscope::Model {
    let mut trainer = Trainer::new(settings).unwrap();
    for _ in 0..steps {
        trainer.step();
    }
    trainer.model()
}

/// Notes, before anything of the page is there, what the matrix says at any time.
fn note_what_is_said(browser: &Browser) {
    let script = "self.said = new Set();
        const note = () => {
            const matrix = document.querySelector('figure[data-figure=matrix]');
            if (matrix?.dataset.ready === 'true') self.said.add(matrix.innerText + document.querySelector('#status').innerText);
            requestAnimationFrame(note);
        };
        note();";
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", serde_json::json!({"source": script}));
}

#[test]
fn a_trained_model_survives_a_reload_and_a_link() {
    let (served, browser) = page();
    browser.set("training", "seed", "7");
    browser.set("training", "own", "the cat was hungry. the cat was tired");
    browser.run("document.querySelector('#training-train').click()");
    browser.wait(&format!("Number({CAPTION}.match(/after (\\d+) steps/)?.[1]) >= 300"));
    browser.run("document.querySelector('#training-train').click()");
    browser.wait("document.querySelector('#training-train').textContent === 'go on'");
    browser.run("document.querySelector('#training-use').click()");
    shows(&browser, "the hot dog was", "Lesson model, trained");
    let steps = browser.run(&format!("return Number({CAPTION}.match(/after (\\d+) steps/)[1])")).as_u64().unwrap();
    let own = vec!["the cat was hungry".to_owned(), "the cat was tired".to_owned()];
    let model = trained(&Settings { seed: 7, own, ..Settings::default() }, steps as usize);
    same_numbers(&browser, &model, "the hot dog was", 0, 0);
    let address = browser.run("return location.href");
    let address = address.as_str().unwrap();
    assert!(address.contains(&format!("model=trained&steps={steps}&seed=7&rate=0.008&sentences=the+cat")), "{address}");
    quiet(&browser, &served);

    // Another reader opens the link.
    let other = Browser::open(1440, 900);
    note_what_is_said(&other);
    other.go(address);
    shows(&other, "the hot dog was", &format!("Lesson model, trained {steps} steps"));
    same_numbers(&other, &model, "the hot dog was", 0, 0);
    other.wait(&format!("{CAPTION}.includes('seed 7, after {steps} steps')"));
    let said = other.run("return [...self.said]");
    let said: Vec<&str> = said.as_array().unwrap().iter().filter_map(|said| said.as_str()).collect();
    assert!(said.iter().any(|said| said.contains("is being trained again")), "{said:?}");
    assert!(said.iter().any(|said| said.contains(&format!("of {steps}"))), "how far it has come: {said:?}");
    assert_eq!(other.run("return location.href"), address);
    // It goes on from there, and the address with it.
    other.run("document.querySelector('#training-step').click()");
    other.wait(&format!("location.search.includes('steps={}&')", steps + 1));
    shows(&other, "the hot dog was", &format!("Lesson model, trained {} steps", steps + 1));
    quiet(&other, &served);
}

/// An embed of another figure has no figure that trains.
#[test]
fn an_embed_trains_its_model_again() {
    let (served, browser) = page();
    browser.go(&format!("{}embed-matrix.html?model=trained&steps=100&seed=3&rate=0.01", served.url));
    shows(&browser, "the hot dog was", "Lesson model, trained 100 steps");
    let model = trained(&Settings { seed: 3, learning_rate: 0.01, ..Settings::default() }, 100);
    let weight = format!("Number({MATRIX}.querySelector('[data-key=\"cell-2-1\"]').dataset.value)");
    let trace = model.run(&model.encode("the hot dog was").unwrap(), &"pattern".parse().unwrap(), &[]).unwrap();
    let expected = trace.pattern(0, 0).unwrap().into_data()[2 * 4 + 1];
    browser.wait(&format!("Math.abs({weight} - {expected}) < 1e-4"));
    quiet(&browser, &served);
}

#[test]
fn a_link_that_does_not_say_how_is_not_answered_by_another_model() {
    let (served, browser) = page();
    browser.go(&format!("{}?model=trained", served.url));
    browser.wait(&format!("{MATRIX}.innerText.includes('does not say how it was trained')"));
    browser.wait(&format!("{STATUS}.includes('does not say how it was trained')"));
    browser.go(&format!("{}?model=trained&steps=20&seed=abc", served.url));
    browser.wait(&format!("{STATUS}.includes('seed is \"abc\"; expected a whole number')"));
    browser.go(&format!("{}?model=trained&steps=20&sentences=the+dogg+was", served.url));
    browser.wait(&format!("{MATRIX}.innerText.includes('dogg') && {STATUS}.includes('try again')"));
    let lesson =
        "[...document.querySelectorAll('#status button')].find((button) => button.textContent.includes('lesson'))";
    browser.run(&format!("{lesson}.click()"));
    shows(&browser, "the hot dog was", "Lesson");
    quiet(&browser, &served);
}

/// Back and forward lead through models of other settings too.
#[test]
fn back_leads_to_the_model_before() {
    let (served, browser) = page();
    browser.go(&format!("{}?model=trained&steps=40&seed=3&rate=0.008", served.url));
    shows(&browser, "the hot dog was", "Lesson model, trained 40 steps");
    browser.run("const m = document.querySelector('#model'); m.value = 'lesson'; m.dispatchEvent(new Event('change', {bubbles: true}))");
    browser.wait("!location.search.includes('model=trained')");
    browser.set("training", "seed", "5");
    browser.run("document.querySelector('#training-step').click()");
    browser.wait(&format!("{CAPTION}.includes('seed 5, after 1 step')"));
    browser.run("history.back()");
    shows(&browser, "the hot dog was", "Lesson model, trained 40 steps");
    browser.wait(&format!("{CAPTION}.includes('seed 3, after 40 steps')"));
    same_numbers(&browser, &trained(&Settings { seed: 3, ..Settings::default() }, 40), "the hot dog was", 0, 0);
    quiet(&browser, &served);
}

#[test]
fn a_wrong_seed_is_said_and_the_last_good_one_stays() {
    let (served, browser) = page();
    browser.set("training", "seed", "7");
    browser.run("document.querySelector('#training-step').click()");
    browser.wait(&format!("{CAPTION}.includes('seed 7, after 1 step')"));
    browser.set("training", "seed", "abc");
    browser.wait(&format!(
        "{CAPTION}.includes('the seed is \"abc\", expected a whole number') && {CAPTION}.includes('The seed is still 7')"
    ));
    assert_eq!(browser.run("return document.querySelector('#training-seed').value"), "abc");
    browser.run("document.querySelector('#training-step').click()");
    browser.wait(&format!("{CAPTION}.includes('seed 7, after 2 steps')"));
    browser.set("training", "seed", "7");
    browser.wait(&format!("!{CAPTION}.includes('abc') && {CAPTION}.includes('after 2 steps')"));
    quiet(&browser, &served);
}

#[test]
fn a_trainer_that_cannot_be_loaded_says_what_to_do() {
    let (mut served, browser) = page();
    served.kill();
    browser.devtools("Network.enable", serde_json::json!({}));
    browser.devtools("Network.setCacheDisabled", serde_json::json!({"cacheDisabled": true}));
    browser.run("document.querySelector('#training-step').click()");
    browser.wait(&format!("{CAPTION}.includes('could not be loaded; check that you are online and try again')"));
}
