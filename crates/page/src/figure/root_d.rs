//! Chapter 4: why scores are divided by √d, sampled.

use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, Missing, Page};
use attnscope::analysis::explain::Explanation;
use attnscope::analysis::random_dots;
use attnscope_figures::Table;
use attnscope_figures::figure::root_d::{Data, State, render};

/// Pairs of vectors in a sample.
const PAIRS: usize = 2000;

/// The figure: vectors of 2ˢ components.
pub struct RootD {
    power: u32,
    seed: u64,
}

impl Default for RootD {
    fn default() -> Self {
        Self { power: 6, seed: 1 }
    }
}

impl PageFigure for RootD {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let data = self.data();
        let slider = Control::Slider {
            id: "d",
            label: "components d".into(),
            min: 1.0,
            max: 9.0,
            step: 1.0,
            value: self.power as f32,
            shown: data.d.to_string(),
        };
        let again = Control::Button { id: "again", label: "other random vectors".into(), disabled: false };
        let scene = render(&data, &State { canvas: page.paper.canvas() }, page.paper.theme());
        Ok(View { controls: vec![slider, again], scene })
    }

    fn table(&self, _: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data().table())
    }

    fn explain(&self, mark: &str, _: &Page<'_>) -> Option<Explanation> {
        self.data().explain(mark)
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(id, value) if id == "d" => {
                self.power = value.parse().map_or(self.power, |p: f32| p.clamp(1.0, 9.0) as u32);
            }
            Event::Set(id, _) if id == "again" => self.seed += 1,
            _ => return usual(event, page),
        }
        Vec::new()
    }
}

impl RootD {
    fn data(&self) -> Data {
        let d = 1 << self.power;
        Data { d, dots: random_dots(d, PAIRS, self.seed), seed: self.seed }
    }
}
