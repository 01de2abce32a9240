//! Chapter 5: a word's vector times W_Q, W_K or W_V.

use super::choose::{chosen, head_picker, picked, position, token_picker};
use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, Missing, Open, Page};
use attnscope::MatrixKind;
use attnscope::Site;
use attnscope::analysis::explain::Explanation;
use attnscope::analysis::strongest;
use attnscope_figures::figure::Canvas;
use attnscope_figures::figure::Part;
use attnscope_figures::figure::projection::{Data, FIRST, State, render, timeline};
use attnscope_figures::{Table, Target};
use attnscope_protocol::{Request, Response};
use attnscope_words::words;

/// The arrays that it shows.
const NEEDS: &str = "attn_in,q,k,v";

/// The figure: which matrix, and which cell of it is highlighted.
#[derive(Default)]
pub struct Projection {
    part: Part,
    component: Option<usize>,
    row: Option<usize>,
    step: Option<usize>,
}

impl PageFigure for Projection {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let (data, (trace, chosen)) = (self.data(page)?, chosen(page, NEEDS)?);
        let mut controls = vec![self.switch()];
        controls.extend(token_picker("word", words!("word"), &trace.tokens, position(page, &trace.tokens)));
        controls.extend(head_picker(&chosen, &trace.model));
        let scene = render(&data, &self.state(&data, page.paper.canvas()), page.paper.theme());
        Ok(View::of(scene).with(controls).plays(timeline(&data)))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        let data = self.data(page)?;
        Ok(data.table(&self.state(&data, Canvas::default())))
    }

    fn at_step(&mut self, step: Option<usize>) {
        self.step = step;
    }

    fn explain(&self, mark: &str, page: &Page<'_>) -> Option<Explanation> {
        let data = self.data(page).ok()?;
        data.explain(&self.state(&data, Canvas::default()), mark)
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(id, value) if id == "part" => {
                let all = [Part::Query, Part::Key, Part::Value];
                self.part = all.into_iter().find(|part| part.letter() == value.as_str()).unwrap_or_default();
            }
            Event::Set(id, value) => return picked(page, id, value),
            Event::Chosen(Target::Item { index }, _) => {
                let width = self.data(page).map_or(1, |data| data.out.len().max(1));
                let (component, row) = (Some(index % width), Some(index / width));
                // A cell of W is a stored number: choosing it a second time opens its product.
                if (self.component, self.row) == (component, row) {
                    return self.product();
                }
                (self.component, self.row) = (component, row);
            }
            // Enter on W as a picture.
            Event::Chosen(Target::Items { .. }, _) => return self.product(),
            Event::Nudged(Target::Items { columns, rows }, right, down) => {
                let moved = |now: Option<usize>, by: i32, n: usize| {
                    now.map_or(0, |at| at.saturating_add_signed(by as isize)).min(n.saturating_sub(1))
                };
                self.component = Some(moved(self.component, *right, *columns));
                self.row = Some(moved(self.row, *down, *rows));
            }
            Event::Chosen(Target::Number { number }, _) if matches!(number.site(), Site::Q | Site::K | Site::V) => {
                self.component = Some(number.last());
                return usual(event, page);
            }
            _ => return usual(event, page),
        }
        Vec::new()
    }
}

impl Projection {
    fn data(&self, page: &Page<'_>) -> Result<Data, Missing> {
        let (trace, chosen) = chosen(page, NEEDS)?;
        let at = position(page, &trace.tokens);
        let kv_head = trace.model.kv_head(chosen.head);
        let (head, site, which) = match self.part {
            Part::Key => (kv_head, Site::K, MatrixKind::K),
            Part::Value => (kv_head, Site::V, MatrixKind::V),
            _ => (chosen.head, Site::Q, MatrixKind::Q),
        };
        let row = |site: Site, at: &[usize]| {
            let row = trace.layer(chosen.layer, site).and_then(|array| array.row(at));
            row.map(<[f32]>::to_vec).ok_or_else(|| too_long(site.name()))
        };
        let (x, out) = (row(Site::AttnIn, &[at])?, row(site, &[head, at])?);
        let request = Request::Matrix { model: page.selection.model.clone(), layer: chosen.layer, head, which };
        let Response::Matrix(w) = page.ask(&request)? else { return Err(Missing::Waiting) };
        let token = trace.tokens.get(at).map(|t| t.text.clone()).unwrap_or_default();
        let (w, model) = (w.data().to_vec(), trace.model.name.clone());
        Ok(Data::new(self.part, token, at, chosen.layer, head, x, w, out, model)?)
    }

    /// The product of the chosen cell of W, opened.
    fn product(&self) -> Vec<Change> {
        let open = |row| Open::Own { figure: "projection".into(), mark: format!("term-{row}") };
        self.row.map(|row| Change::Open(open(row))).into_iter().collect()
    }

    /// Until the reader chooses a column, the one with the largest number is written out.
    fn state(&self, data: &Data, canvas: Canvas) -> State {
        let step = self.step.filter(|step| *step <= FIRST);
        match step {
            Some(step) => State { canvas, component: Some(step.saturating_sub(1)), row: None },
            None => State { canvas, component: self.component.or_else(|| strongest(&data.out)), row: self.row },
        }
    }

    fn switch(&self) -> Control {
        let all = [Part::Query, Part::Key, Part::Value];
        let options = all.map(|part| (part.letter().to_string(), part.name().to_string()));
        let value = self.part.letter().to_string();
        Control::Switch { id: "part", label: words!("times").into(), options: options.into(), value }
    }
}

/// A long text is run for its patterns only.
pub(super) fn too_long(what: &str) -> Missing {
    Missing::Nothing(words!(
        "The sentence is too long for this figure, which needs every number of {what}: shorten it."
    ))
}
