//! How models and figures are asked for what the prose claims.

use crate::models::smollm2;
use attnscope::analysis::softmax;
use attnscope::{Capture, Intervention, Model, Trace};
use attnscope_figures::{Cell, Table};
use attnscope_page::{Driver, PageFigure, Selection, figure};
use attnscope_protocol::{Failure, LessonOnly, ModelCard, Source};

/// The real model of the story.
pub const REAL: &str = "smollm2-135m";

/// It, as a source for figures.
pub struct Real;

impl Source for Real {
    fn cards(&self) -> Vec<ModelCard> {
        vec![ModelCard { id: REAL.into(), bytes: 0, gguf: true, info: None }]
    }

    fn open(&self, _: &str) -> Result<Model, Failure> {
        Ok(Model::open(smollm2()).unwrap())
    }
}

/// The page with this text and the lesson model, at this word.
pub fn lesson_page(text: &str, q_idx: usize) -> Driver<LessonOnly> {
    Driver::new(Selection { text: text.into(), q_idx: Some(q_idx), ..Selection::default() }, LessonOnly)
}

/// The page with its first text and the real model.
pub fn real_page() -> Driver<Real> {
    let mut driver = Driver::new(Selection::default().with_model(REAL), Real);
    driver.real = Some(REAL.into());
    driver
}

/// The table of a figure as it is at first.
pub fn table(driver: &Driver<impl Source>, name: &str) -> Table {
    table_of(driver, &*figure(name).unwrap())
}

/// The table of a figure.
pub fn table_of(driver: &Driver<impl Source>, figure: &dyn PageFigure) -> Table {
    driver.with_page(|page| figure.table(page)).unwrap()
}

/// A cell's number; NaN, which is equal to nothing, if it holds none.
pub fn value(cell: &Cell) -> f32 {
    match cell {
        Cell::Number(x) => *x,
        Cell::Count(n) => *n as f32,
        _ => f32::NAN,
    }
}

/// The number of a row, named by its first cell, in this column.
#[track_caller]
pub fn at(table: &Table, row: &str, column: &str) -> f32 {
    let column = table.columns.iter().position(|name| name == column).unwrap_or_else(|| panic!("{:?}", table.columns));
    let row = table.rows.iter().find(|cells| cells[0] == row.into()).unwrap_or_else(|| panic!("no row {row:?}"));
    value(&row[column])
}

/// The words of a table's first column, largest number of this column first.
pub fn ordered(table: &Table, column: usize) -> Vec<String> {
    let mut rows: Vec<_> = table.rows.iter().filter(|row| matches!(row.get(column), Some(Cell::Number(_)))).collect();
    rows.sort_by(|a, b| value(&b[column]).total_cmp(&value(&a[column])));
    rows.into_iter().map(|row| row[0].to_string()).collect()
}

/// The words of the figure “in context”, the nearest to *dog* first, each with its kind; in this reading at this depth.
pub fn nearest_in_context(table: &Table, reading: &str, depth: usize) -> Vec<(String, String)> {
    let mut rows: Vec<_> = table.rows.iter().filter(|row| row[0] == reading.into()).collect();
    rows.sort_by(|a, b| value(&b[3 + depth]).total_cmp(&value(&a[3 + depth])));
    assert_eq!(rows.len(), 10);
    rows.into_iter().map(|row| (row[1].to_string(), row[2].to_string())).collect()
}

/// The paths of *dog* in the figure “journey”: in *the hot dog was*, with its edge cut, and in *the dog was*.
pub fn paths(table: &Table) -> [Vec<f32>; 3] {
    let path = |reading: &str| {
        let row = table.rows.iter().find(|row| row[1] == reading.into()).unwrap_or_else(|| panic!("{reading}"));
        row[3..].iter().map(value).collect()
    };
    ["the hot dog was", "its edge to the word before cut", "the dog was"].map(path)
}

/// Reads a text, with edges cut.
pub fn read(model: &Model, text: &str, capture: &str, cuts: &[&str]) -> Trace {
    let cuts: Vec<_> = cuts.iter().map(|cut| Intervention::cut(cut).unwrap()).collect();
    model.run(&model.encode(text).unwrap(), &capture.parse::<Capture>().unwrap(), &cuts).unwrap()
}

/// The likeliest next words.
pub fn next(model: &Model, text: &str, cuts: &[&str], n: usize) -> Vec<String> {
    let words = model.next_tokens(&read(model, text, "", cuts), n);
    words.into_iter().map(|next| next.text.trim().to_owned()).collect()
}

/// The probability of each of two next words.
pub fn both(model: &Model, text: &str, cuts: &[&str], words: [&str; 2]) -> [f32; 2] {
    let all = softmax(&read(model, text, "", cuts).last_logits);
    words.map(|word| {
        let [id] = model.encode(&format!(" {word}")).unwrap()[..] else { panic!("{word} is no single token") };
        all[id as usize]
    })
}

/// How much a query gives a key in a head.
pub fn weight(trace: &Trace, (layer, head): (usize, usize), q_idx: usize, k_idx: usize) -> f32 {
    trace.pattern(layer, head).unwrap().data()[q_idx * trace.tokens.len() + k_idx]
}
