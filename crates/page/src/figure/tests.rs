//! What a click, or Enter, on a picture of many numbers does.

use super::*;
use crate::{Answers, Open, Place};
use attnscope::Site;
use attnscope_protocol::{LessonOnly, Request, Response, Session, What};

/// A page that the lesson model has answered.
fn with_page<T>(f: impl Fn(&Page<'_>) -> T) -> T {
    let (selection, mut answers) = (Selection::default(), Answers::default());
    let request = selection.run_request();
    let answer = Session::new(LessonOnly).start(request.clone()).finish();
    answers.insert(&request, answer);
    f(&Page::new(&selection, &answers))
}

fn hear(name: &str, event: Event) -> Vec<Change> {
    with_page(|page| figure(name).unwrap().hear(&event.clone().at_its_place(), page))
}

const PATTERN: Target = Target::Numbers { first: Site::Pattern.in_layer(0, [0, 0, 0]), columns: 4, rows: 4 };
/// In the third of four rows, in the second of four columns.
const PLACE: Place = Place { x: 90.0, y: 150.0, across: 0.3, down: 0.7 };
const NOWHERE: Place = Place { x: 0.0, y: 0.0, across: 0.0, down: 0.0 };
const DOG_HOT: Number = Site::Pattern.in_layer(0, [0, 2, 1]);

#[test]
fn a_click_on_a_picture_opens_the_number_under_the_pointer() {
    for name in ["matrix", "attention-steps"] {
        let changes = hear(name, Event::Chosen(PATTERN, PLACE));
        let [Change::Select(selection), Change::Open(open)] = &changes[..] else { panic!("{changes:?}") };
        assert_eq!((selection.q_idx, selection.k_idx), (Some(2), Some(1)));
        assert_eq!(*open, DOG_HOT.into());
    }
    let first = Site::AttnOut.in_layer(1, [3, 0]);
    let line = Target::Numbers { first, columns: 32, rows: 1 };
    let under = Site::AttnOut.in_layer(1, [3, 9]);
    for name in ["weighted-sum", "attention-steps", "tokens", "embeddings"] {
        assert_eq!(hear(name, Event::Chosen(line, PLACE)), [Change::Open(under.into())], "{name}");
    }
}

#[test]
fn a_pointer_over_a_picture_is_over_its_row() {
    assert_eq!(hear("matrix", Event::Over(PATTERN, PLACE)), [Change::Hover(Some(2))]);
    assert_eq!(
        hear("matrix", Event::Over(PATTERN, NOWHERE)),
        [Change::Hover(None)],
        "the keyboard's focus is in no row"
    );
}

#[test]
fn enter_on_a_picture_opens_what_is_strongest_in_it() {
    assert_eq!(hear("matrix", Event::Chosen(PATTERN, NOWHERE)), [Change::Open(DOG_HOT.into())], "of the chosen row");
    let first = Site::Z.in_layer(0, [0, 2, 4]);
    let opened = hear("weighted-sum", Event::Chosen(Target::Numbers { first, columns: 3, rows: 2 }, NOWHERE));
    let [Change::Open(Open::Of { run: None, what: What::Number(number) })] = opened[..] else { panic!("{opened:?}") };
    let component = number.last();
    assert_eq!(number.site(), Site::Z);
    let z = with_page(|page| page.run().unwrap().trace.layer(0, Site::Z).unwrap().row(&[0, 2]).unwrap().to_vec());
    assert!((4..10).contains(&component), "{component}");
    assert!(z[4..10].iter().all(|x| x.abs() <= z[component].abs()), "{component} of {z:?}");
    let beyond = Site::Z.in_layer(7, [0, 2, 0]);
    assert!(hear("tokens", Event::Chosen(Target::Numbers { first: beyond, columns: 3, rows: 1 }, NOWHERE)).is_empty());
}

#[test]
fn a_picture_of_a_matrix_is_chosen_from_by_pointer_and_arrows() {
    let (selection, mut answers, session) = (Selection::default(), Answers::default(), Session::new(LessonOnly));
    let mut drawn = figure("projection").unwrap();
    let chosen = |drawn: &dyn PageFigure, answers: &mut Answers| loop {
        let page = Page::new(&selection, answers);
        let view = drawn.view(&page);
        let wanted: Vec<Request> = page.into_wanted();
        if let Ok(view) = view {
            return view.scene.texts().join(" ");
        }
        for request in wanted {
            let answer: Result<Response, _> = session.start(request.clone()).finish();
            answers.insert(&request, answer);
        }
    };
    chosen(&*drawn, &mut answers);
    let w = Target::Items { columns: 16, rows: 32 };
    let page = Page::new(&selection, &answers);
    drawn.hear(&Event::Chosen(w, PLACE).at_its_place(), &page);
    let by_pointer = chosen(&*drawn, &mut answers);
    let page = Page::new(&selection, &answers);
    let product = Open::Own { figure: "projection".into(), mark: "term-22".into() };
    for again in [Event::Chosen(w, PLACE).at_its_place(), Event::Chosen(w, NOWHERE)] {
        assert_eq!(drawn.hear(&again, &page), [Change::Open(product.clone())], "what is chosen already opens");
    }
    assert_eq!(by_pointer, chosen(&*drawn, &mut answers));
    let mut by_arrows = figure("projection").unwrap();
    chosen(&*by_arrows, &mut answers);
    let page = Page::new(&selection, &answers);
    // The first key goes to the first column and row.
    (0..5).for_each(|_| drop(by_arrows.hear(&Event::Nudged(w, 1, 0), &page)));
    (0..22).for_each(|_| drop(by_arrows.hear(&Event::Nudged(w, 0, 1), &page)));
    assert_eq!(by_pointer, chosen(&*by_arrows, &mut answers));
    let untouched = chosen(&*figure("projection").unwrap(), &mut answers);
    assert_ne!(by_pointer, untouched);
}

/// What a figure asks, with nothing answered yet.
fn asks(drawn: &dyn PageFigure, page: Page<'_>) -> Vec<String> {
    drop(drawn.view(&page));
    page.into_wanted().iter().filter_map(|request| request.model().map(str::to_owned)).collect()
}

#[test]
fn a_figure_of_all_layers_asks_the_readers_model_or_the_one_chosen_in_it() {
    let answers = Answers::default();
    for name in ["head-grid", "journey", "cut-edge"] {
        let of = |model: &str, real: Option<&'static str>, set: &str| {
            let selection = Selection { model: model.into(), ..Default::default() };
            let mut drawn = figure(name).unwrap();
            let page = || {
                let mut page = Page::new(&selection, &answers);
                page.real = real;
                page
            };
            drawn.hear(&Event::Set("model".into(), set.into()), &page());
            let asked = asks(&*drawn, page());
            assert!(!asked.is_empty() && asked.iter().all(|id| *id == asked[0]), "{name}: {asked:?}");
            asked[0].clone()
        };
        let real = Some("a.gguf");
        assert_eq!(of("lesson", None, ""), "lesson", "{name}");
        assert_eq!(of("lesson", real, ""), "a.gguf", "{name}: many layers, as long as nothing was chosen");
        assert_eq!(of("lesson", real, "lesson"), "lesson", "{name}");
        assert_eq!(of("trained", real, ""), "trained", "{name}: what the reader trained");
        assert_eq!(of("trained", real, "a.gguf"), "a.gguf", "{name}");
    }
}
