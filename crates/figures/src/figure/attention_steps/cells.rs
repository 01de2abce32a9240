//! The cells of the matrices: signed numbers of vectors, and the square of scores or weights.

use super::stage::{Matrix, Place, Stage};
use super::{Data, Numbers, State, masks};
use crate::color::Color;
use crate::figure::frame::{Frame, SMALL};
use crate::figure::signed_cells::{NARROWEST, gap, merged};
use crate::figure::vector_strip::{color, palette, shade};
use crate::number::{fixed, number, percent, plural};
use crate::raster::Raster;
use crate::scale::max_abs;
use crate::scene::Segment::{Line, Move};
use crate::scene::{Anchor, Node, Run, Stroke, Target, Weight};
use crate::text;
use crate::theme::Theme;
use crate::token::spoken;
use attnscope::Site;
use attnscope_words::words;

/// X, Q, K, V or Z: one cell per number where there is room, otherwise one raster per token.
pub(super) fn vectors(frame: &mut Frame, data: &Data, numbers: &Numbers, place: &Place, matrix: Matrix, opacity: f32) {
    let rows = match matrix {
        Matrix::X => &data.x,
        Matrix::Q => &data.q,
        Matrix::K => &data.k,
        Matrix::V => &data.v,
        _ => &numbers.z,
    };
    let limit = max_abs(rows.iter().take(place.tokens).flatten().copied());
    let air = gap(place.token.min(place.component));
    for (i, row) in rows.iter().enumerate().take(place.tokens) {
        let name = words!("{} of {}", matrix.key(), spoken(data.token(i)));
        if place.component < NARROWEST {
            let (x, y, w, h) = place.part(i, 0, place.components);
            let pixels: Vec<u8> = merged(row, place.component).iter().map(|v| shade(*v, limit)).collect();
            let (columns, lines) = if place.transposed { (1, pixels.len()) } else { (pixels.len(), 1) };
            let (w, h) = if place.transposed { (w - 1.0, h) } else { (w, h - 1.0) };
            let node = Node::raster(x, y, w, h, Raster::new(columns, lines, palette(frame.theme), pixels));
            let node = node.key(format!("{}-{i}", matrix.key())).opacity(opacity);
            let (columns, rows) = if place.transposed { (1, row.len()) } else { (row.len(), 1) };
            let target = match target(data, numbers, matrix, i, 0) {
                Target::Number { number: first } => Target::Numbers { first, columns, rows },
                imagined => imagined,
            };
            frame.push(node.target(target).label(format!("{name}: {}", plural(row.len(), "number"))));
            continue;
        }
        for (c, &value) in row.iter().enumerate().take(place.components) {
            let (x, y, w, h) = place.part(i, c, c + 1);
            let cell = Node::rect(x, y, w - air, h - air).radius(if air >= 1.0 { 1.5 } else { 0.0 });
            let cell = cell.fill(color(frame.theme, value, limit)).value(value).opacity(opacity);
            let cell =
                cell.key(format!("{}-{i}-{c}", matrix.key())).label(words!("{name}, number {c}: {}", number(value)));
            frame.push(cell.target(target(data, numbers, matrix, i, c)));
        }
    }
}

/// What a number of a vector stands for.
fn target(data: &Data, numbers: &Numbers, matrix: Matrix, position: usize, component: usize) -> Target {
    let (layer, head, kv) = (data.of.layer, data.of.head, data.of.kv_head);
    let number = match matrix {
        Matrix::X => Site::AttnIn.in_layer(layer, [position, component]),
        Matrix::Q => Site::Q.in_layer(layer, [head, position, component]),
        Matrix::K => Site::K.in_layer(layer, [kv, position, component]),
        Matrix::V => Site::V.in_layer(layer, [kv, position, component]),
        // Computed here, so it is not a number of the run.
        _ if numbers.imagined => return Target::Own,
        _ => Site::Z.in_layer(layer, [head, position, component]),
    };
    Target::Number { number }
}

/// The value, colour and label of a score at this step.
fn score(
    data: &Data,
    state: &State,
    numbers: &Numbers,
    theme: &Theme,
    limit: f32,
    q: usize,
    k: usize,
) -> (f32, Color, String) {
    let (asks, whom) = (spoken(data.token(q)), spoken(data.token(k)));
    let dot = at(&numbers.dots, q, k);
    match state.step {
        0..=2 => (dot, color(theme, dot, limit), words!("{asks} with {whom}: q·k {}", fixed(dot, 2))),
        _ => {
            let score = data.score(q, k, dot);
            (score, color(theme, score, limit), words!("{asks} with {whom}: score {}", fixed(score, 2)))
        }
    }
}

/// The same of a weight.
fn weight(data: &Data, numbers: &Numbers, theme: &Theme, q: usize, k: usize) -> (f32, Color, String) {
    let w = at(&numbers.weights, q, k);
    let fill = if w.is_finite() { theme.weight(w) } else { theme.accent };
    (w, fill, words!("{} attends {} to {}", spoken(data.token(q)), percent(w), spoken(data.token(k))))
}

fn at(rows: &[Vec<f32>], q: usize, k: usize) -> f32 {
    rows.get(q).and_then(|row| row.get(k)).copied().unwrap_or(f32::NAN)
}

/// The size of the numbers in the square's cells, if there is room for them.
fn number_size(data: &Data, state: &State, numbers: &Numbers, place: &Place) -> Option<f32> {
    let n = place.tokens;
    let size = (place.token * 0.27).clamp(SMALL, 14.0);
    let rows = if state.step >= 5 { &numbers.weights } else { &numbers.dots };
    let texts = rows.iter().take(n).flat_map(|row| row.iter().take(n)).map(|x| written(state, *x));
    let widest = texts.map(|t| text::width(&t, size, Weight::Regular)).fold(0.0, f32::max);
    (widest <= place.token - 5.0 && data.shown() > 0).then_some(size)
}

fn written(state: &State, x: f32) -> String {
    match x {
        x if !x.is_finite() => {
            if x.is_nan() {
                "NaN".into()
            } else {
                number(x)
            }
        }
        x if state.step < 5 && x.abs() >= 9.995 => fixed(x, 1),
        x => fixed(x, 2),
    }
}

/// Whether the square's cells hold their numbers.
pub(super) fn has_numbers(data: &Data, state: &State, numbers: &Numbers, stage: &Stage) -> bool {
    state.step >= 2 && number_size(data, state, numbers, &stage.s).is_some()
}

/// Scores or weights: scores lie beneath the weights that come out of them, and beneath the mask.
pub(super) fn square(frame: &mut Frame, data: &Data, state: &State, numbers: &Numbers, place: &Place, opacity: f32) {
    let (theme, n) = (frame.theme, place.tokens);
    let limit = max_abs(numbers.dots.iter().take(n).flat_map(|row| row.iter().take(n).copied()));
    let size = number_size(data, state, numbers, place);
    let seen = |q: usize, k: usize| !masks(state) || data.of.sees(q, k);
    let cells = || (0..n).flat_map(|q| (0..n).map(move |k| (q, k)));
    let (layer, head) = (data.of.layer, data.of.head);
    for (q, k) in cells().filter(|_| state.step <= 5) {
        let (value, fill, label) = score(data, state, numbers, theme, limit, q, k);
        let target = match data.of.sees(q, k) {
            true => Target::Number { number: Site::Scores.in_layer(layer, [head, q, k]) },
            // The run has no score for a later key.
            false => Target::Own,
        };
        let cell = cell(place, q, k, fill).key(format!("s-{q}-{k}")).value(value).opacity(opacity);
        let now = state.step < 5;
        // The mask falls on scores that are still there.
        if seen(q, k) || state.step == 4 && !state.alone {
            frame.push(if seen(q, k) && now { cell.label(label).target(target) } else { cell });
            written_in(frame, place, q, k, &written(state, value), fill, size.filter(|_| now), "number", opacity);
        }
    }
    for (q, k) in cells().filter(|&(q, k)| state.step >= 5 && seen(q, k)) {
        let (value, fill, label) = weight(data, numbers, theme, q, k);
        let target = match numbers.imagined {
            true => Target::Own,
            false => Target::Number { number: Site::Pattern.in_layer(layer, [head, q, k]) },
        };
        let cell = cell(place, q, k, fill).key(format!("w-{q}-{k}")).value(value).opacity(opacity);
        frame.push(cell.label(label).target(target));
        written_in(frame, place, q, k, &written(state, value), fill, size, "share", opacity);
    }
    if !state.alone {
        curtain(frame, place, n, &seen);
    }
}

/// A cell of the square.
fn cell(place: &Place, q: usize, k: usize, fill: Color) -> Node {
    let (x, y, w, h) = place.part(q, k, k + 1);
    let air = gap(place.token);
    Node::rect(x, y, w - air, h - air).radius(if air >= 2.0 { 3.0 } else { 1.0 }).fill(fill)
}

/// The number in a cell, if there is room.
#[expect(clippy::too_many_arguments, reason = "a place, a text and its looks")]
fn written_in(
    frame: &mut Frame,
    place: &Place,
    q: usize,
    k: usize,
    text: &str,
    fill: Color,
    size: Option<f32>,
    key: &str,
    opacity: f32,
) {
    let Some(size) = size else { return };
    let ((x, y, w, h), air) = (place.part(q, k, k + 1), gap(place.token));
    let node = Node::text(x + (w - air) / 2.0, y + (h - air) / 2.0, Run::new(text)).size(size).anchor(Anchor::Middle);
    frame.push(node.fill(frame.theme.on(fill)).centred().key(format!("{key}-{q}-{k}")).opacity(opacity.max(0.6)));
}

/// What is masked, column by column: a cloth from the top down, or from the foot up where what lies too far back is
/// masked, with a dot for each cell.
fn curtain(frame: &mut Frame, place: &Place, n: usize, seen: &dyn Fn(usize, usize) -> bool) {
    let (theme, air) = (frame.theme, gap(place.token));
    let mut dots = Vec::new();
    for k in 0..n {
        let above = (0..n).take_while(|&q| !seen(q, k)).count();
        let below = (above..n).rev().take_while(|&q| !seen(q, k)).count();
        for (name, first, rows) in [("curtain", 0, above), ("hem", n - below, below)] {
            if rows > 0 {
                let ((x, y, w, h), long) = (place.part(first, k, k + 1), (rows - 1) as f32 * place.token);
                let cloth = Node::rect(x - air / 2.0, y - air / 2.0, w, h + long).fill(theme.surface);
                frame.push(cloth.key(format!("{name}-{k}")));
            }
        }
        for q in (0..n).filter(|&q| !seen(q, k)) {
            let (x, y, w, h) = place.part(q, k, k + 1);
            let (x, y) = (x + (w - air) / 2.0, y + (h - air) / 2.0);
            dots.extend([Move(x, y), Line(x, y + 0.01)]);
        }
    }
    let dot = (place.token * 0.12).clamp(2.0, 4.0);
    frame.push(Node::path(dots).stroke(Stroke::new(theme.masked_dot, dot).round()).key("masked"));
}
