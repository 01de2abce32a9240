//! Chapter 12: a row of attention, tile by tile.

use super::choose::{head_picker, picked, position, token_picker};
use super::projection::too_long;
use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, Missing, Page, Paper};
use attnscope_figures::figure::running_softmax::{Data, State, render};

/// Keys a tile; the kernel takes 128.
const TILE: usize = 2;
/// Milliseconds that a step is looked at while it plays.
const PAUSE: u32 = 1600;

/// The figure, with the step that it shows.
#[derive(Default)]
pub struct RunningSoftmax {
    step: usize,
    playing: bool,
    /// Steps of what was drawn last.
    steps: std::cell::Cell<usize>,
}

impl PageFigure for RunningSoftmax {
    fn view(&self, page: &Page<'_>, paper: Paper) -> Result<View, Missing> {
        let trace = &page.run()?.trace;
        let (chosen, at) = (page.selection.within(&trace.model), position(page, trace));
        let data = Data::from_trace(trace, chosen.layer, chosen.head, at, TILE).map_err(|_| too_long("q, k and v"))?;
        self.steps.set(data.states.len());
        let step = self.step.min(data.states.len());
        let play = if self.playing { "pause" } else { "play" };
        let mut controls = vec![
            Control::Button { id: "play", label: play.into(), disabled: data.states.is_empty() },
            Control::Slider {
                id: "step",
                label: "tile".into(),
                min: 0.0,
                max: data.states.len() as f32,
                step: 1.0,
                value: step as f32,
                shown: match step {
                    0 => "none read".into(),
                    all if all == data.states.len() => "all read".into(),
                    tile => tile.to_string(),
                },
            },
        ];
        controls.extend(token_picker("word", "word", &trace.tokens, at));
        controls.extend(head_picker(&chosen, &trace.model));
        Ok(View { controls, scene: render(&data, &State { canvas: paper.canvas(), step }, paper.theme()) })
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        let last = self.steps.get();
        match event {
            Event::Set(id, _) if id == "play" => {
                self.playing = !self.playing;
                if self.playing && self.step >= last {
                    self.step = 0;
                }
            }
            Event::Set(id, value) if id == "step" => {
                (self.step, self.playing) = (value.parse().unwrap_or(self.step), false);
            }
            Event::Set(id, value) => return picked(page, id, value),
            Event::Tick if self.playing => {
                self.step = (self.step + 1).min(last);
                self.playing = self.step < last;
            }
            _ => return usual(event, page),
        }
        Vec::new()
    }

    fn plays(&self) -> Option<u32> {
        self.playing.then_some(PAUSE)
    }
}
