//! Every figure of the page has a table of what it draws, on the lesson model and the page's first sentence.

use attnscope::Site;
use attnscope_figures::{Cell, Table};
use attnscope_page::{Driver, Event, FIGURES, Kind, PageFigure, Selection, figure};
use attnscope_protocol::LessonOnly;

fn driver() -> Driver<LessonOnly> {
    Driver::new(Selection::default(), LessonOnly)
}

/// The table of a figure whose drawing has all it needs.
fn table(driver: &Driver<LessonOnly>, figure: &dyn PageFigure) -> Table {
    let both = driver.with_page(|page| {
        figure.view(page)?;
        Ok(figure.table(page).expect("a table needs nothing that the drawing does not"))
    });
    both.unwrap()
}

#[test]
fn every_figure_has_a_table() {
    let driver = driver();
    for Kind { name, .. } in FIGURES {
        let table = table(&driver, &*figure(name).unwrap());
        assert!(!table.columns.is_empty(), "{name}");
        assert_eq!(table.rows.is_empty(), name == "cost", "{name}: only what is measured here begins empty");
        assert!(table.rows.iter().all(|row| row.len() <= table.columns.len()), "{name}");
    }
}

#[test]
fn a_table_holds_the_runs_own_numbers() {
    let driver = driver();
    let tables = ["matrix", "arcs", "head-grid"].map(|name| table(&driver, &*figure(name).unwrap()));
    let row = |page: &attnscope_page::Page<'_>| {
        Ok(page.run()?.trace.layer(0, Site::Pattern).unwrap().row(&[0, 2]).unwrap().to_vec())
    };
    let weights = driver.with_page(row).unwrap();
    for (table, first) in tables.iter().zip([1, 1, 3]) {
        assert_eq!(table.columns[first - 1..].join(" "), "query the hot dog was");
        assert_eq!(table.rows[2][first - 1], "dog".into());
        assert_eq!(table.rows[2][first..first + 3], [weights[0], weights[1], weights[2]].map(Cell::Number));
        assert_eq!(table.rows[2][first + 3], Cell::Empty);
    }
}

#[test]
fn what_the_reader_sets_is_in_the_table() {
    let mut driver = driver();
    let mut softmax = figure("softmax").unwrap();
    assert_eq!(table(&driver, &*softmax).columns.len(), 5);
    driver.tell(&mut *softmax, &Event::Set("temperature".into(), "2".into()));
    assert_eq!(table(&driver, &*softmax).columns.len(), 7, "the model's own numbers beside the reader's");

    let mut steps = figure("attention-steps").unwrap();
    let weights = |table: Table| table.rows.into_iter().find(|row| row[0] == "weights of the".into()).unwrap();
    assert_eq!(weights(table(&driver, &*steps))[2], Cell::Empty);
    driver.tell(&mut *steps, &Event::Set("mask".into(), "off".into()));
    assert!(matches!(weights(table(&driver, &*steps))[2], Cell::Number(_)));

    let mut running = figure("running-softmax").unwrap();
    driver.set(&mut *running, "step=0").unwrap();
    assert_eq!(table(&driver, &*running).rows.len(), 1);
    driver.set(&mut *running, "step=2").unwrap();
    assert_eq!(table(&driver, &*running).rows.last().unwrap()[0], "z of dog".into());
}
