//! Chapter 1: what the model is given: tokens, their ids, and the beginnings of their vectors.

use super::{PageFigure, View};
use crate::{Missing, Page};
use attnscope_figures::Table;
use attnscope_figures::figure::tokens::{Data, State, render, timeline};

/// The figure.
#[derive(Default)]
pub struct Tokens;

impl PageFigure for Tokens {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let state = State { canvas: page.paper.canvas(), idx: page.hovered.or(page.selection.q_idx) };
        let data = data(page)?;
        Ok(View::of(render(&data, &state, page.paper.theme())).plays(timeline(&data)))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(data(page)?.table())
    }
}

fn data(page: &Page<'_>) -> Result<Data, Missing> {
    Ok(Data::from_trace(&page.run_with("embed")?.trace))
}
