//! The story's figures: each lives, its numbers are the engine's, and its main interaction does what the text says.

use crate::browser::Browser;
use crate::served::Served;
use crate::{page, quiet, shows};
use attnscope::analysis::depths;
use attnscope::analysis::journey;
use attnscope::{Capture, Intervention, Model, lesson};
use attnscope_hub::resolve;
use serde_json::json;

const HOT_DOG: &str = "the hot dog was";

/// The arithmetic of a number, and the number itself.
const PANEL: &str = "document.querySelector('#arithmetic')";
const SHOWN: &str = "Number(document.querySelector('#arithmetic .result strong')?.textContent.replace('−', '-'))";

/// Values of marks whose key begins so, by key.
fn values(figure: &str, keys: &str) -> String {
    format!(
        "Object.fromEntries([...document.querySelectorAll('figure[data-figure={figure}] [data-key^=\"{keys}\"][data-value]')]
             .map((mark) => [mark.dataset.key, Number(mark.dataset.value)]))"
    )
}

#[test]
fn any_number_opens_down_to_what_is_stored_and_back() {
    let (served, browser) = page();
    browser.run("document.querySelector('figure[data-figure=matrix] [data-key=\"cell-2-1\"]').dispatchEvent(new MouseEvent('click', {bubbles: true}))");
    let says = |text: &str| {
        browser.wait(&format!("document.querySelector('#arithmetic')?.textContent.includes({})", json!(text)))
    };
    says("blocks.0.attn.pattern[0,2,1]");
    let model = lesson::model();
    let capture: Capture = "pattern".parse().unwrap();
    let trace = model.run(&model.encode(HOT_DOG).unwrap(), &capture, &[]).unwrap();
    let shown = browser.run("return Number(document.querySelector('#arithmetic .result strong').textContent)");
    let expected = f64::from(trace.pattern(0, 0).unwrap().data()[2 * 4 + 1]);
    assert!((shown.as_f64().unwrap() - expected).abs() < 0.006, "{shown} and {expected}");
    // Weight, score, key, what attention reads, what enters the layer, the word's own row: always the first part.
    for next in ["attn.scores", "attn.q[", "attn_in", "resid_pre", "embed["] {
        browser.run("document.querySelector('#arithmetic .part').click()");
        says(next);
    }
    browser.wait("document.querySelector('#arithmetic .stored')");
    browser.run("document.querySelector('#arithmetic .back').click()");
    says("resid_pre");
    browser.run("document.querySelector('#arithmetic .close').click()");
    browser.wait("!document.querySelector('#arithmetic')");
    quiet(&browser, &served);
}

#[test]
fn without_attention_both_orders_get_the_same_answer() {
    let (served, browser) = page();
    let bars = format!(
        "const all = {}; const of = (c) => Object.entries(all).filter(([key]) => key.startsWith(`bar-${{c}}-`)).map(([, p]) => p); return [of(0), of(1)]",
        values("two-answers", "bar-")
    );
    let with = browser.run(&bars);
    assert_ne!(with[0], with[1], "with attention the answers differ");
    browser.set("two-answers", "compare", "off");
    browser.wait("document.querySelector('#figure-two-answers-desc').textContent.length && [...document.querySelectorAll('figure[data-figure=two-answers] text')].some((t) => t.textContent.replaceAll('\\u00a0', ' ').includes('without attention'))");
    let without = browser.run(&bars);
    assert_eq!(without[0], without[1]);
    assert!(without[0].as_array().unwrap().len() > 4);
    quiet(&browser, &served);
}

/// The page of a server with a real model, once this figure shows it.
fn with_real_model(figure: &str) -> (Served, Browser) {
    let served = Served::start(&["--model", "smollm2-135m"]);
    let browser = Browser::open(1440, 900);
    browser.go(&served.url);
    browser.run(&format!("document.querySelector('figure[data-figure={figure}]').scrollIntoView()"));
    let caption = format!("document.querySelector('figure[data-figure={figure}] figcaption').textContent");
    browser.wait(&format!("{caption}.startsWith('smollm2')"));
    (served, browser)
}

/// The caption of the figure that cuts an edge.
const CAPTION: &str = "document.querySelector('figure[data-figure=cut-edge] figcaption').textContent";

/// The table of the design, live: one edge turns food back into an animal, the other changes nothing.
#[test]
fn cutting_dog_to_hot_in_a_real_model_brings_the_animal_back() {
    let (served, browser) = with_real_model("cut-edge");
    // Each bar says its word, its probability and whose it is.
    let p = |column: usize, word: &str| {
        format!(
            "[...document.querySelectorAll('figure[data-figure=cut-edge] [data-key^=\"bar-{column}-\"]')]
                 .filter((bar) => bar.getAttribute('aria-label').trim().startsWith('{word}:')).map((bar) => Number(bar.dataset.value))[0]"
        )
    };
    for (column, word, expected) in
        [(0, "served", 0.0325), (0, "running", 0.0009), (1, "running", 0.0160), (2, "running", 0.0157)]
    {
        browser.wait(&format!("Math.abs(({}) - {expected}) < 1e-3", p(column, word)));
    }
    browser.wait(&format!("({}) === undefined || ({}) < 1e-3", p(1, "served"), p(1, "served")));
    // A strong weight is no cause: the brightest head changes nothing, another one brings the animal back.
    browser.set("cut-edge", "heads", "16.0");
    browser.wait(&format!("Math.abs(({}) - 0.0354) < 1e-3 && !(({}) > 2e-3)", p(1, "served"), p(1, "running")));
    browser.set("cut-edge", "heads", "3.4");
    browser.wait(&format!("Math.abs(({}) - 0.0166) < 1e-3", p(1, "running")));
    browser.set("cut-edge", "heads", "30.0");
    let said = "document.querySelector('figure[data-figure=cut-edge]').innerText.includes('layers 0 to 29')";
    browser.wait(said);
    browser.set("cut-edge", "heads", "");
    browser.set("cut-edge", "from", "3");
    browser.wait(&format!("Math.abs(({}) - 0.0343) < 1e-3", p(1, "served")));
    // The same question to the lesson model, which has other words.
    browser.set("cut-edge", "model", "lesson");
    browser.wait(&format!("{}.startsWith('Lesson model')", CAPTION));
    quiet(&browser, &served);
}

/// Every layer of a real model, in the page as in the engine.
#[test]
fn dog_in_a_real_model_goes_towards_food_unless_its_edge_to_hot_is_cut() {
    let (served, browser) = with_real_model("journey");
    let model = Model::open(resolve("smollm2-135m").unwrap()).unwrap();
    let read = |text: &str, position: usize, cut: &[Intervention]| {
        let capture: Capture = "embed,resid_post".parse().unwrap();
        depths(&model.run(&model.encode(text).unwrap(), &capture, cut).unwrap(), position).unwrap()
    };
    let group = |words: [&str; 5]| words.map(|word| read(&format!("the {word} was"), 1, &[]));
    let cut = [Intervention::cut("2>1").unwrap()];
    let words = [read(HOT_DOG, 2, &[]), read(HOT_DOG, 2, &cut), read("the dog was", 1, &[])];
    let animals = group(["cat", "cow", "rabbit", "fox", "wolf"]);
    let foods = group(["pizza", "bread", "soup", "cheese", "cake"]);
    let expected = journey(&words, [&animals, &foods]).unwrap().paths;
    let same = |depth: usize| {
        for (i, path) in expected.iter().enumerate() {
            let at = path[depth];
            let dot = format!("document.querySelector('figure[data-figure=journey] [data-key=\"path-{i}-{depth}\"]')");
            browser.wait(&format!("{dot} && Math.abs(Number({dot}.dataset.value) - {at}) < 1e-4"));
        }
    };
    same(30);
    assert!(expected[0][28] > 0.3 && expected[1][28] < -0.5 && expected[2][28] < -0.5, "what the story says");
    browser.set("journey", "step", "7");
    same(7);
    // A dot opens to the words between which it stands, and they to their own texts.
    browser.run("document.querySelector('figure[data-figure=journey] [data-key=\"path-0-28\"]').focus()");
    browser.press("\u{e007}");
    let says = |text: &str| browser.wait(&format!("{PANEL}?.textContent.includes({})", json!(text)));
    says("place of blocks.27.resid_post[2]");
    let shown = browser.run(&format!("return {SHOWN}")).as_f64().unwrap();
    assert!((shown - f64::from(expected[0][28])).abs() < 0.006, "{shown} and {}", expected[0][28]);
    browser.run("document.querySelector('#arithmetic .part[title=\"axis[0]\"]').click()");
    says("component 0 of the axis");
    says("the cake was");
    browser.run("document.querySelector('#arithmetic .part').click()");
    says("In the pizza was, read by smollm2-135m");
    browser.run("document.querySelector('#arithmetic .close').click()");
    // Words of the reader's own.
    browser.set("journey", "to", "knife, spoon, fork");
    browser.wait("document.querySelector('#figure-journey-desc').textContent.includes('knife')");
    browser.set("journey", "to", "knife");
    browser.wait("document.querySelector('figure[data-figure=journey]').innerText.includes('at least 2 words')");
    quiet(&browser, &served);
}

#[test]
fn a_word_that_only_a_real_model_knows_is_said_in_the_figures_that_cannot_read_it() {
    let (served, browser) = with_real_model("journey");
    browser.run("const m = document.querySelector('#model'); m.value = 'smollm2-135m'; m.dispatchEvent(new Event('change', {bubbles: true}))");
    browser.set("two-answers", "compare", "yours");
    browser.write("the zebra was");
    shows(&browser, "the zebra was", "smollm2");
    browser.wait("document.querySelector('figure[data-figure=two-answers]').innerText.includes('does not know')");
    let status = browser.run("return document.querySelector('#status').innerText");
    assert!(!status.as_str().unwrap().contains("does not know"), "the chosen model knows all words: {status}");
    quiet(&browser, &served);
}

#[test]
fn edited_scores_still_fill_one_bar() {
    let (served, browser) = page();
    let weights = values("softmax", "share-");
    let before = browser.run(&format!("return {weights}"));
    browser.run("document.querySelector('figure[data-figure=softmax] [data-key=\"grip-1\"]').focus()");
    browser.press(&"\u{e012}".repeat(20)); // hot: 2 less
    browser.wait(&format!("{weights}['share-1'] < {}", before["share-1"].as_f64().unwrap() - 0.2));
    let after = browser.run(&format!("return Object.values({weights})"));
    let sum: f64 = after.as_array().unwrap().iter().filter_map(serde_json::Value::as_f64).sum();
    assert!((sum - 1.0).abs() < 1e-4, "{after}");
    browser.run("document.querySelector('#softmax-reset').click()");
    browser.wait(&format!("Math.abs({weights}['share-1'] - {}) < 1e-6", before["share-1"]));
    quiet(&browser, &served);
}

#[test]
fn attention_is_stepped_and_played() {
    let (served, browser) = page();
    browser.set("attention-steps", "step", "2");
    browser
        .wait("document.querySelector('figure[data-figure=attention-steps] output').textContent.startsWith('2 of 12')");
    browser.run("document.querySelector('#attention-steps-play').click()");
    browser
        .wait("document.querySelector('figure[data-figure=attention-steps] output').textContent.startsWith('4 of 12')");
    browser.set("root-d", "d", "9");
    browser.wait(
        "[...document.querySelectorAll('figure[data-figure=root-d] text')].some((t) => t.textContent.includes('√512'))",
    );
    quiet(&browser, &served);
}

#[test]
fn training_runs_pauses_and_its_model_can_be_used() {
    let (served, browser) = page();
    let caption = "document.querySelector('figure[data-figure=training] figcaption').textContent";
    browser.run("document.querySelector('#training-train').click()");
    browser.wait(&format!("Number({caption}.match(/after (\\d+) steps/)?.[1]) >= 60"));
    browser.run("document.querySelector('#training-train').click()");
    browser.wait("document.querySelector('#training-train').textContent === 'go on'");
    let steps = browser.run(&format!("return Number({caption}.match(/after (\\d+) steps/)[1])"));
    browser.run("document.querySelector('#training-step').click()");
    browser.wait(&format!("Number({caption}.match(/after (\\d+) steps/)[1]) > {steps}"));
    // The loss opens to the words that it did not foresee, each as the model read it before it learned from them.
    let loss = "document.querySelector('figure[data-figure=training] [data-key=loss-point]')";
    let expected = browser.run(&format!("return Number({loss}.dataset.value)")).as_f64().unwrap();
    browser.run(&format!("{loss}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))"));
    browser.wait(&format!("Math.abs({SHOWN} - {expected}) < 0.006"));
    browser.run("document.querySelector('#arithmetic .part').click()");
    browser.wait(&format!("{PANEL}?.textContent.includes('as it was before its last step')"));
    browser.run("document.querySelector('#arithmetic .close').click()");
    browser.run("document.querySelector('#training-use').click()");
    shows(&browser, HOT_DOG, "Lesson model, trained");
    browser.run("document.querySelector('#training-use').click()");
    browser.wait("location.search === '' || location.search.includes('model=lesson')");
    quiet(&browser, &served);
}

#[test]
fn the_cost_is_measured_here() {
    let (served, browser) = page();
    browser.run("document.querySelector('#cost-measure').click()");
    browser.wait(
        "document.querySelectorAll('figure[data-figure=cost] [data-key^=\"time-tiles-\"][data-value]').length >= 3",
    );
    browser.run("document.querySelector('#cost-measure').click()");
    browser.run("document.querySelector('figure[data-figure=cost] [data-key=\"time-tiles-1\"]').dispatchEvent(new MouseEvent('click', {bubbles: true}))");
    browser.wait(&format!("{PANEL}?.textContent.includes('milliseconds that attention took over 128 tokens')"));
    quiet(&browser, &served);
}
