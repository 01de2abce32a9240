//! One depth of [`super::journey`] as a line: the landmarks' names above it, the paths' names below.

use super::compare_bars::color;
use super::flags::{self, Flag, flags};
use super::frame::{Frame, LABEL, PAD, SMALL};
use super::journey::{Axis, Data, said};
use crate::number::fixed;
use crate::scene::{Anchor, Node, Run, Stroke, Weight};
use crate::{text, token};

/// From a name's row to the next.
const ROW: f32 = 17.0;
const PATH_ROW: f32 = 20.0;

/// Heading, names, line, names. Gives whether a name had no room.
pub(super) fn draw(frame: &mut Frame, data: &Data, axis: &Axis, depth: usize) -> bool {
    heading(frame, data, axis, depth);
    let names: Vec<(String, f32)> = data
        .landmarks()
        .iter()
        .map(|landmark| {
            let name = text::fit(&token::spoken(&landmark.name), 120.0, SMALL, Weight::Regular);
            let width = text::width(&name, SMALL, Weight::Regular);
            (name, width)
        })
        .collect();
    let at = |depth: usize| placed(axis, data.landmarks().iter().map(|l| l.at.get(depth)), &names);
    let above = rows(data, &at, axis) as f32 * ROW;
    let y = frame.y + above + 12.0;
    frame.push(Node::line(axis.left, y, axis.right, y, Stroke::new(frame.theme.grid, 2.0).round()));
    let unnamed = landmarks(frame, data, &names, (&at(depth), axis), (depth, y));
    paths(frame, data, axis, depth, y);
    unnamed
}

/// The poles' names at the ends, and which depth it is.
fn heading(frame: &mut Frame, data: &Data, axis: &Axis, depth: usize) {
    let (theme, y) = (frame.theme, frame.y + 8.0);
    let pole = |i: usize| text::fit(&token::plain(&data.poles[i]), frame.inner() * 0.28, LABEL, Weight::Semibold);
    let (a, b) = (format!("← {}", pole(0)), format!("{} →", pole(1)));
    for (x, anchor, name) in [(axis.left, Anchor::Start, a), (axis.right, Anchor::End, b)] {
        frame.push(Node::text(x, y, Run::new(name)).size(LABEL).bold().anchor(anchor).fill(theme.text).centred());
    }
    let middle = (axis.left + axis.right) / 2.0;
    let now = Node::text(middle, y, Run::new(said(depth))).size(LABEL).anchor(Anchor::Middle).fill(theme.muted);
    frame.push(now.centred().key("depth"));
    frame.y += 24.0;
}

/// Places and widths of texts, those that are no numbers outside of everything.
fn placed<'a>(axis: &Axis, at: impl Iterator<Item = Option<&'a f32>>, names: &[(String, f32)]) -> Vec<(f32, f32)> {
    let x = |at: Option<&f32>| at.and_then(|at| axis.x(*at)).unwrap_or(f32::NAN);
    at.zip(names).map(|(at, (_, width))| (x(at), *width)).collect()
}

/// Rows of names that the fullest depth needs: the line should not jump from depth to depth.
fn rows(data: &Data, at: &dyn Fn(usize) -> Vec<(f32, f32)>, axis: &Axis) -> usize {
    // Of very many depths some will do: a few pixels more or less.
    let step = data.depths().div_ceil(128).max(1);
    let of = |depth: usize| flags(&at(depth), ends(axis)).iter().flatten().map(|f| f.row + 1).max().unwrap_or(0);
    (0..data.depths()).step_by(step).map(of).max().unwrap_or(0)
}

/// How far names may reach.
fn ends(axis: &Axis) -> (f32, f32) {
    (PAD, axis.right)
}

fn landmarks(
    frame: &mut Frame,
    data: &Data,
    names: &[(String, f32)],
    (places, axis): (&[(f32, f32)], &Axis),
    (depth, y): (usize, f32),
) -> bool {
    let theme = frame.theme;
    let mut unnamed = false;
    let found = flags(places, ends(axis));
    // Poles first: names lie over them.
    for (i, (flag, (x, _))) in found.iter().zip(places).enumerate() {
        let Some(flag) = flag else { continue };
        let top = y - 16.0 - flag.row as f32 * ROW;
        frame.push(Node::line(*x, y - 5.0, *x, top + 1.0, Stroke::new(theme.grid, 1.0)).key(format!("pole-{i}")));
    }
    for (i, landmark) in data.landmarks().iter().enumerate() {
        let (x, _) = places[i];
        if !x.is_finite() {
            continue;
        }
        let at = landmark.at.get(depth).copied().unwrap_or(f32::NAN);
        let said = format!("{}, {}: {}", token::spoken(&landmark.name), said(depth), fixed(at, 2));
        let dot = Node::circle(x, y, 4.0).fill(theme.muted).stroke(Stroke::new(theme.background, 1.0));
        frame.push(dot.key(format!("landmark-{i}")).value(at).label(said));
        match found[i] {
            Some(flag) => {
                let mid = y - 16.0 - flag.row as f32 * ROW;
                let node = Node::text(beside(x, flag), mid, Run::new(names[i].0.as_str()));
                let node = node.size(SMALL).anchor(flag.anchor).fill(theme.muted).centred();
                frame.push(node.key(format!("name-{i}")));
            }
            None => unnamed = true,
        }
    }
    unnamed
}

/// Where a text begins or ends whose pole is at `x`.
fn beside(x: f32, flag: Flag) -> f32 {
    if flag.anchor == Anchor::Start { x + flags::AIR } else { x - flags::AIR }
}

/// Dots on the line, and a row each below it with name and number.
fn paths(frame: &mut Frame, data: &Data, axis: &Axis, depth: usize, y: f32) {
    let theme = frame.theme;
    let n = data.paths().len();
    let number = |i: usize| data.paths()[i].at.get(depth).copied().unwrap_or(f32::NAN);
    let mut order: Vec<(usize, f32)> = (0..n).filter_map(|i| Some((i, axis.x(number(i))?))).collect();
    // Texts fly to the right: the one whose pole is most to the left hangs lowest, under the others' poles.
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (row, (i, x)) in order.into_iter().enumerate() {
        let mid = y + 22.0 + row as f32 * PATH_ROW;
        let fill = color(theme, i);
        let shown = fixed(number(i), 2);
        let room = frame.inner() - text::width(&shown, LABEL, Weight::Regular) - 20.0;
        let name = text::fit(&token::plain(&data.paths()[i].name), room, LABEL, Weight::Semibold);
        let runs = vec![Run::new(name).bold(), Run::new(format!("  {shown}"))];
        let width = text::runs_width(&runs, LABEL, Weight::Regular);
        // Text that has no room to the right of its pole is pushed back, and hangs below the pole's end.
        let left = (x - 4.0).min(frame.width - PAD - width).max(PAD);
        frame.push(Node::line(x, y, x, mid - 9.0, Stroke::new(fill, 1.5)).key(format!("path-pole-{i}")));
        let node = Node::text(left, mid, runs).size(LABEL).fill(fill).centred().key(format!("path-name-{i}"));
        frame.push(node.value(number(i)));
        let dot = Node::circle(x, y, 6.0).fill(fill).stroke(Stroke::new(theme.background, 1.5));
        frame.push(dot.key(format!("now-{i}")));
    }
    frame.y = y + 22.0 + n as f32 * PATH_ROW + 10.0;
}
