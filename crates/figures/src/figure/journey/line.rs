//! One depth of [`crate::figure::journey`] as a line: the landmarks' names above it, the paths' names below.

use super::{Data, said};
use crate::figure::flags::{self, Flag, flags};
use crate::figure::frame::{Frame, LABEL, PAD, SMALL};
use crate::number::fixed;
use crate::scale::Linear;
use crate::scene::{Anchor, Node, Run, Stroke, Target, Weight};
use crate::{text, token};

/// Distance from a name's row to the next.
const ROW: f32 = 17.0;
const PATH_ROW: f32 = 20.0;

/// The part of the width that a path's text may have below the line.
const LONGEST: f32 = 0.5;

/// A canvas narrower than this has the paths' names in a list.
const WIDE: f32 = 520.0;

/// Heading, names, line, names. Returns whether there was no room for a name.
pub(super) fn draw(frame: &mut Frame, data: &Data, axis: &Linear, depth: usize) -> bool {
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
    frame.push(Node::line(axis.range.0, y, axis.range.1, y, Stroke::new(frame.theme.grid, 2.0).round()));
    let unnamed = landmarks(frame, data, &names, (&at(depth), axis), (depth, y));
    paths(frame, data, axis, depth, y);
    unnamed
}

/// The poles' names at the ends, and which depth it is.
fn heading(frame: &mut Frame, data: &Data, axis: &Linear, depth: usize) {
    let (theme, y) = (frame.theme, frame.y + 8.0);
    let (middle, now) = ((axis.range.0 + axis.range.1) / 2.0, said(depth));
    let room = middle - axis.range.0 - text::width(&now, LABEL, Weight::Regular) / 2.0 - 28.0;
    let pole = |i: usize| text::fit(&token::plain(&data.poles[i]), room, LABEL, Weight::Semibold);
    let (a, b) = (format!("← {}", pole(0)), format!("{} →", pole(1)));
    for (x, anchor, name) in [(axis.range.0, Anchor::Start, a), (axis.range.1, Anchor::End, b)] {
        frame.push(Node::text(x, y, Run::new(name)).size(LABEL).bold().anchor(anchor).fill(theme.text).centred());
    }
    let now = Node::text(middle, y, Run::new(now)).size(LABEL).anchor(Anchor::Middle).fill(theme.muted);
    frame.push(now.centred().key("depth"));
    frame.y += 24.0;
}

/// Places and widths of texts; a place that is not a number is NaN.
fn placed<'a>(axis: &Linear, at: impl Iterator<Item = Option<&'a f32>>, names: &[(String, f32)]) -> Vec<(f32, f32)> {
    let x = |at: Option<&f32>| at.and_then(|at| axis.try_at(*at)).unwrap_or(f32::NAN);
    at.zip(names).map(|(at, (_, width))| (x(at), *width)).collect()
}

/// Rows of names that the fullest depth needs, so that the line does not move from depth to depth.
fn rows(data: &Data, at: &dyn Fn(usize) -> Vec<(f32, f32)>, axis: &Linear) -> usize {
    // With very many depths some are enough, to within a few pixels.
    let step = data.depths().div_ceil(128).max(1);
    let of = |depth: usize| flags(&at(depth), ends(axis)).iter().flatten().map(|f| f.row + 1).max().unwrap_or(0);
    (0..data.depths()).step_by(step).map(of).max().unwrap_or(0)
}

/// How far names may reach.
fn ends(axis: &Linear) -> (f32, f32) {
    (PAD, axis.range.1)
}

fn landmarks(
    frame: &mut Frame,
    data: &Data,
    names: &[(String, f32)],
    (places, axis): (&[(f32, f32)], &Linear),
    (depth, y): (usize, f32),
) -> bool {
    let theme = frame.theme;
    let mut unnamed = false;
    let found = flags(places, ends(axis));
    // Poles first, since names are drawn over them.
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
        let target = opens(data, data.paths().len() + i, depth);
        frame.push(dot.key(format!("landmark-{i}")).value(at).label(said).target(target));
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

/// The target of a place on the line: the place itself.
fn opens(data: &Data, word: usize, depth: usize) -> Target {
    Target::Item { index: data.item(Some(word), depth) }
}

/// A path's text below the line.
struct Hanging {
    path: usize,
    /// Where its pole is.
    x: f32,
    left: f32,
    width: f32,
    runs: Vec<Run>,
}

/// Dots on the line, and below it a row for each, with name and number.
fn paths(frame: &mut Frame, data: &Data, axis: &Linear, depth: usize, y: f32) {
    let theme = frame.theme;
    let number = |i: usize| data.paths()[i].at.get(depth).copied().unwrap_or(f32::NAN);
    if frame.width < WIDE {
        return listed(frame, data, axis, depth, y);
    }
    let found =
        (0..data.paths().len()).filter_map(|i| Some(hanging(frame, data, i, number(i), axis.try_at(number(i))?)));
    for (row, Hanging { path, x, left, runs, .. }) in in_rows(found.collect()).into_iter().enumerate() {
        let mid = y + 22.0 + row as f32 * PATH_ROW;
        let fill = theme.run(path);
        frame.push(Node::line(x, y, x, mid + 5.0, Stroke::new(fill, 1.5)).key(format!("path-pole-{path}")));
        let text = Node::text(left, mid, runs).size(LABEL).fill(fill).centred();
        let target = opens(data, path, depth);
        frame.push(text.key(format!("path-name-{path}")).value(number(path)).target(target));
        let dot = Node::circle(x, y, 6.0).fill(fill).stroke(Stroke::new(theme.background, 1.5));
        frame.push(dot.key(format!("now-{path}")));
    }
    frame.y = y + 22.0 + data.paths().len() as f32 * PATH_ROW + 10.0;
}

/// A narrow canvas has no room for poles and long names: there the colours match names and dots.
fn listed(frame: &mut Frame, data: &Data, axis: &Linear, depth: usize, y: f32) {
    let theme = frame.theme;
    for (i, path) in data.paths().iter().enumerate() {
        let number = path.at.get(depth).copied().unwrap_or(f32::NAN);
        let (fill, mid) = (theme.run(i), y + 26.0 + i as f32 * PATH_ROW);
        frame.push(Node::circle(PAD + 5.0, mid, 5.0).fill(fill));
        let shown = if number.is_nan() { "–".into() } else { fixed(number, 2) };
        let room = frame.inner() - text::width(&shown, LABEL, Weight::Semibold) - 28.0;
        let name = text::fit(&token::plain(&path.name), room, LABEL, Weight::Semibold);
        let name = Node::text(PAD + 18.0, mid, Run::new(name)).size(LABEL).bold().fill(fill).centred();
        frame.push(name.key(format!("path-name-{i}")));
        let shown =
            Node::text(frame.width - PAD, mid, Run::new(shown)).size(LABEL).bold().anchor(Anchor::End).fill(fill);
        let target = opens(data, i, depth);
        frame.push(shown.centred().key(format!("path-number-{i}")).value(number).target(target));
        if let Some(x) = axis.try_at(number) {
            let dot = Node::circle(x, y, 6.0).fill(fill).stroke(Stroke::new(theme.background, 1.5));
            frame.push(dot.key(format!("now-{i}")));
        }
    }
    frame.y = y + 26.0 + data.paths().len() as f32 * PATH_ROW + 10.0;
}

/// To the right of its pole where there is room, else to the left, else wherever it fits.
fn hanging(frame: &Frame, data: &Data, path: usize, number: f32, x: f32) -> Hanging {
    let shown = format!("  {}", fixed(number, 2));
    // A longer name would lie over the poles of the others.
    let room = frame.inner() * LONGEST - text::width(&shown, LABEL, Weight::Regular);
    let name = text::fit(&token::plain(&data.paths()[path].name), room, LABEL, Weight::Semibold);
    let runs = vec![Run::new(name).bold(), Run::new(shown)];
    let width = text::runs_width(&runs, LABEL, Weight::Regular);
    let right = frame.width - PAD;
    let left = match () {
        () if x + 6.0 + width <= right => x + 6.0,
        () if x - 6.0 - width >= PAD => x - 6.0 - width,
        () => right - width,
    };
    Hanging { path, x, left, width, runs }
}

/// Orders texts so that few poles cross the texts above: next comes the one whose text is in the way of the fewest
/// poles that still have to pass; of equals the rightmost.
fn in_rows(mut all: Vec<Hanging>) -> Vec<Hanging> {
    let mut rows = Vec::new();
    while !all.is_empty() {
        let in_the_way = |i: usize| {
            let (from, to) = (all[i].left - 3.0, all[i].left + all[i].width + 3.0);
            all.iter().enumerate().filter(|(j, other)| *j != i && from < other.x && other.x < to).count()
        };
        let next =
            (0..all.len()).min_by(|&i, &j| in_the_way(i).cmp(&in_the_way(j)).then(all[j].x.total_cmp(&all[i].x)));
        rows.push(all.remove(next.unwrap_or(0)));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_hangs_under_the_poles_that_it_would_cover() {
        let hanging = |path, x: f32, left: f32| Hanging { path, x, left, width: 100.0, runs: Vec::new() };
        let order = |all: Vec<Hanging>| in_rows(all).iter().map(|h| h.path).collect::<Vec<_>>();
        assert_eq!(order(vec![hanging(0, 10.0, 16.0), hanging(1, 30.0, 36.0)]), [1, 0], "both to the right");
        assert_eq!(order(vec![hanging(0, 200.0, 94.0), hanging(1, 190.0, 84.0)]), [1, 0], "both to the left");
        assert_eq!(order(vec![hanging(0, 10.0, 16.0), hanging(1, 300.0, 194.0)]), [1, 0], "apart: the rightmost first");
    }
}
