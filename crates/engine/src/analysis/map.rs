//! A pattern of thousands of tokens as a picture, at any zoom: the largest and the mean weight under each pixel.
//!
//! Made from q, k and lse, it takes memory in proportion to the text and the pixels, not to the square of the text.

use crate::{Array, LazyPattern};
pub use attnscope_kernels::attention::pooled::piece;
use std::ops::Range;

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct MapTile {
    /// Queries, by their index in the pattern.
    pub rows: Range<usize>,
    /// Keys.
    pub cols: Range<usize>,
    /// The largest weight under each pixel, `[height, width]`; NaN where one of them is.
    pub max: Array,
    /// The mean of the weights under each pixel, `[height, width]`; masked keys weigh 0.
    pub mean: Array,
}

impl MapTile {
    /// Rows of pixels, and pixels a row.
    pub fn size(&self) -> (usize, usize) {
        if let [height, width] = *self.max.shape() { (height, width) } else { (0, 0) }
    }

    /// The queries under a row of pixels.
    pub fn queries(&self, y: usize) -> Range<usize> {
        piece(&self.rows, y, self.size().0.max(1))
    }

    /// The keys under a column of pixels.
    pub fn keys(&self, x: usize) -> Range<usize> {
        piece(&self.cols, x, self.size().1.max(1))
    }
}

impl LazyPattern<'_> {
    /// The given queries and keys as a picture of `(height, width)` pixels, fewer if there are fewer cells. `None` if
    /// there are no such queries or keys, or no pixels.
    pub fn tile(&self, rows: Range<usize>, cols: Range<usize>, (height, width): (usize, usize)) -> Option<MapTile> {
        let (height, width) = (height.min(rows.len()), width.min(cols.len()));
        if height == 0 || width == 0 {
            return None;
        }
        let (max, mean) = self.pooled(rows.clone(), cols.clone(), (height, width))?;
        Some(MapTile { rows, cols, max, mean })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Site;
    use crate::cost::RandomHead;

    #[test]
    fn fully_zoomed_in_a_pixel_is_a_cell() {
        let (n, d_head) = (300, 16);
        let head = RandomHead::new(n, d_head);
        let trace = head.trace();
        let pattern = LazyPattern::of(&trace, 0, 0).unwrap();
        let tile = pattern.tile(200..260, 100..280, (1024, 1024)).unwrap();
        assert_eq!(tile.max, tile.mean);
        assert_eq!(tile.max, pattern.block(200..260, 100..280).unwrap());
        // The expected values directly: softmax over the row, in f64.
        let (q, k) = (trace.layer(0, Site::Q).unwrap(), trace.layer(0, Site::K).unwrap());
        for q_idx in [200, 231, 259] {
            let score = |k_idx: usize| {
                let terms = q.row(&[0, q_idx]).unwrap().iter().zip(k.row(&[0, k_idx]).unwrap());
                terms.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() / (d_head as f64).sqrt()
            };
            let sum: f64 = (0..=q_idx).map(|k_idx| score(k_idx).exp()).sum();
            for k_idx in 100..280 {
                let expected = if k_idx <= q_idx { score(k_idx).exp() / sum } else { 0.0 };
                let found = f64::from(tile.max.row(&[q_idx - 200]).unwrap()[k_idx - 100]);
                assert!((found - expected).abs() < 1e-8, "{q_idx}, {k_idx}: {found} against {expected}");
            }
        }
    }

    #[test]
    fn the_whole_picture_has_every_rows_sum() {
        let n = 1000;
        let trace = RandomHead::new(n, 8).trace();
        let pattern = LazyPattern::of(&trace, 0, 0).unwrap();
        let tile = pattern.tile(0..n, 0..n, (40, 50)).unwrap();
        assert_eq!((tile.size(), tile.queries(39), tile.keys(1)), ((40, 50), 975..1000, 20..40));
        for row in tile.mean.data().chunks(50) {
            let sum: f32 = row.iter().sum::<f32>() * 20.0;
            assert!((sum - 1.0).abs() < 1e-5, "{sum}");
        }
        assert_eq!((tile.max.data().len(), tile.mean.data().len()), (2000, 2000));
        assert!(tile.max.data().iter().zip(tile.mean.data()).all(|(max, mean)| max >= mean));
        // The first token can only attend to itself; lse is rounded.
        assert!((tile.max.row(&[0]).unwrap()[0] - 1.0).abs() < 1e-5);
    }

    #[test]
    fn tiles_that_are_not_there_are_none() {
        let trace = RandomHead::new(9, 4).trace();
        let pattern = LazyPattern::of(&trace, 0, 0).unwrap();
        assert!(pattern.tile(0..10, 0..9, (1, 1)).is_none() && pattern.tile(3..3, 0..9, (1, 1)).is_none());
        assert!(pattern.tile(0..9, 0..9, (0, 1)).is_none());
        assert_eq!(pattern.tile(0..9, 0..9, (usize::MAX, 2)).unwrap().max.shape(), [9, 2]);
    }
}
