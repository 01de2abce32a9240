//! Chapter 4: why scores are divided by √d, sampled.

use super::player::Player;
use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, Missing, Page};
use attnscope::analysis::explain::Explanation;
use attnscope::analysis::random_dots;
use attnscope_figures::Table;
use attnscope_figures::figure::root_d::{Data, State, render, spread};
use attnscope_figures::number::fixed;
use attnscope_words::words;

/// Pairs of vectors in a sample.
const PAIRS: usize = 2000;

/// The figure: vectors of 2ˢ components.
pub struct RootD {
    player: Player,
    seed: u64,
}

impl Default for RootD {
    fn default() -> Self {
        Self { player: Player::END, seed: 1 }
    }
}

impl PageFigure for RootD {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let data = self.data();
        let slider = Control::Slider {
            id: "d",
            label: words!("components d").into(),
            min: 1.0,
            max: LAST as f32,
            step: 1.0,
            value: self.power() as f32,
            shown: data.d.to_string(),
        };
        let again = Control::Button { id: "again", label: words!("other random vectors").into(), disabled: false };
        let scene = render(&data, &State { canvas: page.paper.canvas() }, page.paper.theme());
        let [raw, scaled] = [&data.dots, &data.scaled()].map(|dots| spread(dots).unwrap_or(0.0));
        let text = words!(
            "With {} numbers a list, sums of random products spread by {}. Divided by √{}, they spread by {}.",
            data.d,
            fixed(raw, 1),
            data.d,
            fixed(scaled, 2)
        );
        let play = self.player.button(LAST as usize - 1);
        Ok(View { controls: vec![play, slider, again, Control::Said { id: "said", text }], scene })
    }

    fn table(&self, _: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data().table())
    }

    fn explain(&self, mark: &str, _: &Page<'_>) -> Option<Explanation> {
        self.data().explain(mark)
    }

    fn plays(&self) -> Option<u32> {
        self.player.plays(1400)
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(id, value) if id == "d" => {
                let power = value.parse().map_or(self.power(), |p: f32| p.clamp(1.0, LAST as f32) as u32);
                self.player = Player::at(power as usize - 1);
            }
            Event::Set(id, _) if id == "again" => self.seed += 1,
            _ if self.player.hear(event, LAST as usize - 1) => {}
            _ => return usual(event, page),
        }
        Vec::new()
    }
}

/// Vectors have 2⁹ components at most.
const LAST: u32 = 9;

impl RootD {
    /// Of the step that is shown; at rest 6, for 64 components.
    fn power(&self) -> u32 {
        self.player.shown(LAST as usize - 1).map_or(6, |step| step as u32 + 1)
    }

    fn data(&self) -> Data {
        let d = 1 << self.power();
        Data { d, dots: random_dots(d, PAIRS, self.seed), seed: self.seed }
    }
}
