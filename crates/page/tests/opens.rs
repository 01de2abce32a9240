//! Every number that opens is the number that its mark shows, in whichever run it belongs to.

use attnscope::analysis::explain::Explanation;
use attnscope_figures::Target;
use attnscope_page::{Change, Driver, Event, FIGURES, PageFigure, Paper, Place, Selection, figure};
use attnscope_protocol::{LessonOnly, Request, Response};

const PAPER: Paper = Paper { width: 688.0, dark: false, bare: true };

/// What a mark opens: what is asked to explain it.
fn opened(driver: &Driver<LessonOnly>, drawn: &mut dyn PageFigure, target: Target) -> Option<Request> {
    let event = Event::Chosen(target, Place::default());
    let cell = std::cell::RefCell::new(drawn);
    let changes = driver.with_page(|page| Ok(cell.borrow_mut().hear(&event, page))).unwrap();
    changes.into_iter().find_map(|change| match change {
        Change::Open(number) => Selection { number: Some(number), ..driver.selection.clone() }.explain_request(),
        Change::OpenElsewhere(number, of) => {
            let there = Selection { number: Some(number), elsewhere: Some(of), ..driver.selection.clone() };
            assert_eq!(Selection::from_query(&there.to_query()), there, "its address leads to it");
            there.explain_request()
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
        let Some(request) = opened(&driver, &mut *drawn, target) else { continue };
        let answer = driver.with_page(|page| page.ask(&request).cloned());
        let Ok(Response::Explained(found)) = answer else { panic!("{name}: {request:?}: {answer:?}") };
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
