//! Chapter 8: all of attention at once, one step after another.

use super::choose::{chosen, head_picker, picked, position};
use super::projection::too_long;
use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, Missing, Page, Purpose};
use attnscope::Site;
use attnscope::analysis::explain::Explanation;
use attnscope_figures::figure::attention_steps::{Data, MAX_TOKENS, State, moment, render, step_of, timeline};
use attnscope_figures::{Table, Target};
use attnscope_words::words;

/// The arrays that it shows.
const NEEDS: &str = "attn_in,q,k,v,z,pattern";

/// The figure, with the step that it shows.
pub struct AttentionSteps {
    step: Option<usize>,
    masked: bool,
}

impl Default for AttentionSteps {
    fn default() -> Self {
        Self { step: None, masked: true }
    }
}

impl PageFigure for AttentionSteps {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let (data, (trace, chosen)) = (data(page)?, chosen(page, NEEDS)?);
        let row = position(page, &trace.tokens);
        let at = |step| {
            let q_idx = Some(page.hovered.unwrap_or(row));
            render(&data, &State { canvas: page.paper.canvas(), q_idx, ..self.state(step) }, page.paper.theme())
        };
        let steps = timeline(&data, row.min(MAX_TOKENS - 1), self.masked);
        let scene = match self.step {
            Some(step) => steps.ahead(at(Some(step)), at(Some(step + 1)), step),
            None => at(None),
        };
        let controls = self.controls(trace.model.causal, head_picker(&chosen, &trace.model));
        Ok(View::of(scene).with(controls).plays(steps))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(data(page)?.table(&State { masked: self.masked, ..State::default() }))
    }

    fn explain(&self, mark: &str, page: &Page<'_>) -> Option<Explanation> {
        data(page).ok()?.explain(&self.state(self.step), mark)
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(id, value) if id == "mask" => self.masked = value == "on",
            Event::Set(id, value) => return picked(page, id, value),
            _ => return usual(event, page),
        }
        Vec::new()
    }

    fn at_step(&mut self, step: Option<usize>) {
        self.step = step;
    }

    fn step_of(&self, target: Target, _: &Page<'_>) -> Option<usize> {
        if let Target::Item { index } = target { Some(step_of(index)) } else { None }
    }
}

fn data(page: &Page<'_>) -> Result<Data, Missing> {
    if page.purpose == Purpose::File && page.selection.q_idx.is_some_and(|q_idx| q_idx >= MAX_TOKENS) {
        return Err(Missing::Nothing(words!("of a text its first {MAX_TOKENS} tokens are drawn: choose one of them")));
    }
    let (trace, chosen) = chosen(page, NEEDS)?;
    let x = trace.layer(chosen.layer, Site::AttnIn).ok_or_else(|| too_long(words!("every layer's input")))?;
    let x = x.data().chunks_exact(trace.model.d_model.max(1)).map(<[f32]>::to_vec).collect();
    Ok(Data::from_trace(trace, chosen.layer, chosen.head, x)?)
}

impl AttentionSteps {
    fn state(&self, step: Option<usize>) -> State {
        let (step, alone, named) = moment(step);
        State { step, alone, named, masked: self.masked, ..State::default() }
    }

    fn controls(&self, causal: bool, mut picker: Vec<Control>) -> Vec<Control> {
        if causal {
            let options = [("on", words!("mask")), ("off", words!("no mask"))].map(|(v, name)| (v.into(), name.into()));
            let value = if self.masked { "on" } else { "off" }.into();
            picker.insert(
                0,
                Control::Switch { id: "mask", label: words!("later words").into(), options: options.into(), value },
            );
        }
        picker
    }
}
