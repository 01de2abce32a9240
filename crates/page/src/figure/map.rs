//! Chapter 13: one head's attention over a long text: the whole of it, or any part, down to single weights.

use super::choose::{head_picker, picked};
use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, Missing, Page, Purpose};
use attnscope::analysis::MapTile;
use attnscope_figures::Table;
use attnscope_figures::figure::map::{Data, Pool, State, most_pixels, render};
use attnscope_protocol::limits::MAX_TILE;
use attnscope_protocol::{Request, Response};
use attnscope_words::words;
use std::ops::Range;

/// Pixels of a side on a page.
const SIDE: usize = 512;

/// The figure, with the part that it shows.
#[derive(Default)]
pub struct Map {
    /// Queries and keys as `A..B`, either of which may be left out; empty for all.
    rows: String,
    cols: String,
    pool: Pool,
}

impl PageFigure for Map {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let (_, model) = page.tokens()?;
        let mut controls = head_picker(&page.selection.within(model), model);
        let part = |id, label: &str, value: &str| Control::Text { id, label: label.into(), value: value.into() };
        controls.push(part("rows", words!("queries (A..B)"), &self.rows));
        controls.push(part("cols", words!("keys (A..B)"), &self.cols));
        let options = [("max", words!("largest weight")), ("mean", words!("mean"))]
            .map(|(v, name)| (v.into(), name.into()))
            .into();
        let value = if self.pool == Pool::Max { "max" } else { "mean" }.into();
        controls.push(Control::Switch { id: "pool", label: words!("a pixel shows").into(), options, value });
        let state = State { canvas: page.paper.canvas(), pool: self.pool, ..Default::default() };
        Ok(View::of(render(&self.data(page)?, &state, page.paper.theme())).with(controls))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data(page)?.table())
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(id, value) if id == "rows" => self.rows.clone_from(value),
            Event::Set(id, value) if id == "cols" => self.cols.clone_from(value),
            Event::Set(id, value) if id == "pool" => {
                self.pool = if value == "mean" { Pool::Mean } else { Pool::Max };
            }
            Event::Set(id, value) => return picked(page, id, value),
            _ => return usual(event, page),
        }
        Vec::new()
    }

    fn is_heavy(&self, page: &Page<'_>) -> bool {
        page.selection.is_real()
    }
}

impl Map {
    fn data(&self, page: &Page<'_>) -> Result<Data, Missing> {
        let (tokens, model) = page.tokens()?;
        let (n, chosen) = (tokens.len(), page.selection.within(model));
        let (rows, cols) = (part("rows", &self.rows, n)?, part("cols", &self.cols, n)?);
        let most = match page.purpose {
            // The same for every width, so that table and file need no other answer than the drawing.
            Purpose::Page => SIDE,
            Purpose::File => most_pixels(&page.paper.canvas()).clamp(1, MAX_TILE),
        };
        let block = rows.len().max(cols.len()).div_ceil(most);
        let size = (rows.len().div_ceil(block), cols.len().div_ceil(block));
        let (prompt, layer, head) = (page.selection.prompt(), chosen.layer, chosen.head);
        let request = Request::Tile { prompt, layer, head, rows: rows.clone(), cols: cols.clone(), size };
        let Response::Tile(tile) = page.ask(&request)? else { return Err(Missing::Waiting) };
        let tile = MapTile { rows, cols, max: tile.max.clone(), mean: tile.mean.clone() };
        let tokens = tokens.iter().map(|token| token.text.clone()).collect();
        Ok(Data { tokens, layer, head, q_len: n, tile, model: model.clone() })
    }
}

/// `A..B` of `n` tokens, either of which may be left out.
fn part(name: &str, written: &str, n: usize) -> Result<Range<usize>, Missing> {
    let number = |end: &str, usual| if end.is_empty() { Some(usual) } else { end.parse().ok() };
    let (from, to) = if written.is_empty() { ("", "") } else { written.split_once("..").unwrap_or(("x", "x")) };
    let part = number(from, 0).zip(number(to, n)).map(|(from, to)| from..to);
    part.filter(|part| part.start < part.end && part.end <= n).ok_or_else(|| {
        Missing::Nothing(words!(
            "{name}: expected A..B with A less than B and B at most {n}, since the text has {n} tokens; found {written}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_end_may_be_left_out() {
        let part = |written: &str| part("rows", written, 10);
        let parts = ["3..5", "..", "7..", "..2", ""].map(|written| part(written).unwrap());
        assert_eq!(parts, [3..5, 0..10, 7..10, 0..2, 0..10]);
        for wrong in ["5..5", "6..5", "..11", "10..", "5", "a..b", "1-2", "1..2..3", "-1..2"] {
            let Err(Missing::Nothing(said)) = part(wrong) else { panic!("{wrong}") };
            assert!(said.contains("A..B") && said.contains("10 tokens") && said.contains(wrong), "{said}");
        }
    }
}
