//! Chapter 5: why a word attends to certain words: its query against every key.

use super::choose::{chosen, head_picker, picked, position, token_picker};
use super::projection::too_long;
use super::{PageFigure, View, usual};
use crate::{Change, Event, Missing, Page};
use attnscope::Site;
use attnscope_figures::figure::components::{Data, State, render, timeline};
use attnscope_figures::{Table, Target};
use attnscope_words::words;

/// The arrays that it shows.
const NEEDS: &str = "q,k,pattern";

/// The figure, with the component that is marked.
#[derive(Default)]
pub struct Components {
    component: Option<usize>,
    k_idx: Option<usize>,
}

impl PageFigure for Components {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let (data, (trace, chosen)) = (data(page)?, chosen(page, NEEDS)?);
        let state = State {
            canvas: page.paper.canvas(),
            component: self.component,
            k_idx: self.k_idx.or(page.selection.k_idx),
        };
        let mut controls: Vec<_> =
            token_picker("word", words!("word"), &trace.tokens, position(page, &trace.tokens)).into_iter().collect();
        controls.extend(head_picker(&chosen, &trace.model));
        Ok(View::of(render(&data, &state, page.paper.theme())).with(controls).plays(timeline(&data)))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(data(page)?.table())
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(id, value) => return picked(page, id, value),
            Event::Over(Target::Component { k_idx, component }, _) => {
                (self.component, self.k_idx) = (Some(*component), *k_idx);
            }
            Event::Over(Target::Product { k_idx, component }, _) => {
                (self.component, self.k_idx) = (Some(*component), Some(*k_idx));
            }
            Event::Chosen(Target::Product { k_idx, component }, _) => {
                (self.component, self.k_idx) = (Some(*component), Some(*k_idx));
                return summed(page, *k_idx).into_iter().collect();
            }
            Event::Chosen(Target::Component { k_idx, component }, _) => {
                (self.component, self.k_idx) = (Some(*component), *k_idx);
                return opened(page, *k_idx, *component).into_iter().collect();
            }
            _ => return usual(event, page),
        }
        Vec::new()
    }
}

fn data(page: &Page<'_>) -> Result<Data, Missing> {
    let (trace, chosen) = chosen(page, NEEDS)?;
    Data::from_trace(trace, chosen.layer, chosen.head, position(page, &trace.tokens))
        .map_err(|_| too_long(words!("q and k")))
}

/// The score that a product is a part of.
fn summed(page: &Page<'_>, k_idx: usize) -> Option<Change> {
    let (trace, chosen) = chosen(page, NEEDS).ok()?;
    let (layer, head, q_idx) = (chosen.layer, chosen.head, position(page, &trace.tokens));
    Some(Change::Open(Site::Scores.in_layer(layer, [head, q_idx, k_idx]).into()))
}

/// A component of the query or of a key.
fn opened(page: &Page<'_>, k_idx: Option<usize>, component: usize) -> Option<Change> {
    let (trace, chosen) = chosen(page, NEEDS).ok()?;
    let kv_head = trace.model.kv_head(chosen.head);
    let layer = chosen.layer;
    let number = match k_idx {
        None => Site::Q.in_layer(layer, [chosen.head, position(page, &trace.tokens), component]),
        Some(k_idx) => Site::K.in_layer(layer, [kv_head, k_idx, component]),
    };
    Some(Change::Open(number.into()))
}
