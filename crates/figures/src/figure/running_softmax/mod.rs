//! How the tiled kernel goes over a row of scores tile by tile (online softmax): it keeps a maximum, a sum and a
//! vector, never the row.

mod arithmetic;
mod kept;
mod table;
mod tiles;

use crate::figure::frame::{Frame, caption, credit};
use crate::figure::head::{Head, Row};
use crate::figure::{Canvas, Error};
use crate::number::{number, plural};
use crate::scene::Scene;
use crate::theme::Theme;
use crate::token::spoken;
use attnscope::Site;
use attnscope::Trace;
use attnscope::analysis::softmax_with_sink;
use attnscope::analysis::{TileState, components, running};
use attnscope_words::words;

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// The query whose row it is.
    pub of: Row,
    /// The row of scores; −∞ where it is masked.
    pub scores: Vec<f32>,
    /// The values, `[kv_len][d_head]`.
    pub values: Vec<Vec<f32>>,
    /// Keys in a tile (the kernel's own has 128).
    pub tile: usize,
    /// What is kept before the first tile, if the head has a sink.
    pub start: Option<TileState>,
    /// What is kept after each tile.
    pub states: Vec<TileState>,
    /// Whether the run's own weights are others than softmax of these scores.
    pub differs: bool,
    /// Whether the run went on with another z than this one: its head was changed.
    pub other_z: bool,
}

impl Data {
    /// One row of one head of a trace that captured q, k, v and pattern, read in tiles of `tile` keys. Keys after the
    /// last visible one are left out, since the kernel skips them.
    pub fn from_trace(trace: &Trace, layer: usize, head: usize, q_idx: usize, tile: usize) -> Result<Self, Error> {
        let missing = || Error::NotCaptured { key: format!("blocks.{layer}.attn.{{q,k,v,pattern}}") };
        let row = components(trace, layer, head, q_idx).ok_or_else(missing)?;
        let v = trace.layer(layer, Site::V).ok_or_else(missing)?;
        let of = Row::of(trace, layer, head, q_idx)?;
        let score = |k: usize| if row.is_cut(k) { f32::NEG_INFINITY } else { row.keys[k].score };
        let all: Vec<f32> = (0..row.keys.len()).map(score).collect();
        let differs =
            softmax_with_sink(&all, row.sink).iter().zip(&row.keys).any(|(ours, key)| (ours - key.weight).abs() > 1e-3);
        let end = all.iter().rposition(|s| *s != f32::NEG_INFINITY).map_or(0, |last| last + 1);
        let value = |k| v.row(&[of.of.kv_head, k]).map(<[f32]>::to_vec).ok_or_else(missing);
        let data = Self {
            scores: all[..end].to_vec(),
            values: (0..end).map(value).collect::<Result<_, Error>>()?,
            differs,
            of,
            ..Self::default()
        };
        let data = data.tiled(tile);
        let own = trace.layer(layer, Site::Z).and_then(|z| z.row(&[head, q_idx]));
        let far = |(a, b): (&f32, &f32)| (a - b).abs() > 1e-3 * (1.0 + a.abs());
        let other_z = own.is_some_and(|own| own.iter().zip(&data.z()).any(far));
        Ok(Self { other_z, ..data })
    }

    /// The same row read in tiles of another size: computes `states` from `scores` and `values`.
    pub fn tiled(mut self, tile: usize) -> Self {
        self.tile = tile.max(1);
        let d = self.values.first().map_or(0, Vec::len);
        self.start = self.of.of.sink.map(|sink| TileState::start(Some(sink), d));
        self.states = running(&self.scores, &self.values, self.of.of.sink, self.tile);
        self
    }

    /// Numbers in the vector.
    fn d(&self) -> usize {
        self.states.first().map_or(0, |s| s.acc.len())
    }

    fn token(&self, k_idx: usize) -> &str {
        self.of.key(k_idx)
    }

    /// The result: the vector divided by the sum, after all tiles. Zeros where every key is masked.
    pub fn z(&self) -> Vec<f32> {
        let Some(last) = self.states.last() else { return Vec::new() };
        last.acc.iter().map(|a| if last.sum == 0.0 { *a } else { a / last.sum }).collect()
    }
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// Tiles that have been read: 0 is the beginning, `states.len()` the end, where the vector is divided by the sum.
    pub step: usize,
}

/// What a step shows: the state before a tile and after it, and whether it is the end.
struct Step<'a> {
    /// Tiles read.
    pub read: usize,
    pub before: Option<&'a TileState>,
    pub now: Option<&'a TileState>,
    pub done: bool,
}

impl<'a> Step<'a> {
    pub fn new(data: &'a Data, step: usize) -> Self {
        let read = step.min(data.states.len());
        // A sink is kept before any tile is read.
        let at = |tiles: Option<usize>| match tiles? {
            0 => data.start.as_ref(),
            tiles => data.states.get(tiles - 1),
        };
        let done = read == data.states.len() && read > 0;
        Self { read, before: at(read.checked_sub(1)), now: at(Some(read)), done }
    }

    /// The largest score before this tile.
    pub fn old_max(&self) -> f32 {
        self.before.map_or(f32::NEG_INFINITY, |s| s.max)
    }

    /// The vector that was kept before this tile, rescaled to the new maximum.
    pub fn shrunk(&self, data: &Data) -> Vec<f32> {
        let correction = self.now.map_or(1.0, |s| s.correction);
        self.before.map_or(vec![0.0; data.d()], |s| s.acc.iter().map(|a| a * correction).collect())
    }

    /// What this tile adds to it: Σ e^(score − max) · v.
    pub fn added(&self, data: &Data) -> Vec<f32> {
        let mut added = vec![0.0; data.d()];
        let Some(now) = self.now else { return added };
        for k_idx in now.keys.clone() {
            let e = tiles::power(data.scores[k_idx], now.max);
            let value = data.values.get(k_idx).map_or(&[][..], Vec::as_slice);
            added.iter_mut().zip(value).for_each(|(a, v)| *a += if e == 0.0 { 0.0 } else { e * v });
        }
        added
    }
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let canvas = if state.canvas.width.is_finite() { state.canvas.width } else { 0.0 };
    let width = canvas.clamp(330.0, 900.0);
    let step = Step::new(data, state.step);
    let (query, Head { layer, head, .. }) = (spoken(data.of.query()), &data.of.of);
    let title = words!("“{query}” reads its keys tile by tile: layer {layer}, head {head}");
    let lead = words!(
        "Only a maximum, a sum and one vector are kept. When a larger score turns up, they are shrunk to it; the \
                row of scores is never stored."
    );
    let mut frame = Frame::new(theme, &state.canvas, width, title, lead);
    let window = tiles::draw(&mut frame, data, &step);
    let cut = kept::draw(&mut frame, data, &step);
    let few = match window {
        Some((first, last)) => words!("Tiles {} to {} of {} are drawn.", first + 1, last + 1, data.states.len()),
        None => String::new(),
    };
    let own = words!("The same recurrence as in the kernel, whose tiles have 128 keys.");
    let own = if data.tile == 128 { "" } else { own };
    let cut = if cut { words!("Only the first numbers of the vector are drawn.") } else { "" };
    let differs =
        if data.differs { words!("The run's own weights differ: it was changed, or limits its scores.") } else { "" };
    let sink = data.of.of.sink.map(|sink| {
        words!("This head has a sink, a learned score of {}, which is there before any token.", number(sink))
    });
    let sink = sink.as_deref().unwrap_or_default();
    let z = if data.other_z { words!("The run went on with another z than this sum: it was changed.") } else { "" };
    let said = [&credit(&data.of.of.model), own, words!("Numbers are rounded."), &few, cut, sink, differs, z];
    frame.finish(&caption(&said), description(data, &step))
}

fn description(data: &Data, step: &Step<'_>) -> String {
    let (tiles, keys) = (plural(data.states.len(), "tile"), plural(data.scores.len(), "key"));
    let (query, Head { layer, head, .. }) = (spoken(data.of.query()), &data.of.of);
    let begin = words!("The running softmax of “{query}” in layer {layer}, head {head}: {keys} in {tiles}.");
    let kept = words!("Kept: 2 + {} numbers, whatever the length.", data.d());
    if data.states.is_empty() {
        return words!("{begin} All edges of this query are cut: there is nothing to read, and z is 0.");
    }
    let Some(now) = step.now.filter(|_| step.read > 0) else { return words!("{begin} Nothing is read yet. {kept}") };
    let end = if step.done { words!(" All is read: the vector divided by the sum is z.") } else { "" };
    words!(
        "{begin} After tile {}: maximum {}, sum {}; what was kept before was multiplied by {}.{end} {kept}",
        step.read,
        number(now.max),
        number(now.sum),
        number(now.correction)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> Data {
        let scores = vec![1.0, 0.0, 3.0, 2.0, f32::NEG_INFINITY];
        let values = (0..5).map(|k| vec![k as f32, 1.0]).collect();
        Data { of: Row::made(vec!["a".into(); 5], true, 0), scores, values, ..Data::default() }.tiled(2)
    }

    #[test]
    fn a_trace_ends_in_its_own_z() {
        let model = attnscope::lesson::model();
        let tokens = model.encode("the hot dog on the rock was").unwrap();
        let trace = model.run(&tokens, &"q,k,v,pattern,z".parse().unwrap(), &[]).unwrap();
        let data = Data::from_trace(&trace, 0, 0, 2, 2).unwrap();
        assert_eq!((data.scores.len(), data.states.len(), data.d()), (3, 2, 16), "the hot dog");
        let z = trace.layer(0, Site::Z).unwrap().row(&[0, 2]).unwrap();
        assert_eq!(data.z().len(), z.len());
        assert!(data.z().iter().zip(z).all(|(a, b)| (a - b).abs() < 1e-5), "{:?} is not {z:?}", data.z());
        let trace = model.run(&tokens, &"q,k,pattern".parse().unwrap(), &[]).unwrap();
        assert!(Data::from_trace(&trace, 0, 0, 2, 2).unwrap_err().to_string().contains("attn.{q,k,v,pattern}"));
    }

    #[test]
    fn each_step_shows_what_is_kept() {
        let data = data();
        let value = |step, key: &str| {
            let scene = render(&data, &State { step, ..State::default() }, &Theme::LIGHT);
            scene.node(key).and_then(|n| n.value)
        };
        assert_eq!((value(0, "max"), value(0, "sum")), (Some(f32::NEG_INFINITY), Some(0.0)));
        assert_eq!((value(1, "max"), value(2, "max"), value(3, "max")), (Some(1.0), Some(3.0), Some(3.0)));
        assert_eq!(value(2, "sum"), Some(data.states[1].sum));
        assert_eq!((value(2, "z-0"), value(3, "z-0")), (None, Some(data.z()[0])));
        // A step beyond the end shows the end.
        assert_eq!(value(9, "z-1"), Some(1.0));
    }

    #[test]
    fn steps_do_not_change_the_size() {
        for width in [330.0, 742.0] {
            let canvas = Canvas { width, bare: true };
            let size = |step| render(&data(), &State { canvas, step }, &Theme::LIGHT).height;
            assert!((0..=3).all(|step| size(step) == size(0)));
        }
    }
}
