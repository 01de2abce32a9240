//! Every number that any figure draws: in the browser as natively.

use crate::{page, quiet, ready};
use attnscope_figures::Scene;
use attnscope_page::address::setting;
use attnscope_page::{Driver, Event, FIGURES, Kind, Paper, Selection, figure};
use attnscope_protocol::LessonOnly;
use serde_json::json;

/// What is chosen, and what is set in figures: figure, control, value.
type Case = (Selection, &'static [(&'static str, &'static str, &'static str)]);

fn cases() -> Vec<Case> {
    let on = |text: &str, layer: usize, q_idx: usize| Selection {
        text: text.into(),
        layer,
        q_idx: Some(q_idx),
        ..Selection::default()
    };
    vec![
        (Selection::default(), &[]),
        (
            on("the dog was", 1, 2),
            &[
                ("softmax", "temperature", "0.5"),
                ("attention-steps", "step", "2"),
                ("attention-steps", "mask", "off"),
                ("two-answers", "compare", "off"),
                ("projection", "part", "K"),
                ("root-d", "d", "9"),
                ("running-softmax", "step", "2"),
                ("journey", "step", "1"),
            ],
        ),
        (
            on("the dog on the hot rock was", 0, 5),
            &[
                ("two-answers", "compare", "yours"),
                ("projection", "part", "V"),
                ("cut-edge", "from", "6"),
                ("running-softmax", "step", "1"),
                ("journey", "to", "rock, toy, mouse"),
            ],
        ),
    ]
}

/// A figure as the engine of this machine fills it.
fn expected(name: &str, (selection, set): &Case, paper: Paper) -> Scene {
    let mut driver = Driver::new(selection.clone(), LessonOnly);
    driver.paper = paper;
    let mut drawn = figure(name).unwrap();
    for (_, control, value) in set.iter().filter(|(figure, ..)| *figure == name) {
        // What does not exist would test nothing.
        driver.set(&mut *drawn, &format!("{control}={value}")).unwrap();
    }
    driver.with_page(|page| drawn.view(page)).unwrap().scene
}

/// Every number of a scene, in the order in which it is drawn.
fn values(scene: &Scene) -> Vec<f32> {
    let mut values = Vec::new();
    scene.visit(&mut |node| values.extend(node.value));
    values
}

#[test]
fn every_number_of_every_figure_is_the_engines() {
    let (served, browser) = page();
    for case in cases() {
        let set: Vec<String> = case.1.iter().map(|(figure, control, value)| setting(figure, control, value)).collect();
        let query = case.0.to_query();
        let start = if query.is_empty() { "?" } else { "&" };
        browser.go(&format!("{}{query}{start}{}", served.url, set.join("&")));
        ready(&browser);
        let width = browser.run("return document.querySelector('.drawing').clientWidth").as_f64().unwrap();
        let paper = Paper { width: width as f32, dark: false, bare: true };
        let mut checked = 0;
        for Kind { name, .. } in FIGURES {
            let expected = values(&expected(name, &case, paper));
            let shown = format!(
                "[...document.querySelectorAll('figure[data-figure={name}] .scene [data-value]')].map((mark) => Number(mark.dataset.value))"
            );
            // What a link sets is there one drawing later.
            let same = format!(
                "((shown, expected) => shown.length === expected.length && shown.every((x, i) => !Number.isFinite(x) && expected[i] === null || Math.abs(x - expected[i]) <= 1e-4 * Math.max(1, Math.abs(expected[i]))))({shown}, {})",
                json!(expected)
            );
            browser.wait(&same);
            checked += expected.len();
        }
        assert!(checked > 500, "only {checked} numbers were compared");
    }
    quiet(&browser, &served);
}

/// A step of training is the same number for number, and so are the looks that it leads to.
#[test]
fn learning_is_the_same_everywhere() {
    let (served, browser) = page();
    let mut driver = Driver::new(Selection::default(), LessonOnly);
    let mut training = figure("training").unwrap();
    let step = Event::Set("step".into(), String::new());
    for n in 1..=3 {
        browser.run("document.querySelector('#training-step').click()");
        let caption = "document.querySelector('figure[data-figure=training] figcaption').textContent";
        browser.wait(&format!(
            "{caption}.includes('after {n} step') && !document.querySelector('#training-step').disabled"
        ));
        driver.tell(&mut *training, &step);
    }
    let expected = driver.with_page(|page| training.table(page)).unwrap().to_csv();
    let shown = crate::menu::saved(&browser, "training", "CSV");
    let numbers =
        |csv: &str| -> Vec<f64> { csv.split([',', '\r', '\n']).filter_map(|field| field.parse().ok()).collect() };
    let (shown, expected) = (numbers(&shown), numbers(&expected));
    assert!(expected.len() > 12 && shown.len() == expected.len(), "{shown:?} {expected:?}");
    assert!(shown.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-4), "{shown:?} {expected:?}");
    quiet(&browser, &served);
}
