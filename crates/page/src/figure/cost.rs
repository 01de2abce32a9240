//! Chapter 12: what attention costs here, measured.

use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, Missing, Open, Page};
use attnscope::analysis::explain::Explanation;
use attnscope_figures::figure::cost::{Data, Point, State, at_item, render};
use attnscope_figures::{Table, Target};
use attnscope_protocol::{Request, Response};
use attnscope_words::words;

/// Lengths that are measured.
const LENGTHS: [usize; 7] = [64, 128, 256, 512, 1024, 2048, 4096];
/// The whole pattern is kept up to this length: beyond it, a phone would run out of memory.
const LONGEST_WHOLE: usize = 2048;
const D_HEAD: usize = 64;

/// The figure, with what has been measured.
#[derive(Default)]
pub struct Cost {
    points: Vec<Point>,
    /// The whole pattern's milliseconds and bytes at the length that is being measured.
    whole: Option<(f32, u64)>,
    running: bool,
    selected: Option<usize>,
    failed: Option<String>,
}

impl PageFigure for Cost {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let state = State { canvas: page.paper.canvas(), lengths: LENGTHS.to_vec(), selected: self.selected };
        let scene = render(&self.data(page), &state, page.paper.theme());
        let label = match (self.running, self.points.is_empty()) {
            (true, _) => words!("stop").into(),
            (false, true) => words!("measure {}", page.host),
            (false, false) => words!("measure again").into(),
        };
        let controls = vec![Control::Button { id: "measure", label, disabled: false }];
        let stopped = self.failed.as_ref().map(|why| words!("It stopped: {why}"));
        Ok(View::of(scene).with(controls).note(stopped.as_deref(), page.paper))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data(page).table())
    }

    fn explain(&self, mark: &str, page: &Page<'_>) -> Option<Explanation> {
        self.data(page).explain(mark)
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(..) if self.running => {
                self.running = false;
                vec![Change::Stop]
            }
            Event::Set(..) => {
                *self = Self { running: true, ..Self::default() };
                vec![self.next()].into_iter().flatten().collect()
            }
            Event::Done(Response::Attended { bytes }, ms) if self.running => self.measured(*bytes, *ms as f32),
            Event::Failed(failure) => {
                (self.running, self.failed) = (false, Some(failure.message.clone()));
                Vec::new()
            }
            Event::Over(Target::Item { index }, _) => {
                self.selected = Some(at_item(*index).0);
                Vec::new()
            }
            Event::Chosen(Target::Item { index }, _) => {
                let (point, mark) = at_item(*index);
                self.selected = Some(point);
                vec![Change::Open(Open::Own { figure: "cost".into(), mark })]
            }
            _ => usual(event, page),
        }
    }
}

impl Cost {
    fn data(&self, page: &Page<'_>) -> Data {
        Data { points: self.points.clone(), host: page.host.into(), d_head: D_HEAD }
    }

    /// What is to be measured next: at each length the whole pattern, then tiles.
    fn next(&self) -> Option<Change> {
        let len = *LENGTHS.get(self.points.len())?;
        let tiled = self.whole.is_some() || len > LONGEST_WHOLE;
        Some(Change::Work(Request::Attend { len, d_head: D_HEAD, tiled }))
    }

    fn measured(&mut self, bytes: u64, ms: f32) -> Vec<Change> {
        let len = LENGTHS[self.points.len().min(LENGTHS.len() - 1)];
        if self.whole.is_none() && len <= LONGEST_WHOLE {
            self.whole = Some((ms, bytes));
        } else {
            let (full_ms, full_bytes) = self.whole.take().unzip();
            self.points.push(Point { len, full_ms, tiled_ms: ms, full_bytes, tiled_bytes: bytes });
        }
        let next = self.next();
        self.running = next.is_some();
        next.into_iter().collect()
    }
}
