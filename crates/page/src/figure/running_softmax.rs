//! Chapter 12: a row of attention, tile by tile.

use super::choose::{chosen, head_picker, picked, position, token_picker};
use super::player::Player;
use super::projection::too_long;
use super::{PageFigure, View, usual};
use crate::{Change, Event, Missing, Page};
use attnscope::analysis::explain::Explanation;
use attnscope_figures::Table;
use attnscope_figures::figure::running_softmax::{Data, State, render};
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
    player: Player,
}

impl PageFigure for RunningSoftmax {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let (data, (trace, chosen)) = (data(page)?, chosen(page, NEEDS)?);
        let last = data.states.len();
        let step = self.player.step(last);
        let shown = match step {
            0 => words!("none read").into(),
            all if all == last => words!("all read").into(),
            tile => tile.to_string(),
        };
        let mut controls = self.player.controls(words!("tile"), last, shown);
        controls.extend(token_picker("word", words!("word"), &trace.tokens, position(page, &trace.tokens)));
        controls.extend(head_picker(&chosen, &trace.model));
        Ok(View { controls, scene: render(&data, &State { canvas: page.paper.canvas(), step }, page.paper.theme()) })
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        let data = data(page)?;
        let step = self.player.step(data.states.len());
        Ok(data.table(&State { step, ..Default::default() }))
    }

    fn explain(&self, mark: &str, page: &Page<'_>) -> Option<Explanation> {
        let data = data(page).ok()?;
        let step = self.player.step(data.states.len());
        data.explain(&State { step, ..Default::default() }, mark)
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            _ if self.player.hear(event, data(page).map_or(0, |data| data.states.len())) => Vec::new(),
            Event::Set(id, value) => picked(page, id, value),
            _ => usual(event, page),
        }
    }

    fn plays(&self) -> Option<u32> {
        self.player.plays(PAUSE)
    }
}

fn data(page: &Page<'_>) -> Result<Data, Missing> {
    let (trace, chosen) = chosen(page, NEEDS)?;
    let data = Data::from_trace(trace, chosen.layer, chosen.head, position(page, &trace.tokens), TILE);
    data.map_err(|_| too_long(words!("q, k and v")))
}
