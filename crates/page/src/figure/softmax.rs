//! Chapter 6: from scores to weights, with scores and temperature that the reader can set.

use super::choose::{chosen, head_picker, picked, position, token_picker};
use super::projection::too_long;
use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, Missing, Page, Selection};
use attnscope::analysis::explain::Explanation;
use attnscope_figures::figure::softmax::{Data, State, render, score_at, temperature, timeline};
use attnscope_figures::{Table, Target};
use attnscope_words::words;

/// The arrays that it shows.
const NEEDS: &str = "q,k,pattern";

/// The figure, with what the reader changed.
pub struct Softmax {
    temperature: f32,
    step: Option<usize>,
    edited: Vec<Option<f32>>,
    /// What the edits belong to: they do not outlive their sentence and row.
    of: Option<Selection>,
}

impl Default for Softmax {
    fn default() -> Self {
        Self { temperature: 1.0, step: None, edited: Vec::new(), of: Default::default() }
    }
}

impl PageFigure for Softmax {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let ((data, state), (trace, chosen)) = (self.data(page)?, chosen(page, NEEDS)?);
        let mut controls: Vec<_> =
            token_picker("word", words!("word"), &trace.tokens, position(page, &trace.tokens)).into_iter().collect();
        controls.extend(head_picker(&chosen, &trace.model));
        controls.push(Control::Slider {
            id: "temperature",
            label: words!("temperature").into(),
            min: 0.1,
            max: 20.0,
            step: 0.1,
            value: state.temperature,
            shown: format!("{:.1}", state.temperature),
        });
        let touched = self.temperature != 1.0 || state.edited.iter().any(Option::is_some);
        controls.push(Control::Button { id: "reset", label: words!("as in the model").into(), disabled: !touched });
        Ok(View::of(render(&data, &state, page.paper.theme())).with(controls).plays(timeline(&data, &state)))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        let (data, state) = self.data(page)?;
        Ok(data.table(&state))
    }

    fn explain(&self, mark: &str, page: &Page<'_>) -> Option<Explanation> {
        let (data, state) = self.data(page).ok()?;
        data.explain(&state, mark)
    }

    fn at_step(&mut self, step: Option<usize>) {
        self.step = step;
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(id, value) if id == "temperature" => {
                self.temperature = value.parse().map_or(1.0, |t: f32| t.clamp(0.1, 20.0));
            }
            Event::Set(id, _) if id == "reset" => (self.temperature, self.edited) = (1.0, Vec::new()),
            Event::Set(id, value) => return picked(page, id, value),
            Event::Dragged(Target::Handle { index }, place) => {
                if let Ok((data, state)) = self.data(page) {
                    self.edit(page, *index, score_at(&data, &state, place.x));
                }
            }
            Event::Nudged(Target::Handle { index }, right, down) => {
                if let Ok((data, state)) = self.data(page) {
                    let own = data.dots.get(*index).map_or(0.0, |dot| data.of_dot(*index, *dot));
                    let now = state.edited.get(*index).copied().flatten().unwrap_or(own);
                    self.edit(page, *index, ((now + 0.1 * (right - down) as f32) * 100.0).round() / 100.0);
                }
            }
            _ => return usual(event, page),
        }
        Vec::new()
    }
}

impl Softmax {
    fn data(&self, page: &Page<'_>) -> Result<(Data, State), Missing> {
        let (trace, chosen) = chosen(page, NEEDS)?;
        let data = Data::from_trace(trace, chosen.layer, chosen.head, position(page, &trace.tokens));
        let edited = if self.of.as_ref() == Some(&of(page)) { self.edited.clone() } else { Vec::new() };
        let temperature = self.step.and_then(temperature).unwrap_or(self.temperature);
        let state = State { canvas: page.paper.canvas(), temperature, edited, k_idx: page.selection.k_idx };
        Ok((data.map_err(|_| too_long(words!("q and k")))?, state))
    }

    fn edit(&mut self, page: &Page<'_>, k_idx: usize, score: f32) {
        let of = of(page);
        if self.of.as_ref() != Some(&of) {
            (self.of, self.edited) = (Some(of), Vec::new());
        }
        if self.edited.len() <= k_idx {
            self.edited.resize(k_idx + 1, None);
        }
        self.edited[k_idx] = Some(score);
    }
}

/// Which row of which run the figure shows: all that is chosen, but for what is open and marked.
fn of(page: &Page<'_>) -> Selection {
    // The row that is drawn: a query beyond the text, or none, is the last one, and may be chosen as such.
    let q_idx = page.run().ok().map(|run| position(page, &run.trace.tokens)).or(page.selection.q_idx);
    Selection { open: None, k_idx: None, against: None, q_idx, ..page.selection.clone() }
}
