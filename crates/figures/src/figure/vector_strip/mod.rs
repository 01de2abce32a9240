//! Vectors as strips of cells: pink below zero, green above.

mod arithmetic;
mod rows;
mod table;
mod timeline;

pub use timeline::word_by_word;

use crate::figure::frame::{Frame, LABEL, PAD, SMALL, caption, credit};
use crate::figure::{Canvas, Error};
use crate::number::{count, number, plural};
use crate::raster::Raster;
use crate::scale::{max_abs, quantile_abs};
use crate::scene::{Anchor, Node, Run, Scene, Stroke, Target, Weight};
use crate::theme::Theme;
use crate::{text, token};
use attnscope::Number;
use attnscope::Trace;
use attnscope_words::words;

/// More numbers than this in all are drawn as rasters, without a cell for each.
const MAX_CELLS: usize = 2048;

/// A vector with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Vector {
    /// A token, or whatever else it belongs to.
    pub name: String,
    /// The numbers.
    pub values: Vec<f32>,
    /// The number of the run that the first value is, if they belong to a run; the others follow it.
    pub first: Option<Number>,
}

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// What they are: `Embeddings`.
    pub title: String,
    /// The vectors.
    pub vectors: Vec<Vector>,
    /// A further strip: the first of these minus the second.
    pub difference: Option<(usize, usize)>,
    /// The model's name.
    pub model: String,
}

impl Data {
    /// Rows of a `[seq, d]` array of a trace, such as `embed` or `blocks.3.resid_post`.
    pub fn from_trace(trace: &Trace, key: &str, positions: &[usize]) -> Result<Self, Error> {
        let array = trace.get(key).ok_or_else(|| Error::NotCaptured { key: key.into() })?;
        let len = trace.tokens.len();
        let vector = |&index: &usize| {
            let no_such = Error::NoSuch { what: "token", index, len };
            let (token, row) = (trace.tokens.get(index).ok_or(no_such.clone())?, array.row(&[index]).ok_or(no_such)?);
            let first = format!("{key}[{index},0]").parse().ok();
            Ok(Vector { name: token.text.clone(), values: row.to_vec(), first })
        };
        let vectors = positions.iter().map(vector).collect::<Result<_, Error>>()?;
        let title =
            if key == "embed" { words!("Each token as a list of numbers").into() } else { words!("Vectors at {key}") };
        Ok(Self { title, vectors, difference: None, model: trace.model.name.clone() })
    }
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// The component that is ringed in every strip.
    pub component: Option<usize>,
}

/// How a strip is broken into rows.
struct Layout {
    per_row: usize,
    cell: f32,
    height: f32,
    gap: f32,
    /// The number at which the colour is fullest.
    pub limit: f32,
    /// Whether some numbers are beyond it.
    pub clipped: bool,
    raster: bool,
    /// How many numbers the longest vector has.
    longest: usize,
}

impl Layout {
    pub fn new(data: &Data, canvas_width: f32) -> Self {
        let inner = canvas_width.max(320.0) - 2.0 * PAD;
        let longest = data.vectors.iter().map(|v| v.values.len()).max().unwrap_or(0).max(1);
        let per_row = match longest {
            n if n <= 64 && inner / n as f32 >= 7.0 => n,
            n if n <= 256 || inner < 640.0 => {
                if inner < 440.0 {
                    32
                } else {
                    64
                }
            }
            _ => 96,
        };
        let cell = (inner / per_row as f32).min(30.0);
        let one_row = longest <= per_row;
        let height = if one_row { cell.clamp(24.0, 30.0) } else { cell.clamp(8.0, 12.0) };
        let all = || data.vectors.iter().flat_map(|v| v.values.iter().copied());
        let most = max_abs(all());
        let limit = if all().count() >= 200 { quantile_abs(all(), 0.995) } else { most };
        let gap = if cell >= 14.0 {
            2.0
        } else if cell >= 9.0 {
            1.0
        } else {
            0.0
        };
        let (clipped, raster) = (most > limit * 1.0001, all().count() > MAX_CELLS);
        Self { per_row, cell, height, gap, limit, clipped, raster, longest }
    }
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    if data.vectors.len() >= rows::FROM {
        return rows::render(data, state, theme);
    }
    let layout = Layout::new(data, state.canvas.width);
    let width = (2.0 * PAD + layout.per_row as f32 * layout.cell).max(Frame::within(&state.canvas, 440.0));
    let lead = words!("Each cell is one number of a vector: green above zero, pink below, faint near zero.");
    let mut frame = Frame::new(theme, &state.canvas, width, data.title.clone(), lead);
    for (i, vector) in data.vectors.iter().enumerate() {
        strip(&mut frame, &layout, state, vector, i, &plural(vector.values.len(), "number"), false);
    }
    if let Some(vector) = difference(data) {
        let most = vector.values.iter().filter(|v| v.is_finite()).fold(0.0, |m: f32, v| m.max(v.abs()));
        let note = if most == 0.0 {
            words!("0 everywhere: the same vector").into()
        } else {
            words!("largest {}", number(most))
        };
        strip(&mut frame, &layout, state, &vector, data.vectors.len(), &note, true);
    }
    legend(&mut frame, &layout);
    let clipped = words!("Colours are full at ±{}; some numbers lie beyond.", number(layout.limit));
    let clipped = if layout.clipped { clipped.as_str() } else { "" };
    let rows = words!("{} numbers a row, read like text.", layout.per_row);
    let longest = data.vectors.iter().map(|v| v.values.len()).max().unwrap_or(0);
    let rows = if longest > layout.per_row { rows.as_str() } else { "" };
    frame.finish(&caption(&[&credit(&data.model), rows, clipped]), description(data))
}

/// The first of two vectors minus the second, if both exist.
fn difference(data: &Data) -> Option<Vector> {
    let (a, b) = data.difference?;
    let (a, b) = (data.vectors.get(a)?, data.vectors.get(b)?);
    let values = a.values.iter().zip(&b.values).map(|(a, b)| a - b).collect();
    Some(Vector { name: words!("difference").into(), values, first: None })
}

/// A name, a note at the right, and the cells.
fn strip(frame: &mut Frame, l: &Layout, state: &State, vector: &Vector, index: usize, note: &str, is_difference: bool) {
    let theme = frame.theme;
    let right = PAD + l.per_row.min(vector.values.len().max(1)) as f32 * l.cell - l.gap;
    let room = (right - PAD - text::width(note, SMALL, Weight::Regular) - 16.0).max(60.0);
    let runs = match is_difference {
        true => vec![Run::new(words!("difference")).fill(theme.accent)],
        false => token::runs(&vector.name, theme.faint, room, LABEL + 1.0, Weight::Semibold),
    };
    let name = Node::text(PAD, frame.y + 7.0, runs).size(LABEL + 1.0).bold().fill(theme.text).centred();
    frame.push(name.key(format!("name-{index}")));
    // A short strip has its note after the name.
    let name_w = token::width(&vector.name, LABEL + 1.0, Weight::Semibold);
    let note_w = text::width(note, SMALL, Weight::Regular);
    let (x, anchor) = match right - PAD > name_w + note_w + 16.0 {
        true => (right, Anchor::End),
        false => (PAD + name_w + 14.0, Anchor::Start),
    };
    let note = Node::text(x, frame.y + 7.0, Run::new(note)).size(SMALL).anchor(anchor).fill(theme.muted).centred();
    frame.push(note.key(format!("note-{index}")));
    frame.y += 20.0;
    let row_gap = if l.gap > 0.0 { l.gap } else { 2.0 };
    for (row, values) in vector.values.chunks(l.per_row).enumerate() {
        if l.raster {
            raster_row(frame, l, vector, row * l.per_row, values, format!("strip-{index}-{row}"));
        } else {
            cell_row(frame, l, vector, (index, is_difference), row * l.per_row, values);
        }
        if let Some(c) = state.component.filter(|c| c / l.per_row == row && c % l.per_row < values.len()) {
            let x = PAD + (c % l.per_row) as f32 * l.cell;
            let ring = Node::rect(x - 2.0, frame.y - 2.0, l.cell - l.gap + 4.0, l.height + 4.0).radius(3.0);
            frame.push(ring.stroke(Stroke::new(theme.accent, 2.0)).key(format!("ring-{index}")));
        }
        frame.y += l.height + row_gap;
    }
    frame.y += 16.0;
}

/// The colour of a number whose scale is full at ±limit.
pub(super) fn color(theme: &Theme, value: f32, limit: f32) -> crate::Color {
    if value.is_nan() { theme.accent } else { theme.signed((value / limit).clamp(-1.0, 1.0)) }
}

fn cell_row(
    frame: &mut Frame,
    l: &Layout,
    vector: &Vector,
    (index, is_difference): (usize, bool),
    first: usize,
    values: &[f32],
) {
    let theme = frame.theme;
    let name = token::spoken(&vector.name);
    for (i, &value) in values.iter().enumerate() {
        let component = first + i;
        let cell = Node::rect(PAD + i as f32 * l.cell, frame.y, l.cell - l.gap, l.height).radius(l.gap);
        let cell = cell.fill(color(theme, value, l.limit)).value(value);
        let target = match vector.first {
            Some(first) => Target::Number { number: first.with_last(component) },
            None if is_difference => Target::Own,
            // Items are counted strip by strip.
            None => Target::Item { index: index * l.longest + component },
        };
        let cell = cell.target(target).key(format!("cell-{index}-{component}"));
        frame.push(cell.label(words!("{name}, number {component}: {}", number(value))));
    }
}

fn raster_row(frame: &mut Frame, l: &Layout, vector: &Vector, first: usize, values: &[f32], key: String) {
    let pixels = values.iter().map(|v| shade(*v, l.limit)).collect();
    let image = Raster::new(values.len(), 1, palette(frame.theme), pixels);
    let node = Node::raster(PAD, frame.y, values.len() as f32 * l.cell, l.height, image).key(key);
    let Some(number) = vector.first else { return frame.push(node) };
    let target = Target::Numbers { first: number.with_last(first), columns: values.len(), rows: 1 };
    let said = words!("{}, numbers {first} to {}", token::spoken(&vector.name), first + values.len().saturating_sub(1));
    frame.push(node.target(target).label(said));
}

/// The colours from −limit to limit, and one for NaN.
pub(super) fn palette(theme: &Theme) -> Vec<crate::Color> {
    (0..=200).map(|i| theme.signed(i as f32 / 100.0 - 1.0)).chain([theme.accent]).collect()
}

/// The index of a number's colour in the palette.
pub(super) fn shade(value: f32, limit: f32) -> u8 {
    if value.is_nan() { 201 } else { ((value / limit).clamp(-1.0, 1.0) * 100.0 + 100.0).round() as u8 }
}

/// The colours from the lowest to the highest number.
fn legend(frame: &mut Frame, l: &Layout) {
    let (theme, mid, bar) = (frame.theme, frame.y + 7.0, 150.0);
    let low = number(-l.limit);
    frame.label(PAD, mid, Anchor::Start, low.clone());
    let x = PAD + text::width(&low, SMALL, Weight::Regular) + 8.0;
    let scale = Raster::new(201, 1, palette(theme), (0..=200).collect());
    frame.push(Node::raster(x, mid - 5.0, bar, 10.0, scale));
    frame.push(Node::line(x + bar / 2.0, mid + 6.0, x + bar / 2.0, mid + 10.0, Stroke::new(theme.faint, 1.0)));
    frame.label(x + bar / 2.0, mid + 18.0, Anchor::Middle, "0");
    frame.label(x + bar + 8.0, mid, Anchor::Start, number(l.limit));
    frame.y += 28.0;
}

fn description(data: &Data) -> String {
    let names: Vec<_> = data.vectors.iter().map(|v| token::spoken(&v.name)).collect();
    let n = data.vectors.first().map_or(0, |v| v.values.len());
    let named = match names.as_slice() {
        [first, .., last] if names.len() >= rows::FROM => {
            words!("{} vectors, from {first} to {last}", count(names.len()))
        }
        all => all.join(", "),
    };
    let mut out = words!("{}: {} numbers each for {named}.", data.title, count(n));
    if let (Some((a, b)), Some(vector)) = (data.difference, difference(data)) {
        let most = vector.values.iter().filter(|v| v.is_finite()).fold(0.0, |m: f32, v| m.max(v.abs()));
        out += &words!(" {} less {}: ", names[a], names[b]);
        out +=
            &if most == 0.0 { words!("0 everywhere.").into() } else { words!("largest difference {}.", number(most)) };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_vectors_differ_nowhere() {
        let vector = Vector { name: " dog".into(), values: vec![0.5, -1.0, 0.25], first: None };
        let mut data = Data { title: "Embeddings".into(), vectors: vec![vector.clone(), vector], ..Data::default() };
        data.difference = Some((0, 1));
        assert!(render(&data, &State::default(), &Theme::LIGHT).description.contains("0 everywhere"));
        data.vectors[1].values[2] = -0.25;
        assert!(render(&data, &State::default(), &Theme::LIGHT).description.contains("largest difference 0.50"));
        data.difference = Some((0, 7));
        assert!(!render(&data, &State::default(), &Theme::LIGHT).description.contains("less"));
    }
}
