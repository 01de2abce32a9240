//! Chapter 7: the weights mix the values, and the word's neighbours change.

use super::choose::{chosen, head_picker, picked, position, token_picker};
use super::projection::too_long;
use super::{PageFigure, View, usual};
use crate::{Change, Event, Missing, Page};
use attnscope::Number;
use attnscope::Site;
use attnscope::analysis::Neighbour;
use attnscope::analysis::strongest;
use attnscope_figures::figure::weighted_sum::{Data, State, render, timeline};
use attnscope_figures::{Table, Target};
use attnscope_protocol::{Request, Response};
use attnscope_words::words;

/// How many nearest words are named.
const NEAR: usize = 6;

/// The arrays that it shows.
const NEEDS: &str = "resid_pre,resid_mid,v,z,pattern,attn_out";

/// The figure, with the component that is written out.
#[derive(Default)]
pub struct WeightedSum {
    component: Option<usize>,
    k_idx: Option<usize>,
}

impl PageFigure for WeightedSum {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let (data, (trace, chosen)) = (data(page)?, chosen(page, NEEDS)?);
        // Until the reader points at a column, the one whose sum is largest is written out.
        let component = self.component.or_else(|| strongest(&data.z));
        let state = State { canvas: page.paper.canvas(), component, k_idx: self.k_idx.or(page.selection.k_idx) };
        let mut controls: Vec<_> =
            token_picker("word", words!("word"), &trace.tokens, position(page, &trace.tokens)).into_iter().collect();
        controls.extend(head_picker(&chosen, &trace.model));
        Ok(View::of(render(&data, &state, page.paper.theme())).with(controls).plays(timeline(&data)))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(data(page)?.table())
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(id, value) => return picked(page, id, value),
            Event::Over(Target::Number { number }, _) if number.site() == Site::V => {
                (self.component, self.k_idx) = (Some(number.last()), Some(number.position()));
            }
            Event::Over(Target::Number { number }, _) if number.site() == Site::Z => {
                (self.component, self.k_idx) = (Some(number.last()), None);
            }
            Event::Over(Target::Key { k_idx }, _) => self.k_idx = Some(*k_idx),
            _ => return usual(event, page),
        }
        Vec::new()
    }
}

fn data(page: &Page<'_>) -> Result<Data, Missing> {
    let (trace, chosen) = chosen(page, NEEDS)?;
    let at = position(page, &trace.tokens);
    let row = |site: Site| {
        let row = trace.layer(chosen.layer, site).and_then(|array| array.row(&[at]));
        row.map(<[f32]>::to_vec).ok_or_else(|| too_long(site.name()))
    };
    // Both are requested at once.
    let (before, after) = (near(page, row(Site::ResidPre)?), near(page, row(Site::ResidMid)?));
    let (before, after, layer) = (before?, after?, chosen.layer);
    let named = |near: &[Neighbour]| near.iter().map(|n| (n.text.clone(), n.cosine)).collect();
    let data = Data::from_trace(trace, layer, chosen.head, at, named(before), named(after))?;
    let opens = |near: &[Neighbour], number: Number| near.iter().map(|n| number.with_last(n.id as usize)).collect();
    let cosines = [
        opens(before, Site::PreCosine.in_layer(layer, [at, 0])),
        opens(after, Site::MidCosine.in_layer(layer, [at, 0])),
    ];
    Ok(Data { cosines, ..data })
}

fn near<'a>(page: &Page<'a>, vector: Vec<f32>) -> Result<&'a [Neighbour], Missing> {
    match page.ask(&Request::Near { model: page.selection.model.clone(), vector, top: NEAR })? {
        Response::Neighbours(found) => Ok(found),
        _ => Err(Missing::Waiting),
    }
}
