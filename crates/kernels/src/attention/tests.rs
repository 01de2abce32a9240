//! Compares the tiled kernel with its plain twin, on every instruction set, including boundaries and odd sizes.

use super::*;
use proptest::prelude::*;

struct Case {
    n_heads: usize,
    n_kv: usize,
    d_head: usize,
    q_len: usize,
    kv_len: usize,
    mask: Mask,
    soft_cap: Option<f32>,
    added: Added,
    edges: Vec<Edge>,
}

/// What may be added to the scores.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Added {
    pub bias: bool,
    pub sinks: bool,
}

impl Added {
    pub fn bias(self, n_heads: usize, q_len: usize, kv_len: usize) -> Vec<Vec<f32>> {
        let heads = 0..if self.bias { n_heads } else { 0 };
        heads.map(|head| numbers(q_len + kv_len - 1, 300 + head)).collect()
    }

    pub fn sinks(self, n_heads: usize) -> Vec<f32> {
        if self.sinks { numbers(n_heads, 400) } else { Vec::new() }
    }
}

struct Found {
    z: Vec<f32>,
    scores: Vec<f32>,
    pattern: Vec<f32>,
    lse: Vec<f32>,
}

pub(super) fn numbers(n: usize, seed: usize) -> Vec<f32> {
    let mut state = seed as u32 | 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..n).map(|_| 3.0 * next()).collect()
}

impl Case {
    fn run(&self, keep: bool, f: impl Fn(Inputs<'_>, Outputs<'_>)) -> Found {
        let kv = |seed: usize| -> Vec<Vec<f32>> {
            (0..self.n_kv).map(|h| numbers(self.kv_len * self.d_head, seed + h)).collect()
        };
        let (q, k, v) = (numbers(self.n_heads * self.q_len * self.d_head, 7), kv(100), kv(200));
        let (k, v): (Vec<&[f32]>, Vec<&[f32]>) =
            (k.iter().map(Vec::as_slice).collect(), v.iter().map(Vec::as_slice).collect());
        let (bias, sinks) = (self.added.bias(self.n_heads, self.q_len, self.kv_len), self.added.sinks(self.n_heads));
        let rows = self.n_heads * self.q_len;
        let mut found = Found {
            z: vec![f32::NAN; rows * self.d_head],
            scores: vec![f32::NAN; rows * self.kv_len],
            pattern: vec![f32::NAN; rows * self.kv_len],
            lse: vec![f32::NAN; rows],
        };
        let inputs = Inputs {
            n_heads: self.n_heads,
            d_head: self.d_head,
            q_len: self.q_len,
            kv_len: self.kv_len,
            q: &q,
            k: &k,
            v: &v,
            scale: 1.0 / (self.d_head as f32).sqrt(),
            soft_cap: self.soft_cap,
            bias: &bias,
            sinks: &sinks,
            mask: self.mask,
            edges: &self.edges,
        };
        f(
            inputs,
            Outputs {
                z: &mut found.z,
                scores: keep.then_some(&mut found.scores[..]),
                pattern: keep.then_some(&mut found.pattern[..]),
                lse: Some(&mut found.lse),
            },
        );
        found
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let expected = self.run(true, plain::attention);
        for (name, level) in crate::level::all() {
            for keep in [true, false] {
                let found = self.run(keep, |x, out| tiled::attention(level, x, out));
                close(name, "z", &found.z, &expected.z, 2e-5)?;
                close(name, "lse", &found.lse, &expected.lse, 2e-5)?;
                if keep {
                    close(name, "scores", &found.scores, &expected.scores, 2e-5)?;
                    close(name, "pattern", &found.pattern, &expected.pattern, 5e-6)?;
                }
            }
        }
        Ok(())
    }
}

/// Fails on NaN and on different lengths; infinities must be equal.
pub(super) fn close(
    level: &str,
    what: &str,
    found: &[f32],
    expected: &[f32],
    tolerance: f32,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(found.len(), expected.len(), "{}: length of {}", level, what);
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        // If the expected value is infinite, any difference would be within the tolerance.
        let fine = f == e || (e.is_finite() && (f - e).abs() <= tolerance * (1.0 + e.abs()));
        prop_assert!(fine, "{level}: {what}[{i}] is {f}, expected {e}");
    }
    Ok(())
}

#[test]
fn comparisons_fail_on_nan_and_on_infinities_that_are_not_met() {
    let close = |f, e| close("test", "x", &[f], &[e], 1e-5).is_ok();
    assert!(close(1.0, 1.0) && close(f32::NEG_INFINITY, f32::NEG_INFINITY));
    assert!(!close(1.0, 1.1) && !close(f32::NAN, 1.0) && !close(1.0, f32::NAN) && !close(f32::NAN, f32::NAN));
    assert!(!close(1.0, f32::NEG_INFINITY) && !close(f32::NEG_INFINITY, 1.0));
    assert!(super::tests::close("test", "x", &[], &[1.0], 1e-5).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn tiled_equals_plain(
        groups in 1usize..4, n_kv in 1usize..3, d_head in 1usize..70, past in 0usize..150, q_len in 1usize..70,
        causal: bool, window in prop::option::of(1usize..40), soft_cap in prop::option::of(1f32..20.0),
        (bias, sinks) in any::<(bool, bool)>(),
        edges in prop::collection::vec((0usize..9, 0usize..70, 0usize..220, 0f32..0.4), 0..3),
    ) {
        let (n_heads, kv_len) = (groups * n_kv, past + q_len);
        let edges = edges.into_iter().map(|(h, q, k, weight)| Edge {
            head: h % n_heads, q: q % q_len, k: k % kv_len, weight: if weight < 0.1 { 0.0 } else { weight },
        });
        let mut edges: Vec<Edge> = edges.collect();
        edges.dedup_by_key(|e| (e.head, e.q, e.k));
        let case = Case { n_heads, n_kv, d_head, q_len, kv_len, mask: Mask { causal, window }, soft_cap, added: Added { bias, sinks }, edges };
        case.check()?;
    }
}

#[test]
fn tile_borders() {
    for n in [1, 2, 31, 32, 33, 127, 128, 129, 257] {
        for causal in [true, false] {
            let mask = Mask { causal, window: None };
            let case = Case {
                n_heads: 1,
                n_kv: 1,
                d_head: 64,
                q_len: n,
                kv_len: n,
                mask,
                soft_cap: None,
                added: Added::default(),
                edges: vec![],
            };
            case.check().unwrap();
        }
    }
}

#[test]
fn a_row_that_may_look_at_nothing_gives_zeros() {
    // A window of 0 hides everything, the query itself included.
    let mask = Mask { causal: true, window: Some(0) };
    let case = Case {
        n_heads: 2,
        n_kv: 1,
        d_head: 9,
        q_len: 5,
        kv_len: 5,
        mask,
        soft_cap: None,
        added: Added::default(),
        edges: vec![],
    };
    case.check().unwrap();
    let found = case.run(true, |x, out| tiled::attention(crate::level::best(), x, out));
    assert!(found.z.iter().chain(&found.pattern).all(|x| *x == 0.0));
}

#[test]
fn a_sink_takes_its_share_of_every_row_and_a_bias_moves_scores() {
    let mask = Mask { causal: true, window: None };
    let added = Added { bias: true, sinks: true };
    let case = Case { n_heads: 2, n_kv: 1, d_head: 9, q_len: 5, kv_len: 8, mask, soft_cap: None, added, edges: vec![] };
    let (found, bare) =
        (case.run(true, plain::attention), Case { added: Added::default(), ..case }.run(true, plain::attention));
    let (sinks, bias) = (added.sinks(2), added.bias(2, 5, 8));
    for (row, (pattern, scores)) in found.pattern.chunks(8).zip(found.scores.chunks(8)).enumerate() {
        let (head, i) = (row / 5, row % 5);
        let own = (sinks[head] - found.lse[row]).exp();
        assert!((pattern.iter().sum::<f32>() + own - 1.0).abs() < 1e-5 && own > 0.0, "row {row}");
        for (j, score) in scores.iter().enumerate().take(i + 4) {
            let added = score - bare.scores[row * 8 + j];
            assert!((added - bias[head][j + 4 - i]).abs() < 1e-5, "row {row}, key {j}");
        }
    }
    // A window of 0: nothing but the sink is left.
    let alone = Case { mask: Mask { causal: true, window: Some(0) }, edges: vec![], ..case };
    alone.check().unwrap();
    assert!(alone.run(false, plain::attention).z.iter().all(|z| *z == 0.0));
}

#[test]
fn cutting_an_edge_is_softmax_without_that_key() {
    let mask = Mask { causal: true, window: None };
    let edge = Edge { head: 0, q: 2, k: 1, weight: 0.0 };
    let whole = Case {
        n_heads: 1,
        n_kv: 1,
        d_head: 4,
        q_len: 4,
        kv_len: 4,
        mask,
        soft_cap: None,
        added: Added::default(),
        edges: vec![],
    };
    let cut = Case { edges: vec![edge], ..whole };
    let (before, after) = (cut_free(&cut).run(true, plain::attention), cut.run(true, plain::attention));
    let (b, a) = (&before.pattern[8..12], &after.pattern[8..12]);
    assert_eq!(a[1], 0.0);
    for j in [0, 2] {
        assert!((a[j] - b[j] / (1.0 - b[1])).abs() < 1e-6);
    }
    assert_eq!(before.pattern[..8], after.pattern[..8], "other rows stay as they were");
}

fn cut_free(case: &Case) -> Case {
    Case { edges: vec![], ..*case }
}

#[test]
fn what_is_not_a_number_is_not_hidden() {
    for (n, soft_cap) in [(1, None), (5, Some(3.0)), (140, None)] {
        let mask = Mask { causal: true, window: None };
        let case = Case {
            n_heads: 1,
            n_kv: 1,
            d_head: 9,
            q_len: n,
            kv_len: n,
            mask,
            soft_cap,
            added: Added::default(),
            edges: vec![],
        };
        let mut q = numbers(n * 9, 7);
        q[n / 2 * 9] = f32::NAN;
        let twins: Vec<_> = crate::level::all().into_iter().map(|(name, level)| (name, Some(level))).collect();
        for (name, level) in twins.into_iter().chain([("twin", None)]) {
            for keep in [true, false] {
                let found = case.run(keep, |x, out| match level {
                    Some(level) => tiled::attention(level, Inputs { q: &q, ..x }, out),
                    None => plain::attention(Inputs { q: &q, ..x }, out),
                });
                for (row, z) in found.z.chunks(9).enumerate() {
                    let hidden = z.iter().any(|z| z.is_nan() != (row == n / 2));
                    assert!(
                        !hidden && found.lse[row].is_nan() == (row == n / 2),
                        "{name} {n} {keep}: row {row} is {z:?}"
                    );
                }
            }
        }
    }
}
