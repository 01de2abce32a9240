//! Every number opens, and is the number that its mark shows, in whichever run it belongs to.

use attnscope::analysis::explain::{Explanation, Factor, Source as From};
use attnscope_figures::{Scene, Target};
use attnscope_page::{Change, Driver, Event, FIGURES, Open, PageFigure, Place, Selection, figure};
use attnscope_protocol::{LessonOnly, Response};
use std::collections::BTreeSet;

/// What a mark opens: the page with its number open.
fn opened(driver: &Driver<LessonOnly>, drawn: &mut dyn PageFigure, target: Target) -> Option<Selection> {
    let event = Event::Chosen(target, Place::default());
    let cell = std::cell::RefCell::new(drawn);
    let changes = driver.with_page(|page| Ok(cell.borrow_mut().hear(&event, page))).unwrap();
    changes.into_iter().find_map(|change| match change {
        Change::Open(open) => Some(with(&driver.selection, open)),
        _ => None,
    })
}

/// The page with a number open.
fn with(selection: &Selection, open: Open) -> Selection {
    let open = Selection { open: Some(open), ..selection.clone() };
    assert_eq!(Selection::from_query(&open.to_query()), open, "its address leads to it");
    open
}

/// Whether the arithmetic is that of this number, or has it on its way: a score is a sum of products, divided by √d.
fn is_in(found: &Explanation, value: f32) -> bool {
    let steps = found.steps.iter().map(|step| step.value);
    let terms = found.terms.iter().chain(found.steps.iter().flat_map(|step| &step.terms)).map(|term| term.value);
    [found.value].into_iter().chain(steps).chain(terms).any(|x| (x - value).abs() < 1e-4)
}

/// The arithmetic of the open number: of a run, or of the figure itself.
fn explained(driver: &Driver<LessonOnly>, drawn: &dyn PageFigure, open: &Selection) -> Option<Explanation> {
    if let Some(Open::Own { mark, .. }) = &open.open {
        return driver.with_page(|page| Ok(drawn.explain(mark, page))).unwrap();
    }
    let request = open.explain_request().unwrap();
    match driver.with_page(|page| page.ask(&request).cloned()) {
        Ok(Response::Explained(found)) => Some(found),
        other => panic!("{request:?}: {other:?}"),
    }
}

/// Opens the parts of a number, one of each kind in each of its sums: they are the numbers that stand there. Returns how
/// many opened in another text or as part of a measure.
fn check_parts(driver: &Driver<LessonOnly>, drawn: &dyn PageFigure, open: &Selection, found: &Explanation) -> usize {
    let sums = std::iter::once(&found.terms).chain(found.steps.iter().map(|step| &step.terms));
    let mut elsewhere = 0;
    for terms in sums {
        let mut seen = BTreeSet::new();
        for factor in terms.iter().flat_map(|term| &term.factors).filter(|factor| seen.insert(kind(factor))) {
            let Some(part) = open.part(&factor.source) else { continue };
            elsewhere += usize::from(!matches!(factor.source, From::Number(_)));
            let part = with(open, part);
            let part = explained(driver, drawn, &part).expect("what is a part of a number is explained");
            let same = part.value == factor.value || (part.value - factor.value).abs() < 1e-4;
            assert!(same, "{}: {factor:?} opens {}", found.name, part.value);
        }
    }
    elsewhere
}

/// Factors of one kind have names that differ in their places alone.
fn kind(factor: &Factor) -> String {
    factor.name.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// A figure as it is drawn when these controls are set.
fn draw(driver: &mut Driver<LessonOnly>, name: &str, set: &[(&str, &str)]) -> (Box<dyn PageFigure>, Scene) {
    let mut drawn = figure(name).unwrap();
    // The page always has its own run.
    driver.with_page(|page| page.run().map(|_| ())).unwrap();
    driver.with_page(|page| drawn.view(page)).unwrap();
    for (control, value) in set {
        match control.strip_prefix("grip-") {
            Some(grip) => {
                let handle = Target::Handle { index: grip.parse().unwrap() };
                assert_eq!(driver.tell(&mut *drawn, &Event::Nudged(handle, value.parse().unwrap(), 0)), None);
            }
            None => assert_eq!(driver.tell(&mut *drawn, &Event::Set((*control).into(), (*value).into())), None),
        }
    }
    let scene = driver.with_page(|page| drawn.view(page)).unwrap().scene;
    (drawn, scene)
}

/// The marks of a figure that show a number and do not open it. Those that do are compared with what they open.
fn closed(name: &str, selection: &Selection, set: &[(&str, &str)]) -> Vec<String> {
    let mut driver = Driver::new(selection.clone(), LessonOnly);
    let (mut drawn, scene) = draw(&mut driver, name, set);
    let mut marks = Vec::new();
    scene.visit(&mut |node| marks.push((node.key.clone().unwrap_or_default(), node.target, node.value)));
    // What other marks do to the figure may change its own numbers.
    marks.sort_by_key(|(_, target, _)| *target != Some(Target::Own));
    let mut closed = Vec::new();
    let mut shown = Vec::new();
    for (key, target, value) in marks {
        let open = match target {
            Some(Target::Own) => Some(with(selection, Open::Own { figure: name.into(), mark: key.clone() })),
            Some(target) => opened(&driver, &mut *drawn, target),
            None => None,
        };
        let found = open.and_then(|open| Some((explained(&driver, &*drawn, &open)?, open)));
        let Some((found, open)) = found else {
            assert_ne!(target, Some(Target::Own), "{name} {set:?}: {key} is not explained");
            closed.extend(value.map(|value| (key, value)));
            continue;
        };
        check_parts(&driver, &*drawn, &open, &found);
        let computed = found.computed();
        assert!(computed == found.value || (computed - found.value).abs() < 1e-4, "{name}: {found:?}");
        // A number that is written beside its bar has no value of its own.
        let value = value.unwrap_or(found.value);
        assert!(
            value == found.value || is_in(&found, value),
            "{name}, {key}: {value} opens {} {}: {}",
            found.name,
            found.value,
            found.formula
        );
        shown.push(value);
    }
    // What is measured and trained has no numbers before.
    let empty = set.is_empty() && ["cost", "training"].contains(&name);
    let few = if name == "head-grid" { 0 } else { 2 };
    assert!(empty || shown.len() > few, "{name} {set:?}: {} numbers open", shown.len());
    // A mark that does something else has its number beside it; an empty bar has no height to be chosen by; and what is
    // stored in the model is made of nothing.
    let needs = |(key, value): &(String, f32)| {
        let stored = name == "projection" && key.starts_with("w-");
        !stored && !shown.contains(value) && *value != 0.0
    };
    closed.into_iter().filter(needs).map(|(key, _)| key).collect()
}

/// What a figure is set to, beside how it begins.
const SET: [(&str, &[(&str, &str)]); 19] = [
    ("two-answers", &[("compare", "off")]),
    ("two-answers", &[("compare", "yours")]),
    ("dot-product", &[("grip-0", "-30"), ("grip-1", "4")]),
    ("root-d", &[("d", "9")]),
    ("root-d", &[("d", "1"), ("again", "")]),
    ("softmax", &[("temperature", "0.5")]),
    ("softmax", &[("grip-0", "20")]),
    ("softmax", &[("temperature", "2"), ("grip-1", "-9")]),
    ("attention-steps", &[("step", "1")]),
    ("attention-steps", &[("step", "7")]),
    ("attention-steps", &[("step", "8")]),
    ("attention-steps", &[("mask", "off")]),
    ("attention-steps", &[("mask", "off"), ("step", "9")]),
    ("cut-edge", &[("to", "0")]),
    ("running-softmax", &[("step", "0")]),
    ("running-softmax", &[("step", "1")]),
    ("running-softmax", &[("step", "2")]),
    ("journey", &[("step", "0")]),
    ("training", &[("step", "")]),
];

#[test]
fn every_number_opens_and_is_what_is_shown() {
    for text in ["the hot dog was", "the dog on the hot rock was"] {
        let selection = Selection { text: text.into(), ..Selection::default() };
        let plain = FIGURES.iter().map(|kind| (kind.name, &[][..]));
        for (name, set) in plain.chain(SET) {
            let closed = closed(name, &selection, set);
            assert_eq!(closed, [""; 0], "{name} {set:?}");
        }
    }
}

/// Times and bytes open once they are measured.
#[test]
fn what_is_measured_opens() {
    let closed = closed("cost", &Selection::default(), &[("measure", "")]);
    assert_eq!(closed, [""; 0]);
}

/// A place opens to the words by which it is measured; the loss to what was learned from, read by the model as it was.
#[test]
fn places_and_losses_open_in_other_texts() {
    let parts = |name: &str, set: &[(&str, &str)]| {
        let mut driver = Driver::new(Selection::default(), LessonOnly);
        let (mut drawn, scene) = draw(&mut driver, name, set);
        let mut targets = Vec::new();
        scene.visit(&mut |node| targets.extend(node.target));
        let open: Vec<Selection> = targets.iter().filter_map(|target| opened(&driver, &mut *drawn, *target)).collect();
        let most = open.into_iter().map(|open| {
            let found = explained(&driver, &*drawn, &open).unwrap();
            (check_parts(&driver, &*drawn, &open, &found), open, found.title)
        });
        let (parts, open, title) = most.max_by_key(|(parts, ..)| *parts).unwrap();
        // One level deeper: a component of the axis opens to the words' own vectors.
        let found = explained(&driver, &*drawn, &open).unwrap();
        let all = found.steps.iter().flat_map(|step| &step.terms).flat_map(|term| &term.factors);
        let deeper: usize = all
            .take(2)
            .filter_map(|factor| open.part(&factor.source))
            .map(|part| {
                let open = with(&open, part);
                check_parts(&driver, &*drawn, &open, &explained(&driver, &*drawn, &open).unwrap())
            })
            .sum();
        (parts, deeper, title)
    };
    let (parts_of_place, deeper, title) = parts("journey", &[]);
    assert!(title.contains("between two groups"), "{title}");
    assert_eq!(parts_of_place, 4, "axis in each of three sums, middle in one");
    assert!(deeper > 0);
    let (parts_of_loss, _, title) = parts("training", &[("step", ""), ("step", "")]);
    assert_eq!(
        (parts_of_loss, title.as_str()),
        (1, "how surprised the model is by the words that come, in nats a word")
    );
}
