//! What the running (online) softmax keeps: a maximum, a sum and a vector, each with the step's arithmetic.

use super::tiles::terms;
use super::{Data, Step};
use crate::figure::frame::{Frame, LABEL, PAD, SMALL};
use crate::number::{count, number, plural};
use crate::scale::max_abs;
use crate::scene::{Anchor, Node, Run, Stroke, Target, Weight};
use crate::text;
use attnscope::Site;
use attnscope_words::{key, words};

/// The most numbers of a vector that are drawn.
const MAX_D: usize = 160;
/// Height of a strip of cells.
const STRIP: f32 = 22.0;
const LINE: f32 = 18.0;

/// Left edge of the words and strips; `None` on a phone, where they are below the names.
fn column(frame: &Frame) -> Option<f32> {
    (frame.width >= 600.0).then_some(PAD + 204.0)
}

/// Draws them. Returns whether the vector is truncated.
pub(super) fn draw(frame: &mut Frame, data: &Data, step: &Step<'_>) -> bool {
    let theme = frame.theme;
    frame.push(Node::line(PAD, frame.y, frame.width - PAD, frame.y, Stroke::new(theme.grid, 1.0)));
    frame.y += 22.0;
    let d = data.d();
    let kept = words!("Kept: 2 + {} numbers, whatever the length", count(d));
    frame.push(Node::text(PAD, frame.y, Run::new(kept)).size(LABEL).bold().fill(theme.text).centred());
    let row = words!("never stored: the row of {}", plural(data.scores.len(), "score"));
    match frame.width >= 560.0 {
        true => frame.label(frame.width - PAD, frame.y, Anchor::End, row),
        false => {
            frame.y += 19.0;
            frame.label(PAD, frame.y, Anchor::Start, row);
        }
    }
    frame.y += 26.0;
    let (max, sum) = step.now.map_or((f32::NEG_INFINITY, 0.0), |s| (s.max, s.sum));
    scalar(frame, data, step, ("max", words!("largest score so far"), "max", max), max_words);
    scalar(frame, data, step, ("sum", words!("of all e^(score − max)"), "sum", sum), sum_words);
    vectors(frame, data, step);
    d > MAX_D
}

/// A kept number, with the words of this step. Its height is that of the longest words of all steps.
fn scalar(
    frame: &mut Frame,
    data: &Data,
    step: &Step<'_>,
    (symbol, name, key, value): (&str, &str, &str, f32),
    words: fn(&Data, &Step<'_>) -> String,
) {
    let (theme, at, mid) = (frame.theme, column(frame), frame.y + 8.0);
    let runs = vec![Run::new(symbol).bold().fill(theme.text), Run::new(format!("  {name}"))];
    frame.push(Node::text(PAD, mid, runs).size(SMALL).fill(theme.muted).centred());
    let (x, anchor) = at.map_or((frame.width - PAD, Anchor::End), |x| (x, Anchor::Start));
    let shown = if value.is_nan() { "NaN".into() } else { number(value) };
    let value_node = Node::text(x, mid, Run::new(shown)).size(15.0).bold().anchor(anchor).fill(theme.text).centred();
    let value_node = value_node.value(value).key(key).target(Target::Own);
    frame.push(value_node.label(format!("{name}: {}", number(value))));
    let (words_x, first) = at.map_or((PAD, mid + 20.0), |x| (x + 66.0, mid));
    let room = frame.width - PAD - words_x;
    let lines_at = |step: &Step<'_>| text::wrap(&words(data, step), room, 12.5, Weight::Regular);
    // Long rows have many steps: the first ones are enough to find the height.
    let most = (0..=data.states.len().min(64)).map(|i| lines_at(&Step::new(data, i)).len()).max().unwrap_or(1).max(1);
    for (i, line) in lines_at(step).into_iter().take(most).enumerate() {
        let node = Node::text(words_x, first + i as f32 * LINE, Run::new(line)).size(SMALL).fill(theme.muted).centred();
        frame.push(node.key(format!("{key}-words-{i}")));
    }
    let above = if at.is_some() { 0.0 } else { 20.0 };
    frame.y += above + most as f32 * LINE + 14.0;
}

fn max_words(data: &Data, step: &Step<'_>) -> String {
    let Some(now) = step.now else { return words!("nothing read yet: any score is larger").into() };
    let here = now.keys.clone().map(|k| data.scores[k]).fold(f32::NEG_INFINITY, f32::max);
    let old = step.old_max();
    match () {
        () if here == f32::NEG_INFINITY => {
            words!("nothing in this tile may be attended to: all stays as it was").into()
        }
        () if old == f32::NEG_INFINITY => words!("the largest of this tile: {}", number(here)),
        () if here > old => words!(
            "{} > {}: what is kept shrinks, × e^({} − {}) = {}",
            number(here),
            number(old),
            number(old),
            number(here),
            number(now.correction)
        ),
        () => words!("the largest here is {}: the max stays, nothing shrinks", number(here)),
    }
}

fn sum_words(data: &Data, step: &Step<'_>) -> String {
    let Some(now) = step.now else { return words!("nothing summed yet").into() };
    if now.max == f32::NEG_INFINITY {
        return words!("nothing summed yet").into();
    }
    let new = terms(data, now.keys.clone(), now.max);
    match step.before {
        Some(before) if before.sum != 0.0 => {
            let old = match now.correction {
                1.0 => number(before.sum),
                c => format!("{} × {}", number(c), number(before.sum)),
            };
            format!("{old} + {new} = {}", number(now.sum))
        }
        _ => format!("{} = {}", new.trim_matches(['(', ')']), number(now.sum)),
    }
}

/// The vector before, what the tile adds, the vector kept now, and z at the end.
fn vectors(frame: &mut Frame, data: &Data, step: &Step<'_>) {
    let d = data.d().min(MAX_D);
    if d == 0 {
        return;
    }
    let correction = step.now.map_or(1.0, |s| s.correction);
    let (old, add) = (step.shrunk(data), step.added(data));
    let acc = step.now.map_or(vec![0.0; d], |s| s.acc.clone());
    // One scale for all steps, so that shrinking is visible.
    let limit = max_abs(data.states.iter().flat_map(|s| s.acc.iter().copied()).chain(data.z()));
    let shrunk = match (step.before, correction) {
        (Some(_), c) if c != 1.0 => words!("kept before, × {}", number(c)),
        _ => words!("kept before").into(),
    };
    let names = [
        ("", shrunk),
        ("+", words!("this tile: Σ e^(score − max) · v").into()),
        ("=", words!("acc  running vector").into()),
    ];
    for ((sign, name), (key, values)) in names.into_iter().zip([(key!("old"), old), (key!("add"), add), ("acc", acc)]) {
        strip(frame, (sign, &name, key), &values[..d.min(values.len())], limit, None);
    }
    frame.y += 6.0;
    let sum = step.now.map_or(0.0, |s| s.sum);
    let divided =
        if step.done { words!("z = acc ÷ {}", number(sum)) } else { words!("z = acc ÷ sum, at the end").into() };
    let z = if step.done { data.z() } else { Vec::new() };
    strip(frame, ("", &divided, "z"), &z[..d.min(z.len())], limit, Some(data));
}

/// A name and its cells, or an empty outline without values. `z` is a vector of the run, the others are the figure's.
fn strip(
    frame: &mut Frame,
    (sign, name, key): (&str, &str, &'static str),
    values: &[f32],
    limit: f32,
    z: Option<&Data>,
) {
    let theme = frame.theme;
    let ink = match key {
        "z" => theme.output,
        "acc" => theme.text,
        _ => theme.muted,
    };
    let weight = if matches!(key, "z" | "acc") { Weight::Semibold } else { Weight::Regular };
    let at = column(frame);
    let mid = frame.y + if at.is_some() { STRIP / 2.0 } else { 8.0 };
    let label = if sign.is_empty() { name.to_owned() } else { format!("{sign}  {name}") };
    let label = text::fit(&label, at.map_or(frame.inner(), |x| x - PAD - 10.0), 12.0, weight);
    let node = Node::text(PAD, mid, Run::new(label)).size(SMALL).fill(ink).centred().key(format!("{key}-name"));
    frame.push(if weight == Weight::Semibold { node.bold() } else { node });
    let x0 = at.unwrap_or(PAD);
    if at.is_none() {
        frame.y += 19.0;
    }
    let room = frame.width - PAD - x0;
    if values.is_empty() {
        let empty = Node::rect(x0 + 0.5, frame.y + 0.5, room - 1.0, STRIP - 1.0).radius(3.0);
        frame.push(empty.stroke(Stroke::new(theme.grid, 1.0).dash(4.0, 3.0)).key(format!("{key}-empty")));
    }
    let n = values.len().max(1) as f32;
    let gap = match room / n {
        wide if wide >= 9.0 => 2.0,
        wide if wide >= 5.0 => 1.0,
        _ => 0.0,
    };
    let cell = (room + gap) / n;
    for (component, &value) in values.iter().enumerate() {
        let fill = if value.is_nan() { theme.accent } else { theme.signed((value / limit).clamp(-1.0, 1.0)) };
        let rect = Node::rect(x0 + component as f32 * cell, frame.y, cell - gap, STRIP).radius(gap).fill(fill);
        let rect = rect.value(value).key(format!("{key}-{component}"));
        let rect =
            rect.label(words!("{said}, number {component}: {}", number(value), said = attnscope_words::text(key)));
        let of_run = z.map(|data| {
            let (layer, head, position) = (data.of.of.layer, data.of.of.head, data.of.q_idx);
            Target::Number { number: Site::Z.in_layer(layer, [head, position, component]) }
        });
        frame.push(rect.target(of_run.unwrap_or(Target::Own)));
    }
    frame.y += STRIP + if at.is_some() { 6.0 } else { 9.0 };
}
