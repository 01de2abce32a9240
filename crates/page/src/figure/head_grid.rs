//! Chapter 9: all heads of a real model at once; of the lesson model, where there is none.

use super::whose::Whose;
use super::{PageFigure, View, usual};
use crate::{Change, Event, LESSON, Missing, Page, Selection};
use attnscope_figures::figure::head_grid::{Data, State, THUMB_SIDE, render};
use attnscope_figures::{Table, Target};
use attnscope_protocol::{Request, Response};
use attnscope_words::words;

/// The figure, with the model whose heads it shows.
#[derive(Default)]
pub struct HeadGrid {
    whose: Whose,
}

impl PageFigure for HeadGrid {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let data = self.data(page)?;
        let own = (page.selection.layer, page.selection.head);
        let chosen = (page.head_is_chosen && self.is_chosen(page, own)).then_some(own);
        let state = State { canvas: page.paper.canvas(), selected: chosen, ..Default::default() };
        let few = words!("The lesson model has one head a layer; with a real model here, all of its heads are shown.");
        let controls = self.whose.control(page).into_iter().collect();
        Ok(View::of(render(&data, &state, page.paper.theme()))
            .with(controls)
            .note((page.paper.bare && page.real.is_none()).then_some(few), page.paper))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data(page)?.table())
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            _ if self.whose.hear(event, page) => Vec::new(),
            // A click on the head that is already chosen opens the weight under the pointer.
            Event::Chosen(Target::Head { layer, head }, place) if self.is_chosen(page, (*layer, *head)) => {
                // The head was only just chosen: its run is still on its way.
                let Ok(run) = page.run() else { return Vec::new() };
                let n = run.trace.tokens.len();
                let pattern = Target::pattern(*layer, *head, n, n);
                usual(&Event::Chosen(pattern, *place).at_its_place(), page)
            }
            Event::Chosen(Target::Head { layer, head }, _) => {
                let (now, model) = (page.selection, self.whose.id(page));
                // Another model has other layers: what was changed or open in the one before is not in it.
                let of = if now.model == model { now.clone() } else { now.with_model(model) };
                vec![Change::Select(Selection { layer: *layer, head: *head, ..of })]
            }
            _ => usual(event, page),
        }
    }

    fn model<'a>(&self, page: &Page<'a>) -> &'a str {
        self.whose.id(page)
    }

    fn is_heavy(&self, page: &Page<'_>) -> bool {
        self.whose.id(page) != LESSON
    }
}

impl HeadGrid {
    /// Whether the other figures show this head.
    fn is_chosen(&self, page: &Page<'_>, head: (usize, usize)) -> bool {
        page.selection.model == self.whose.id(page) && (page.selection.layer, page.selection.head) == head
    }

    fn data(&self, page: &Page<'_>) -> Result<Data, Missing> {
        let prompt = page.selection.prompt_for(self.whose.id(page));
        let (tokens, model) = page.tokens_in(&prompt)?;
        let Response::Patterns(max) = page.ask(&Request::Patterns { prompt, side: THUMB_SIDE })? else {
            return Err(Missing::Waiting);
        };
        Ok(Data::pooled(tokens, model, max)?)
    }
}
