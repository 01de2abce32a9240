//! Chapter 2: a word has one vector, whatever its neighbours.

use super::choose::{picked, position, token_picker};
use super::{PageFigure, View, opened, usual};
use crate::{Change, Event, Missing, Page};
use attnscope::Number;
use attnscope::Site;
use attnscope::analysis::explain::Explanation;
use attnscope::analysis::strongest;
use attnscope_figures::figure::vector_strip::{Data, State, Vector, render, word_by_word};
use attnscope_figures::token::spoken;
use attnscope_figures::{Table, Target};
use attnscope_protocol::{Request, Response};
use attnscope_words::words;

/// The figure.
#[derive(Default)]
pub struct Embeddings;

impl PageFigure for Embeddings {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let (data, (tokens, _)) = (data(page)?, page.tokens()?);
        let state = State { canvas: page.paper.canvas(), ..Default::default() };
        let controls = token_picker("word", words!("word"), tokens, position(page, tokens)).into_iter().collect();
        Ok(View::of(render(&data, &state, page.paper.theme())).with(controls).plays(word_by_word(&data)))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(data(page)?.table())
    }

    fn explain(&self, mark: &str, page: &Page<'_>) -> Option<Explanation> {
        data(page).ok()?.explain(mark)
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(id, value) => picked(page, id, value),
            Event::Chosen(Target::Numbers { first, columns, .. }, _) => opened(strongest_of(page, *first, *columns)),
            _ => usual(event, page),
        }
    }
}

fn data(page: &Page<'_>) -> Result<Data, Missing> {
    let (tokens, info) = page.tokens()?;
    let at = position(page, tokens);
    let before = at.checked_sub(1).and_then(|i| tokens.get(i));
    let token = tokens.get(at).ok_or(Missing::Waiting)?;
    // Another word for contrast: the nearest one that is not another spelling of it.
    let near = Request::Neighbours { model: page.selection.model.clone(), token: token.id, top: 8 };
    let Response::Neighbours(near) = page.ask(&near)? else { return Err(Missing::Waiting) };
    let same = |text: &str| text.trim().eq_ignore_ascii_case(token.text.trim());
    let other = near.iter().find(|n| !same(&n.text));
    let ids: Vec<u32> = [Some(token.id), Some(token.id), other.map(|n| n.id)].into_iter().flatten().collect();
    let request = Request::Embeddings { model: page.selection.model.clone(), tokens: ids.clone() };
    let Response::Embeddings(vectors) = page.ask(&request)? else { return Err(Missing::Waiting) };
    let word = spoken(&token.text);
    let here = before.map_or_else(|| word.clone(), |b| format!("{} {word}", spoken(&b.text)));
    let names = [here, words!("{word} alone"), other.map(|n| spoken(&n.text)).unwrap_or_default()];
    let first = |id: &u32| Site::TokenEmbed.at([*id as usize, 0]);
    let vectors = names.into_iter().zip(ids.iter().map(first)).zip(vectors);
    let vectors = vectors.map(|((name, first), values)| Vector { name, values: values.clone(), first: Some(first) });
    Ok(Data {
        title: words!("The embedding of {word}"),
        vectors: vectors.collect(),
        difference: Some((0, 1)),
        model: info.name.clone(),
    })
}

/// Of the numbers of a strip from the first on, that farthest from 0.
fn strongest_of(page: &Page<'_>, first: Number, len: usize) -> Option<Number> {
    let from = first.last();
    let data = data(page).ok()?;
    let strip = data.vectors.iter().find(|v| v.first == Some(first.with_last(0)))?;
    Some(first.with_last(from + strongest(strip.values.get(from..from + len)?)?))
}
