//! Chapter 13: the vectors of chosen tokens, as they are embedded or after a layer.

use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, Missing, Page};
use attnscope::{ModelInfo, Site};
use attnscope_figures::Table;
use attnscope_figures::figure::vector_strip::{Data, State, render};
use attnscope_protocol::Request;
use attnscope_words::words;

/// The figure.
#[derive(Default)]
pub struct VectorStrip {
    /// After which layer; none for the embedding.
    layer: Option<usize>,
    /// Positions, with commas between; empty for all tokens.
    query: String,
}

impl PageFigure for VectorStrip {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let (_, model) = page.tokens()?;
        let layers = (0..model.n_layers).map(|layer| (layer.to_string(), words!("after layer {layer}")));
        let options = [("embed".to_owned(), words!("embedding").to_owned())].into_iter().chain(layers).collect();
        let value = self.within(model).map_or_else(|| "embed".into(), |layer| layer.to_string());
        let layer = Control::Choice { id: "layer", label: words!("vectors").into(), options, value };
        let label = words!("tokens, counted from 0 (1,2)").into();
        let query = Control::Text { id: "query", label, value: self.query.clone() };
        let state = State { canvas: page.paper.canvas(), ..Default::default() };
        Ok(View::of(render(&self.data(page)?, &state, page.paper.theme())).with(vec![layer, query]))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data(page)?.table())
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(id, value) if id == "layer" => self.layer = value.parse().ok(),
            Event::Set(_, value) => self.query.clone_from(value),
            _ => return usual(event, page),
        }
        Vec::new()
    }

    fn is_heavy(&self, page: &Page<'_>) -> bool {
        page.selection.is_real()
    }
}

impl VectorStrip {
    /// The chosen layer, as far as the model has so many.
    fn within(&self, model: &ModelInfo) -> Option<usize> {
        self.layer.map(|layer| layer.min(model.n_layers.saturating_sub(1)))
    }

    /// The vectors of the chosen tokens, or of all; of two also their difference.
    fn data(&self, page: &Page<'_>) -> Result<Data, Missing> {
        let (_, model) = page.tokens()?;
        let (site, layer) = self.within(model).map_or((Site::Embed, 0), |layer| (Site::ResidPost, layer));
        let (prompt, layers) = (page.selection.prompt(), Some(layer..layer + 1));
        let run = page.run_of(&Request::Run { prompt, capture: site.name().into(), layers, top: 0 })?;
        let n = run.trace.tokens.len();
        let chosen = if self.query.trim().is_empty() { (0..n).collect() } else { positions(&self.query, n)? };
        let mut data = Data::from_trace(&run.trace, &site.key(layer), &chosen)?;
        data.difference = (!self.query.is_empty() && chosen.len() == 2).then_some((0, 1));
        Ok(data)
    }
}

/// Positions in a text of `n` tokens.
fn positions(written: &str, n: usize) -> Result<Vec<usize>, Missing> {
    let wrong = |found: &str| {
        let last = n.saturating_sub(1);
        Missing::Nothing(words!("Tokens are named by their positions, 0 to {last} here, as in 1,2; found {found:?}."))
    };
    let position = |one: &str| one.trim().parse().ok().filter(|at| *at < n).ok_or_else(|| wrong(one));
    written.split(',').map(position).collect()
}
