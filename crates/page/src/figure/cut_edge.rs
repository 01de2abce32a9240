//! Chapter 10: cut one look, and see what the model says then.

use super::choose::token_picker;
use super::next_tokens::needs_next;
use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, LESSON, Missing, Page, Paper};
use attnscope::{Intervention, NextToken, Token};
use attnscope_figures::Table;
use attnscope_figures::figure::compare::{Column, Data, State, render};
use attnscope_figures::token::spoken;
use attnscope_protocol::{Prompt, Request, Run};
use std::collections::{HashMap, HashSet};

const MOST: usize = 10;
/// Of a large vocabulary enough that a word likely in one run is found in the others.
const TOP: usize = 1000;

/// The figure, with the edge that is cut; none yet for the one that the story tells of.
#[derive(Default)]
pub struct CutEdge {
    edge: Option<(usize, usize)>,
}

impl PageFigure for CutEdge {
    fn view(&self, page: &Page<'_>, paper: Paper) -> Result<View, Missing> {
        let (data, tokens) = (self.data(page)?, &whole(page)?.trace.tokens);
        let (q, k) = self.edge(tokens);
        let scene = render(&data, &State { canvas: paper.canvas(), ..Default::default() }, paper.theme());
        let controls: Vec<Option<Control>> =
            vec![token_picker("from", "who looks", tokens, q), token_picker("to", "at whom", tokens, k)];
        let view = View { controls: controls.into_iter().flatten().collect(), scene };
        Ok(view.note(Some("Shown are the words that change most."), paper))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data(page)?.table())
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        let Event::Set(id, value) = event else { return usual(event, page) };
        let Ok(run) = whole(page) else { return Vec::new() };
        let (q, k) = self.edge(&run.trace.tokens);
        let Ok(at) = value.parse::<usize>() else { return Vec::new() };
        // A token looks only at itself and back.
        self.edge = Some(if id == "from" { (at, k.min(at)) } else { (q.max(at), at) });
        Vec::new()
    }

    fn is_heavy(&self, page: &Page<'_>) -> bool {
        page.real.is_some()
    }
}

impl CutEdge {
    /// The sentence as it is, with the look cut, and without the word that is looked at.
    fn data(&self, page: &Page<'_>) -> Result<Data, Missing> {
        let whole = whole(page)?;
        needs_next(whole)?;
        let tokens = &whole.trace.tokens;
        let (q, k) = self.edge(tokens);
        let shorter = without(tokens, k, whole.trace.model.word_level);
        let cut = if q == k { Err(Missing::Waiting) } else { run(page, &page.selection.text, vec![cut(q, k)?]) };
        let less = shorter.as_ref().map(|text| run(page, text, Vec::new()));
        let name = |i: usize| tokens.get(i).map(|t| spoken(&t.text)).unwrap_or_default();
        let column = |name: String, detail: String, next: &Vec<NextToken>| (Column { name, detail }, next.clone());
        let mut columns = vec![column(page.selection.text.clone(), "as it is".into(), &whole.next)];
        if q != k {
            let detail = format!("{} may not look at {}", name(q), name(k));
            columns.push(column("one look cut".into(), detail, &cut?.next));
        }
        if let (Some(text), Some(run)) = (shorter, less) {
            columns.push(column(text, format!("without {}", name(k)), &run?.next));
        }
        Ok(Data::from_next(most_changed(columns), MOST, whole.trace.model.name.clone()))
    }

    /// The edge, within the sentence: at first the last but one token's look at the one before it, dog→hot.
    fn edge(&self, tokens: &[Token]) -> (usize, usize) {
        let last = tokens.len().saturating_sub(1);
        let (q, k) = self.edge.unwrap_or((last.saturating_sub(1), last.saturating_sub(2)));
        (q.min(last), k.min(q.min(last)))
    }
}

fn run<'a>(page: &Page<'a>, text: &str, interventions: Vec<Intervention>) -> Result<&'a Run, Missing> {
    let prompt = Prompt { model: page.real.unwrap_or(LESSON).into(), text: text.into(), interventions };
    page.run_of(&Request::Run { prompt, capture: String::new(), layers: None, top: TOP })
}

/// The sentence as it is.
fn whole<'a>(page: &Page<'a>) -> Result<&'a Run, Missing> {
    run(page, &page.selection.text, Vec::new())
}

/// Only the words whose probability the change moved most.
fn most_changed(mut columns: Vec<(Column, Vec<NextToken>)>) -> Vec<(Column, Vec<NextToken>)> {
    let mut moved: HashMap<u32, (f32, f32)> = HashMap::new();
    for next in columns.iter().flat_map(|(_, next)| next) {
        let (low, high) = moved.entry(next.id).or_insert((next.p, next.p));
        (*low, *high) = (low.min(next.p), high.max(next.p));
    }
    // A word that a list lacks is less likely there than all that it has.
    let lacking = |id: u32| columns.iter().any(|(_, next)| !next.iter().any(|n| n.id == id));
    let mut order: Vec<(f32, u32)> =
        moved.into_iter().map(|(id, (low, high))| (if lacking(id) { high } else { high - low }, id)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let kept: HashSet<u32> = order.into_iter().take(MOST).map(|(_, id)| id).collect();
    columns.iter_mut().for_each(|(_, next)| next.retain(|n| kept.contains(&n.id)));
    columns
}

/// In all layers and heads.
fn cut(q: usize, k: usize) -> Result<Intervention, Missing> {
    Intervention::cut(&format!("{q}>{k}")).map_err(|error| Missing::Nothing(error.to_string()))
}

/// The sentence without one of its tokens, if anything is left.
fn without(tokens: &[Token], at: usize, word_level: bool) -> Option<String> {
    let left = tokens.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, t)| t.text.as_str());
    let text = left.collect::<Vec<_>>().join(if word_level { " " } else { "" });
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}
