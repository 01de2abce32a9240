//! Chapter 8: one head's weights, as cells or, for a long text, as a picture.

use super::choose::{chosen, head_picker, picked};
use super::{PageFigure, View, select_row, usual};
use crate::{Change, Event, Missing, Page};
use attnscope_figures::Table;
use attnscope_figures::figure::matrix::{Data, State, render};

/// The arrays that it shows.
pub(super) const NEEDS: &str = "pattern";

/// The figure.
#[derive(Default)]
pub struct Matrix;

impl PageFigure for Matrix {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let (data, (trace, chosen)) = (data(page)?, chosen(page, NEEDS)?);
        // If the sentence is too short for the chosen row, its last row is shown.
        let q_idx = page.hovered.or(chosen.q_idx).map(|q_idx| q_idx.min(trace.tokens.len().saturating_sub(1)));
        let state = State { canvas: page.paper.canvas(), q_idx, ..Default::default() };
        Ok(View::of(render(&data, &state, page.paper.theme())).with(head_picker(&chosen, &trace.model)))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(data(page)?.table())
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        let last = page.run().map_or(0, |run| run.trace.tokens.len().saturating_sub(1));
        match event {
            Event::Nudged(target, _, down) if target.is_pattern() => {
                let now = page.selection.q_idx.unwrap_or(0).min(last);
                vec![select_row(page, now.saturating_add_signed(*down as isize).min(last))]
            }
            Event::Set(id, value) => picked(page, id, value),
            _ => usual(event, page),
        }
    }
}

/// The chosen head's pattern.
pub(super) fn data(page: &Page<'_>) -> Result<Data, Missing> {
    let (trace, chosen) = chosen(page, NEEDS)?;
    Ok(Data::from_trace(trace, chosen.layer, chosen.head)?)
}
