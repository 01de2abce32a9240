//! Draws the stage of one step.

use super::attention_steps::{Data, MAX_TOKENS, Numbers, STEPS, State, description, row_said};
use super::attention_steps_stage::{Matrix, NAME, Place, Stage};
use super::formula;
use super::frame::{Frame, LABEL, PAD, SMALL, caption, credit};
use super::signed_cells::gap;
use super::vector_strip::{color, palette, shade};
use crate::color::Color;
use crate::number::{count, fixed, number, percent, plural};
use crate::raster::Raster;
use crate::scale::max_abs;
use crate::scene::Segment::{Line, Move};
use crate::scene::{Anchor, Node, Run, Scene, Stroke, Target, Weight};
use crate::text;
use crate::theme::Theme;
use crate::token::{self, spoken};
use attnscope::analysis::Number;

/// Components narrower than this are pixels.
const NARROWEST: f32 = 2.5;
/// What plays no part in the step.
const PALE: f32 = 0.35;

pub(super) fn render(data: &Data, state: &State, numbers: &Numbers, theme: &Theme) -> Scene {
    let width = state.canvas.width.clamp(330.0, 1600.0);
    let title = format!("Attention of layer {}, head {}, step by step", data.layer, data.head);
    let lead = "All tokens at once: a row a token. Every matrix keeps its place; an outline is not yet computed.";
    let mut frame = Frame::new(theme, &state.canvas, width, title, lead);
    steps(&mut frame, state);
    formula_line(&mut frame, data, state);
    let stage = Stage::new(data, frame.inner(), frame.y);
    for matrix in Matrix::ALL {
        draw(&mut frame, data, state, numbers, &stage, matrix);
    }
    names(&mut frame, data, state, &stage);
    frame.y = stage.bottom + 8.0;
    reading(&mut frame, data, state, numbers);
    let first = format!("The first {MAX_TOKENS} of {}.", plural(data.tokens.len(), "token"));
    let written = if has_numbers(data, state, numbers, &stage) { "Numbers are rounded." } else { "" };
    let notes = caption(&[
        &credit(&data.model),
        if data.tokens.len() > MAX_TOKENS { &first } else { "" },
        "Blue is above zero, orange below; each matrix has its own scale, scores one in all steps.",
        written,
        match numbers.imagined {
            true => {
                "Without the mask weights and Z are computed here, as if every token might look at every other; they are not the model's."
            }
            false if !numbers.agree => {
                "The model does more than this to its scores: its weights are not softmax of them alone."
            }
            false => "",
        },
    ]);
    frame.finish(&notes, description(data, state, numbers))
}

/// The steps in a row, the present one stressed.
fn steps(frame: &mut Frame, state: &State) {
    let theme = frame.theme;
    let narrow = frame.inner() < 440.0;
    let size = 12.0;
    let widths: Vec<f32> = STEPS.iter().map(|s| formula::width(size, Weight::Semibold, &[(s, theme.text)])).collect();
    let room = frame.inner() - widths.iter().sum::<f32>();
    let gap = if narrow { 2.5 } else { 6.0 };
    let pads = 2.0 * STEPS.len() as f32;
    let pad = ((room - gap * (pads / 2.0 - 1.0)) / pads).clamp(2.0, if narrow { 7.0 } else { 11.0 });
    let mut x = PAD;
    for (index, (name, w)) in STEPS.iter().zip(widths).enumerate() {
        let (now, past) = (index == state.step, index < state.step);
        let chip = Node::rect(x, frame.y, w + 2.0 * pad, 26.0).radius(6.0);
        let chip = if now { chip.fill(theme.accent) } else { chip.fill(theme.surface) };
        let chip = chip.key(format!("step-{index}")).target(Target::Item { index });
        frame.push(chip.label(format!("step {} of {}: {name}", index + 1, STEPS.len())));
        let fill = match (now, past) {
            (true, _) => theme.on(theme.accent),
            (false, true) => theme.text,
            (false, false) => theme.muted,
        };
        formula::write(frame, x + pad, frame.y + 13.0, size, Weight::Semibold, &[(name, fill)]);
        x += w + 2.0 * pad + gap;
    }
    frame.y += 26.0 + 18.0;
}

/// What the step does: a formula, and the same in words.
fn formula_line(frame: &mut Frame, data: &Data, state: &State) {
    let t = frame.theme;
    let (q, k, v, text, out) = (t.query, t.key, t.value, t.text, t.output);
    let root = format!("scores ÷ √{}", count(data.d_head()));
    let (formula, words): (Vec<(&str, Color)>, &str) = match state.step {
        0 => (vec![("X", text)], "what attention reads: a row of numbers for each token"),
        1 => (
            vec![("Q", q), (" = X·W_Q   ", text), ("K", k), (" = X·W_K   ", text), ("V", v), (" = X·W_V", text)],
            "each row of X times three matrices that were learned",
        ),
        2 => (
            vec![("scores = ", text), ("Q", q), ("·", text), ("Kᵀ", k)],
            "each row of Q with each row of K: multiply number by number, add up",
        ),
        3 => (vec![(&root, text)], "so that scores do not grow with the length of q and k"),
        4 if !data.causal => (vec![("no mask", text)], "this model reads both ways: a token may look at every other"),
        4 if !state.masked => (vec![("no mask", text)], "every token may look at every other, also at later ones"),
        4 => (vec![("mask", text)], "a token may not look at what comes after it"),
        5 => (vec![("weights = softmax(scores)", text)], "each row becomes shares that sum to 1"),
        _ => (vec![("Z", out), (" = weights·", text), ("V", v)], "each row of weights mixes the rows of V"),
    };
    let size = if frame.inner() < 440.0 { 15.0 } else { 17.0 };
    formula::write(frame, PAD, frame.y + 8.0, size, Weight::Semibold, &formula);
    let lines = text::wrap_balanced(words, frame.inner(), LABEL, Weight::Regular);
    for (i, line) in lines.into_iter().enumerate() {
        let node = Node::text(PAD, frame.y + 32.0 + i as f32 * 18.0, Run::new(line)).size(LABEL).fill(t.muted);
        frame.push(node.centred());
    }
    // The same height at each step: the stage must not move.
    frame.y += if frame.inner() < 440.0 { 64.0 } else { 50.0 };
}

/// Whether the matrix is made by this step, plays a part in it, or neither.
fn part(matrix: Matrix, step: usize) -> (bool, bool) {
    use Matrix::{K, Q, S, V, X, Z};
    let made = match step {
        0 => matrix == X,
        1 => matches!(matrix, Q | K | V),
        2..=5 => matrix == S,
        _ => matrix == Z,
    };
    let used = match step {
        1 => matrix == X,
        2 => matches!(matrix, Q | K),
        6 => matches!(matrix, S | V),
        _ => false,
    };
    (made, used)
}

fn draw(frame: &mut Frame, data: &Data, state: &State, numbers: &Numbers, stage: &Stage, matrix: Matrix) {
    let (theme, place) = (frame.theme, stage.place(matrix));
    let (made, used) = part(matrix, state.step);
    let known = matrix.born() <= state.step;
    title(frame, data, state, stage, matrix, made || used || !known);
    let air = gap(place.token.min(place.component));
    let outline = Node::rect(place.x - 3.0, place.y - 3.0, place.width() - air + 6.0, place.height() - air + 6.0);
    let stroke = match (made, known) {
        (true, _) => Stroke::new(theme.accent, 1.5),
        (false, true) => Stroke::new(theme.grid, 1.0),
        (false, false) => Stroke::new(theme.faint, 1.0).dash(4.0, 3.0),
    };
    frame.push(outline.radius(5.0).stroke(stroke).key(format!("outline-{}", matrix.key())));
    if known {
        let opacity = if made || used { 1.0 } else { PALE };
        match matrix {
            Matrix::S => square(frame, data, state, numbers, place, opacity),
            _ => vectors(frame, data, numbers, place, matrix, opacity),
        }
    }
    if known {
        ring(frame, state, place, matrix, air);
    }
}

/// The matrix's letter, and its size or how it is made.
fn title(frame: &mut Frame, data: &Data, state: &State, stage: &Stage, matrix: Matrix, strong: bool) {
    let (theme, place) = (frame.theme, stage.place(matrix));
    let s = match state.step {
        0..=2 => "scores",
        3 => "scores ÷ √d",
        4 => "scores, masked",
        _ => "weights",
    };
    let s = if state.step == 4 && !(data.causal && state.masked) { "scores" } else { s };
    let (name, fill) = match matrix {
        Matrix::X => ("X", theme.text),
        Matrix::Q => ("Q", theme.query),
        Matrix::K if place.transposed => ("Kᵀ", theme.key),
        Matrix::K => ("K", theme.key),
        Matrix::V => ("V", theme.value),
        Matrix::S => (s, theme.text),
        Matrix::Z => ("Z", theme.output),
    };
    let (rows, columns) = match place.transposed {
        true => (place.components, data.tokens.len()),
        false => (data.tokens.len(), if matrix == Matrix::S { data.tokens.len() } else { place.components }),
    };
    let mid = if place.title_above { place.y - 14.0 } else { place.y + place.height() + 13.0 };
    let mid = if matrix == Matrix::S && place.title_above { mid - stage.names_h } else { mid };
    let end = formula::write(frame, place.x, mid, LABEL, Weight::Semibold, &[(name, fill)]);
    let size = format!("{} × {}", count(rows), count(columns));
    if end + 8.0 + text::width(&size, SMALL, Weight::Regular) <= place.x + place.width().max(90.0) && strong {
        frame.label(end + 8.0, mid, Anchor::Start, size);
    }
}

/// X, Q, K, V or Z: a cell a number where there is room, else a raster a token.
fn vectors(frame: &mut Frame, data: &Data, numbers: &Numbers, place: &Place, matrix: Matrix, opacity: f32) {
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
        if place.component < NARROWEST && row.len() <= 4096 {
            let (x, y, w, h) = place.part(i, 0, place.components);
            let pixels: Vec<u8> = row.iter().map(|v| shade(*v, limit)).collect();
            let (columns, lines) = if place.transposed { (1, pixels.len()) } else { (pixels.len(), 1) };
            let (w, h) = if place.transposed { (w - 1.0, h) } else { (w, h - 1.0) };
            let node = Node::raster(x, y, w, h, Raster::new(columns, lines, palette(frame.theme), pixels));
            let node = node.key(format!("{}-{i}", matrix.key())).opacity(opacity);
            frame.push(
                node.target(Target::Query { q_idx: i }).label(format!("{name}: {}", plural(row.len(), "number"))),
            );
            continue;
        }
        for (c, &value) in row.iter().enumerate().take(place.components) {
            let (x, y, w, h) = place.part(i, c, c + 1);
            let cell = Node::rect(x, y, w - air, h - air).radius(if air >= 1.0 { 1.5 } else { 0.0 });
            let cell = cell.fill(color(frame.theme, value, limit)).value(value).opacity(opacity);
            let cell =
                cell.key(format!("{}-{i}-{c}", matrix.key())).label(format!("{name}, number {c}: {}", number(value)));
            frame.push(cell.target(target(data, numbers, matrix, i, c)));
        }
    }
}

/// What a number of a vector stands for.
fn target(data: &Data, numbers: &Numbers, matrix: Matrix, position: usize, component: usize) -> Target {
    let (layer, head, kv) = (data.layer, data.head, data.kv_head);
    let number = match matrix {
        Matrix::X => Number::AttnIn { layer, position, component },
        Matrix::Q => Number::Q { layer, head, position, component },
        Matrix::K => Number::K { layer, head: kv, position, component },
        Matrix::V => Number::V { layer, head: kv, position, component },
        // Computed here, and not a number of the run.
        _ if numbers.imagined => return Target::Query { q_idx: position },
        _ => Number::Z { layer, head, position, component },
    };
    Target::Number { number }
}

/// The value, colour and words of a cell of the square at this step; none where it is masked.
fn cell(
    data: &Data,
    state: &State,
    numbers: &Numbers,
    limit: f32,
    theme: &Theme,
    q: usize,
    k: usize,
) -> Option<(f32, Color, String)> {
    let masked = data.causal && state.masked && k > q && state.step >= 4;
    if masked {
        return None;
    }
    let at = |rows: &[Vec<f32>]| rows.get(q).and_then(|row| row.get(k)).copied().unwrap_or(f32::NAN);
    let (asks, whom) = (spoken(data.token(q)), spoken(data.token(k)));
    Some(match state.step {
        0..=2 => {
            let dot = at(&numbers.dots);
            (dot, color(theme, dot, limit), format!("{asks} with {whom}: q·k {}", fixed(dot, 2)))
        }
        3 | 4 => {
            let score = at(&numbers.dots) / data.root();
            (score, color(theme, score, limit), format!("{asks} with {whom}: score {}", fixed(score, 2)))
        }
        _ => {
            let w = at(&numbers.weights);
            let fill = if w.is_finite() { theme.weight(w) } else { theme.accent };
            (w, fill, format!("{asks} looks {} at {whom}", percent(w)))
        }
    })
}

/// The size of the numbers in the square's cells, if there is room for them.
fn number_size(data: &Data, state: &State, numbers: &Numbers, place: &Place) -> Option<f32> {
    let n = place.tokens;
    let size = (place.token * 0.27).clamp(10.5, 14.0);
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

fn has_numbers(data: &Data, state: &State, numbers: &Numbers, stage: &Stage) -> bool {
    state.step >= 2 && number_size(data, state, numbers, &stage.s).is_some()
}

/// Scores or weights.
fn square(frame: &mut Frame, data: &Data, state: &State, numbers: &Numbers, place: &Place, opacity: f32) {
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
        let (layer, head) = (data.layer, data.head);
        let target = match state.step {
            0..=4 => Target::Number { number: Number::Score { layer, head, q_idx: q, k_idx: k } },
            _ if numbers.imagined => Target::Query { q_idx: q },
            _ => Target::Number { number: Number::Weight { layer, head, q_idx: q, k_idx: k } },
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

/// Around the chosen row; of K and V only where they are made, for then all of their rows are used.
fn ring(frame: &mut Frame, state: &State, place: &Place, matrix: Matrix, air: f32) {
    let Some(q_idx) = state.q_idx else { return };
    if matches!(matrix, Matrix::K | Matrix::V) && state.step > 1 {
        return;
    }
    let (x, y, w, h) = place.part(q_idx, 0, place.components);
    let ring = Node::rect(x - 2.0, y - 2.0, w - air + 4.0, h - air + 4.0).radius(4.0);
    frame.push(ring.stroke(Stroke::new(frame.theme.query, 2.0)).key(format!("ring-{}", matrix.key())));
}

/// The tokens at the left of rows and over the columns of keys.
fn names(frame: &mut Frame, data: &Data, state: &State, stage: &Stage) {
    let theme = frame.theme;
    let (x, q, v, s, z) = (&stage.x, &stage.q, &stage.v, &stage.s, &stage.z);
    let rows: &[(&Place, &str, Color)] = match stage.wide {
        true => &[(x, "x", theme.text), (q, "q", theme.query), (v, "v", theme.key)],
        false => &[(x, "x", theme.text), (q, "q", theme.text), (s, "s", theme.query), (z, "z", theme.query)],
    };
    for (place, key, fill) in rows.iter().filter(|(place, ..)| place.token >= 11.5) {
        for i in 0..data.shown() {
            let chosen = state.q_idx == Some(i) && *key != "v";
            let mid = place.y + (i as f32 + 0.5) * place.token - 1.0;
            let size = NAME.min(place.token * 0.95).max(11.0);
            let runs = token::runs(data.token(i), theme.faint, stage.label_w, size, Weight::Semibold);
            let node = Node::text(place.x - 8.0, mid, runs).size(size).anchor(Anchor::End).fill(*fill);
            let node = if chosen { node.bold() } else { node };
            let target = if *key == "v" { Target::Key { k_idx: i } } else { Target::Query { q_idx: i } };
            frame.push(node.centred().key(format!("name-{key}-{i}")).target(target));
        }
    }
    for k_idx in 0..data.shown() {
        let mid = s.x + (k_idx as f32 + 0.5) * s.component - 1.0;
        let runs = token::runs(data.token(k_idx), theme.faint, 56.0, NAME, Weight::Regular);
        let node = match stage.turned {
            true => Node::text(mid, s.y - 7.0, runs).size(NAME).fill(theme.key).rotate(-90.0).centred(),
            false => Node::text(mid, s.y - 14.0, runs).size(NAME).fill(theme.key).anchor(Anchor::Middle).centred(),
        };
        frame.push(node.key(format!("name-k-{k_idx}")).target(Target::Key { k_idx }));
    }
}

/// The chosen row in words.
fn reading(frame: &mut Frame, data: &Data, state: &State, numbers: &Numbers) {
    let theme = frame.theme;
    let (said, fill) = match state.q_idx {
        Some(i) => (row_said(data, state, numbers, i), theme.text),
        None => ("Choose a token to follow its row.".into(), theme.muted),
    };
    let lines = text::wrap_balanced(&said, frame.inner(), LABEL + 1.0, Weight::Regular);
    for (i, line) in lines.into_iter().enumerate().take(2) {
        let node = Node::text(PAD, frame.y + 10.0 + i as f32 * 20.0, Run::new(line)).size(LABEL + 1.0).fill(fill);
        frame.push(node.centred());
    }
    frame.y += if frame.inner() < 440.0 { 46.0 } else { 28.0 };
}
