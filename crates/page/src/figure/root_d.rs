//! Chapter 4: why scores are divided by √d, sampled.

use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, Missing, Page};
use attnscope::analysis::explain::Explanation;
use attnscope::analysis::random_dots;
use attnscope_figures::figure::root_d::{Data, State, render, spread};
use attnscope_figures::number::fixed;
use attnscope_figures::{Table, Timeline};
use attnscope_words::words;

/// Pairs of vectors in a sample.
const PAIRS: usize = 2000;

/// The figure: vectors of 2 components at the first step, twice as many at each further one.
pub struct RootD {
    step: Option<usize>,
    seed: u64,
}

impl Default for RootD {
    fn default() -> Self {
        Self { step: None, seed: 1 }
    }
}

impl PageFigure for RootD {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let data = self.data();
        let again = Control::Button { id: "again", label: words!("other random vectors").into(), disabled: false };
        let scene = render(&data, &State { canvas: page.paper.canvas() }, page.paper.theme());
        let [raw, scaled] = [&data.dots, &data.scaled()].map(|dots| spread(dots).unwrap_or(0.0));
        let said = words!(
            "With {} numbers a list, sums of random products spread by {}. Divided by √{}, they spread by {}.",
            data.d,
            fixed(raw, 1),
            data.d,
            fixed(scaled, 2)
        );
        // Only the sentence of what is shown is known: another would need other random numbers.
        let steps = Timeline::new().set_by("d").counts(words!("components d"), 1).rests_at(REST).every(1400);
        let steps = (1..=LAST).fold(steps, |steps, power| steps.step(said.as_str()).named((1 << power).to_string()));
        Ok(View::of(scene).with(vec![again]).plays(steps))
    }

    fn table(&self, _: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data().table())
    }

    fn explain(&self, mark: &str, _: &Page<'_>) -> Option<Explanation> {
        self.data().explain(mark)
    }

    fn at_step(&mut self, step: Option<usize>) {
        self.step = step;
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(id, _) if id == "again" => self.seed += 1,
            _ => return usual(event, page),
        }
        Vec::new()
    }
}

/// Vectors have 2⁹ components at most.
const LAST: usize = 9;
/// The step at rest, with 64 components.
const REST: usize = 5;

impl RootD {
    fn data(&self) -> Data {
        let d = 2 << self.step.unwrap_or(REST);
        Data { d, dots: random_dots(d, PAIRS, self.seed), seed: self.seed }
    }
}
