//! The cells of the matrices: signed numbers of vectors, and the square of scores or weights.

use super::stage::{Matrix, Place, Stage};
use super::{Data, Numbers, State};
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
        let name = format!("{} of {}", matrix.key(), spoken(data.token(i)));
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

/// The value, colour and label of a cell of the square at this step; `None` where it is masked.
fn cell(
    data: &Data,
    state: &State,
    numbers: &Numbers,
    limit: f32,
    theme: &Theme,
    q: usize,
    k: usize,
) -> Option<(f32, Color, String)> {
    let masked = state.masked && state.step >= 4 && !data.of.sees(q, k);
    if masked {
        return None;
    }
    let at = |rows: &[Vec<f32>]| rows.get(q).and_then(|row| row.get(k)).copied().unwrap_or(f32::NAN);
    let (asks, whom) = (spoken(data.token(q)), spoken(data.token(k)));
    Some(match state.step {
        0..=2 => {
            let dot = at(&numbers.dots);
            (dot, color(theme, dot, limit), words!("{asks} with {whom}: q·k {}", fixed(dot, 2)))
        }
        3 | 4 => {
            let score = at(&numbers.dots) / data.root();
            (score, color(theme, score, limit), words!("{asks} with {whom}: score {}", fixed(score, 2)))
        }
        _ => {
            let w = at(&numbers.weights);
            let fill = if w.is_finite() { theme.weight(w) } else { theme.accent };
            (w, fill, words!("{asks} attends {} to {whom}", percent(w)))
        }
    })
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

/// Scores or weights.
pub(super) fn square(frame: &mut Frame, data: &Data, state: &State, numbers: &Numbers, place: &Place, opacity: f32) {
    let (theme, n) = (frame.theme, place.tokens);
    let limit = max_abs(numbers.dots.iter().take(n).flat_map(|row| row.iter().take(n).copied()));
    let air = gap(place.token);
    let size = number_size(data, state, numbers, place);
    let mut dots = Vec::new();
    for (q, k) in (0..n).flat_map(|q| (0..n).map(move |k| (q, k))) {
        let (x, y, w, h) = place.part(q, k, k + 1);
        let (mid_x, mid_y) = (x + (w - air) / 2.0, y + (h - air) / 2.0);
        let Some((value, fill, label)) = cell(data, state, numbers, limit, theme, q, k) else {
            dots.extend([Move(mid_x, mid_y), Line(mid_x, mid_y + 0.01)]);
            continue;
        };
        let (layer, head) = (data.of.layer, data.of.head);
        let target = match state.step {
            // The run has no score for a later key.
            0..=4 if !data.of.sees(q, k) => Target::Own,
            0..=4 => Target::Number { number: Site::Scores.in_layer(layer, [head, q, k]) },
            _ if numbers.imagined => Target::Own,
            _ => Target::Number { number: Site::Pattern.in_layer(layer, [head, q, k]) },
        };
        let node = Node::rect(x, y, w - air, h - air).radius(if air >= 2.0 { 3.0 } else { 1.0 }).fill(fill);
        frame.push(node.key(format!("s-{q}-{k}")).value(value).label(label).target(target).opacity(opacity));
        if let Some(size) = size {
            let node = Node::text(mid_x, mid_y, Run::new(written(state, value))).size(size).anchor(Anchor::Middle);
            frame.push(node.fill(theme.on(fill)).centred().key(format!("number-{q}-{k}")).opacity(opacity.max(0.6)));
        }
    }
    let dot = (place.token * 0.12).clamp(2.0, 4.0);
    frame.push(Node::path(dots).stroke(Stroke::new(theme.masked_dot, dot).round()).key("masked"));
}
