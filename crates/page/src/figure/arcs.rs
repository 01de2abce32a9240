//! Chapter 13: the reader's sentence, with an arc for every attention edge.

use super::choose::{chosen, head_picker, picked};
use super::matrix::{NEEDS, data};
use super::{PageFigure, View, usual};
use crate::{Change, Event, Missing, Page};
use attnscope_figures::Table;
use attnscope_figures::figure::arcs::{State, render};

/// The figure.
#[derive(Default)]
pub struct Arcs;

impl PageFigure for Arcs {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let (data, (trace, chosen)) = (data(page)?, chosen(page, NEEDS)?);
        let q_idx = page.hovered.or(chosen.q_idx).map(|q_idx| q_idx.min(trace.tokens.len().saturating_sub(1)));
        let state = State { canvas: page.paper.canvas(), q_idx, ..Default::default() };
        Ok(View::of(render(&data, &state, page.paper.theme())).with(head_picker(&chosen, &trace.model)))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(data(page)?.table())
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(id, value) => picked(page, id, value),
            _ => usual(event, page),
        }
    }
}
