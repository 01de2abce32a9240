//! Draws the stage of one step.

use super::cells;
use super::stage::{Matrix, NAME, Place, Stage};
use super::{Data, MAX_TOKENS, Numbers, STEPS, State, description, row_said};
use crate::color::Color;
use crate::figure::formula;
use crate::figure::frame::{Frame, LABEL, PAD, SMALL, caption, credit};
use crate::figure::signed_cells::{SHARED, gap, per_pixel};
use crate::number::{count, plural};
use crate::scene::{Anchor, Node, Run, Scene, Stroke, Target, Weight};
use crate::text;
use crate::theme::Theme;
use crate::token;
use attnscope_words::words;

/// Opacity of everything that plays no part in the step.
const PALE: f32 = 0.35;

pub(super) fn render(data: &Data, state: &State, numbers: &Numbers, theme: &Theme) -> Scene {
    let width = state.canvas.width.clamp(330.0, 1600.0);
    let title = words!("Attention of layer {}, head {}, step by step", data.of.layer, data.of.head);
    let lead =
        words!("All tokens at once: a row a token. Every matrix keeps its place; an outline is not yet computed.");
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
    let first = words!("The first {MAX_TOKENS} of {}.", plural(data.of.tokens.len(), "token"));
    let written = if cells::has_numbers(data, state, numbers, &stage) { words!("Numbers are rounded.") } else { "" };
    let shared = Matrix::ALL.iter().any(|m| per_pixel(stage.place(*m).component) > 1);
    let notes = caption(&[
        &credit(&data.of.model),
        if data.of.tokens.len() > MAX_TOKENS { &first } else { "" },
        words!("Green is above zero, pink below; each matrix has its own scale, scores one in all steps."),
        written,
        if shared { attnscope_words::text(SHARED) } else { "" },
        match numbers.imagined {
            true => {
                words!(
                    "Without the mask weights and Z are computed here, as if every token might attend to every other; they are not the model's."
                )
            }
            false if !numbers.agree => {
                words!("The run's weights are not softmax of these scores alone: it was changed, or limits them.")
            }
            false => "",
        },
        if numbers.mixes {
            ""
        } else {
            words!("The run was changed here: it went on with another Z than weights · V.")
        },
    ]);
    frame.finish(&notes, description(data, state, numbers))
}

/// The names of the steps in a row, the current one emphasized.
fn steps(frame: &mut Frame, state: &State) {
    let theme = frame.theme;
    let narrow = frame.inner() < 440.0;
    let size = 13.0;
    let widths: Vec<f32> = STEPS
        .iter()
        .map(|s| formula::width(size, Weight::Semibold, &[(attnscope_words::text(s), theme.text)]))
        .collect();
    let room = frame.inner() - widths.iter().sum::<f32>();
    let gap = if narrow { 2.5 } else { 6.0 };
    let pads = 2.0 * STEPS.len() as f32;
    let pad = ((room - gap * (pads / 2.0 - 1.0)) / pads).clamp(2.0, if narrow { 7.0 } else { 11.0 });
    let mut x = PAD;
    for (index, (name, w)) in STEPS.iter().map(|s| attnscope_words::text(s)).zip(widths).enumerate() {
        let (now, past) = (index == state.step, index < state.step);
        let chip = Node::rect(x, frame.y, w + 2.0 * pad, 26.0).radius(6.0);
        let chip = if now { chip.fill(theme.text) } else { chip.fill(theme.surface) };
        let chip = chip.key(format!("step-{index}")).target(Target::Item { index });
        frame.push(chip.label(words!("step {} of {}: {name}", index + 1, STEPS.len())));
        let fill = match (now, past) {
            (true, _) => theme.background,
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
    let root = words!("scores {}", data.scaled());
    let (formula, words): (Vec<(&str, Color)>, &str) = match state.step {
        0 => (vec![("X", text)], words!("what attention reads: a row of numbers for each token")),
        1 => (
            vec![
                ("Q", q),
                (words!(" = X·W_Q   "), text),
                ("K", k),
                (words!(" = X·W_K   "), text),
                ("V", v),
                (words!(" = X·W_V"), text),
            ],
            words!("each row of X times three matrices that were learned"),
        ),
        2 => (
            vec![(words!("scores = "), text), ("Q", q), ("·", text), ("Kᵀ", k)],
            words!("each row of Q with each row of K: multiply number by number, add up"),
        ),
        3 => (vec![(&root, text)], words!("so that scores do not grow with the length of q and k")),
        4 if !data.of.masks() => {
            (vec![(words!("no mask"), text)], words!("this model reads both ways: a token may attend to every other"))
        }
        4 if !state.masked => {
            (vec![(words!("no mask"), text)], words!("every token may attend to every other, also at later ones"))
        }
        4 => (vec![(words!("mask"), text)], words!("a token may not attend to what comes after it")),
        5 => {
            let shares = match data.of.sink {
                None => words!("each row becomes shares that sum to 1"),
                Some(_) => words!("each row and the head's sink become shares that sum to 1"),
            };
            (vec![(words!("weights = softmax(scores)"), text)], shares)
        }
        _ => (
            vec![("Z", out), (words!(" = weights·"), text), ("V", v)],
            words!("each row of weights mixes the rows of V"),
        ),
    };
    let size = if frame.inner() < 440.0 { 15.0 } else { 17.0 };
    let from = frame.nodes.len();
    formula::write(frame, PAD, frame.y + 8.0, size, Weight::Semibold, &formula);
    let lines = text::wrap_balanced(words, frame.inner(), LABEL, Weight::Regular);
    for (i, line) in lines.into_iter().enumerate() {
        let node = Node::text(PAD, frame.y + 32.0 + i as f32 * 18.0, Run::new(line)).size(LABEL).fill(t.muted);
        frame.push(node.centred());
    }
    // A letter of one formula does not slide to its place in the next.
    frame.name_since(from, &format!("formula-{}", state.step));
    // The same height at each step, so that the matrices do not move.
    frame.y += if frame.inner() < 440.0 { 64.0 } else { 50.0 };
}

/// Whether the matrix is made by this step, plays a part in it, or neither.
fn part(matrix: Matrix, step: usize, alone: bool) -> (bool, bool) {
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
        3 if alone => matches!(matrix, Q | K),
        6 => matches!(matrix, S | V),
        _ => false,
    };
    (made, used)
}

fn draw(frame: &mut Frame, data: &Data, state: &State, numbers: &Numbers, stage: &Stage, matrix: Matrix) {
    let (theme, place) = (frame.theme, stage.place(matrix));
    let (made, used) = part(matrix, state.step, state.alone);
    let known = matrix.born() <= state.step;
    title(frame, data, state, stage, matrix, made || used || !known);
    let air = gap(place.token.min(place.component));
    let outline = Node::rect(place.x - 3.0, place.y - 3.0, place.width() - air + 6.0, place.height() - air + 6.0);
    let whole = known && (!state.alone || matrix == Matrix::X);
    let famous = matrix == Matrix::S && state.named && state.step >= 6;
    let stroke = match (made && whole || famous, whole) {
        (true, _) => Stroke::new(theme.accent, 1.5),
        (false, true) => Stroke::new(theme.grid, 1.0),
        (false, false) => Stroke::new(theme.faint, 1.0).dash(4.0, 3.0),
    };
    frame.push(outline.radius(5.0).stroke(stroke).key(format!("outline-{}", matrix.key())));
    if known {
        let opacity = if made || used { 1.0 } else { PALE };
        match matrix {
            Matrix::S => cells::square(frame, data, state, numbers, place, opacity),
            _ => cells::vectors(frame, data, numbers, place, matrix, opacity),
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
        6 if state.named => words!("attention pattern"),
        0..=2 => words!("scores"),
        3 if data.is_divided() => words!("scores ÷ √d"),
        3 => words!("scores, scaled"),
        4 => words!("scores, masked"),
        _ => words!("weights"),
    };
    let s = if state.step == 4 && !(data.of.masks() && state.masked) { words!("scores") } else { s };
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
        true => (place.components, data.of.tokens.len()),
        false => (data.of.tokens.len(), if matrix == Matrix::S { data.of.tokens.len() } else { place.components }),
    };
    let mid = if place.title_above { place.y - 14.0 } else { place.y + place.height() + 13.0 };
    let mid = if matrix == Matrix::S && place.title_above { mid - stage.names_h } else { mid };
    let from = frame.nodes.len();
    let end = formula::write(frame, place.x, mid, LABEL, Weight::Semibold, &[(name, fill)]);
    let size = format!("{} × {}", count(rows), count(columns));
    if end + 8.0 + text::width(&size, SMALL, Weight::Regular) <= place.x + place.width().max(90.0) && strong {
        frame.label(end + 8.0, mid, Anchor::Start, size);
    }
    frame.name_since(from, &format!("title-{}", matrix.key()));
}

/// A ring around the chosen row; of K and V only at the step that computes them, since later steps use all their rows.
fn ring(frame: &mut Frame, state: &State, place: &Place, matrix: Matrix, air: f32) {
    let Some(q_idx) = state.q_idx else { return };
    if matches!(matrix, Matrix::K | Matrix::V) && state.step > 1 {
        return;
    }
    let (x, y, w, h) = place.part(q_idx, 0, place.components);
    let ring = Node::rect(x - 2.0, y - 2.0, w - air + 4.0, h - air + 4.0).radius(4.0);
    frame.push(ring.stroke(Stroke::new(frame.theme.query, 2.0)).key(format!("ring-{}", matrix.key())));
}

/// The tokens to the left of rows and above the columns of keys.
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
            let size = NAME;
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
        None => (words!("Choose a token to follow its row.").into(), theme.muted),
    };
    let lines = text::wrap_balanced(&said, frame.inner(), LABEL + 1.0, Weight::Regular);
    for (i, line) in lines.into_iter().enumerate().take(2) {
        let node = Node::text(PAD, frame.y + 10.0 + i as f32 * 20.0, Run::new(line)).size(LABEL + 1.0).fill(fill);
        frame.push(node.centred());
    }
    frame.y += if frame.inner() < 440.0 { 46.0 } else { 28.0 };
}
