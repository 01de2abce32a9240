//! Interventions on a tiny model: each does exactly what it says and nothing else.

mod common;

use attnscope::Heads;
use attnscope::{Array, Capture, Intervention, Model, Site, Trace};
use common::{close, fixture};

const TOKENS: [u32; 7] = [5, 17, 42, 8, 99, 3, 60];

fn model() -> Model {
    Model::open(fixture("tiny/llama")).unwrap()
}

fn run(model: &Model, interventions: &[Intervention]) -> Trace {
    model.run(&TOKENS, &"all,scores,pattern,result".parse().unwrap(), interventions).unwrap()
}

fn heads(layer: usize, head: usize) -> Heads {
    Heads { layer: Some(layer), head: Some(head) }
}

#[test]
fn zeroing_a_head_equals_subtracting_its_output() {
    let model = model();
    let (plain, ablated) = (run(&model, &[]), run(&model, &[Intervention::ablate("1.4").unwrap()]));
    let mut expected = plain.layer(1, Site::AttnOut).unwrap().clone();
    let result = plain.layer(1, Site::Result).unwrap().index(4).unwrap();
    expected.data_mut().iter_mut().zip(result).for_each(|(x, r)| *x -= r);
    close("attn_out", ablated.layer(1, Site::AttnOut).unwrap(), &expected, 1e-5);
    assert_eq!(plain.layer(0, Site::ResidPost), ablated.layer(0, Site::ResidPost), "earlier layers stay as they were");
}

#[test]
fn results_of_all_heads_sum_to_the_output() {
    let trace = run(&model(), &[]);
    for layer in 0..3 {
        let (out, result) = (trace.layer(layer, Site::AttnOut).unwrap(), trace.layer(layer, Site::Result).unwrap());
        let mut sum = Array::zeros(out.shape());
        for head in 0..6 {
            sum.data_mut().iter_mut().zip(result.index(head).unwrap()).for_each(|(s, r)| *s += r);
        }
        close("sum of results", &sum, out, 1e-5);
    }
}

#[test]
fn setting_an_edge_leaves_the_others_their_proportions() {
    let model = model();
    let plain = run(&model, &[]);
    let set = run(&model, &[Intervention::set("2.3:5>2=0.5").unwrap()]);
    let (before, after) =
        (&plain.pattern(2, 3).unwrap().into_data()[35..42], &set.pattern(2, 3).unwrap().into_data()[35..42]);
    assert_eq!(after[2], 0.5);
    assert!((after.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    for k in [0, 1, 3, 4, 5] {
        assert!((after[k] / after[0] - before[k] / before[0]).abs() < 1e-4 * (before[k] / before[0]).abs().max(1.0));
    }
    assert_eq!(after[6], 0.0, "masked stays masked");
    assert_eq!(plain.pattern(2, 2).unwrap(), set.pattern(2, 2).unwrap(), "other heads stay as they were");
}

#[test]
fn cutting_the_only_key_leaves_nothing() {
    let trace = run(&model(), &[Intervention::cut("1.0:0>0").unwrap()]);
    assert!(trace.pattern(1, 0).unwrap().data()[..7].iter().all(|w| *w == 0.0));
    assert!(trace.layer(1, Site::Z).unwrap().index(0).unwrap()[..8].iter().all(|z| *z == 0.0));
}

#[test]
fn weights_that_leave_no_key_for_the_rest_must_make_it_up() {
    let set = |edges: &[&str]| {
        let edges: Vec<_> = edges.iter().map(|edge| Intervention::set(edge).unwrap()).collect();
        model().check_changes(&edges, 7).map_err(|e| e.to_string())
    };
    assert_eq!(set(&["1.0:1>0=0.25", "1.0:1>1=0.75"]), Ok(()));
    assert_eq!(set(&["1.0:1>0=0.25"]), Ok(()), "the other key takes the rest");
    for wrong in [&["1.0:0>0=0.5"][..], &["1.0:1>0=0.25", "1.0:1>1=0.25"]] {
        let error = set(wrong).unwrap_err();
        assert!(error.contains("every edge of query") && error.contains("0.5 together"), "{error}");
    }
}

#[test]
fn patching_from_another_run_carries_its_effect() {
    let model = model();
    let plain = run(&model, &[]);
    let other = model.run(&[5, 17, 11, 8, 99, 3, 60], &"all,scores,pattern,result".parse().unwrap(), &[]).unwrap();
    let patch = |key: &str| Intervention::Patch {
        key: key.into(),
        value: other.get(key).unwrap().clone(),
        head: None,
        positions: None,
    };
    // Taking over the whole residual stream takes over everything after it.
    let patched = run(&model, &[patch("blocks.1.resid_post")]);
    assert_eq!(patched.last_logits, other.last_logits);
    assert_ne!(plain.last_logits, other.last_logits);
    // A run patched with its own arrays does not change, pattern included (z is mixed again from it).
    let own = Intervention::Patch {
        key: "blocks.1.attn.pattern".into(),
        value: plain.get("blocks.1.attn.pattern").unwrap().clone(),
        head: None,
        positions: None,
    };
    close("z", run(&model, &[own]).layer(1, Site::Z).unwrap(), plain.layer(1, Site::Z).unwrap(), 1e-5);
}

#[test]
fn mean_of_a_head_is_the_mean_over_tokens() {
    let model = model();
    let (plain, mean) = (run(&model, &[]), run(&model, &[Intervention::MeanHead { heads: heads(0, 2) }]));
    let (z, m) =
        (plain.layer(0, Site::Z).unwrap().index(2).unwrap(), mean.layer(0, Site::Z).unwrap().index(2).unwrap());
    for c in 0..8 {
        let expected = (0..7).map(|i| z[i * 8 + c]).sum::<f32>() / 7.0;
        assert!((0..7).all(|i| (m[i * 8 + c] - expected).abs() < 1e-6));
    }
}

#[test]
fn what_does_not_exist_is_a_usage_error() {
    let model = model();
    let wrong = [
        Intervention::ablate("3.0").unwrap(),
        Intervention::ablate("0.6").unwrap(),
        Intervention::cut("7>0").unwrap(),
        Intervention::cut("1>2").unwrap(),
        Intervention::set("0.0:1>0=1.5").unwrap(),
        Intervention::ScaleHead { heads: heads(0, 0), factor: f32::NAN },
        Intervention::Patch { key: "blocks.9.attn.z".into(), value: Array::zeros([1]), head: None, positions: None },
        Intervention::Patch { key: "blocks.0.attn.z".into(), value: Array::zeros([1]), head: None, positions: None },
        Intervention::Patch { key: "logits".into(), value: Array::zeros([1]), head: None, positions: None },
    ];
    for intervention in wrong {
        let error = model.run(&TOKENS, &Capture::none(), std::slice::from_ref(&intervention)).unwrap_err();
        assert!(error.is_usage(), "{intervention:?}: {error}");
    }
    for tokens in [&[][..], &[101], &[1; 65]] {
        assert!(model.run(tokens, &Capture::none(), &[]).unwrap_err().is_usage());
    }
}

#[test]
fn a_token_through_the_cache_equals_the_whole_text() {
    for name in ["tiny/llama", "tiny/gpt2", "tiny/mistral"] {
        let model = Model::open(fixture(name)).unwrap();
        let tokens = TOKENS.map(|t| t % 80);
        let whole = model.run(&tokens, &"all,scores,pattern,result".parse().unwrap(), &[]).unwrap();
        let mut cache = model.new_cache();
        let mut last = None;
        for token in tokens {
            last = Some(
                model.run_with_cache(&mut cache, &[token], &"all,scores,pattern,result".parse().unwrap(), &[]).unwrap(),
            );
        }
        let last = last.unwrap();
        let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-5 * (1.0 + b.abs());
        let close = |a: &[f32], b: &[f32]| !a.is_empty() && a.len() == b.len() && a.iter().zip(b).all(near);
        assert!(close(&last.last_logits, &whole.last_logits), "{name}");
        assert_eq!(last.layer(1, Site::Pattern).unwrap().shape()[1..], [1, 7]);
        assert!(close(last.pattern(1, 1).unwrap().data(), &whole.pattern(1, 1).unwrap().data()[42..]), "{name}");
    }
}
