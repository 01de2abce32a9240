//! Chapter 4: why scores are divided by √d, sampled.

use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, Missing, Page};
use attnscope::analysis::explain::Explanation;
use attnscope::analysis::random_dots;
use attnscope_figures::Table;
use attnscope_figures::figure::root_d::{Data, State, render, spread};
use attnscope_figures::number::fixed;

/// Pairs of vectors in a sample.
const PAIRS: usize = 2000;

/// The figure: vectors of 2ˢ components.
pub struct RootD {
    power: u32,
    playing: bool,
    begun: bool,
    seed: u64,
}

impl Default for RootD {
    fn default() -> Self {
        Self { power: 6, playing: false, begun: false, seed: 1 }
    }
}

impl PageFigure for RootD {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let data = self.data();
        let slider = Control::Slider {
            id: "d",
            label: "components d".into(),
            min: 1.0,
            max: LAST as f32,
            step: 1.0,
            value: self.power as f32,
            shown: data.d.to_string(),
        };
        let again = Control::Button { id: "again", label: "other random vectors".into(), disabled: false };
        let scene = render(&data, &State { canvas: page.paper.canvas() }, page.paper.theme());
        let play = if self.playing { "pause" } else { "play" };
        let play = Control::Button { id: "play", label: play.into(), disabled: false };
        let [raw, scaled] = [&data.dots, &data.scaled()].map(|dots| spread(dots).unwrap_or(0.0));
        let text = format!(
            "With {} numbers a list, sums of random products spread by {}. Divided by √{}, they spread by {}.",
            data.d,
            fixed(raw, 1),
            data.d,
            fixed(scaled, 2)
        );
        Ok(View { controls: vec![play, slider, again, Control::Said { id: "said", text }], scene })
    }

    fn table(&self, _: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data().table())
    }

    fn explain(&self, mark: &str, _: &Page<'_>) -> Option<Explanation> {
        self.data().explain(mark)
    }

    fn plays(&self) -> Option<u32> {
        self.playing.then_some(1400)
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(id, value) if id == "d" => {
                self.power = value.parse().map_or(self.power, |p: f32| p.clamp(1.0, LAST as f32) as u32);
                self.playing = false;
            }
            Event::Set(id, _) if id == "again" => self.seed += 1,
            Event::Set(id, _) if id == "play" => {
                self.playing = !self.playing;
                self.power = if self.playing && self.power == LAST { 1 } else { self.power };
            }
            Event::Seen if !self.begun => (self.power, self.playing, self.begun) = (1, true, true),
            Event::Tick if self.playing => {
                self.power = (self.power + 1).min(LAST);
                self.playing = self.power < LAST;
            }
            _ => return usual(event, page),
        }
        Vec::new()
    }
}

/// Vectors have 2⁹ components at most.
const LAST: u32 = 9;

impl RootD {
    fn data(&self) -> Data {
        let d = 1 << self.power;
        Data { d, dots: random_dots(d, PAIRS, self.seed), seed: self.seed }
    }
}
