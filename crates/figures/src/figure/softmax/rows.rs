//! The rows of the softmax figure: token, q·k, score with its grip, exp, weight.

use super::layout::{Layout, MAX_QUIET};
use super::{Data, State, Steps, is_changed};
use crate::figure::frame::{Frame, LABEL, PAD, SMALL};
use crate::figure::reach::reach;
use crate::number::{brief, fixed, number, percent, plural};
use crate::scene::{Anchor, Node, Run, Stroke, Target, Weight};
use crate::text;
use crate::token::{self, spoken};
use attnscope::Site;
use attnscope_words::{key, words};

/// Height of the line of a masked key.
const QUIET: f32 = 26.0;

/// Radius of a grip.
const GRIP: f32 = 7.0;

pub(super) fn draw(frame: &mut Frame, data: &Data, state: &State, l: &Layout, steps: &Steps) {
    headings(frame, data, state, l, steps);
    for &k_idx in &l.shown {
        row(frame, data, state, l, steps, k_idx);
    }
    axis(frame, l);
    quiet(frame, data, l);
}

/// A number short enough for its column.
fn short(x: f32) -> String {
    match x {
        x if x.is_nan() => "NaN".into(),
        x if x.abs() >= 100.0 => number(x),
        x => fixed(x, 2),
    }
}

/// A share short enough for its column.
pub(super) fn short_percent(p: f32) -> String {
    if p.is_nan() { "NaN".into() } else { percent(p) }
}

/// Each column's name, and below it the operation that computes it.
fn headings(frame: &mut Frame, data: &Data, state: &State, l: &Layout, steps: &Steps) {
    let (theme, y) = (frame.theme, frame.y + 7.0);
    let mut head = |x: f32, anchor: Anchor, name: &'static str, how: String| {
        let key = if name.is_empty() { "heat" } else { name };
        let name = Node::text(x, y, Run::new(attnscope_words::text(name)))
            .size(SMALL)
            .bold()
            .anchor(anchor)
            .fill(theme.text)
            .centred();
        let how = Node::text(x, y + 17.0, Run::new(how)).size(SMALL).anchor(anchor).fill(theme.muted).centred();
        frame.nodes.extend([name.key(format!("{key}-name")), how.key(format!("{key}-how"))]);
    };
    let heat = state.heat();
    let divided = if heat == 1.0 { String::new() } else { format!(" ÷ {}", brief(heat)) };
    match l.dot {
        Some(dot) => {
            head(dot, Anchor::End, "q·k", String::new());
            head(l.score, Anchor::End, key!("score"), data.scaled());
        }
        None => head(l.score, Anchor::End, key!("score"), format!("q·k {}", data.scaled())),
    }
    if let Some((x, _)) = l.exp {
        let inner = words!("score − {}", short(steps.max));
        let inner = if divided.is_empty() { inner } else { format!("({inner}){divided}") };
        head(x, Anchor::Start, "exp", if steps.max.is_finite() { words!("of {inner}") } else { String::new() });
    } else if !divided.is_empty() {
        let (left, right) = l.scale.range;
        head((left + right) / 2.0, Anchor::Middle, "", format!("then{divided}"));
    }
    let sum = if l.exp.is_some() { words!("÷ sum {}", short(steps.sum)) } else { "softmax".into() };
    head(l.weight, Anchor::End, key!("weight"), sum);
    frame.y += 34.0;
    frame.push(Node::line(PAD, frame.y, l.width - PAD, frame.y, Stroke::new(theme.grid, 1.0)));
    frame.y += 6.0;
}

fn row(frame: &mut Frame, data: &Data, state: &State, l: &Layout, steps: &Steps, k_idx: usize) {
    let (theme, mid, chosen) = (frame.theme, frame.y + l.row / 2.0, state.k_idx == Some(k_idx));
    if chosen {
        let back = Node::rect(PAD - 10.0, frame.y + 1.0, l.width - 2.0 * PAD + 20.0, l.row - 2.0).radius(6.0);
        frame.push(back.fill(theme.surface).key("chosen-key"));
    }
    let zero = l.x(0.0);
    frame.push(Node::line(zero, frame.y, zero, frame.y + l.row, Stroke::new(theme.faint, 1.0)));
    let runs = token::runs(data.token(k_idx), theme.faint, l.label_w, LABEL + 1.0, Weight::Semibold);
    // On a phone q·k is below the token.
    let name_y = if l.dot.is_some() { mid } else { mid - 8.0 };
    let name =
        Node::text(PAD + l.label_w, name_y, runs).size(LABEL + 1.0).anchor(Anchor::End).fill(theme.text).centred();
    let name = name.key(format!("key-{k_idx}")).target(Target::Key { k_idx });
    frame.push(if chosen { name.bold() } else { name });
    let dot = data.dots[k_idx];
    let node = match l.dot {
        Some(x) => Node::text(x, mid, Run::new(short(dot))).size(LABEL).fill(theme.text),
        None => Node::text(PAD + l.label_w, mid + 10.0, Run::new(short(dot))).size(SMALL).fill(theme.muted),
    };
    // The explanation of the score includes that of q·k.
    let number = data.of.number(Site::Scores, k_idx);
    let node = node.anchor(Anchor::End).centred().value(dot).key(format!("dot-{k_idx}"));
    frame.push(node.target(Target::Number { number }).label(words!(
        "q·k of {}: {}",
        spoken(data.token(k_idx)),
        short(dot)
    )));
    score(frame, data, state, l, steps, (k_idx, mid));
    exp(frame, data, l, steps, (k_idx, mid));
    weight(frame, data, state, l, steps, (k_idx, mid));
    frame.y += l.row;
}

/// The score as a number and as a bar from zero, with a grip at its end.
fn score(frame: &mut Frame, data: &Data, state: &State, l: &Layout, steps: &Steps, (k_idx, mid): (usize, f32)) {
    let (theme, own) = (frame.theme, data.score(k_idx).unwrap_or(f32::NAN));
    let value = steps.scores[k_idx].unwrap_or(f32::NAN);
    let (zero, end, edited) = (l.x(0.0), l.x(value), state.edit(k_idx).is_some());
    let fill = theme.weight_bar(steps.weights[k_idx]);
    let ink = if edited { theme.accent } else { theme.text };
    let text = Node::text(l.score, mid, Run::new(short(value))).size(LABEL).anchor(Anchor::End).fill(ink).centred();
    let text = text.key(format!("score-text-{k_idx}")).value(value);
    let bar = Node::rect(zero.min(end), mid - 6.0, (end - zero).abs(), 12.0).radius(2.0).fill(fill).value(value);
    let bar =
        bar.key(format!("score-{k_idx}")).label(words!("score of {}: {}", spoken(data.token(k_idx)), short(value)));
    let number = data.of.number(Site::Scores, k_idx);
    let target = Target::Number { number };
    // A score set by hand is not a number of the run.
    let shown = if edited { Target::Own } else { target };
    frame.nodes.extend([text.target(shown), bar.target(shown)]);
    if edited {
        let x = l.x(own);
        let ghost = Node::line(x, mid - 12.0, x, mid + 12.0, Stroke::new(theme.muted, 1.5).dash(2.5, 2.0));
        let said = words!("the model's own score of {}: {}", spoken(data.token(k_idx)), short(own));
        frame.push(ghost.key(format!("own-score-{k_idx}")).value(own).target(target).label(said));
    }
    frame.push(reach(k_idx, end, mid));
    let (inside, ring) = if edited { (theme.accent, theme.accent) } else { (theme.background, fill) };
    let grip = Node::circle(end, mid, GRIP).fill(inside).stroke(Stroke::new(ring, 2.0)).value(value);
    let said = words!("score of {}, {}; move with the arrow keys", spoken(data.token(k_idx)), short(value));
    frame.push(grip.key(format!("grip-{k_idx}")).target(Target::Handle { index: k_idx }).label(said));
}

/// exp of the score minus the largest score, as a bar, darker with more weight: the largest always has 1.
fn exp(frame: &mut Frame, data: &Data, l: &Layout, steps: &Steps, (k_idx, mid): (usize, f32)) {
    let (Some((x, width)), theme, e) = (l.exp, frame.theme, steps.exps[k_idx]) else { return };
    let part = if e.is_finite() { e.clamp(0.0, 1.0) } else { 0.0 };
    let track = Node::rect(x, mid - 6.0, width, 12.0).radius(2.0).fill(theme.surface);
    let bar = Node::rect(x, mid - 6.0, (width * part).max(1.0), 12.0)
        .radius(2.0)
        .fill(theme.weight_bar(steps.weights[k_idx]))
        .value(e);
    let said = words!("exp for {}: {}", spoken(data.token(k_idx)), short(e));
    frame.nodes.extend([
        track.key(format!("exp-track-{k_idx}")),
        bar.key(format!("exp-{k_idx}")).label(said).target(Target::Own),
    ]);
    let text = if e != 0.0 && e.abs() < 0.005 { number(e) } else { short(e) };
    let text = Node::text(x + width + 8.0, mid, Run::new(text)).size(SMALL).fill(theme.muted).centred();
    frame.push(text.key(format!("exp-text-{k_idx}")));
}

/// The weight, and below it the model's if the reader changed something.
fn weight(frame: &mut Frame, data: &Data, state: &State, l: &Layout, steps: &Steps, (k_idx, mid): (usize, f32)) {
    let (theme, w, changed) = (frame.theme, steps.weights[k_idx], is_changed(data, state));
    let target = Target::Number { number: data.of.number(Site::Pattern, k_idx) };
    let own = data.weights.get(k_idx).copied().filter(|_| changed);
    let y = if own.is_some() { mid - 7.0 } else { mid };
    let share = Node::text(l.weight, y, Run::new(short_percent(w))).size(LABEL).bold().anchor(Anchor::End);
    let share = share.fill(theme.text).centred().value(w).key(format!("weight-{k_idx}"));
    let said = words!("weight of {}: {}", spoken(data.token(k_idx)), percent(w));
    frame.push(share.label(said).target(if changed { Target::Own } else { target }));
    if let Some(own) = own {
        let said_model = words!("model {}", short_percent(own));
        let node = Node::text(l.weight, mid + 10.0, Run::new(said_model.clone()))
            .size(SMALL)
            .anchor(Anchor::End)
            .fill(theme.muted);
        let said = words!("{said_model}: its own weight of {}", spoken(data.token(k_idx)));
        frame.push(node.centred().value(own).target(target).key(format!("own-weight-{k_idx}")).label(said));
    }
}

/// The axis of the scores: 0, and those ends that are not too near to it.
fn axis(frame: &mut Frame, l: &Layout) {
    if l.shown.is_empty() {
        return;
    }
    let y = frame.y + 12.0;
    let mut end = |score: f32, anchor: Anchor| {
        let label = brief(score);
        let wide = text::width(&label, SMALL, Weight::Regular);
        if score == 0.0 || (l.x(score) - l.x(0.0)).abs() >= wide + 10.0 {
            frame.label(l.x(score), y, anchor, label);
        }
    };
    let (low, high) = l.scale.domain;
    [(low, Anchor::Start), (0.0, Anchor::Middle), (high, Anchor::End)].into_iter().for_each(|(s, a)| end(s, a));
    frame.y += 24.0;
}

/// Masked keys.
fn quiet(frame: &mut Frame, data: &Data, l: &Layout) {
    let theme = frame.theme;
    let masked: Vec<usize> = (0..data.dots.len()).filter(|&k| data.is_masked(k)).collect();
    let why = |k_idx: usize| match k_idx > data.of.position() {
        true => words!("comes later: may not be attended to"),
        false => words!("may not be attended to"),
    };
    let lines: Vec<(&str, String)> = match masked.as_slice() {
        [] => return,
        few if few.len() <= MAX_QUIET => few.iter().map(|&k| (data.token(k), why(k).into())).collect(),
        [first, rest @ ..] => {
            vec![(data.token(*first), words!("and {} may not be attended to", plural(rest.len(), "other key")))]
        }
    };
    for (token, why) in lines {
        let mid = frame.y + QUIET / 2.0;
        let runs = token::runs(token, theme.faint, l.label_w, LABEL + 1.0, Weight::Regular);
        let name = Node::text(PAD + l.label_w, mid, runs).size(LABEL + 1.0).anchor(Anchor::End).fill(theme.muted);
        frame.push(name.centred());
        frame.push(Node::text(PAD + l.label_w + 20.0, mid, Run::new(why)).size(SMALL).fill(theme.muted).centred());
        frame.y += QUIET;
    }
}
