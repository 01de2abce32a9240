//! Chapter 12: a row of attention, tile by tile.

use super::choose::{chosen, head_picker, picked, position, token_picker};
use super::projection::too_long;
use super::{PageFigure, View, usual};
use crate::{Change, Event, Missing, Page};
use attnscope::analysis::explain::Explanation;
use attnscope_figures::figure::running_softmax::{Data, State, render};
use attnscope_figures::{Table, Target, Timeline};
use attnscope_words::words;

/// Keys per tile; the kernel uses 128.
const TILE: usize = 2;
/// Milliseconds for which a step is shown while it plays.
const PAUSE: u32 = 1600;

/// The arrays that it shows.
const NEEDS: &str = "q,k,v,pattern,z";

/// The figure, with the step that it shows.
#[derive(Default)]
pub struct RunningSoftmax {
    step: Option<usize>,
}

impl PageFigure for RunningSoftmax {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let (data, (trace, chosen)) = (data(page)?, chosen(page, NEEDS)?);
        let (last, step) = (data.states.len(), self.step(&data));
        let mut controls =
            Vec::from_iter(token_picker("word", words!("word"), &trace.tokens, position(page, &trace.tokens)));
        controls.extend(head_picker(&chosen, &trace.model));
        let steps = (0..=last).fold(Timeline::new().counts(words!("tile"), 0).every(PAUSE), |steps, tile| {
            let name = match tile {
                0 => words!("none read").into(),
                all if all == last => words!("all read").into(),
                tile => tile.to_string(),
            };
            // The drawing itself says what happens.
            steps.step("").named(name)
        });
        let scene = render(&data, &State { canvas: page.paper.canvas(), step }, page.paper.theme());
        Ok(View::of(scene).with(controls).plays(steps))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        let data = data(page)?;
        let step = self.step(&data);
        Ok(data.table(&State { step, ..Default::default() }))
    }

    fn explain(&self, mark: &str, page: &Page<'_>) -> Option<Explanation> {
        let data = data(page).ok()?;
        let step = self.step(&data);
        data.explain(&State { step, ..Default::default() }, mark)
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(id, value) => picked(page, id, value),
            _ => usual(event, page),
        }
    }

    fn at_step(&mut self, step: Option<usize>) {
        self.step = step;
    }

    fn step_of(&self, target: Target, _: &Page<'_>) -> Option<usize> {
        if let Target::Item { index } = target { Some(index) } else { None }
    }
}

impl RunningSoftmax {
    /// How many tiles have been read.
    fn step(&self, data: &Data) -> usize {
        self.step.unwrap_or(usize::MAX).min(data.states.len())
    }
}

fn data(page: &Page<'_>) -> Result<Data, Missing> {
    let (trace, chosen) = chosen(page, NEEDS)?;
    let data = Data::from_trace(trace, chosen.layer, chosen.head, position(page, &trace.tokens), TILE);
    data.map_err(|_| too_long(words!("q, k and v")))
}
