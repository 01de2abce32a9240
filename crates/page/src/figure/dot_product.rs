//! Chapter 4: two arrows to drag, and their dot product term by term.

use super::{PageFigure, View, usual};
use crate::{Change, Event, Missing, Page};
use attnscope::analysis::explain::Explanation;
use attnscope_figures::figure::dot_product::{Data, State, at, render};
use attnscope_figures::{Table, Target};

/// The figure, with its arrows.
pub struct DotProduct {
    arrows: [[f32; 2]; 2],
}

impl Default for DotProduct {
    fn default() -> Self {
        Self { arrows: [[1.6, 0.7], [0.9, 1.5]] }
    }
}

impl PageFigure for DotProduct {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        Ok(View::of(render(&self.data(), &State { canvas: page.paper.canvas() }, page.paper.theme())))
    }

    fn table(&self, _: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data().table())
    }

    fn explain(&self, mark: &str, _: &Page<'_>) -> Option<Explanation> {
        self.data().explain(mark)
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        const STEP: f32 = 0.05;
        const EDGE: f32 = 2.0;
        match event {
            Event::Dragged(Target::Handle { index: index @ 0..2 }, place) => {
                self.arrows[*index] = at(&State { canvas: page.paper.canvas() }, place.x, place.y);
            }
            Event::Nudged(Target::Handle { index: index @ 0..2 }, right, down) => {
                let [x, y] = self.arrows[*index];
                let moved = [x + *right as f32 * STEP, y - *down as f32 * STEP];
                self.arrows[*index] = moved.map(|v| ((v / STEP).round() * STEP).clamp(-EDGE, EDGE));
            }
            _ => return usual(event, page),
        }
        Vec::new()
    }
}

impl DotProduct {
    fn data(&self) -> Data {
        let [a, b] = self.arrows;
        Data { a, b, names: ["a".into(), "b".into()] }
    }
}
