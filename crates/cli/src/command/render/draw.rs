//! Each figure: what a run must keep for it, and how it is drawn.

use super::{Choice, Drawn};
use crate::model_args::Opened;
use anyhow::Result;
use attnscope::analysis::lens;
use attnscope::{Capture, Trace};
use attnscope_figures::Figure;
use attnscope_figures::figure::{
    Canvas, arcs, components, head_grid, logit_lens, map, matrix, next_tokens, vector_strip,
};

/// What the run must keep: no more than the figure shows.
pub(super) fn capture(figure: Figure, asked: Option<usize>, layer: usize) -> Result<Capture> {
    let names = match (figure, asked) {
        (Figure::NextTokens, _) => return Ok(Capture::none()),
        (Figure::Matrix | Figure::Arcs | Figure::HeadGrid, _) => "pattern",
        (Figure::Map, _) => "q,k,lse",
        (Figure::Components, _) => "q,k,pattern",
        (Figure::VectorStrip, None) => "embed",
        (Figure::VectorStrip, Some(_)) => "resid_post",
        (Figure::LogitLens, _) => "embed,resid_post",
    };
    let capture: Capture = names.parse()?;
    let all_layers = matches!(figure, Figure::HeadGrid | Figure::LogitLens);
    Ok(if all_layers { capture } else { capture.layers(layer..layer + 1) })
}

/// The figure, or its numbers if `wants_table`. Takes the trace, so that what a figure has copied need not stay twice.
pub(super) fn draw(figure: Figure, opened: &Opened, trace: Trace, choice: &Choice, wants_table: bool) -> Result<Drawn> {
    let args = choice.args;
    let (layer, head, theme) = (choice.layer, choice.head, args.theme.theme());
    let q_idx = choice.queries.first().copied();
    let canvas = Canvas { width: f32::from(args.width), bare: false };
    /// One of the two.
    macro_rules! drawn {
        ($module:ident, $data:expr, $state:expr) => {{
            let (data, state) = ($data, $state);
            if wants_table {
                Drawn::Table(data.table())
            } else {
                Drawn::Scene(Box::new($module::render(&data, &state, theme)))
            }
        }};
    }
    Ok(match figure {
        Figure::NextTokens => {
            let next = opened.model.next_tokens(&trace, args.top());
            let data = next_tokens::Data::from_trace(&trace, next)?;
            drawn!(next_tokens, data, next_tokens::State { canvas, ..Default::default() })
        }
        Figure::Matrix => {
            let data = matrix::Data::from_trace(&trace, layer, head)?;
            drawn!(matrix, data, matrix::State { canvas, q_idx, ..Default::default() })
        }
        Figure::Arcs => {
            let data = matrix::Data::from_trace(&trace, layer, head)?;
            drawn!(arcs, data, arcs::State { canvas, q_idx, ..Default::default() })
        }
        Figure::Map => {
            let (rows, cols) = args.part.ranges(trace.tokens.len())?;
            let data = map::Data::from_trace(&trace, (layer, head), (rows, cols), map::most_pixels(&canvas))?;
            drop(trace);
            drawn!(map, data, map::State { canvas, pool: args.part.pool(), ..Default::default() })
        }
        Figure::HeadGrid => {
            let data = head_grid::Data::from_trace(&trace)?;
            drop(trace);
            let selected = (args.layer.is_some() || args.head.is_some()).then_some((layer, head));
            drawn!(head_grid, data, head_grid::State { canvas, selected, ..Default::default() })
        }
        Figure::VectorStrip => {
            drawn!(vector_strip, strips(&trace, choice)?, vector_strip::State { canvas, ..Default::default() })
        }
        Figure::Components => {
            let last = trace.tokens.len().saturating_sub(1);
            let data = components::Data::from_trace(&trace, layer, head, q_idx.unwrap_or(last))?;
            drawn!(components, data, components::State { canvas, ..Default::default() })
        }
        Figure::LogitLens => {
            let rows = lens::lens(&opened.model, &trace, 3)?;
            let data = logit_lens::Data::from_trace(&trace, rows);
            drawn!(logit_lens, data, logit_lens::State { canvas, ..Default::default() })
        }
    })
}

/// The vectors of the chosen tokens, or of all; of two also their difference.
fn strips(trace: &Trace, choice: &Choice) -> Result<vector_strip::Data> {
    let key = choice.args.layer.map_or_else(|| "embed".to_owned(), |layer| format!("blocks.{layer}.resid_post"));
    let all: Vec<usize> = (0..trace.tokens.len()).collect();
    let chosen = if choice.queries.is_empty() { &all } else { &choice.queries };
    let mut data = vector_strip::Data::from_trace(trace, &key, chosen)?;
    data.difference = (choice.queries.len() == 2).then_some((0, 1));
    Ok(data)
}
