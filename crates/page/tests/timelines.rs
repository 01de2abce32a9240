//! The timelines of all figures: what they name is drawn, nothing else moves, and at the end the figure is whole.

use attnscope_figures::{Scene, Timeline};
use attnscope_page::figure::FIGURES;
use attnscope_page::{Control, Driver, Event, PageFigure, Paper, Selection};
use attnscope_protocol::LessonOnly;
use std::collections::BTreeSet;

/// Marks that are there only sometimes: rows of pixels in place of cells, what the reader has set, what is left out.
const SOMETIMES: [&str; 12] = [
    "strip-",
    "own-score-",
    "own-",
    "ring-",
    "under-",
    "same-",
    "attn-out",
    "key-head",
    "copy-",
    "score-how",
    "rest",
    "ring-column",
];

fn keys(scene: &Scene) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    scene.visit(&mut |node| keys.extend(node.key.clone()));
    keys
}

fn scene(driver: &Driver<LessonOnly>, figure: &dyn PageFigure) -> Scene {
    driver.on(Paper::default(), |page| figure.view(page)).unwrap().scene
}

fn said(driver: &Driver<LessonOnly>, figure: &dyn PageFigure) -> Option<String> {
    let view = driver.on(Paper::default(), |page| figure.view(page)).unwrap();
    view.controls.into_iter().find_map(|control| match control {
        Control::Said { text, .. } => Some(text),
        _ => None,
    })
}

#[test]
fn what_a_timeline_names_is_drawn() {
    let driver = Driver::new(Selection::default(), LessonOnly);
    let mut with_steps = 0;
    for kind in &FIGURES {
        let figure = kind.make();
        let keys = keys(&scene(&driver, &*figure));
        let names = driver.with_page(|page| {
            let timeline = figure.timeline(page);
            Ok(timeline.map(|timeline| timeline.names().map(str::to_owned).collect::<Vec<_>>()))
        });
        let Some(names) = names.unwrap() else { continue };
        with_steps += 1;
        for name in names {
            let sometimes = SOMETIMES.iter().any(|some| name.starts_with(some));
            assert!(sometimes || keys.iter().any(|key| Timeline::is(key, &name)), "{}: no mark {name:?}", kind.name);
        }
    }
    assert!(with_steps >= 9, "{with_steps}");
}

#[test]
fn it_plays_once_to_its_end_and_is_whole_then() {
    let mut driver = Driver::new(Selection::default(), LessonOnly);
    for kind in &FIGURES {
        let mut figure = kind.make();
        if said(&driver, &*figure).is_none() {
            continue;
        }
        let rest = scene(&driver, &*figure);
        driver.tell(&mut *figure, &Event::Seen);
        let (mut steps, mut sentences) = (0, BTreeSet::new());
        while figure.plays().is_some() {
            let now = scene(&driver, &*figure);
            assert!(now.is_finite(), "{} at {steps}", kind.name);
            assert_eq!((now.width, now.height), (rest.width, rest.height), "{} at {steps} has another size", kind.name);
            sentences.extend(said(&driver, &*figure));
            driver.tell(&mut *figure, &Event::Tick);
            steps += 1;
            assert!(steps < 40, "{} does not end", kind.name);
        }
        sentences.extend(said(&driver, &*figure));
        assert!(sentences.len() >= 3 && sentences.iter().all(|s| !s.is_empty()), "{}: {sentences:?}", kind.name);
        let end = scene(&driver, &*figure);
        let shown = |scene: &Scene, key: &str| scene.node(key).is_some_and(|node| node.opacity > 0.0);
        for key in keys(&end).iter().filter(|key| !key.starts_with("copy-")) {
            assert!(shown(&end, key) || !shown(&rest, key), "{}: {key} is missing at the end", kind.name);
        }
        driver.tell(&mut *figure, &Event::Seen);
        assert!(figure.plays().is_none(), "{} plays again", kind.name);
    }
}

#[test]
fn what_has_not_arrived_stands_for_nothing() {
    let driver = Driver::new(Selection::default(), LessonOnly);
    let mut softmax = attnscope_page::figure("softmax").unwrap();
    let mut driver = driver;
    driver.set(&mut *softmax, "step=0").unwrap();
    let first = scene(&driver, &*softmax);
    let share = first.node("share-1").unwrap();
    assert!(share.target.is_none() && share.label.is_none() && share.opacity == 0.0);
    assert!(first.node("dot-1").unwrap().target.is_some());
    assert!(driver.set(&mut *softmax, "said=x").unwrap_err().message.contains("no control"));
}
