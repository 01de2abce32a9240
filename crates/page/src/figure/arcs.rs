//! Chapter 13: the reader's sentence, with an arc for every look.

use super::choose::{head_picker, picked};
use super::{PageFigure, View, usual};
use crate::{Change, Event, Missing, Page, Paper};
use attnscope_figures::figure::arcs::{State, render};
use attnscope_figures::figure::matrix::Data;

/// The figure.
pub struct Arcs;

impl PageFigure for Arcs {
    fn view(&self, page: &Page<'_>, paper: Paper) -> Result<View, Missing> {
        let trace = &page.run()?.trace;
        let chosen = page.selection.within(&trace.model);
        let data = Data::from_trace(trace, chosen.layer, chosen.head)?;
        let q_idx = page.hovered.or(chosen.q_idx).map(|q_idx| q_idx.min(trace.tokens.len().saturating_sub(1)));
        let state = State { canvas: paper.canvas(), q_idx, ..Default::default() };
        Ok(View { controls: head_picker(&chosen, &trace.model), scene: render(&data, &state, paper.theme()) })
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(id, value) => picked(page, id, value),
            _ => usual(event, page),
        }
    }
}
