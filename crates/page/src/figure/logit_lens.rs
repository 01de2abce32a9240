//! Chapter 13: what the model would say after each layer.

use super::next_tokens::needs_head;
use super::{PageFigure, View, opened, usual};
use crate::{Change, Event, Missing, Page, Purpose};
use attnscope::Number;
use attnscope::Site;
use attnscope_figures::figure::logit_lens::{Data, MAX_COLUMNS, State, render};
use attnscope_figures::{Table, Target};
use attnscope_protocol::{Request, Response};

/// Tokens of a cell, of which the likeliest is drawn.
const TOP: usize = 3;

/// The figure.
#[derive(Default)]
pub struct LogitLens;

impl PageFigure for LogitLens {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let state = State { canvas: page.paper.canvas(), ..Default::default() };
        Ok(View::of(render(&data(page, MAX_COLUMNS)?, &state, page.paper.theme())))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        // A page shows the table of what is drawn; in a file all tokens are wanted, however long that takes.
        let most = if page.purpose == Purpose::Page { MAX_COLUMNS } else { usize::MAX };
        Ok(data(page, most)?.table())
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Chosen(Target::Item { index }, _) => opened(number(page, *index)),
            _ => usual(event, page),
        }
    }

    fn is_heavy(&self, page: &Page<'_>) -> bool {
        page.selection.is_real()
    }
}

/// The probability that a cell shows: row 0 is the embedding, and what stands below is what a layer left.
fn number(page: &Page<'_>, item: usize) -> Option<Number> {
    let data = data(page, MAX_COLUMNS).ok()?;
    let (row, position) = data.cell(item);
    let token = data.top(row, position)?.first()?.id as usize;
    // What leaves a layer enters the next one; what leaves the last is read out.
    let is_last = row + 1 == data.rows.len();
    Some(match is_last {
        true => Site::Probabilities.at([position, token]),
        false => Site::LensProbabilities.in_layer(row, [position, token]),
    })
}

/// The last tokens, at most so many: the vocabulary head takes long for each.
fn data(page: &Page<'_>, most: usize) -> Result<Data, Missing> {
    if page.purpose == Purpose::Page {
        needs_head(page.run()?)?;
    }
    let (tokens, model) = page.tokens()?;
    let n = tokens.len();
    let first = n.saturating_sub(most);
    let positions = (first > 0).then_some(first..n);
    let request = Request::Lens { prompt: page.selection.prompt(), positions, top: TOP };
    let Response::Lens(rows) = page.ask(&request)? else { return Err(Missing::Waiting) };
    Ok(Data::new(tokens, model, rows.clone(), first))
}
