//! Every number opens: its terms come to it, and what they are made of opens too, down to what was learned.

#[path = "../common/mod.rs"]
mod common;
mod numbers;
mod said;
mod stored;

use attnscope::Number;
use attnscope::Site;
use attnscope::analysis::explain::{Explanation, Factor, Rule, Source, Term, captures, explain};
use attnscope::{Intervention, Model, Trace};
use common::{fixture, ids, reference, smollm2};
use numbers::{numbers, some};
use std::collections::BTreeSet;
use stored::stored;

/// Relative and absolute.
const TOLERANCE: f32 = 1e-4;

#[track_caller]
fn close(what: &str, found: f32, expected: f32, size: f32) {
    let same = found == expected || (found - expected).abs() <= TOLERANCE * (1.0 + size);
    assert!(same, "{what}: {found}, expected {expected}");
}

/// A number that the trace holds, by its name alone.
fn in_trace(trace: &Trace, number: Number) -> Option<f32> {
    let (last, rest) = number.indices().split_last().map(|(last, rest)| (*last, rest.to_vec())).unwrap();
    trace.get(&number.key())?.row(&rest).map(|row| row[last])
}

fn size(terms: &[Term]) -> f32 {
    terms.iter().fold(0.0, |most: f32, term| most.max(term.value.abs()))
}

/// The arithmetic of one explanation, and every so many of its factors.
fn check(model: &Model, trace: &Trace, number: Number) -> Explanation {
    let e = explain(model, trace, number).unwrap_or_else(|error| panic!("{number}: {error}"));
    assert_eq!(e.name, number.to_string());
    if let Some(held) = in_trace(trace, number) {
        assert_eq!(e.value.to_bits(), held.to_bits(), "{number} is the run's own");
    }
    if e.rule == Rule::Masked {
        assert!(e.value == f32::NEG_INFINITY && e.remarks[0].starts_with("masked"), "{e:?}");
        return e;
    }
    // Of a row with a sink it is said where the rest of the weight goes; nothing else was changed in this run.
    let says = |remark: &String| number.site() == Site::Pattern && remark.contains("has a sink");
    assert!(e.remarks.iter().all(says), "{number}: {:?}", e.remarks);
    close(&format!("{number}"), e.computed(), e.value, size(&e.terms));
    assert!(!e.terms.is_empty() && !e.title.is_empty() && e.formula.contains(" = "), "{e:?}");
    for step in &e.steps {
        let terms = if step.terms.is_empty() { &e.terms } else { &step.terms };
        close(&format!("{number}, {}", step.name), step.rule.combine(terms), step.value, size(terms));
    }
    let parts = std::iter::once((e.rule, &e.terms)).chain(e.steps.iter().map(|step| (step.rule, &step.terms)));
    for (rule, terms) in parts {
        let every = terms.len() / 5 + 1;
        for (at, term) in terms.iter().enumerate() {
            let product = term.factors.iter().fold(1.0, |p, f| if f.divides { p / f.value } else { p * f.value });
            match rule {
                Rule::Softmax { .. } if term.factors.is_empty() => assert!(term.name.contains("together")),
                Rule::Softmax { .. } => {
                    let max = e.steps.iter().find(|step| step.name == "max").unwrap().value;
                    close(&term.name, term.value, (product - max).exp(), 1.0);
                }
                _ => close(&format!("{number}, {}", term.name), term.value, product, product.abs()),
            }
            for factor in term.factors.iter().filter(|_| at % every == 0) {
                check_factor(model, trace, &e, factor);
            }
        }
    }
    e
}

fn check_factor(model: &Model, trace: &Trace, e: &Explanation, factor: &Factor) {
    let what = format!("{}, {}", e.name, factor.name);
    match &factor.source {
        Source::Number(number) => {
            let opened = explain(model, trace, *number).unwrap_or_else(|error| panic!("{what}: {error}"));
            close(&what, factor.value, opened.value, opened.value.abs());
        }
        Source::Stored { tensor, at } => assert_eq!(factor.value, stored(model, tensor, at), "{what}: {tensor}{at:?}"),
        Source::Step(i) => assert_eq!(factor.value, e.steps[*i].value, "{what}"),
        Source::Constant => {}
        other => panic!("{what}: {other:?} is no part of a single run"),
    }
}

/// Every kind of number of a model, checked in some of its layers.
fn check_all(model: &Model, tokens: &[u32], layers: &[usize]) {
    let trace = model.run(tokens, &"all,scores,pattern".parse().unwrap(), &[]).unwrap();
    let layers: BTreeSet<usize> = layers.iter().copied().collect();
    let all = numbers(model, &trace, &layers);
    let mut kinds = BTreeSet::new();
    let mut stored = BTreeSet::new();
    for number in all {
        let e = check(model, &trace, number);
        kinds.insert(number.key().rsplit_once(|c: char| c.is_ascii_digit()).map_or(number.key(), |(_, k)| k.into()));
        let terms = e.terms.iter().chain(e.steps.iter().flat_map(|step| &step.terms));
        for factor in terms.flat_map(|term| &term.factors) {
            if let Source::Stored { tensor, .. } = &factor.source {
                stored.insert(
                    tensor.rsplit_once(|c: char| c.is_ascii_digit()).map_or(tensor.as_str(), |t| t.1).to_owned(),
                );
            }
        }
    }
    let without = |wanted: bool, n: usize| if wanted { 0 } else { n };
    let c = model.config();
    let mlps = || layers.iter().filter_map(|layer| c.layers[*layer].mlp);
    let (one, many) = (mlps().any(|mlp| mlp.mixture.is_none()), mlps().any(|mlp| mlp.mixture.is_some()));
    let of_mlps = without(one || many, 4) + without(one, 1) + without(many, 1);
    // A head for masked words has five kinds of its own, with the lens; embeddings that are projected are one kind more,
    // and two kinds of cosines less.
    let expected = 30 + without(model.weights().transform.is_none(), 5) - of_mlps - without(model.has_vocab_head(), 2);
    assert_eq!(kinds.len(), expected - without(c.narrow.is_none(), 1), "{kinds:?}");
    // A few of each architecture's own.
    let block = &model.weights().blocks[0];
    let dense = || layers.iter().filter_map(|layer| model.weights().blocks[*layer].mlp.as_ref());
    for (tensor, wanted) in [
        (".attn.W_Q", true),
        (".attn.b_K", block.k.bias.is_some()),
        (".attn.q_norm.w", block.q_norm.is_some()),
        (".mlp.W_router", block.experts.is_some()),
        (".mlp.W_gate", dense().any(|mlp| mlp.gate.is_some())),
        (".mlp.b_out", dense().any(|mlp| mlp.down.bias.is_some())),
        ("embed.ln.b", model.weights().embed_norm.as_ref().is_some_and(|norm| !norm.bias.is_empty())),
        ("W_proj", c.narrow.is_some()),
        ("W_head", model.weights().transform.is_some()),
        ("b_U", model.weights().unembed_bias.is_some()),
        ("W_pos", model.weights().positions.is_some()),
        ("W_U", model.has_vocab_head()),
    ] {
        assert_eq!(stored.contains(tensor), wanted, "{tensor}: {stored:?}");
    }
}

fn check_tiny(name: &str, expected: &str) {
    let model = Model::open(fixture(name)).unwrap();
    let layers: Vec<usize> = some(model.config().n_layers).into_iter().collect();
    check_all(&model, &ids(&reference(expected)), &layers);
}

#[test]
fn gpt2() {
    check_tiny("tiny/gpt2", "tiny/gpt2/reference.safetensors");
    check_tiny("tiny/gpt2.gguf", "tiny/gpt2/reference.safetensors");
}

#[test]
fn llama_in_both_layouts_of_pairs() {
    check_tiny("tiny/llama", "tiny/llama/reference.safetensors");
    check_tiny("tiny/llama.gguf", "tiny/llama-gguf-reference.safetensors");
}

#[test]
fn mistral_with_a_sliding_window() {
    check_tiny("tiny/mistral", "tiny/mistral/reference.safetensors");
}

#[test]
fn qwen_with_biases_or_normed_queries_and_keys() {
    check_tiny("tiny/qwen2", "tiny/qwen2/reference.safetensors");
    check_tiny("tiny/qwen3", "tiny/qwen3/reference.safetensors");
}

#[test]
fn every_family() {
    for entry in std::fs::read_dir(fixture("families")).unwrap().map(|entry| entry.unwrap()) {
        if entry.file_type().unwrap().is_dir() {
            let name = format!("families/{}", entry.file_name().display());
            check_tiny(&name, &format!("{name}/reference.safetensors"));
        }
    }
}

#[test]
fn bert() {
    let model = Model::open(fixture("tiny/bert")).unwrap();
    assert!(model.weights().blocks[0].norms.after.is_some());
    check_tiny("tiny/bert", "tiny/bert/reference.safetensors");
}

fn lesson(text: &str, interventions: &[Intervention]) -> (Model, Trace) {
    let model = attnscope::lesson::model();
    let trace = model.run(&model.encode(text).unwrap(), &"all,scores,pattern".parse().unwrap(), interventions).unwrap();
    (model, trace)
}

#[test]
fn the_lesson_model() {
    let model = attnscope::lesson::model();
    check_all(&model, &model.encode("the hot dog on the rock was").unwrap(), &[0, 1]);
}

#[test]
fn real_model_smollm2() {
    let model = Model::open(smollm2()).unwrap();
    check_all(&model, &model.encode("the hot dog was").unwrap(), &[0, 16]);
}

/// One way down from a number to where nothing is left to open, by a stream of choices.
fn walk(model: &Model, trace: &Trace, from: Number, mut seed: usize) -> Vec<Number> {
    let mut way = vec![from];
    loop {
        let e = check(model, trace, way[way.len() - 1]);
        let terms = e.terms.iter().chain(e.steps.iter().flat_map(|step| &step.terms));
        let open: Vec<Number> = terms
            .flat_map(|term| &term.factors)
            .filter_map(|factor| if let Source::Number(number) = factor.source { Some(number) } else { None })
            .collect();
        if open.is_empty() {
            return way;
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        way.push(open[(seed >> 33) % open.len()]);
    }
}

#[test]
fn a_probability_can_be_walked_down_to_what_was_learned() {
    let (model, trace) = lesson("the hot dog was", &[]);
    let delicious = model.encode("delicious").unwrap()[0] as usize;
    let from = Site::Probabilities.at([3, delicious]);
    let mut kinds = BTreeSet::new();
    for seed in 0..200 {
        let way = walk(&model, &trace, from, seed);
        assert!(way[1].site() == Site::Logits && way.len() >= 5, "{way:?}");
        let ends = matches!(way[way.len() - 1].site(), Site::Embed | Site::Scores);
        assert!(ends, "only an embedding, or a score that is masked, has nothing below it: {way:?}");
        kinds.extend(way.iter().map(|number| number.key()));
    }
    for layer in 0..2 {
        for kind in ["q", "k", "v", "scores", "pattern", "z"] {
            assert!(kinds.contains(&format!("blocks.{layer}.attn.{kind}")), "{kind} of layer {layer}: {kinds:?}");
        }
    }
}

#[test]
fn a_run_need_keep_no_more_than_is_named() {
    for name in ["tiny/qwen3", "tiny/bert", "families/qwen2-moe"] {
        let model = Model::open(fixture(name)).unwrap();
        let tokens = [5, 17, 42, 8];
        let whole = model.run(&tokens, &"all,scores,pattern".parse().unwrap(), &[]).unwrap();
        for number in numbers(&model, &whole, &[0, 1].into()) {
            let capture = captures(number, model.config());
            let trace = model.run(&tokens, &capture, &[]).unwrap();
            assert!(trace.arrays.len() <= 5, "{number}: {:?}", trace.arrays.keys());
            let [found, expected] = [&trace, &whole].map(|trace| explain(&model, trace, number).unwrap());
            close(&format!("{number}"), found.computed(), expected.value, size(&expected.terms));
            assert_eq!((found.terms.len(), found.steps.len()), (expected.terms.len(), expected.steps.len()));
        }
    }
}
