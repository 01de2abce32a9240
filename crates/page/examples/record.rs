//! Trains the lesson model in the figure of chapter 11, as a reader does, and prints the figure's table: what `cargo xtask
//! lesson` keeps as `src/figure/training.csv`.

use attnscope_page::{Driver, Event, Selection, figure};
use attnscope_protocol::LessonOnly;

fn main() {
    let mut driver = Driver::new(Selection::default(), LessonOnly);
    let mut training = figure("training").expect("a figure of the registry");
    if let Some(failure) = driver.tell(&mut *training, &Event::Set("train".into(), String::new())) {
        eprintln!("{failure}");
        std::process::exit(1);
    }
    match driver.with_page(|page| training.table(page)) {
        Ok(table) => print!("{}", table.to_csv()),
        Err(failure) => eprintln!("{failure}"),
    }
}
