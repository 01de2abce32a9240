//! Compares patterns computed later with those that runs captured.

use crate::Heads;
use crate::{Array, Attention, Capture, Intervention, Layer, LazyPattern, Model, PerLayer, Site, Trace};
use std::borrow::Cow;
use std::path::Path;

fn trace(capture: &str, interventions: &[Intervention]) -> Trace {
    let model = crate::lesson::model();
    let tokens = model.encode("the hot dog on the rock was").unwrap();
    model.run(&tokens, &capture.parse::<Capture>().unwrap(), interventions).unwrap()
}

#[test]
fn parts_that_are_not_there_are_none() {
    let trace = trace("q,k,lse", &[]);
    let pattern = LazyPattern::of(&trace, 1, 0).unwrap();
    assert_eq!((pattern.q_len(), pattern.kv_len()), (7, 7));
    assert!(pattern.row(6).is_some() && pattern.row(7).is_none() && pattern.row(usize::MAX).is_none());
    assert!(pattern.block(0..8, 0..7).is_none() && pattern.block(0..7, 7..8).is_none());
    #[expect(clippy::reversed_empty_ranges, reason = "somebody may ask so")]
    let reversed = pattern.block(3..2, 0..7);
    assert!(reversed.is_none());
    assert!(LazyPattern::of(&trace, 1, 1).is_none() && LazyPattern::of(&trace, 2, 0).is_none());
}

#[test]
fn what_does_not_fit_is_none() {
    let whole = trace("q,k,lse", &[]);
    let key = |name: &str| format!("blocks.1.attn.{name}");
    for name in ["q", "k", "lse"] {
        let mut trace = whole.clone();
        trace.arrays.remove(&key(name));
        assert!(LazyPattern::of(&trace, 1, 0).is_none(), "{name}");
        for shape in [vec![1], vec![1, 6], vec![1, 8, 16], vec![1, 7, 15], vec![0, 7, 16], vec![1, 7, 16, 0]] {
            trace.arrays.insert(key(name), Array::zeros(shape));
            if let Some(pattern) = LazyPattern::of(&trace, 1, 0) {
                assert_eq!(pattern.whole().map(|all| all.len()), Some(7 * 8));
            }
        }
    }
    let mut nobody = whole.clone();
    nobody.model = Default::default();
    assert!(LazyPattern::of(&nobody, 1, 0).is_none());
    // Edges that no run could have had are skipped.
    let mut edges = whole;
    edges.edges = [(9, 0), (0, 9), (usize::MAX, 0)]
        .map(|(q, k)| Intervention::SetEdge { heads: Heads::default(), q, k, weight: 0.5 })
        .into();
    assert!(LazyPattern::of(&edges, 1, 0).unwrap().whole().is_some());
}

#[test]
fn a_captured_pattern_is_given_as_it_is() {
    let trace = trace("q,k,lse,pattern", &[]);
    let captured = trace.layer(1, Site::Pattern).unwrap();
    let pattern = LazyPattern::of(&trace, 1, 0).unwrap();
    assert!(matches!(pattern.whole(), Some(Cow::Borrowed(all)) if all == captured.data()));
    assert_eq!(pattern.row(3).as_deref(), captured.row(&[0, 3]));
    let block = pattern.block(3..5, 1..4).unwrap();
    assert_eq!((block.shape(), block.row(&[1])), (&[2, 3][..], captured.row(&[0, 4]).map(|row| &row[1..4])));
}

/// A model with grouped queries: 6 query heads, 2 key/value heads.
fn tiny() -> Model {
    Model::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tiny/llama")).unwrap()
}

const TOKENS: [u32; 9] = [5, 17, 42, 8, 99, 3, 60, 17, 42];

/// A weight is exp(score − lse), so lse's rounding error is the weight's relative error: half a unit in the last place
/// of a number below 128, as these are, is 4 millionths. The rest allows for the rows' sums.
const TOLERANCE: f32 = 1e-5;

/// Reads the last `q_len` tokens after a cache of the others, once keeping the matrices and once without, and compares
/// every head's pattern.
fn check(what: &str, model: &Model, q_len: usize, interventions: &[Intervention]) {
    let (past, new) = TOKENS.split_at(TOKENS.len() - q_len);
    let mut cache = model.new_cache();
    if !past.is_empty() {
        model.run_with_cache(&mut cache, past, &Capture::none(), &[]).unwrap();
    }
    let run = |capture: &str| {
        model.run_with_cache(&mut cache.clone(), new, &capture.parse().unwrap(), interventions).unwrap()
    };
    let (captured, kept) = (run("pattern"), run("q,k,lse"));
    for layer in 0..model.config().n_layers {
        for head in 0..model.config().n_heads {
            let (expected, found) =
                (captured.pattern(layer, head).unwrap().into_data(), kept.pattern(layer, head).unwrap().into_data());
            assert_eq!(found.len(), q_len * TOKENS.len());
            for (at, (f, e)) in found.iter().zip(&*expected).enumerate() {
                assert!((f - e).abs() <= TOLERANCE, "{what}, {layer}.{head}: cell {at} is {f}, expected {e}");
            }
            let lazy = LazyPattern::of(&kept, layer, head).unwrap();
            for (q_idx, row) in found.chunks(TOKENS.len()).enumerate() {
                assert_eq!(lazy.row(q_idx).as_deref(), Some(row), "a row alone is the row of the whole");
                let (sum, should) =
                    (row.iter().sum::<f32>(), expected[q_idx * TOKENS.len()..][..row.len()].iter().sum());
                let should: f32 = should;
                assert!((sum - should).abs() <= TOLERANCE, "{what}: a row sums to {sum}, expected {should}");
                assert!(!interventions.is_empty() || (sum - 1.0).abs() <= TOLERANCE, "{what}: a row sums to {sum}");
            }
            let tile = |trace| LazyPattern::of(trace, layer, head).unwrap().tile(0..q_len, 1..8, (q_len, 3)).unwrap();
            let (found, expected) = (tile(&kept), tile(&captured));
            let pixels = |tile: &crate::analysis::MapTile| [tile.max.data(), tile.mean.data()].concat();
            for (f, e) in pixels(&found).iter().zip(pixels(&expected)) {
                assert!((f - e).abs() <= TOLERANCE, "{what}, {layer}.{head}: a pixel is {f}, expected {e}");
            }
        }
    }
}

#[test]
fn what_is_made_is_what_was_captured() {
    let edges = [
        Intervention::cut("8>0").unwrap(),
        Intervention::set("1.4:6>4=0.5").unwrap(),
        Intervention::set("1.4:6>5=0.25").unwrap(),
        // A row that has no weight left to distribute.
        Intervention::cut("2:0>0").unwrap(),
    ];
    for (window, soft_cap) in [(None, None), (Some(3), None), (None, Some(2.0)), (Some(4), Some(0.5))] {
        let mut model = tiny();
        model.config.attend(|attention| (attention.window, attention.soft_cap) = (window, soft_cap));
        let what = format!("window {window:?}, soft cap {soft_cap:?}");
        let edges = if window.is_some() { &edges[1..] } else { &edges };
        for q_len in [1, 4, 9] {
            check(&what, &model, q_len, &[]);
            check(&format!("{what}, edges"), &model, q_len, edges);
        }
    }
    // Layers of alternating kinds, and an edge that only some of them have.
    let mut mixed = tiny();
    let layer = mixed.config.layers[0];
    let windows = [None, Some(3)].map(|window| Layer { attention: Attention { window, ..layer.attention }, ..layer });
    mixed.config.layers = PerLayer::of(&windows);
    for q_len in [1, 4, 9] {
        check(
            "layers that differ",
            &mixed,
            q_len,
            &[Intervention::cut("8>0").unwrap(), Intervention::cut("8>7").unwrap()],
        );
    }
    let error = mixed.run(&TOKENS, &Capture::none(), &[Intervention::cut("1:8>0").unwrap()]).unwrap_err();
    assert!(error.to_string().contains("attends to 3 tokens"), "{error}");
    let mut encoder = tiny();
    encoder.config.causal = false;
    check("both ways", &encoder, 9, &[Intervention::cut("2>7").unwrap()]);
}

#[test]
fn a_patched_pattern_is_kept_with_lse() {
    let model = tiny();
    let other = model.run(&[1, 2, 3, 4, 5, 6, 7, 8, 9], &"pattern,q".parse().unwrap(), &[]).unwrap();
    let patch = |key: &str, head, positions| Intervention::Patch {
        key: key.into(),
        value: other.get(key).unwrap().clone(),
        head,
        positions,
    };
    let patches = [
        patch("blocks.1.attn.pattern", Some(2), Some(3..7)),
        patch("blocks.2.attn.q", None, None),
        Intervention::cut("1.2:8>0").unwrap(),
    ];
    check("patches", &model, 9, &patches);
    let kept = model.run(&TOKENS, &"q,k,lse".parse().unwrap(), &patches).unwrap();
    let patterns: Vec<_> = kept.arrays.keys().filter(|key| key.ends_with("pattern")).collect();
    assert_eq!(patterns, ["blocks.1.attn.pattern"]);
    let layers = "lse".parse::<Capture>().unwrap().layers(0..1);
    assert_eq!(model.run(&TOKENS, &layers, &patches).unwrap().arrays.len(), 1);
}

#[test]
fn a_file_keeps_what_a_pattern_is_made_of() {
    let mut model = tiny();
    model.config.attend(|attention| attention.window = Some(5));
    let trace = model.run(&TOKENS, &Capture::all(), &[Intervention::cut("8>7").unwrap()]).unwrap();
    assert!(trace.layer(0, Site::Pattern).is_none() && trace.layer(0, Site::Scores).is_none());
    let mut file = Vec::new();
    trace.save_safetensors(&mut file).unwrap();
    let back = Trace::load_safetensors(&file).unwrap();
    assert_eq!(back.pattern(1, 3).unwrap(), trace.pattern(1, 3).unwrap());
    assert_eq!(back.pattern(1, 3).unwrap().data()[8 * 9 + 7], 0.0);
}
