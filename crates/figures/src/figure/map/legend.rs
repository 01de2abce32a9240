//! What the map's colours mean, and which part of the whole is shown.

use super::{Data, Pool, State};
use crate::color::Color;
use crate::figure::frame::{Frame, Masked, PAD, SMALL};
use crate::number::number;
use crate::raster::Raster;
use crate::scene::{Anchor, Node, Stroke, Weight};
use crate::text;
use attnscope_words::{key, words};

/// Side of the small picture of the whole.
const WHOLE: usize = 48;
/// What it is called.
const PART: &str = key!("part shown");
/// The ramp's length.
const RAMP: f32 = 150.0;

/// The ramp with weights along it up to `full_at`, the sign of masked cells, and where the part lies.
pub(super) fn legend(frame: &mut Frame, data: &Data, state: &State, x: f32, (full_at, sign): (f32, Masked)) {
    let theme = frame.theme;
    let what = match (data.block(), state.pool) {
        (1, _) => words!("weight"),
        (_, Pool::Max) => words!("largest weight"),
        (_, Pool::Mean) => words!("mean weight"),
    };
    let named = text::width(what, SMALL, Weight::Regular) + 14.0;
    let is_masked = data.weights(state.pool).any(|(_, _, w)| w.is_none());
    // A phone has no room beside the labels.
    let x = if x + named + RAMP + 60.0 + PAD > frame.width { PAD } else { x };
    let (x0, mid) = (x + named, frame.y + 7.0);
    frame.label(x, mid, Anchor::Start, what);
    let palette: Vec<Color> = (0..128).map(|i| theme.weight(i as f32 / 127.0)).collect();
    frame.push(Node::raster(x0, mid - 5.0, RAMP, 10.0, Raster::new(128, 1, palette, (0..128).collect())));
    frame.push(Node::rect(x0 - 0.5, mid - 5.5, RAMP + 1.0, 11.0).stroke(Stroke::new(theme.grid, 1.0)));
    let end = if full_at < 1.0 { words!("{} and more", number(full_at)) } else { "1".into() };
    // Half the colour strength is a quarter of the weight.
    let quarter = if full_at < 1e-3 { number(full_at / 4.0) } else { (full_at / 4.0).to_string() };
    tick(frame, x0, mid, Anchor::Middle, "0".into());
    tick(frame, x0 + RAMP / 2.0, mid, Anchor::Middle, quarter);
    tick(frame, x0 + RAMP, mid, Anchor::Start, end);
    if is_masked {
        let x = x0 + RAMP + 24.0;
        frame.push(match sign {
            Masked::Flat => Node::rect(x, mid - 5.0, 10.0, 10.0).fill(theme.masked),
            Masked::Dot => Node::circle(x + 5.0, mid, 2.0).fill(theme.masked_dot),
        });
        frame.label(x + 16.0, mid, Anchor::Start, words!("masked"));
    }
    let right = x0 + RAMP + 24.0 + 60.0;
    let mut below = mid + 26.0;
    if !data.is_whole() {
        let at = frame.width - PAD - WHOLE as f32;
        let fits = right + 80.0 < at;
        let (x, y) = if fits {
            (at, frame.y)
        } else {
            (x + text::width(attnscope_words::text(PART), SMALL, Weight::Regular) + 8.0, below + 8.0)
        };
        whole(frame, data, x, y);
        below = below.max(y + WHOLE as f32 + 2.0);
    }
    frame.y = below;
}

fn tick(frame: &mut Frame, x: f32, mid: f32, anchor: Anchor, said: String) {
    frame.push(Node::line(x, mid + 6.0, x, mid + 9.0, Stroke::new(frame.theme.faint, 1.0)));
    let x = if anchor == Anchor::Start { x - 3.0 } else { x };
    frame.label(x, mid + 17.0, anchor, said);
}

/// The whole pattern with the part framed in it.
fn whole(frame: &mut Frame, data: &Data, x: f32, y: f32) {
    let theme = frame.theme;
    let (mask, n) = (data.model.mask(data.layer), data.tokens.len());
    let cell = |i: usize| i * n / WHOLE;
    let q_at = |i: usize| data.position(i * data.q_len / WHOLE);
    let seen = (0..WHOLE * WHOLE).map(|i| u8::from(mask.visible(q_at(i / WHOLE), n).contains(&cell(i % WHOLE))));
    let image = Raster::new(WHOLE, WHOLE, vec![theme.masked, theme.weight(0.2)], seen.collect());
    let side = WHOLE as f32;
    frame.push(Node::raster(x, y, side, side, image));
    let along = |part: &std::ops::Range<usize>, all: usize| {
        let each = side / all.max(1) as f32;
        // The frame is visible, however small the part.
        let long = (part.len() as f32 * each).max(3.0).min(side);
        ((part.start as f32 * each).min(side - long), long)
    };
    let ((top, high), (left, wide)) = (along(&data.tile.rows, data.q_len), along(&data.tile.cols, n));
    let part = Node::rect(x + left, y + top, wide, high).stroke(Stroke::new(theme.accent, 1.5));
    frame.push(part.key("shown-part"));
    frame.label(x - 8.0, y + 7.0, Anchor::End, attnscope_words::text(PART));
}
