//! Chapter 8: all of attention at once, one step after another.

use super::choose::{head_picker, picked, position};
use super::projection::too_long;
use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, Missing, Page, Paper};
use attnscope_figures::Target;
use attnscope_figures::figure::attention_steps::{Data, STEPS, State, render};

/// Milliseconds that a step is looked at while it plays.
const PAUSE: u32 = 1600;

/// The figure, with the step that it shows.
pub struct AttentionSteps {
    step: usize,
    masked: bool,
    playing: bool,
}

impl Default for AttentionSteps {
    fn default() -> Self {
        Self { step: STEPS.len() - 1, masked: true, playing: false }
    }
}

impl PageFigure for AttentionSteps {
    fn view(&self, page: &Page<'_>, paper: Paper) -> Result<View, Missing> {
        let trace = &page.run()?.trace;
        let chosen = page.selection.within(&trace.model);
        let x = trace.layer(chosen.layer, "attn_in").ok_or_else(|| too_long("every layer's input"))?;
        let x = x.data().chunks_exact(trace.model.d_model.max(1)).map(<[f32]>::to_vec).collect();
        let data = Data::from_trace(trace, chosen.layer, chosen.head, x)?;
        let q_idx = Some(page.hovered.unwrap_or_else(|| position(page, trace)));
        let state = State { canvas: paper.canvas(), step: self.step, q_idx, masked: self.masked };
        Ok(View {
            controls: self.controls(trace.model.causal, head_picker(&chosen, &trace.model)),
            scene: render(&data, &state, paper.theme()),
        })
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(id, _) if id == "play" => {
                self.playing = !self.playing;
                if self.playing && self.step + 1 == STEPS.len() {
                    self.step = 0;
                }
            }
            Event::Set(id, value) if id == "step" => {
                self.playing = false;
                self.step = value.parse().map_or(self.step, |step: usize| step.min(STEPS.len() - 1));
            }
            Event::Set(id, value) if id == "mask" => self.masked = value == "on",
            Event::Set(id, value) => return picked(page, id, value),
            Event::Chosen(Target::Item { index }, _) => {
                (self.step, self.playing) = ((*index).min(STEPS.len() - 1), false)
            }
            Event::Tick if self.playing => {
                self.step = (self.step + 1).min(STEPS.len() - 1);
                self.playing = self.step + 1 < STEPS.len();
            }
            _ => return usual(event, page),
        }
        Vec::new()
    }

    fn plays(&self) -> Option<u32> {
        self.playing.then_some(PAUSE)
    }
}

impl AttentionSteps {
    fn controls(&self, causal: bool, picker: Vec<Control>) -> Vec<Control> {
        let play = if self.playing { "pause" } else { "play" };
        let mut controls = vec![
            Control::Button { id: "play", label: play.into(), disabled: false },
            Control::Slider {
                id: "step",
                label: "step".into(),
                min: 0.0,
                max: (STEPS.len() - 1) as f32,
                step: 1.0,
                value: self.step as f32,
                shown: STEPS[self.step].into(),
            },
        ];
        if causal {
            let options = [("on", "mask"), ("off", "no mask")].map(|(v, name)| (v.into(), name.into()));
            let value = if self.masked { "on" } else { "off" }.into();
            controls.push(Control::Switch { id: "mask", label: "later words".into(), options: options.into(), value });
        }
        controls.extend(picker);
        controls
    }
}
