//! Dense products with weights at the precision of their file: y = x · Wᵀ + b.

use crate::dequant::{DType, dequantize_at};
use crate::packed::{self, NR};
use crate::product::PIECE;
use crate::{one_token, threads};
use fearless_simd::{Level, Simd, dispatch};
use std::cell::Cell;

/// A weight matrix as a model file holds it: `rows` (outputs) of `cols` (inputs) numbers each.
#[derive(Clone, Copy, Debug)]
pub struct Weight<'a> {
    /// The stored bytes, row after row.
    pub bytes: &'a [u8],
    /// How they are stored.
    pub dtype: DType,
    /// Number of outputs.
    pub rows: usize,
    /// Number of inputs.
    pub cols: usize,
}

impl Weight<'_> {
    pub(crate) fn row_bytes(&self) -> usize {
        self.bytes.len() / self.rows.max(1)
    }
}

/// The plain twin. `x` is `[m, cols]`, `bias` `[rows]`, `y` `[m, rows]`; sums are in f64.
pub fn plain(x: &[f32], w: Weight<'_>, bias: Option<&[f32]>, y: &mut [f32]) {
    let mut weights = vec![0.0; w.rows * w.cols];
    crate::dequant::plain(w.dtype, w.bytes, &mut weights);
    for (x, y) in x.chunks_exact(w.cols).zip(y.chunks_exact_mut(w.rows)) {
        for (j, (row, y)) in weights.chunks_exact(w.cols).zip(y).enumerate() {
            let sum: f64 = x.iter().zip(row).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum();
            *y = sum as f32 + bias.map_or(0.0, |b| b[j]);
        }
    }
}

/// `y[m, rows] = x[m, cols] · Wᵀ + bias`.
#[derive(Debug)]
pub struct Product<'a> {
    /// W
    pub w: Weight<'a>,
    /// `[rows]`
    pub bias: Option<&'a [f32]>,
    /// `[m, rows]`
    pub y: &'a mut [f32],
}

/// One product. Weights are expanded panel by panel into a buffer of `PANEL · cols` numbers per thread and multiplied
/// while they are in cache: no f32 copy of W is ever made.
///
/// # Panics
/// If the lengths of `x`, `y` and `bias` do not fit W.
pub fn linear(level: Level, x: &[f32], w: Weight<'_>, bias: Option<&[f32]>, y: &mut [f32]) {
    products(level, x, vec![Product { w, bias, y }]);
}

/// Several products of the same `x`, distributed over the threads together. Each has the bits that it would have alone.
///
/// # Panics
/// If the lengths of `x`, `y` and `bias` do not fit a W.
pub fn products(level: Level, x: &[f32], mut all: Vec<Product<'_>>) {
    all.retain(|product| product.w.rows > 0 && product.w.cols > 0);
    let Some(cols) = all.first().map(|product| product.w.cols) else { return };
    let m = x.len() / cols;
    assert_eq!(x.len(), m * cols, "x does not hold whole rows of {cols}");
    for Product { w, bias, y } in &all {
        assert_eq!(w.cols, cols, "the products have inputs of different widths");
        assert_eq!(y.len(), m * w.rows, "y does not hold {m} rows of {}", w.rows);
        assert!(bias.is_none_or(|bias| bias.len() == w.rows), "the bias does not hold {} numbers", w.rows);
        let bytes = w.dtype.bytes_for(cols).map(|b| b * w.rows);
        assert_eq!(Some(w.bytes.len()), bytes, "weight bytes do not fit its shape");
    }
    match m {
        0 => {}
        1 => one_token::run(level, x, all),
        _ => many_tokens(level, x, m, all),
    }
}

/// The thread's buffer, of at least `len` numbers, to be returned with [`keep`]. It is taken out instead of borrowed in
/// a closure, because code that is not inlined has no vector instructions.
#[inline(always)]
pub(crate) fn scratch(len: usize) -> Vec<f32> {
    let mut scratch = SCRATCH.take();
    if scratch.len() < len {
        scratch.resize(len, 0.0);
    }
    scratch
}

/// Returns the buffer to the thread.
pub(crate) fn keep(scratch: Vec<f32>) {
    SCRATCH.set(scratch);
}

/// Rows of W expanded at a time: small enough to stay in the second-level cache.
const PANEL: usize = 32;

/// For several tokens: x is packed once, each W panel by panel.
fn many_tokens(level: Level, x: &[f32], m: usize, all: Vec<Product<'_>>) {
    let packed = pack_tokens(level, x, all[0].w.cols);
    let mut panels: Vec<Panel<'_>> = Vec::new();
    for Product { w, bias, y } in all {
        let own = panels.len();
        let firsts = (0..w.rows).step_by(PANEL);
        panels.extend(firsts.map(|first| Panel { w, bias, first, y: Vec::with_capacity(m) }));
        for row in y.chunks_exact_mut(w.rows) {
            for (panel, part) in panels[own..].iter_mut().zip(row.chunks_mut(PANEL)) {
                panel.y.push(part);
            }
        }
    }
    threads::for_each(panels, |panel| dispatch!(level, simd => run_panel(simd, &packed, panel)));
}

/// Packs all tokens, tile by tile.
fn pack_tokens(level: Level, x: &[f32], cols: usize) -> Vec<f32> {
    let padded = dispatch!(level, simd => packed::padded(simd, cols));
    let mut out = vec![0.0; x.len() / cols * padded];
    // A job begins at the start of a tile.
    let rows = 48;
    let jobs = x.chunks(rows * cols).zip(out.chunks_mut(rows * padded)).collect();
    threads::for_each(jobs, |(x, out): (&[f32], &mut [f32])| {
        dispatch!(level, simd => {
            let (m, mut i) = (x.len() / cols, 0);
            while i < m {
                let n = packed::height(simd, m - i);
                packed::pack(simd, &x[i * cols..(i + n) * cols], cols, n, &mut out[i * padded..(i + n) * padded]);
                i += n;
            }
        });
    });
    out
}

/// Outputs from `first` on of every row of y.
struct Panel<'a> {
    w: Weight<'a>,
    bias: Option<&'a [f32]>,
    first: usize,
    y: Vec<&'a mut [f32]>,
}

#[inline(always)]
fn run_panel<S: Simd>(simd: S, x: &[f32], mut panel: Panel<'_>) {
    let w = panel.w;
    let Some(width) = panel.y.first().map(|y| y.len()) else { return };
    let (m, padded) = (panel.y.len(), packed::padded(simd, w.cols));
    let tile = NR * padded;
    let mut scratch = scratch(NR * w.cols + PANEL * padded);
    let (expanded, packed) = scratch.split_at_mut(NR * w.cols);
    let bytes = &w.bytes[panel.first * w.row_bytes()..][..width * w.row_bytes()];
    for (bytes, packed) in bytes.chunks(NR * w.row_bytes()).zip(packed.chunks_exact_mut(tile)) {
        let expanded = &mut expanded[..bytes.len() / w.row_bytes() * w.cols];
        dequantize_at(simd.level(), w.dtype, bytes, expanded);
        packed::pack(simd, expanded, w.cols, NR, packed);
    }
    panel.y.iter_mut().for_each(|y| y.fill(0.0));
    for from in (0..padded).step_by(PIECE) {
        let piece = from..(from + PIECE).min(padded);
        let mut i = 0;
        while i < m {
            let n = packed::height(simd, m - i);
            let (x, y) = (&x[i * padded..][piece.start * n..piece.end * n], &mut panel.y[i..i + n]);
            for (t, w) in packed.chunks_exact(tile).take(width.div_ceil(NR)).enumerate() {
                packed::tile(simd, n, x, &w[piece.start * NR..piece.end * NR], y, t * NR);
            }
            i += n;
        }
    }
    keep(scratch);
    if let Some(bias) = panel.bias {
        for y in &mut panel.y {
            for (y, b) in y.iter_mut().zip(&bias[panel.first..]) {
                *y += b;
            }
        }
    }
}

thread_local! {
    /// A buffer that the thread keeps: allocating and clearing it each time would cost as much as filling it.
    static SCRATCH: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn equals_its_plain_twin_on_every_instruction_set(
            m in 0usize..20,
            rows in 1usize..75,
            blocks in 1usize..6,
            odd in 0usize..7,
            kind in 0usize..DType::ALL.len(),
            seed in any::<u32>(),
        ) {
            let dtype = DType::ALL[kind];
            let cols = if dtype.block_len() == 1 { blocks * 16 + odd } else { blocks * dtype.block_len() };
            let mut state = seed;
            let mut next = || { state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223); state >> 16 };
            let mut bytes: Vec<u8> = (0..dtype.bytes_for(cols).unwrap() * rows).map(|_| (next() % 256) as u8).collect();
            crate::dequant::tame(dtype, &mut bytes);
            let x: Vec<f32> = (0..m * cols).map(|_| next() as f32 / 65536.0 - 0.5).collect();
            let bias: Vec<f32> = (0..rows).map(|_| next() as f32 / 65536.0).collect();
            let w = Weight { bytes: &bytes, dtype, rows, cols };
            let mut expected = vec![0.0; m * rows];
            plain(&x, w, Some(&bias), &mut expected);
            let mut dense = vec![0.0; rows * cols];
            crate::dequant::dequantize(dtype, &bytes, &mut dense);
            let size = dense.iter().fold(0f32, |a, b| a.max(b.abs())) * cols as f32;
            prop_assume!(size.is_finite());
            for (name, level) in crate::level::all() {
                let mut found = vec![f32::NAN; m * rows];
                linear(level, &x, w, Some(&bias), &mut found);
                for (f, e) in found.iter().zip(&expected) {
                    prop_assert!((f - e).abs() <= 1e-6 * (1.0 + size), "{name} {dtype}: {f} against {e}");
                }
            }
        }
    }

    #[test]
    fn a_row_alone_equals_the_row_in_a_batch_bit_for_bit() {
        // Of plain numbers, rows of any width and such as are whole groups of 32.
        let plain = DType::ALL.into_iter().filter(|dtype| dtype.block_len() == 1).map(|dtype| (dtype, 1037));
        // More columns than a piece has.
        let whole = DType::ALL.into_iter().map(|dtype| (dtype, 1200usize.next_multiple_of(dtype.block_len().max(32))));
        for (dtype, cols) in whole.chain(plain) {
            let mut bytes: Vec<u8> = (0..dtype.bytes_for(cols).unwrap() * 50).map(|i| (i * 7919 % 251) as u8).collect();
            crate::dequant::tame(dtype, &mut bytes);
            let w = Weight { bytes: &bytes, dtype, rows: 50, cols };
            let x: Vec<f32> = (0..17 * cols).map(|i| (i * 31 % 100) as f32 / 50.0 - 1.0).collect();
            for (name, level) in crate::level::all() {
                let (mut batch, mut alone) = (vec![0.0; 17 * 50], vec![0.0; 50]);
                linear(level, &x, w, None, &mut batch);
                for i in 0..17 {
                    linear(level, &x[i * cols..(i + 1) * cols], w, None, &mut alone);
                    let bits = |y: &[f32]| y.iter().map(|y| y.to_bits()).collect::<Vec<_>>();
                    assert_eq!(bits(&alone), bits(&batch[i * 50..(i + 1) * 50]), "{dtype} on {name}, row {i}");
                }
            }
        }
    }
}
