//! Products for one token. Each weight is used for so little work that distributing the work matters as much as doing
//! it fast.

use crate::dequant::{dequantize_at, dots, has_dots};
use crate::linear::{Product, Weight, keep, scratch};
use crate::product::dot_tile;
use crate::threads;
use fearless_simd::{Level, Simd, dispatch};

/// Jobs per thread: few, since each is short, but more than one, since threads may be delayed.
const JOBS: usize = 3;

/// Rows expanded at a time, by [`dots`] too.
const FEW_ROWS: usize = 4;

/// All products of `x`, `[cols]`, whose lengths have been checked.
pub(crate) fn run(level: Level, x: &[f32], all: Vec<Product<'_>>) {
    let rows: usize = all.iter().map(|product| product.w.rows).sum();
    let rows = rows.div_ceil(JOBS * threads::count()).next_multiple_of(FEW_ROWS);
    let mut jobs = Vec::new();
    for Product { w, bias, y } in all {
        jobs.extend(y.chunks_mut(rows).enumerate().map(|(i, y)| (i * rows, Product { w, bias, y })));
    }
    threads::for_each(jobs, |(first, Product { w, bias, y }): (usize, Product<'_>)| {
        dispatch!(level, simd => outputs(simd, x, w, first, y));
        if let Some(bias) = bias {
            y.iter_mut().zip(&bias[first..]).for_each(|(y, b)| *y += b);
        }
    });
}

/// Outputs from `first` on of one token.
#[inline(always)]
fn outputs<S: Simd>(simd: S, x: &[f32], w: Weight<'_>, first: usize, y: &mut [f32]) {
    let bytes = &w.bytes[first * w.row_bytes()..][..y.len() * w.row_bytes()];
    if has_dots::<S>(w.dtype, w.cols) {
        for (y, bytes) in y.chunks_mut(FEW_ROWS).zip(bytes.chunks(FEW_ROWS * w.row_bytes())) {
            // The last row stands for those that are missing.
            let row = |i: usize| &bytes[i.min(y.len() - 1) * w.row_bytes()..][..w.row_bytes()];
            let sums = dots(simd, w.dtype, [row(0), row(1), row(2), row(3)], x);
            y.copy_from_slice(&sums[..y.len()]);
        }
        return;
    }
    // Every weight is used once: a few rows are expanded at a time, into the first-level cache.
    let mut scratch = scratch(FEW_ROWS * w.cols);
    for (y, bytes) in y.chunks_mut(FEW_ROWS).zip(bytes.chunks(FEW_ROWS * w.row_bytes())) {
        let weights = &mut scratch[..y.len() * w.cols];
        dequantize_at(simd.level(), w.dtype, bytes, weights);
        match y.first_chunk_mut::<FEW_ROWS>() {
            Some(y) => {
                let (a, rest) = weights.split_at(w.cols);
                let (b, rest) = rest.split_at(w.cols);
                let (c, d) = rest.split_at(w.cols);
                [*y] = dot_tile(simd, [x], [a, b, c, d]);
            }
            None => {
                for (y, row) in y.iter_mut().zip(weights.chunks_exact(w.cols)) {
                    [[*y]] = dot_tile(simd, [x], [row]);
                }
            }
        }
    }
    keep(scratch);
}
