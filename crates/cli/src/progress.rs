//! What a pull reports, on stderr: its messages as lines, its bytes as a progress bar if that is a terminal.

use crate::failure::note;
use attnscope_hub::Event;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::RefCell;
use std::io::{IsTerminal, stderr};

/// Shows the reports of one pull.
#[derive(Debug, Default)]
pub struct Progress {
    bar: RefCell<Option<ProgressBar>>,
}

impl Progress {
    /// Shows a report.
    pub fn show(&self, event: Event<'_>) {
        match event {
            Event::Note(message) => note(message),
            Event::Begin { label, total } => drop(self.bar.replace(Some(bar(total, label)))),
            Event::Bytes(bytes) => self.bar.borrow().iter().for_each(|bar| bar.inc(bytes)),
            Event::End => self.bar.take().iter().for_each(ProgressBar::finish_and_clear),
            _ => {}
        }
    }
}

/// A bar for `total` bytes. It is drawn only on a terminal, so that logs stay readable.
fn bar(total: u64, label: &str) -> ProgressBar {
    let target = if stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(total), target);
    let template = "{msg} [{wide_bar:.cyan}] {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    let style = ProgressStyle::with_template(template).expect("the template is a constant");
    bar.set_style(style.progress_chars("━╸ "));
    bar.set_message(label.to_owned());
    bar
}
