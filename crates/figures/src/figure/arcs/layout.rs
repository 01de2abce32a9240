//! Where the words of the arc figure stand, how high its arcs go, and which arcs there are.

use super::Data;
use crate::figure::Pattern;
use crate::figure::frame::{PAD, SMALL};
use crate::scene::Weight;
use crate::token;

/// The most arcs that are drawn, the strongest first: more could not be told apart.
const MAX_ARCS: usize = 1500;
/// Height of the highest arc.
const HIGHEST: f32 = 210.0;
/// Longest word that is drawn upright.
const UPRIGHT: f32 = 96.0;

/// One arc.
pub(super) struct Arc {
    pub q_idx: usize,
    pub k_idx: usize,
    pub weight: f32,
}

/// Where everything is.
pub(super) struct Layout {
    /// Middle of each token.
    pub x: Vec<f32>,
    /// Whether the words had to be rotated.
    pub turned: bool,
    /// Font size of the words.
    pub size: f32,
    /// Width beyond which a word is truncated.
    pub longest: f32,
    /// Every n-th word is written.
    pub every: usize,
    pub width: f32,
    /// The smallest distance between neighbouring words.
    pub apart: f32,
    /// Pixels of an arc's height per pixel between query and key.
    rise: f32,
    /// Distance from the middle of a word to the beginning or end of an arc.
    pub foot: f32,
    /// Height of the arc of a token that attends to itself.
    pub own: f32,
    /// Heights of the arcs above the words, of the words, of the shares under them, and of the arcs below.
    pub above: f32,
    pub words: f32,
    pub shares: f32,
    pub below: f32,
}

impl Layout {
    pub fn new(data: &Data, canvas_width: f32, min_weight: f32) -> Self {
        const SIZE: f32 = 16.0;
        let canvas_width = canvas_width.max(320.0);
        let widths: Vec<f32> = data.tokens.iter().map(|t| token::width(t, SIZE, Weight::Semibold).max(26.0)).collect();
        let n = widths.len().max(1) as f32;
        let (words, room) = (widths.iter().sum::<f32>(), canvas_width - 2.0 * PAD - 24.0);
        let gaps = (n - 1.0).max(1.0);
        let turned = words + gaps * 14.0 > room;
        // Rotated words need 15 pixels each; where there is not even that much room, only some are written.
        let step = if turned { (room / n).max(if n > 300.0 { 3f32.min(2400.0 / n) } else { 15.0 }) } else { 0.0 };
        let every = if turned { (15.0 / step).ceil() as usize } else { 1 };
        let gap = ((room - words) / gaps).min(84.0);
        let mut x = Vec::with_capacity(widths.len());
        let mut at = PAD + 12.0;
        for w in &widths {
            x.push(if turned { at + step / 2.0 } else { at + w / 2.0 });
            at += if turned { step } else { w + gap };
        }
        let end = if turned { at } else { at - gap };
        let apart = x.windows(2).map(|pair| pair[1] - pair[0]).fold(f32::INFINITY, f32::min);
        let span = x.last().unwrap_or(&0.0) - x.first().unwrap_or(&0.0);
        let size = if turned { SMALL } else { SIZE };
        let upright =
            data.tokens.iter().map(|t| token::width(t, 12.0, Weight::Semibold)).fold(0.0, f32::max).min(UPRIGHT);
        let mut layout = Self {
            x,
            apart,
            turned,
            size,
            longest: if turned { UPRIGHT } else { f32::INFINITY },
            every: every.max(1),
            width: (end + 12.0 + PAD).max(canvas_width.min(440.0)),
            rise: (HIGHEST / span.max(1.0)).min(0.42),
            foot: if turned { (step * 0.25).min(4.0) } else { 6.0 },
            own: if turned { 13.0 } else { 24.0 },
            above: 0.0,
            words: if turned { upright + 18.0 } else { 34.0 },
            shares: if turned { 0.0 } else { 18.0 },
            below: 0.0,
        };
        layout.make_room(&data.pattern, min_weight);
        layout
    }

    /// Height of an arc between two places of the text.
    pub fn height(&self, a: usize, b: usize) -> f32 {
        let x = |i: usize| self.x.get(i).copied().unwrap_or(0.0);
        ((x(a) - x(b)).abs() * self.rise).max(if self.turned { 9.0 } else { 22.0 })
    }

    /// Reserves the height that the arcs of all rows need, so that the figure keeps its size whatever is chosen.
    fn make_room(&mut self, p: &Pattern, min_weight: f32) {
        let (mut above, mut below) = (self.own, 0.0_f32);
        for arc in &choose(p, min_weight, None).0 {
            let own = p.first_query() + arc.q_idx;
            let high = self.height(own, arc.k_idx);
            if arc.k_idx > own { below = below.max(high) } else { above = above.max(high) }
        }
        self.above = above + 8.0;
        self.below = if below > 0.0 { below + 12.0 } else { 0.0 };
    }
}

/// The arcs to draw, strongest first, and how many are left out; if no row is chosen, those of all rows.
pub(super) fn choose(p: &Pattern, min_weight: f32, chosen: Option<usize>) -> (Vec<Arc>, usize) {
    let rows = chosen.map_or(0..p.q_len, |q| q..q + 1);
    let (mut arcs, mut found) = (Vec::new(), 0);
    for (q_idx, k_idx) in rows.flat_map(|q_idx| (0..p.kv_len).map(move |k_idx| (q_idx, k_idx))) {
        let Some(weight) = p.weight(q_idx, k_idx).filter(|w| w.is_finite() && *w > 0.0) else { continue };
        found += 1;
        if weight >= min_weight {
            arcs.push(Arc { q_idx, k_idx, weight });
        }
    }
    arcs.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    arcs.truncate(MAX_ARCS);
    let hidden = found - arcs.len();
    (arcs, hidden)
}
