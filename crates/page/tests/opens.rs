//! Every number that opens is the number that its mark shows, in whichever run it belongs to.

use attnscope::analysis::explain::{Explanation, Factor, Source as From};
use attnscope_figures::Target;
use attnscope_page::{Change, Driver, Event, FIGURES, PageFigure, Paper, Place, Selection, figure};
use attnscope_protocol::{LessonOnly, Response};
use std::collections::BTreeSet;

const PAPER: Paper = Paper { width: 688.0, dark: false, bare: true };

/// What a mark opens: the page with its number open.
fn opened(driver: &Driver<LessonOnly>, drawn: &mut dyn PageFigure, target: Target) -> Option<Selection> {
    let event = Event::Chosen(target, Place::default());
    let cell = std::cell::RefCell::new(drawn);
    let changes = driver.with_page(|page| Ok(cell.borrow_mut().hear(&event, page))).unwrap();
    changes.into_iter().find_map(|change| match change {
        Change::Open(number) => Some(Selection { number: Some(number), ..driver.selection.clone() }),
        Change::OpenElsewhere(number, of) => {
            let there = Selection { number: Some(number), elsewhere: Some(of), ..driver.selection.clone() };
            assert_eq!(Selection::from_query(&there.to_query()), there, "its address leads to it");
            Some(there)
        }
        _ => None,
    })
}

/// Whether the arithmetic is that of this number, or has it on its way: a score is a sum of products, divided by √d.
fn is_in(found: &Explanation, value: f32) -> bool {
    let steps = found.steps.iter().map(|step| step.value);
    let terms = found.terms.iter().chain(found.steps.iter().flat_map(|step| &step.terms)).map(|term| term.value);
    [found.value].into_iter().chain(steps).chain(terms).any(|x| (x - value).abs() < 1e-4)
}

/// The arithmetic of the open number.
fn explained(driver: &Driver<LessonOnly>, open: &Selection) -> Explanation {
    let request = open.explain_request().unwrap();
    match driver.with_page(|page| page.ask(&request).cloned()) {
        Ok(Response::Explained(found)) => found,
        other => panic!("{request:?}: {other:?}"),
    }
}

/// Opens the parts of a number, one of each kind in each of its sums: they are the numbers that stand there. Returns how
/// many opened in another text or as part of a measure.
fn check_parts(driver: &Driver<LessonOnly>, open: &Selection, found: &Explanation) -> usize {
    let sums = std::iter::once(&found.terms).chain(found.steps.iter().map(|step| &step.terms));
    let mut elsewhere = 0;
    for terms in sums {
        let mut seen = BTreeSet::new();
        for factor in terms.iter().flat_map(|term| &term.factors).filter(|factor| seen.insert(kind(factor))) {
            let Some((number, there)) = open.part(&factor.source) else { continue };
            elsewhere += usize::from(!matches!(factor.source, From::Number(_)));
            let open = Selection { number: Some(number), elsewhere: there, ..open.clone() };
            assert_eq!(Selection::from_query(&open.to_query()), open, "its address leads to it");
            let part = explained(driver, &open);
            assert!((part.value - factor.value).abs() < 1e-4, "{}: {factor:?} opens {}", found.name, part.value);
        }
    }
    elsewhere
}

/// Factors of one kind have names that differ in their places alone.
fn kind(factor: &Factor) -> String {
    factor.name.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// How many marks of a figure open, each compared.
fn check(name: &str, selection: &Selection, set: Option<(&str, &str)>) -> usize {
    let mut driver = Driver::new(selection.clone(), LessonOnly);
    let mut drawn = figure(name).unwrap();
    driver.with_page(|page| drawn.view(page, PAPER)).unwrap();
    if let Some((control, value)) = set {
        driver.tell(&mut *drawn, &Event::Set(control.into(), value.into()));
    }
    let scene = driver.with_page(|page| drawn.view(page, PAPER)).unwrap().scene;
    let mut marks = Vec::new();
    scene.visit(&mut |node| marks.extend(node.target.map(|target| (target, node.value))));
    let mut checked = 0;
    for (target, value) in marks {
        let Some(open) = opened(&driver, &mut *drawn, target) else { continue };
        let found = explained(&driver, &open);
        check_parts(&driver, &open, &found);
        assert!((found.computed() - found.value).abs() < 1e-4, "{name}: {found:?}");
        // A number that is written beside its bar has no value of its own.
        let value = value.unwrap_or(found.value);
        assert!(
            is_in(&found, value),
            "{name}, {target:?}: {value} opens {} {}: {}",
            found.name,
            found.value,
            found.formula
        );
        checked += 1;
    }
    checked
}

#[test]
fn what_opens_is_what_is_shown() {
    // These hold no numbers of a run: what the reader drags, samples and times, and a training that has not begun. A
    // small pattern of the grid chooses its head, and the tiles of the running softmax are not read in the beginning.
    let none = ["dot-product", "root-d", "training", "cost", "head-grid", "running-softmax"];
    for text in ["the hot dog was", "the dog on the hot rock was"] {
        let selection = Selection { text: text.into(), ..Selection::default() };
        for (name, _) in FIGURES {
            let checked = check(name, &selection, None);
            assert_eq!(checked == 0, none.contains(&name), "{name}: {checked} numbers open");
        }
        let set = [
            ("two-answers", "compare", "off"),
            ("two-answers", "compare", "yours"),
            ("cut-edge", "to", "0"),
            ("running-softmax", "step", "2"),
            ("journey", "step", "0"),
            ("training", "step", ""),
        ];
        for (name, control, value) in set {
            assert!(check(name, &selection, Some((control, value))) > 2, "{name} {control}={value}");
        }
    }
}

/// A place opens to the words by which it is measured; the loss to what was learned from, read by the model as it was.
#[test]
fn places_and_losses_open_in_other_texts() {
    let parts = |name: &str, set: &[(&str, &str)]| {
        let mut driver = Driver::new(Selection::default(), LessonOnly);
        let mut drawn = figure(name).unwrap();
        driver.with_page(|page| drawn.view(page, PAPER)).unwrap();
        for (control, value) in set {
            driver.tell(&mut *drawn, &Event::Set((*control).into(), (*value).into()));
        }
        let scene = driver.with_page(|page| drawn.view(page, PAPER)).unwrap().scene;
        let mut targets = Vec::new();
        scene.visit(&mut |node| targets.extend(node.target));
        let open: Vec<Selection> = targets.iter().filter_map(|target| opened(&driver, &mut *drawn, *target)).collect();
        let most = open.into_iter().map(|open| {
            let found = explained(&driver, &open);
            (check_parts(&driver, &open, &found), open, found.title)
        });
        let (parts, open, title) = most.max_by_key(|(parts, ..)| *parts).unwrap();
        // One level deeper: a component of the axis opens to the words' own vectors.
        let found = explained(&driver, &open);
        let all = found.steps.iter().flat_map(|step| &step.terms).flat_map(|term| &term.factors);
        let deeper: usize = all
            .take(2)
            .filter_map(|factor| open.part(&factor.source))
            .map(|(number, there)| {
                let open = Selection { number: Some(number), elsewhere: there, ..open.clone() };
                check_parts(&driver, &open, &explained(&driver, &open))
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
