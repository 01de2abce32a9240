//! Chapter 8: all of attention at once, one step after another.

use super::choose::{chosen, head_picker, picked, position};
use super::player::Player;
use super::projection::too_long;
use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, Missing, Page, Purpose};
use attnscope::Site;
use attnscope::analysis::explain::Explanation;
use attnscope_figures::Table;
use attnscope_figures::figure::attention_steps::{Data, MAX_TOKENS, SAID, STEPS, State, render};
use attnscope_words::words;

/// Milliseconds for which a step is shown while it plays.
const PAUSE: u32 = 2800;
const LAST: usize = STEPS.len() - 1;

/// The arrays that it shows.
const NEEDS: &str = "attn_in,q,k,v,z,pattern";

/// The figure, with the step that it shows.
pub struct AttentionSteps {
    player: Player,
    masked: bool,
}

impl Default for AttentionSteps {
    fn default() -> Self {
        Self { player: Player::END, masked: true }
    }
}

impl PageFigure for AttentionSteps {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let (data, (trace, chosen)) = (data(page)?, chosen(page, NEEDS)?);
        let q_idx = Some(page.hovered.unwrap_or_else(|| position(page, &trace.tokens)));
        let state = State { canvas: page.paper.canvas(), step: self.player.step(LAST), q_idx, masked: self.masked };
        Ok(View {
            controls: self.controls(trace.model.causal, head_picker(&chosen, &trace.model)),
            scene: render(&data, &state, page.paper.theme()),
        })
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(data(page)?.table(&State { masked: self.masked, ..Default::default() }))
    }

    fn explain(&self, mark: &str, page: &Page<'_>) -> Option<Explanation> {
        let state = State { step: self.player.step(LAST), masked: self.masked, ..Default::default() };
        data(page).ok()?.explain(&state, mark)
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            _ if self.player.hear(event, LAST) => {}
            Event::Set(id, value) if id == "mask" => self.masked = value == "on",
            Event::Set(id, value) => return picked(page, id, value),
            _ => return usual(event, page),
        }
        Vec::new()
    }

    fn plays(&self) -> Option<u32> {
        self.player.plays(PAUSE)
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
    fn controls(&self, causal: bool, picker: Vec<Control>) -> Vec<Control> {
        let mut controls =
            self.player.controls(words!("step"), LAST, attnscope_words::text(STEPS[self.player.step(LAST)]).into());
        if causal {
            let options = [("on", words!("mask")), ("off", words!("no mask"))].map(|(v, name)| (v.into(), name.into()));
            let value = if self.masked { "on" } else { "off" }.into();
            controls.push(Control::Switch {
                id: "mask",
                label: words!("later words").into(),
                options: options.into(),
                value,
            });
        }
        controls.extend(picker);
        controls.push(Control::Said { id: "said", text: attnscope_words::text(SAID[self.player.step(LAST)]).into() });
        controls
    }
}
