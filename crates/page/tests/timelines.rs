//! The timelines of all figures: what they name is drawn, nothing else moves, and at the end the figure is whole.

use attnscope_figures::{Scene, Shape, Timeline};
use attnscope_page::figure::FIGURES;
use attnscope_page::{Control, Driver, Event, PageFigure, Paper, Selection};
use attnscope_protocol::LessonOnly;
use std::collections::BTreeSet;

/// Marks that are there only sometimes: rows of pixels in place of cells, what the reader has set, what is left out.
const SOMETIMES: [&str; 19] = [
    "strip-",
    // Attention-steps: a row as a strip; scores, which the weights have covered at the end; keys too far back.
    "q-",
    "k-",
    "v-",
    "z-",
    "s-",
    "number-",
    "hem-",
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

/// A figure, with these controls set.
fn figure_with(driver: &mut Driver<LessonOnly>, name: &str, set: &[&str]) -> Box<dyn PageFigure> {
    let mut figure = attnscope_page::figure(name).unwrap();
    set.iter().for_each(|set| driver.set(&mut *figure, set).unwrap());
    figure
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
        let steps = driver.with_page(|page| Ok(figure.view(page)?.timeline)).unwrap();
        let Some(names) = steps.map(|steps| steps.names().map(str::to_owned).collect::<Vec<_>>()) else { continue };
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
    let variants = [("two-answers", "compare=off"), ("two-answers", "compare=yours"), ("attention-steps", "mask=off")];
    let all = FIGURES.iter().map(|kind| (kind.name, None));
    for (name, set) in all.chain(variants.map(|(name, set)| (name, Some(set)))) {
        let mut figure = figure_with(&mut driver, name, set.as_slice());
        let steps = driver.with_page(|page| Ok(figure.view(page)?.timeline)).unwrap();
        if steps.is_none() || said(&driver, &*figure).is_none() || name == "root-d" {
            continue;
        }
        let rest = scene(&driver, &*figure);
        driver.tell(&mut *figure, &Event::Seen);
        let (mut steps, mut sentences) = (0, BTreeSet::new());
        while figure.plays().is_some() {
            let now = scene(&driver, &*figure);
            assert!(now.is_finite(), "{} at {steps}", name);
            assert_eq!((now.width, now.height), (rest.width, rest.height), "{} at {steps} has another size", name);
            sentences.extend(said(&driver, &*figure));
            driver.tell(&mut *figure, &Event::Tick);
            steps += 1;
            assert!(steps < 40, "{} does not end", name);
        }
        sentences.extend(said(&driver, &*figure));
        assert!(sentences.len() >= 3 && sentences.iter().all(|s| !s.is_empty()), "{}: {sentences:?}", name);
        let end = scene(&driver, &*figure);
        let shown = |scene: &Scene, key: &str| scene.node(key).is_some_and(|node| node.opacity > 0.0);
        for key in keys(&end).iter().filter(|key| !key.starts_with("copy-")) {
            assert!(shown(&end, key) || !shown(&rest, key), "{}: {key} is missing at the end", name);
        }
        driver.tell(&mut *figure, &Event::Seen);
        assert!(figure.plays().is_none(), "{} plays again", name);
    }
}

#[test]
fn what_has_not_arrived_stands_for_nothing() {
    let driver = Driver::new(Selection::default(), LessonOnly);
    let mut softmax = attnscope_page::figure("softmax").unwrap();
    let mut driver = driver;
    driver.set(&mut *softmax, "step=1").unwrap();
    let first = scene(&driver, &*softmax);
    let share = first.node("share-1").unwrap();
    assert!(share.target.is_none() && share.label.is_none() && share.opacity == 0.0);
    assert!(first.node("dot-1").unwrap().target.is_some());
    assert!(driver.set(&mut *softmax, "said=x").unwrap_err().message.contains("no control"));
}

fn place(scene: &Scene, key: &str) -> String {
    let node = scene.node(key).unwrap_or_else(|| panic!("no {key}"));
    // Without its colours.
    format!("{:?}", node.shape).split("fill").next().unwrap_or_default().to_owned()
}

fn height(scene: &Scene, key: &str) -> f32 {
    match scene.node(key).unwrap_or_else(|| panic!("no {key}")).shape {
        Shape::Rect { height, .. } => height,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn all_of_attention_is_one_row_first_and_then_all_rows() {
    let mut driver = Driver::new(Selection { q_idx: Some(2), ..Selection::default() }, LessonOnly);
    let mut figure = attnscope_page::figure("attention-steps").unwrap();
    let mut at = |step: usize| {
        driver.set(&mut *figure, &format!("step={step}")).unwrap();
        scene(&driver, &*figure)
    };
    let shown = |scene: &Scene, key: &str| {
        let node = scene.node(key);
        // A bar that has not grown yet has no width.
        node.is_some_and(|node| node.opacity > 0.0 && !matches!(node.shape, Shape::Rect { width: 0.0, .. }))
    };
    let there = |scene: &Scene, keys: &[&str]| keys.iter().map(|key| shown(scene, key)).collect::<Vec<_>>();
    // Query 2 may attend to keys 0 to 2.
    assert_eq!(there(&at(2), &["q-2-0", "k-2-0", "v-0-0", "q-1-0", "k-3-0"]), [true, true, true, false, false]);
    assert_eq!(there(&at(3), &["s-2-0", "s-2-2", "s-2-3", "s-1-0"]), [true, true, false, false]);
    assert_eq!(there(&at(4), &["w-2-1", "w-1-0", "curtain-3"]), [true, false, false]);
    assert_eq!(there(&at(5), &["z-2-0", "z-1-0"]), [true, false]);
    assert_eq!(there(&at(6), &["q-0-0", "k-3-0", "s-2-0", "z-2-0"]), [true, true, false, false]);
    let (scores, masked, weights) = (at(7), at(9), at(10));
    assert_eq!(there(&scores, &["s-0-0", "s-0-3", "s-3-3"]), [true; 3]);
    // The cloth hangs over three scores in the last column, and was rolled up before.
    assert_eq!((height(&at(8), "curtain-3"), height(&masked, "curtain-3") > 100.0), (0.0, true));
    assert!(shown(&masked, "s-0-3") && masked.node("s-0-3").unwrap().target.is_none(), "still there, beneath");
    // Along each row: the cells of a column set out together, those of the next one later.
    let delay = |key: &str| weights.node(key).unwrap().delay;
    assert_eq!(delay("w-1-1"), delay("w-3-1"));
    assert!(delay("w-3-0") < delay("w-3-1") && delay("w-3-1") < delay("w-3-3"));
    let (copies, end) = (at(11), at(12));
    assert!(copies.node("copy-w-3-1").is_some(), "weights meet the values");
    assert!(end.node("copy-w-3-1").is_none() && end.node("w-2-1").unwrap().target.is_some(), "a cell opens");
    assert_eq!(end, scene(&driver, &*attnscope_page::figure("attention-steps").unwrap()));
}

#[test]
fn the_same_words_are_one_bag_with_one_answer_and_two_threads_with_two() {
    let mut driver = Driver::new(Selection::default(), LessonOnly);
    let mut figure = attnscope_page::figure("two-answers").unwrap();
    let mut at = |step: usize| {
        driver.set(&mut *figure, &format!("step={step}")).unwrap();
        scene(&driver, &*figure)
    };
    let (threads, bag, one, lifted, two) = (at(1), at(2), at(3), at(4), at(5));
    // dog is word 2 of the one, word 1 of the other.
    assert_ne!(place(&threads, "chip-0-2"), place(&threads, "chip-1-1"));
    assert_eq!(place(&bag, "chip-0-2"), place(&bag, "chip-1-1"));
    assert_eq!(place(&lifted, "chip-0-2"), place(&threads, "chip-0-2"));
    let longest = |scene: &Scene, column: usize| {
        let all = (0..8).filter_map(|word| scene.node(&format!("bar-{column}-{word}"))?.value.map(|p| (word, p)));
        all.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
    };
    assert_eq!(longest(&one, 0), longest(&one, 1), "one answer");
    assert_ne!(longest(&two, 0).0, longest(&two, 1).0, "two answers");
}

#[test]
fn the_readers_own_sentence_falls_into_the_bag_too() {
    for text in ["the cold dog was", "was", &["the dog was"; 5].join(" ")] {
        let mut driver = Driver::new(Selection { text: text.into(), ..Selection::default() }, LessonOnly);
        let mut figure = figure_with(&mut driver, "two-answers", &["compare=yours", "step=1"]);
        let first = scene(&driver, &*figure);
        assert_eq!(place(&first, "bagged-0-0"), place(&first, "chip-0-0"), "{text}");
        assert_eq!(first.node("bagged-0-0").unwrap().opacity, 0.0);
        driver.set(&mut *figure, "step=2").unwrap();
        let second = scene(&driver, &*figure);
        assert!(place(&second, "bagged-0-0") != place(&second, "chip-0-0") && second.is_finite());
    }
}

/// Links from before steps were counted from 1 begin at 0.
#[test]
fn a_step_of_an_old_link_is_the_nearest_there_is() {
    let mut driver = Driver::new(Selection::default(), LessonOnly);
    let mut figure = attnscope_page::figure("softmax").unwrap();
    let shown = |driver: &Driver<LessonOnly>, figure: &dyn PageFigure| {
        let controls = driver.on(Paper::default(), |page| figure.view(page)).unwrap().controls;
        controls.into_iter().find_map(|control| match control {
            Control::Slider { id: "step", shown, value, .. } => Some((shown, value)),
            _ => None,
        })
    };
    for (set, value, name) in [("step=0", 1.0, "1 of 7"), ("step=1", 1.0, "1 of 7"), ("step=2", 2.0, "2 of 7")] {
        driver.set(&mut *figure, set).unwrap();
        assert_eq!(shown(&driver, &*figure), Some((name.into(), value)), "{set}");
    }
}
