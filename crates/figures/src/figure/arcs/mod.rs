//! One head's pattern as arcs over the sentence, from each query to the keys it attends to.

mod layout;

use crate::figure::frame::{Frame, PAD, caption, credit, sentence};
use crate::figure::matrix::cell_label;
use crate::figure::{Canvas, Pattern};
use crate::number::{percent, plural};
use crate::scene::Segment::{Close, Cubic, Line, Move};
use crate::scene::{Anchor, Node, Run, Scene, Stroke, Target, Weight};
use crate::theme::Theme;
use crate::{text, token};
use attnscope_words::words;
use layout::{Arc, Layout, choose};

/// The data: the same as for the matrix.
pub type Data = crate::figure::matrix::Data;

/// What is chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// The only query whose arcs are shown.
    pub q_idx: Option<usize>,
    /// Weights below it have no arc.
    pub min_weight: f32,
}

impl Default for State {
    fn default() -> Self {
        Self { canvas: Canvas::default(), q_idx: None, min_weight: 0.02 }
    }
}

/// A key with this weight or more is emphasized for the chosen query.
const SEEN: f32 = 0.05;

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let p = &data.pattern;
    let layout = Layout::new(data, state.canvas.width, state.min_weight);
    let chosen = state.q_idx.filter(|&q| q < p.q_len);
    let lead = words!(
        "Each arc goes from the token that asks (query, dot) to a token it attends to (key, arrow). Thicker: more weight."
    );
    let title = words!("Who attends to whom: layer {}, head {}", p.layer, p.head);
    let mut frame = Frame::new(theme, &state.canvas, layout.width, title, lead);
    let (arcs, hidden) = choose(p, state.min_weight, chosen);
    let base = frame.y + layout.above;
    let below = base + layout.words + if chosen.is_some() { layout.shares } else { 0.0 };
    for arc in arcs.iter().rev() {
        draw_arc(&mut frame, data, &layout, arc, base, below, chosen.is_some());
    }
    let all_written = words(&mut frame, data, &layout, chosen, base);
    frame.y = below + layout.below;
    if let Some(q_idx) = chosen {
        const SIZE: f32 = 15.0;
        let runs = p.reading_within(q_idx, &data.tokens, theme, SIZE, frame.inner());
        frame.push(Node::text(PAD, frame.y + 18.0, runs).size(SIZE).fill(theme.text).centred().key("reading"));
        frame.y += 32.0;
    }
    let left_out =
        if hidden == 0 { String::new() } else { words!("{} too faint to draw.", plural(hidden, "more arc")) };
    let sides = match (p.is_masked(), layout.below > 0.0) {
        (true, _) => words!("Every arc goes back: a token may attend only to itself and what came before."),
        (false, true) => words!("Arcs above go back, arcs below go ahead."),
        (false, false) => "",
    };
    let some = if layout.every > 1 { words!("Only some tokens are named.") } else { "" };
    let few = if all_written { "" } else { words!("For want of room the smallest weights are not written.") };
    frame.finish(&caption(&[&credit(&data.model), sides, &left_out, some, few]), description(data, chosen, arcs.len()))
}

/// An arc over the words, or under them if it goes to a later token: `above` and `below` are the heights of its ends.
fn draw_arc(frame: &mut Frame, data: &Data, l: &Layout, arc: &Arc, above: f32, below: f32, alone: bool) {
    let (theme, p) = (frame.theme, &data.pattern);
    let own = p.first_query() + arc.q_idx;
    let (Some(&x_q), Some(&x_k)) = (l.x.get(own), l.x.get(arc.k_idx)) else { return };
    let w = arc.weight.clamp(0.0, 1.0);
    let thick = if l.turned { 0.6 + 2.6 * w } else { 1.0 + 5.0 * w };
    let ahead = arc.k_idx > own;
    let (up, start) = if ahead { (-1.0, below) } else { (1.0, above) };
    // Arcs that begin at a token and arcs that end at it are side by side.
    let (from, to) = (x_q - up * l.foot, x_k + up * l.foot);
    let high = if own == arc.k_idx { l.own } else { l.height(own, arc.k_idx) };
    let head = thick * 0.9 + 4.5;
    let (control, neck) = (start - up * high * 4.0 / 3.0, start - up * head);
    let color = theme.weight_bar(w);
    let opacity = if alone { 0.95 } else { 0.4 + 0.55 * w };
    let target = Target::weight(p.layer, p.head, arc.q_idx, arc.k_idx);
    let key = format!("arc-{}-{}", arc.q_idx, arc.k_idx);
    let line = Node::path(vec![Move(from, start), Cubic(from, control, to, control, to, neck)]);
    let line =
        line.stroke(Stroke::new(color, thick)).opacity(opacity).key(key.clone()).target(target).value(arc.weight);
    frame.push(line.label(cell_label(data, arc.q_idx, arc.k_idx, arc.weight)));
    let half = thick * 0.5 + 2.4;
    let tip = vec![Move(to, start), Line(to - half, neck - up * 0.5), Line(to + half, neck - up * 0.5), Close];
    frame.push(Node::path(tip).fill(color).opacity(opacity.max(0.7)).key(key.clone() + "-tip"));
    let dot = Node::circle(from, start, (thick * 0.5 + 0.9).max(1.8)).fill(theme.query);
    frame.push(dot.opacity(opacity.max(0.7)).key(key + "-dot"));
}

/// The sentence, and under each word its weight for the chosen query. Returns false if some of it did not fit.
fn words(frame: &mut Frame, data: &Data, l: &Layout, chosen: Option<usize>, base: f32) -> bool {
    const SHARE: f32 = 13.0;
    let (theme, p) = (frame.theme, &data.pattern);
    let mut all_written = true;
    for idx in named(p, l, chosen) {
        let Some(&x) = l.x.get(idx) else { continue };
        let asks = chosen.is_some_and(|q| p.first_query() + q == idx);
        let weight = chosen.and_then(|q| p.weight(q, idx));
        let seen = weight.is_some_and(|w| w >= SEEN);
        let fill = match (asks, chosen.is_some(), seen) {
            (true, _, _) => theme.query,
            (_, true, true) => theme.key,
            (_, true, false) => theme.muted,
            _ => theme.text,
        };
        let runs = token::runs(&data.tokens[idx], theme.faint, l.longest, l.size, Weight::Semibold);
        let node = match l.turned {
            true => Node::text(x, base + 10.0, runs).size(l.size).rotate(-90.0).anchor(Anchor::End).centred(),
            false => Node::text(x, base + 18.0, runs).size(l.size).anchor(Anchor::Middle).centred(),
        };
        let node = if asks || seen { node.bold() } else { node };
        frame.push(node.fill(fill).key(format!("token-{idx}")).target(Target::Token { idx }));
        if let (Some(w), false) = (weight, l.turned) {
            let share = percent(w);
            // Of two neighbours at most one is large and long.
            if !seen && text::width(&share, SHARE, Weight::Regular) + 6.0 > l.apart {
                all_written = false;
                continue;
            }
            let share = Node::text(x, base + l.words + 6.0, Run::new(share)).size(SHARE).anchor(Anchor::Middle);
            let fill = if seen { theme.key } else { theme.muted };
            let share = share.fill(fill).centred().key(format!("share-{idx}"));
            frame.push(match chosen {
                Some(q_idx) => share.target(Target::weight(p.layer, p.head, q_idx, idx)),
                None => share,
            });
        }
    }
    all_written
}

/// The words that are written, in their order. Where there is no room for all, first the chosen query and the keys that it
/// attends to most, then as many of the others as fit between them.
fn named(p: &Pattern, l: &Layout, chosen: Option<usize>) -> Vec<usize> {
    let own = chosen.filter(|_| l.every > 1).map(|q_idx| p.first_query() + q_idx);
    let keys = own.and(chosen).map(|q_idx| p.strongest(q_idx)).unwrap_or_default();
    let keys = keys.into_iter().take_while(|(_, weight)| *weight >= SEEN).map(|(k_idx, _)| k_idx);
    let mut named: Vec<usize> = Vec::new();
    for idx in own.into_iter().chain(keys).chain((0..l.x.len()).step_by(l.every)) {
        if named.iter().all(|other| other.abs_diff(idx) >= l.every) {
            named.push(idx);
        }
    }
    named.sort_unstable();
    named
}

fn description(data: &Data, chosen: Option<usize>, arcs: usize) -> String {
    let p: &Pattern = &data.pattern;
    let mut out = words!("Attention of layer {}, head {} as {}", p.layer, p.head, plural(arcs, "arc"));
    out += &words!(" over “{}”.", sentence(&data.tokens, data.word_level));
    match (chosen, p.peak()) {
        (Some(q_idx), _) => out += &format!(" {}.", p.said(q_idx, &data.tokens)),
        (None, Some((q, k, w))) => {
            out += &words!(" The largest weight on another token: {}.", cell_label(data, q, k, w))
        }
        (None, None) => {}
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Pattern;

    #[test]
    fn of_many_words_those_are_named_that_the_query_attends_to() {
        let n = 400;
        let mut weights = vec![0.0; n * n];
        (weights[203 * n + 101], weights[203 * n + 202], weights[203 * n + 7]) = (0.5, 0.4, 0.1);
        let data = Data {
            tokens: (0..n).map(|i| format!(" w{i}")).collect(),
            pattern: Pattern::new(0, 0, n, weights, true).unwrap(),
            model: String::new(),
            word_level: false,
        };
        let scene = |q_idx| render(&data, &State { q_idx, ..State::default() }, &Theme::LIGHT);
        let is_named = |scene: &Scene, idx: usize| scene.node(&format!("token-{idx}")).is_some();
        let chosen = scene(Some(203));
        assert!([7, 101, 203].iter().all(|idx| is_named(&chosen, *idx)));
        assert!(!is_named(&chosen, 202), "beside the query there is no room");
        let written: Vec<usize> = (0..n).filter(|idx| is_named(&chosen, *idx)).collect();
        let apart = written.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(apart.min() > Some(1) && written.len() > 40, "{written:?}");
        assert!(!is_named(&scene(None), 101) && is_named(&scene(None), 0));
    }
}
