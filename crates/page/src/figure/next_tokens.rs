//! Chapter 1: the likeliest next words. A bar appends its word to the sentence.

use super::{PageFigure, View, usual};
use crate::{Change, Event, Missing, Page, Selection};
use attnscope::analysis::explain::Explanation;
use attnscope_figures::figure::next_tokens::{Data, State, render, timeline};
use attnscope_figures::{Table, Target};
use attnscope_protocol::Run;
use attnscope_words::words;

/// The figure.
#[derive(Default)]
pub struct NextTokens;

impl PageFigure for NextTokens {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let state = State { canvas: page.paper.canvas(), ..Default::default() };
        let data = data(page)?;
        Ok(View::of(render(&data, &state, page.paper.theme())).plays(timeline(&data)))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(data(page)?.table())
    }

    fn explain(&self, mark: &str, page: &Page<'_>) -> Option<Explanation> {
        data(page).ok()?.explain(mark)
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Chosen(Target::Item { index: rank }, _) => write_on(page, *rank).into_iter().collect(),
            _ => usual(event, page),
        }
    }
}

fn data(page: &Page<'_>) -> Result<Data, Missing> {
    let run = page.run_with("")?;
    needs_next(run)?;
    Ok(Data::from_trace(&run.trace, run.next.clone())?)
}

/// A prediction of the next word, or of a masked one, which the text must have.
pub(crate) fn needs_next(run: &Run) -> Result<(), Missing> {
    needs_head(run)?;
    let model = &run.trace.model;
    let is_masked = |mask| run.trace.tokens.iter().any(|token| Some(token.id) == mask);
    if model.masked && !is_masked(model.mask_token) {
        return Err(Missing::Nothing(words!(
            "{} fills masked words in, and this text has none: write [MASK].",
            model.name
        )));
    }
    Ok(())
}

/// An encoder without a head predicts no word, nor does a classifier.
pub(crate) fn needs_head(run: &Run) -> Result<(), Missing> {
    if !run.next.is_empty() {
        return Ok(());
    }
    let model = &run.trace.model;
    let why = if model.causal {
        words!("was trained for something else")
    } else {
        words!("is an encoder: it reads a text both ways")
    };
    Err(Missing::Nothing(words!("{} {why}, and predicts no next word.", model.name)))
}

/// Appends the token of this rank to the sentence. After a sentence that could not be read the bars still belong to the
/// previous one: then there is no run, and nothing is appended.
fn write_on(page: &Page<'_>, rank: usize) -> Option<Change> {
    let run = page.run().ok()?;
    let next = run.next.get(rank)?;
    if run.trace.model.masked {
        // The word is put in place of the mask.
        let mask = &run.trace.tokens.get(run.trace.predicts_at()?)?.text;
        let text = page.selection.text.replacen(mask.trim(), next.text.trim().trim_start_matches("##"), 1);
        return Some(Change::Select(Selection { text, ..page.selection.clone() }));
    }
    let gap = if run.trace.model.word_level { " " } else { "" };
    let text = format!("{}{gap}{}", page.selection.text, next.text);
    Some(Change::Select(Selection { text, ..page.selection.clone() }))
}
