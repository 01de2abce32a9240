//! Signed numbers as a row of cells: one mark per number where there is room, otherwise pixels.

use crate::figure::frame::{Frame, PAD, SMALL};
use crate::figure::vector_strip::{color, palette, shade};
use crate::number::{number, plural};
use crate::raster::Raster;
use crate::scene::{Anchor, Node, Run, Target, Weight};
use crate::text;
use attnscope::Number;
use attnscope_words::{key, words};

/// Cells narrower than this are pixels of one raster, without marks of their own.
pub(super) const NARROWEST: f32 = 2.5;

/// The caption's note about numbers that share a pixel.
pub(super) const SHARED: &str = key!("Some numbers share a pixel, which shows the largest.");

/// Numbers in a row (or, `down`, in a column).
pub(super) struct Strip<'a> {
    /// The cells' keys are `{key}-{i}`.
    pub key: String,
    /// Its name in labels: `value of dog`.
    pub name: String,
    /// The numbers.
    pub values: &'a [f32],
    /// The number at which the colour is fullest.
    pub limit: f32,
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
    /// Whether it runs from top to bottom instead of from left to right.
    pub down: bool,
}

impl Strip<'_> {
    fn step(&self) -> f32 {
        (if self.down { self.height } else { self.width }) / self.values.len().max(1) as f32
    }

    /// Draws it. The functions give each cell's opacity and number of the run.
    pub fn draw(&self, frame: &mut Frame, opacity: impl Fn(usize) -> f32, number_at: impl Fn(usize) -> Number) {
        let step = self.step();
        if step < NARROWEST {
            return self.raster(frame, opacity(0), number_at(0));
        }
        for (i, &value) in self.values.iter().enumerate() {
            let (x, y, w, h) = self.cell(i);
            let radius = if step >= 14.0 { 2.0 } else { (step / 7.0).floor() };
            let cell = Node::rect(x, y, w, h).radius(radius).fill(color(frame.theme, value, self.limit)).value(value);
            let cell = cell.target(Target::Number { number: number_at(i) }).key(format!("{}-{i}", self.key));
            frame.push(cell.label(words!("{}, number {i}: {}", self.name, number(value))).opacity(opacity(i)));
        }
    }

    /// Left, top, width and height of a cell.
    pub fn cell(&self, i: usize) -> (f32, f32, f32, f32) {
        let step = self.step();
        let (at, side) = (i as f32 * step, step - gap(step));
        match self.down {
            true => (self.x, self.y + at, self.width, side),
            false => (self.x + at, self.y, side, self.height),
        }
    }

    fn raster(&self, frame: &mut Frame, opacity: f32, first: Number) {
        let pixels: Vec<u8> = merged(self.values, self.step()).iter().map(|v| shade(*v, self.limit)).collect();
        let (w, h) = if self.down { (1, pixels.len()) } else { (pixels.len(), 1) };
        let image = Raster::new(w, h, palette(frame.theme), pixels);
        let node = Node::raster(self.x, self.y, self.width, self.height, image);
        let (columns, rows) = if self.down { (1, self.values.len()) } else { (self.values.len(), 1) };
        let node = node.key(self.key.clone()).opacity(opacity).target(Target::Numbers { first, columns, rows });
        frame.push(node.label(format!("{}: {}", self.name, plural(self.values.len(), "number"))));
    }
}

/// The gap after a cell of this size.
pub(super) fn gap(step: f32) -> f32 {
    match step {
        s if s >= 14.0 => 2.0,
        s if s >= 6.0 => 1.0,
        s if s >= 4.0 => 0.5,
        _ => 0.0,
    }
}

/// How many numbers share a pixel where each has a width of `step` pixels.
pub(super) fn per_pixel(step: f32) -> usize {
    if step > 0.0 && step < 1.0 { (1.0 / step).ceil() as usize } else { 1 }
}

/// The numbers reduced so that each has at least a pixel: of those that share one, the largest in size.
pub(super) fn merged(values: &[f32], step: f32) -> Vec<f32> {
    values.chunks(per_pixel(step)).map(largest).collect()
}

/// The number farthest from 0; NaN if one is NaN.
pub(super) fn largest(values: &[f32]) -> f32 {
    values.iter().copied().fold(0.0, |most, v| if most.is_nan() || v.abs() <= most.abs() { most } else { v })
}

/// The colours from negative to positive, and the numbers at both ends of each named scale.
pub(super) fn legend(frame: &mut Frame, scales: &[(&str, f32)]) {
    let (theme, mid, bar) = (frame.theme, frame.y + 7.0, 88.0);
    frame.label(PAD, mid, Anchor::Start, "−");
    let ramp = Raster::new(201, 1, palette(theme), (0..=200).collect());
    frame.push(Node::raster(PAD + 13.0, mid - 5.0, bar, 10.0, ramp));
    frame.label(PAD + 19.0 + bar, mid, Anchor::Start, "+");
    let said: Vec<String> = scales.iter().map(|(name, limit)| words!("±{} in {name}", number(*limit))).collect();
    let x = PAD + bar + 42.0;
    let room = frame.width - PAD - x;
    for line in text::wrap(&words!("strongest colour at {}", said.join(", ")), room, SMALL, Weight::Regular) {
        frame.push(Node::text(x, frame.y + 7.0, Run::new(line)).size(SMALL).fill(theme.muted).centred());
        frame.y += 17.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_numbers_that_share_a_pixel_the_largest_stays() {
        assert_eq!(merged(&[0.1, -3.0, 2.0, 0.5, 0.0], 0.5), [-3.0, 2.0, 0.0]);
        assert_eq!(merged(&[0.1, -3.0], 1.0), [0.1, -3.0]);
        assert!(largest(&[1.0, f32::NAN, 2.0]).is_nan());
        assert_eq!([0.0, 0.3, 1.0, 7.0].map(per_pixel), [1, 4, 1, 1]);
    }
}
