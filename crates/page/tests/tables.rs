//! Every figure of the page has a table of what it draws, on the lesson model and the page's first sentence.

use attnscope_figures::{Cell, Table};
use attnscope_page::{Answers, Event, Missing, Page, PageFigure, Paper, Selection, figure};
use attnscope_protocol::{Event as Step, LessonOnly, Request, Response, Session};

const FIGURES: [&str; 19] = [
    "tokens",
    "next-tokens",
    "embeddings",
    "two-answers",
    "dot-product",
    "root-d",
    "projection",
    "components",
    "softmax",
    "weighted-sum",
    "attention-steps",
    "matrix",
    "head-grid",
    "journey",
    "cut-edge",
    "training",
    "cost",
    "running-softmax",
    "arcs",
];

/// The page as it begins, with what has been answered.
struct Example {
    selection: Selection,
    session: Session<LessonOnly>,
    answers: Answers,
}

impl Example {
    fn new() -> Self {
        Self { selection: Selection::default(), session: Session::new(LessonOnly), answers: Answers::default() }
    }

    fn page(&self) -> Page<'_> {
        Page::new(&self.selection, &self.answers)
    }

    /// The table of a figure whose drawing has all it needs.
    fn table(&mut self, figure: &dyn PageFigure) -> Table {
        loop {
            let page = self.page();
            match figure.view(&page, Paper { width: 688.0, dark: false }) {
                Ok(_) => break,
                Err(Missing::Waiting) => {}
                Err(missing) => panic!("{missing:?}"),
            }
            let wanted = page.into_wanted();
            assert!(!wanted.is_empty(), "it waits for something that it did not ask for");
            for request in wanted {
                self.answers.insert(&request, Ok(answer(&self.session, &request)));
            }
        }
        figure.table(&self.page()).expect("a table needs nothing that the drawing does not")
    }
}

fn answer(session: &Session<LessonOnly>, request: &Request) -> Response {
    let mut job = session.start(request.clone());
    loop {
        match job.step() {
            Some(Step::Done(response)) => return response,
            Some(Step::Progress(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_figure_has_a_table() {
    let mut example = Example::new();
    for name in FIGURES {
        let table = example.table(&*figure(name).unwrap());
        assert!(!table.columns.is_empty(), "{name}");
        assert_eq!(table.rows.is_empty(), name == "cost", "{name}: only what is measured here begins empty");
        assert!(table.rows.iter().all(|row| row.len() <= table.columns.len()), "{name}");
    }
}

#[test]
fn a_table_holds_the_runs_own_numbers() {
    let mut example = Example::new();
    let tables = ["matrix", "arcs", "head-grid"].map(|name| example.table(&*figure(name).unwrap()));
    let page = example.page();
    let weights = page.run().unwrap().trace.layer(0, "attn.pattern").unwrap().row(&[0, 2]).unwrap();
    for (table, first) in tables.iter().zip([1, 1, 3]) {
        assert_eq!(table.columns[first - 1..].join(" "), "query the hot dog was");
        assert_eq!(table.rows[2][first - 1], "dog".into());
        assert_eq!(table.rows[2][first..first + 3], [weights[0], weights[1], weights[2]].map(Cell::Number));
        assert_eq!(table.rows[2][first + 3], Cell::Empty);
    }
}

#[test]
fn what_the_reader_sets_is_in_the_table() {
    let mut example = Example::new();
    let mut softmax = figure("softmax").unwrap();
    assert_eq!(example.table(&*softmax).columns.len(), 5);
    softmax.hear(&Event::Set("temperature".into(), "2".into()), &example.page());
    assert_eq!(example.table(&*softmax).columns.len(), 7, "the model's own numbers beside the reader's");

    let mut steps = figure("attention-steps").unwrap();
    let weights = |table: Table| table.rows.into_iter().find(|row| row[0] == "weights of the".into()).unwrap();
    assert_eq!(weights(example.table(&*steps))[2], Cell::Empty);
    steps.hear(&Event::Set("mask".into(), "off".into()), &example.page());
    assert!(matches!(weights(example.table(&*steps))[2], Cell::Number(_)));

    let mut running = figure("running-softmax").unwrap();
    assert_eq!(example.table(&*running).rows.len(), 1);
    running.hear(&Event::Set("step".into(), "2".into()), &example.page());
    assert_eq!(example.table(&*running).rows.last().unwrap()[0], "z of dog".into());
}
