//! Chapter 2: words whose vectors are nearest, for a word and the one beside it.

use super::choose::{picked, position, token_picker};
use super::{PageFigure, View, usual};
use crate::{Change, Event, Missing, Page};
use attnscope::Site;
use attnscope::analysis::Neighbour;
use attnscope_figures::Table;
use attnscope_figures::figure::neighbours::{Data, List, State, render};
use attnscope_figures::token::spoken;
use attnscope_protocol::{Request, Response};
use attnscope_words::words;

/// How many nearest words are named, and how many other spellings of the word itself may be among them.
const NEAR: usize = 7;
const WRITINGS: usize = 8;

/// The figure.
#[derive(Default)]
pub struct Neighbours;

impl PageFigure for Neighbours {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let (tokens, _) = page.tokens()?;
        let controls = token_picker("word", words!("word"), tokens, position(page, tokens)).into_iter().collect();
        let state = State { canvas: page.paper.canvas() };
        Ok(View::of(render(&data(page)?, &state, page.paper.theme())).with(controls))
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

/// The chosen word and the one before it, or after it if it is the first.
fn data(page: &Page<'_>) -> Result<Data, Missing> {
    let (all, info) = page.tokens()?;
    let at = position(page, all);
    let beside = at.checked_sub(1).unwrap_or(at + 1);
    let tokens = [at, beside].into_iter().filter_map(|i| Some((i, all.get(i)?)));
    let lists = tokens.map(|(position, token)| {
        let near = near(page, token.id)?;
        // A word is nearest to itself, and often to other spellings of it, which are of no interest.
        let same = |text: &str| text.trim().eq_ignore_ascii_case(token.text.trim());
        let others: Vec<Neighbour> = near.iter().filter(|n| !same(&n.text)).take(NEAR).cloned().collect();
        let number = Site::EmbedCosine.at([position, 0]);
        Ok(List::new(words!("nearest to {}", spoken(&token.text)), &others, number))
    });
    // All are requested before waiting for one.
    let lists = lists.collect::<Vec<Result<List, Missing>>>().into_iter().collect::<Result<_, _>>()?;
    Ok(Data { lists, model: info.name.clone() })
}

fn near<'a>(page: &Page<'a>, token: u32) -> Result<&'a [Neighbour], Missing> {
    let request = Request::Neighbours { model: page.selection.model.clone(), token, top: NEAR + WRITINGS };
    match page.ask(&request)? {
        Response::Neighbours(found) => Ok(found),
        _ => Err(Missing::Waiting),
    }
}
