//! A picture of a part of a pattern: each pixel has the largest and the mean weight of the cells under it. No more than
//! a block of rows of cells is held at once.

use super::pattern::{BLOCK, Block, Kept, PANEL, Panels};
use crate::threads;
use fearless_simd::{Level, Simd, dispatch, prelude::*};
use std::ops::Range;

/// The pixels to be written, `[height, width]` each. There are never more pixels than cells.
#[derive(Debug)]
pub struct Pixels<'a> {
    /// Rows of pixels.
    pub height: usize,
    /// Pixels per row.
    pub width: usize,
    /// The largest weight under each pixel; NaN where one of the weights is NaN.
    pub max: &'a mut [f32],
    /// The mean of the weights under each pixel.
    pub mean: &'a mut [f32],
}

impl Pixels<'_> {
    fn check(&self, rows: &Range<usize>, cols: &Range<usize>) {
        assert!(self.height <= rows.len() && self.width <= cols.len(), "more pixels than cells");
        for pixels in [&self.max, &self.mean] {
            assert_eq!(pixels.len(), self.height * self.width, "pixels are not [height, width]");
        }
    }
}

/// The `i`-th of `n` pieces of a range, as equal in size as possible.
pub fn piece(range: &Range<usize>, i: usize, n: usize) -> Range<usize> {
    // In u64, because a range may be as long as a text, and on wasm32 its product with n can overflow usize.
    let at = |i: usize| range.start + (range.len() as u64 * i as u64 / n as u64) as usize;
    at(i)..at(i + 1)
}

/// The plain twin, for a whole pattern, `[q_len, kv_len]`.
///
/// # Panics
/// If a slice does not have the length its sizes ask for.
pub fn plain(pattern: &[f32], kv_len: usize, rows: Range<usize>, cols: Range<usize>, out: Pixels<'_>) {
    out.check(&rows, &cols);
    for y in 0..out.height {
        for x in 0..out.width {
            let (rows, cols) = (piece(&rows, y, out.height), piece(&cols, x, out.width));
            let cells = || rows.clone().flat_map(|row| &pattern[row * kv_len..][cols.clone()]);
            let sum: f64 = cells().map(|cell| f64::from(*cell)).sum();
            let at = y * out.width + x;
            out.mean[at] = (sum / (rows.len() * cols.len()) as f64) as f32;
            out.max[at] = if sum.is_nan() { f32::NAN } else { cells().copied().fold(0.0, f32::max) };
        }
    }
}

/// The fast twin, for a pattern that was not kept: weights are computed a block of `rows` at a time, and only for keys
/// that are not masked.
///
/// # Panics
/// If a slice does not have the length its sizes ask for.
pub fn pooled(level: Level, x: &Kept<'_>, rows: Range<usize>, cols: Range<usize>, out: Pixels<'_>) {
    x.check(&rows, &cols);
    out.check(&rows, &cols);
    if out.max.is_empty() {
        return;
    }
    let Pixels { height, width, max, mean } = out;
    let borders = (0..width).map(|x| piece(&cols, x, width).start - cols.start).chain([cols.len()]).collect();
    let picture = Picture { panels: Panels::new(x, cols), borders, rows, height };
    // A band has about as many rows of cells as a block, and at least one row of pixels.
    let many = (BLOCK * height / picture.rows.len()).max(1);
    let bands = max.chunks_mut(many * width).zip(mean.chunks_mut(many * width));
    let bands = bands.enumerate().map(|(i, (max, mean))| Band { first: i * many, max, mean }).collect();
    threads::for_each(bands, |band| dispatch!(level, simd => picture.draw(simd, x, band)));
}

struct Picture {
    panels: Panels,
    /// The first key of each column of pixels, and the end of the last one.
    borders: Vec<usize>,
    rows: Range<usize>,
    height: usize,
}

/// Some rows of pixels.
struct Band<'a> {
    first: usize,
    max: &'a mut [f32],
    mean: &'a mut [f32],
}

impl Picture {
    fn width(&self) -> usize {
        self.borders.len() - 1
    }

    /// The queries under a row of pixels.
    fn cells(&self, y: usize) -> Range<usize> {
        piece(&self.rows, y, self.height)
    }

    #[inline(always)]
    fn draw<S: Simd>(&self, simd: S, x: &Kept<'_>, band: Band<'_>) {
        let width = self.width();
        let ys = band.first..band.first + band.max.len() / width;
        let mut sums = vec![0.0; band.max.len()];
        band.max.fill(0.0);
        let (mut row, end) = (self.cells(ys.start).start, self.cells(ys.end - 1).end);
        let mut y = ys.start;
        while row < end {
            let mut block = Block::new(x, row..end.min(row + BLOCK));
            let rows = row..end.min(row + BLOCK);
            for panel in block.reached(x, &self.panels) {
                block.weigh(simd, x, &self.panels, panel);
                for y in (y..ys.end).take_while(|y| self.cells(*y).start < rows.end) {
                    let cells = self.cells(y);
                    let part = cells.start.max(rows.start) - rows.start..cells.end.min(rows.end) - rows.start;
                    let line = (y - ys.start) * width..(y - ys.start + 1) * width;
                    let columns = columns(simd, &block.tile[part.start * PANEL..part.end * PANEL]);
                    self.spread(panel, &columns, &mut band.max[line.clone()], &mut sums[line]);
                }
            }
            row = rows.end;
            while y < ys.end && self.cells(y).end <= row {
                y += 1;
            }
        }
        for (at, sum) in sums.into_iter().enumerate() {
            let (y, x) = (ys.start + at / width, at % width);
            let cells = self.cells(y).len() * (self.borders[x + 1] - self.borders[x]);
            band.mean[at] = (sum / cells as f64) as f32;
            if sum.is_nan() {
                band.max[at] = f32::NAN; // the largest of vectors passes over it
            }
        }
    }

    /// Adds the values of one panel's columns to the pixels that cover them.
    fn spread(&self, panel: usize, columns: &Columns, max: &mut [f32], sums: &mut [f64]) {
        let mut at = panel * PANEL;
        let end = self.panels.cols.len().min(at + PANEL);
        let mut x = self.borders.partition_point(|border| *border <= at) - 1;
        while at < end {
            let to = self.borders[x + 1].min(end);
            let part = at - panel * PANEL..to - panel * PANEL;
            max[x] = columns.max[part.clone()].iter().copied().fold(max[x], f32::max);
            sums[x] += columns.sum[part].iter().map(|sum| f64::from(*sum)).sum::<f64>();
            (at, x) = (to, x + 1);
        }
    }
}

/// The largest weight and the sum of each column of some rows of a tile.
struct Columns {
    max: [f32; PANEL],
    sum: [f32; PANEL],
}

#[inline(always)]
fn columns<S: Simd>(simd: S, rows: &[f32]) -> Columns {
    let mut out = Columns { max: [0.0; PANEL], sum: [0.0; PANEL] };
    for at in (0..PANEL).step_by(S::f32s::LEN) {
        let (mut max, mut sum) = (S::f32s::splat(simd, 0.0), S::f32s::splat(simd, 0.0));
        for row in rows.chunks_exact(PANEL) {
            let weights = S::f32s::from_slice(simd, &row[at..at + S::f32s::LEN]);
            (max, sum) = (max.max(weights), sum + weights);
        }
        max.store_slice(&mut out.max[at..at + S::f32s::LEN]);
        sum.store_slice(&mut out.sum[at..at + S::f32s::LEN]);
    }
    out
}
