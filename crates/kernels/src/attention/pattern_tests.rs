//! Compares parts of a pattern computed later with their plain twin and with the pattern that attention itself wrote,
//! on every instruction set.

use super::pattern::{self, Kept};
use super::pooled::{self, Pixels};
use super::tests::{Added, close, numbers};
use super::*;
use proptest::prelude::*;

/// One head's run, with the pattern that attention wrote.
struct Case {
    d_head: usize,
    q_len: usize,
    kv_len: usize,
    mask: Mask,
    soft_cap: Option<f32>,
    added: Added,
    edges: Vec<Edge>,
    q: Vec<f32>,
    k: Vec<f32>,
}

/// Two query heads that share one key/value head; the second is tested.
const HEADS: usize = 2;
const HEAD: usize = 1;

impl Case {
    fn new(d_head: usize, q_len: usize, kv_len: usize, mask: Mask) -> Self {
        // Scores of a few units, as in models: the rounding of lse is then far below a millionth.
        let q = numbers(HEADS * q_len * d_head, 7).into_iter().map(|q| q / 3.0).collect();
        let k = numbers(kv_len * d_head, 100);
        Self { d_head, q_len, kv_len, mask, soft_cap: None, added: Added::default(), edges: Vec::new(), q, k }
    }

    /// Calls `f` with the kept arrays and the pattern of the head.
    fn kept<T>(&self, f: impl FnOnce(&Kept<'_>, &[f32]) -> T) -> T {
        let rows = HEADS * self.q_len;
        let v = vec![0.0; self.k.len()];
        let (bias, sinks) = (self.added.bias(HEADS, self.q_len, self.kv_len), self.added.sinks(HEADS));
        let inputs = Inputs {
            n_heads: HEADS,
            d_head: self.d_head,
            q_len: self.q_len,
            kv_len: self.kv_len,
            q: &self.q,
            k: &[&self.k],
            v: &[&v],
            scale: 1.0 / (self.d_head as f32).sqrt(),
            soft_cap: self.soft_cap,
            bias: &bias,
            sinks: &sinks,
            mask: self.mask,
            edges: &self.edges,
        };
        let (mut z, mut all) = (vec![0.0; rows * self.d_head], vec![0.0; rows * self.kv_len]);
        let mut lse = vec![0.0; rows];
        let out = Outputs { z: &mut z, scores: None, pattern: Some(&mut all), lse: Some(&mut lse) };
        plain::attention(inputs, out);
        let inputs = Inputs { v: &[], ..inputs };
        f(&Kept { inputs, head: HEAD, lse: &lse[self.q_len..] }, &all[self.q_len * self.kv_len..])
    }

    fn check(&self, rows: Range<usize>, cols: Range<usize>, size: (usize, usize)) -> Result<(), TestCaseError> {
        self.kept(|x, all| {
            let expected: Vec<f32> =
                rows.clone().flat_map(|i| &all[i * self.kv_len..][cols.clone()]).copied().collect();
            let mut found = vec![f32::NAN; expected.len()];
            pattern::plain(x, rows.clone(), cols.clone(), &mut found);
            close("twin", "weights", &found, &expected, 1e-6)?;
            let picture = picture(size, |out| pooled::plain(all, self.kv_len, rows.clone(), cols.clone(), out));
            for (name, level) in crate::level::all() {
                found.fill(f32::NAN);
                pattern::weights(level, x, rows.clone(), cols.clone(), &mut found);
                close(name, "weights", &found, &expected, 1e-6)?;
                let (max, mean) = self::picture(size, |out| pooled::pooled(level, x, rows.clone(), cols.clone(), out));
                close(name, "max", &max, &picture.0, 1e-6)?;
                close(name, "mean", &mean, &picture.1, 1e-6)?;
            }
            Ok(())
        })
    }
}

fn picture((height, width): (usize, usize), draw: impl FnOnce(Pixels<'_>)) -> (Vec<f32>, Vec<f32>) {
    let (mut max, mut mean) = (vec![f32::NAN; height * width], vec![f32::NAN; height * width]);
    draw(Pixels { height, width, max: &mut max, mean: &mut mean });
    (max, mean)
}

/// A non-empty part of `0..n`, from two numbers.
fn part(n: usize, (a, b): (usize, usize)) -> Range<usize> {
    let (a, b) = (a % n, b % n);
    a.min(b)..a.max(b) + 1
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_part_is_what_attention_wrote(
        d_head in 1usize..70, past in 0usize..150, q_len in 1usize..90, causal: bool,
        window in prop::option::of(0usize..40), soft_cap in prop::option::of(1f32..20.0),
        (bias, sinks) in any::<(bool, bool)>(),
        edges in prop::collection::vec((0usize..2, 0usize..90, 0usize..220, 0f32..0.4), 0..3),
        rows: (usize, usize), cols: (usize, usize), size in (1usize..50, 1usize..50),
    ) {
        let mut case = Case::new(d_head, q_len, past + q_len, Mask { causal, window });
        (case.soft_cap, case.added) = (soft_cap, Added { bias, sinks });
        let edges = edges.into_iter().map(|(head, q, k, weight)| Edge {
            head, q: q % q_len, k: k % case.kv_len, weight: if weight < 0.1 { 0.0 } else { weight },
        });
        case.edges = edges.collect();
        case.edges.dedup_by_key(|e| (e.head, e.q, e.k));
        let (rows, cols) = (part(q_len, rows), part(case.kv_len, cols));
        let size = (size.0.min(rows.len()), size.1.min(cols.len()));
        case.check(rows, cols, size)?;
    }
}

#[test]
fn borders_of_blocks_and_panels() {
    for n in [1, 2, 31, 32, 33, 127, 128, 129, 257] {
        for causal in [true, false] {
            let case = Case::new(64, n, n, Mask { causal, window: None });
            for side in [1, n.div_ceil(2), n] {
                case.check(0..n, 0..n, (side, side)).unwrap();
            }
            case.check(n - 1..n, n - 1..n, (1, 1)).unwrap();
        }
    }
}

#[test]
fn a_weight_is_the_same_bits_in_every_part() {
    let n = 200;
    let case = Case::new(48, n, n, Mask { causal: true, window: None });
    case.kept(|x, _| {
        for (name, level) in crate::level::all() {
            let mut whole = vec![0.0; n * n];
            pattern::weights(level, x, 0..n, 0..n, &mut whole);
            for (i, j) in [(0, 0), (1, 0), (150, 149), (150, 7), (199, 199), (130, 128)] {
                let mut cell = [f32::NAN];
                pattern::weights(level, x, i..i + 1, j..j + 1, &mut cell);
                assert_eq!(cell[0], whole[i * n + j], "{name}: {i}, {j}");
                let (max, mean) = picture((1, 1), |out| pooled::pooled(level, x, i..i + 1, j..j + 1, out));
                assert_eq!((max[0], mean[0]), (cell[0], cell[0]), "{name}: {i}, {j}");
            }
            let (max, mean) = picture((60, 90), |out| pooled::pooled(level, x, 130..190, 70..160, out));
            let part: Vec<f32> = (130..190).flat_map(|i| &whole[i * n..][70..160]).copied().collect();
            assert_eq!((&max, &mean), (&part, &part), "{name}");
        }
    });
}

#[test]
fn what_is_not_a_number_is_not_hidden() {
    let n = 140;
    let mut case = Case::new(9, n, n, Mask { causal: true, window: None });
    case.q[(n + 70) * 9] = f32::NAN;
    case.kept(|x, _| {
        for (name, level) in crate::level::all() {
            let mut row = vec![0.0; n];
            pattern::weights(level, x, 70..71, 0..n, &mut row);
            assert!(row[..71].iter().all(|w| w.is_nan()) && row[71..].iter().all(|w| *w == 0.0), "{name}");
            let (max, mean) = picture((2, 2), |out| pooled::pooled(level, x, 0..n, 0..n, out));
            let broken = |pixels: &[f32]| pixels.iter().map(|p| p.is_nan()).collect::<Vec<_>>();
            assert_eq!((broken(&max), broken(&mean)), (vec![false, false, true, true], broken(&max)), "{name}");
        }
        let row: Vec<f32> = vec![f32::NAN, 1.0, 0.5, 0.25];
        let (max, _) = picture((2, 1), |out| pooled::plain(&row, 2, 0..2, 0..2, out));
        assert!(max[0].is_nan() && max[1] == 0.5);
    });
}

#[test]
fn pixels_hold_the_largest_and_the_mean_of_their_cells() {
    #[rustfmt::skip]
    let pattern = [
        1.0,  0.0,  0.0,   0.0,
        0.5,  0.5,  0.0,   0.0,
        0.25, 0.25, 0.5,   0.0,
        0.0,  0.0,  0.125, 0.875,
    ];
    let draw = |rows, cols, size| picture(size, |out| pooled::plain(&pattern, 4, rows, cols, out));
    let (max, mean) = draw(0..4, 0..4, (2, 2));
    assert_eq!(max, [1.0, 0.0, 0.25, 0.875]);
    assert_eq!(mean, [0.5, 0.0, 0.125, 0.375]);
    // As many pixels as cells: each pixel is one cell.
    let (max, mean) = draw(1..3, 0..3, (2, 3));
    assert_eq!(max, [0.5, 0.5, 0.0, 0.25, 0.25, 0.5]);
    assert_eq!(max, mean);
    // Pieces of unequal size: row 0, then 1 and 2.
    assert_eq!(draw(0..3, 0..1, (2, 1)).1, [1.0, 0.375]);
}
