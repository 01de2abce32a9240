//! Every number opens: its terms come to it, and what they are made of opens too, down to what was learned.

mod common;

use attnscope::analysis::Number;
use attnscope::analysis::explain::{Explanation, Factor, Rule, Source, Term, captures, explain};
use attnscope::config::NormPlace;
use attnscope::weights::{Linear, Norm};
use attnscope::{Capture, Intervention, KvCache, MatrixKind, Model, Trace};
use common::{fixture, ids, reference, smollm2};
use std::collections::BTreeSet;

/// Relative and absolute.
const TOLERANCE: f32 = 1e-4;

#[track_caller]
fn close(what: &str, found: f32, expected: f32, size: f32) {
    let same = found == expected || (found - expected).abs() <= TOLERANCE * (1.0 + size);
    assert!(same, "{what}: {found}, expected {expected}");
}

/// Indices to try of `n`.
fn some(n: usize) -> BTreeSet<usize> {
    [0, n / 3, n - 1].into()
}

/// Numbers of every kind that this model has, of several places each.
fn numbers(model: &Model, trace: &Trace, layers: &BTreeSet<usize>) -> Vec<Number> {
    let (c, n) = (model.config(), trace.tokens.len());
    let mut all = Vec::new();
    for position in some(n) {
        for component in some(c.d_model) {
            all.extend([Number::Embed { position, component }, Number::EmbedSum { position, component }]);
            all.push(Number::FinalNorm { position, component });
            for &layer in layers {
                all.extend([
                    Number::ResidPre { layer, position, component },
                    Number::AttnIn { layer, position, component },
                    Number::AttnOut { layer, position, component },
                    Number::AttnSum { layer, position, component },
                    Number::ResidMid { layer, position, component },
                    Number::ResidPost { layer, position, component },
                ]);
                if c.mlp.is_some() {
                    all.extend([
                        Number::MlpIn { layer, position, component },
                        Number::MlpOut { layer, position, component },
                        Number::MlpSum { layer, position, component },
                    ]);
                }
            }
        }
        for &layer in layers {
            for component in some(c.mlp.map_or(1, |mlp| mlp.d_ff)).into_iter().filter(|_| c.mlp.is_some()) {
                all.push(Number::MlpPost { layer, position, component });
            }
            for component in some(c.d_head) {
                for head in some(c.n_heads) {
                    all.push(Number::QRaw { layer, head, position, component });
                    all.push(Number::Q { layer, head, position, component });
                    all.push(Number::Z { layer, head, position, component });
                }
                for head in some(c.n_kv_heads) {
                    all.push(Number::KRaw { layer, head, position, component });
                    all.push(Number::K { layer, head, position, component });
                    all.push(Number::V { layer, head, position, component });
                }
            }
            for (head, k_idx) in some(c.n_heads).into_iter().flat_map(|head| (0..n).map(move |k| (head, k))) {
                all.push(Number::Score { layer, head, q_idx: position, k_idx });
                all.push(Number::Weight { layer, head, q_idx: position, k_idx });
            }
        }
        for token in some(c.n_vocab).into_iter().filter(|_| model.has_vocab_head()) {
            all.extend([Number::Logit { position, token }, Number::Probability { position, token }]);
        }
    }
    all
}

const KINDS: [(&str, MatrixKind); 4] = [
    ("attn.W_Q", MatrixKind::Q),
    ("attn.W_K", MatrixKind::K),
    ("attn.W_V", MatrixKind::V),
    ("attn.W_O", MatrixKind::O),
];

/// A learned number by its name, from the model's own tensors.
fn stored(model: &Model, tensor: &str, at: &[usize]) -> f32 {
    let (w, d) = (model.weights(), model.config().d_head);
    let norm = |norm: &Norm| if tensor.ends_with(".w") { norm.weight[at[0]] } else { norm.bias[at[0]] };
    let matrix = |linear: &Linear, from: usize, to: usize| linear.weight.row_f32(to)[from];
    let bias = |linear: &Linear, to: usize| linear.bias.as_ref().unwrap()[to];
    let whole = match tensor {
        "W_E" => Some(w.embed.row_f32(at[0])[at[1]]),
        "W_pos" => Some(w.positions.as_ref().unwrap().row_f32(at[0])[at[1]]),
        "W_token_type" => Some(w.token_type.as_ref().unwrap()[at[1]]),
        "W_U" => Some(w.unembed.as_ref().unwrap().row_f32(at[1])[at[0]]),
        "embed.ln.w" | "embed.ln.b" => Some(norm(w.embed_norm.as_ref().unwrap())),
        "ln_final.w" | "ln_final.b" => Some(norm(w.final_norm.as_ref().unwrap())),
        _ => None,
    };
    if let Some(found) = whole {
        return found;
    }
    let (layer, name) = tensor.strip_prefix("blocks.").unwrap().split_once('.').unwrap();
    let block = &w.blocks[layer.parse::<usize>().unwrap()];
    let mlp = || block.mlp.as_ref().unwrap();
    if let Some((_, kind)) = KINDS.into_iter().find(|(matrix, _)| *matrix == name) {
        let head = model.matrix(layer.parse().unwrap(), at[0], kind).unwrap();
        return head.row(&[at[1]]).unwrap()[at[2]];
    }
    match name {
        "attn.b_Q" => bias(&block.q, at[0] * d + at[1]),
        "attn.b_K" => bias(&block.k, at[0] * d + at[1]),
        "attn.b_V" => bias(&block.v, at[0] * d + at[1]),
        "attn.b_O" => bias(&block.o, at[0]),
        "attn.q_norm.w" => block.q_norm.as_ref().unwrap()[at[0]],
        "attn.k_norm.w" => block.k_norm.as_ref().unwrap()[at[0]],
        "mlp.W_gate" => matrix(mlp().gate.as_ref().unwrap(), at[0], at[1]),
        "mlp.W_in" => matrix(&mlp().up, at[0], at[1]),
        "mlp.W_out" => matrix(&mlp().down, at[0], at[1]),
        "mlp.b_gate" => bias(mlp().gate.as_ref().unwrap(), at[0]),
        "mlp.b_in" => bias(&mlp().up, at[0]),
        "mlp.b_out" => bias(&mlp().down, at[0]),
        "ln1.w" | "ln1.b" => norm(&block.norm_attn),
        "ln2.w" | "ln2.b" => norm(&mlp().norm),
        other => panic!("no tensor is called {other}"),
    }
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
    assert_eq!(e.number, number);
    if let Some(held) = in_trace(trace, number) {
        assert_eq!(e.value.to_bits(), held.to_bits(), "{number} is the run's own");
    }
    if e.rule == Rule::Masked {
        assert!(e.value == f32::NEG_INFINITY && e.remarks[0].starts_with("masked"), "{e:?}");
        return e;
    }
    assert_eq!(e.remarks, [""; 0], "{number}");
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
                Rule::Softmax { .. } => close(&term.name, term.value, (product - e.steps[0].value).exp(), 1.0),
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
    let what = format!("{}, {}", e.number, factor.name);
    match &factor.source {
        Source::Number(number) => {
            let opened = explain(model, trace, *number).unwrap_or_else(|error| panic!("{what}: {error}"));
            close(&what, factor.value, opened.value, opened.value.abs());
        }
        Source::Stored { tensor, at } => assert_eq!(factor.value, stored(model, tensor, at), "{what}: {tensor}{at:?}"),
        Source::Step(i) => assert_eq!(factor.value, e.steps[*i].value, "{what}"),
        Source::Constant => {}
    }
}

/// Every kind of number of a model, checked in some of its layers.
fn check_all(model: &Model, tokens: &[u32], layers: &[usize]) {
    let trace = model.run(tokens, &Capture::all(), &[]).unwrap();
    let layers = layers.iter().copied().collect();
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
    assert_eq!(kinds.len(), 23 - without(c.mlp.is_some(), 4) - without(model.has_vocab_head(), 2), "{kinds:?}");
    // A few of each architecture's own.
    let block = &model.weights().blocks[0];
    for (tensor, wanted) in [
        (".attn.W_Q", true),
        (".attn.b_K", block.k.bias.is_some()),
        (".attn.q_norm.w", block.q_norm.is_some()),
        (".mlp.W_gate", block.mlp.as_ref().is_some_and(|mlp| mlp.gate.is_some())),
        (".mlp.b_out", block.mlp.as_ref().is_some_and(|mlp| mlp.down.bias.is_some())),
        ("embed.ln.b", model.weights().embed_norm.is_some()),
        ("W_pos", model.weights().positions.is_some()),
        ("W_U", model.has_vocab_head()),
    ] {
        assert_eq!(stored.contains(tensor), wanted, "{tensor}: {stored:?}");
    }
}

fn check_tiny(name: &str, expected: &str) {
    let model = Model::open(&fixture(name)).unwrap();
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
fn bert() {
    let model = Model::open(&fixture("tiny/bert")).unwrap();
    assert_eq!(model.config().norm_place, NormPlace::Post);
    check_tiny("tiny/bert", "tiny/bert/reference.safetensors");
}

fn lesson(text: &str, interventions: &[Intervention]) -> (Model, Trace) {
    let model = attnscope::lesson::model();
    let trace = model.run(&model.encode(text).unwrap(), &Capture::all(), interventions).unwrap();
    (model, trace)
}

#[test]
fn the_lesson_model() {
    let model = attnscope::lesson::model();
    check_all(&model, &model.encode("the hot dog on the rock was").unwrap(), &[0, 1]);
}

#[test]
fn real_model_smollm2() {
    let model = Model::open(&smollm2()).unwrap();
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
    let from = Number::Probability { position: 3, token: delicious };
    let mut kinds = BTreeSet::new();
    for seed in 0..200 {
        let way = walk(&model, &trace, from, seed);
        assert!(matches!(way[1], Number::Logit { .. }) && way.len() >= 5, "{way:?}");
        let ends = matches!(way[way.len() - 1], Number::Embed { .. } | Number::Score { .. });
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
    for name in ["tiny/qwen3", "tiny/bert"] {
        let model = Model::open(&fixture(name)).unwrap();
        let tokens = [5, 17, 42, 8];
        let whole = model.run(&tokens, &Capture::all(), &[]).unwrap();
        for number in numbers(&model, &whole, &[0, 1].into()) {
            let capture = captures(number, model.config());
            let trace = model.run(&tokens, &capture, &[]).unwrap();
            assert!(trace.arrays.len() <= 4, "{number}: {:?}", trace.arrays.keys());
            let [found, expected] = [&trace, &whole].map(|trace| explain(&model, trace, number).unwrap());
            close(&format!("{number}"), found.computed(), expected.value, size(&expected.terms));
            assert_eq!((found.terms.len(), found.steps.len()), (expected.terms.len(), expected.steps.len()));
        }
    }
}

#[test]
fn titles_and_formulas_say_it_in_words_and_signs() {
    let (model, trace) = lesson("the hot dog on the rock was", &[]);
    let e = check(&model, &trace, Number::Weight { layer: 0, head: 0, q_idx: 2, k_idx: 1 });
    assert_eq!(e.title, "how much *dog* looks at *hot* (layer 0, head 0)");
    assert_eq!(e.formula, "weight = exp(score − max) ÷ Σ exp(score − max)");
    let names: Vec<&str> = e.terms.iter().map(|term| term.name.as_str()).collect();
    assert_eq!(names[..4], ["the (token 0)", "hot", "dog", "on (masked)"]);
    assert_eq!((e.steps[0].name.as_str(), e.steps[1].name.as_str()), ("max", "Σ"));
    let e = check(&model, &trace, Number::AttnIn { layer: 1, position: 4, component: 3 });
    assert_eq!(e.title, "component 3 of *the* (token 4) as attention reads it in layer 1");
    assert_eq!(e.formula, "attn_in[3] = resid_pre[3] ÷ rms · w");
    let names: Vec<&str> = e.terms[0].factors.iter().map(|factor| factor.name.as_str()).collect();
    assert_eq!(names, ["resid_pre[3]", "rms", "ln1.w[3]"]);
    let e = explain(&model, &trace, Number::Score { layer: 0, head: 0, q_idx: 1, k_idx: 2 }).unwrap();
    assert!(e.terms.is_empty() && e.remarks[0].contains("*dog* stands after *hot*"), "{e:?}");
}

#[test]
fn what_was_changed_in_the_run_is_said_where_it_was_changed() {
    let weight = |k_idx| Number::Weight { layer: 0, head: 0, q_idx: 2, k_idx };
    let z = Number::Z { layer: 0, head: 0, position: 2, component: 3 };
    let remarks = |change: &str, number| {
        let change = if change.contains('=') { Intervention::set(change) } else { Intervention::cut(change) };
        let (model, trace) = lesson("the hot dog was", &[change.unwrap()]);
        let e = explain(&model, &trace, number).unwrap();
        assert_eq!(Some(e.value), in_trace(&trace, number));
        (e.remarks.join("; "), e.computed(), e.value)
    };
    // A cut edge: softmax without that key.
    for key in 0..4 {
        let (said, computed, value) = remarks("0:2>1", weight(key));
        assert_eq!(said, "the edge from *dog* to *hot* is cut in this run: the other keys share its weight");
        close("softmax without hot", computed, value, 0.0);
    }
    assert_eq!(remarks("0:2>1", z).0, "", "what comes after follows from it");
    // A weight that was set, and what it leaves to another.
    for key in [1, 2] {
        let (said, ..) = remarks("0:2>1=0.125", weight(key));
        assert!(said.starts_with("this run was changed here: the arithmetic comes to 0."), "{key}: {said}");
    }
    assert_eq!(remarks("0:2>1=0.125", z).0, "");
    let (model, trace) = lesson("the hot dog was", &[Intervention::ablate("0.0").unwrap()]);
    let e = explain(&model, &trace, z).unwrap();
    assert!(e.value == 0.0 && e.remarks[0].contains("changed here") && e.remarks[0].ends_with("with 0.0000"), "{e:?}");
    let after = Number::AttnOut { layer: 0, position: 2, component: 3 };
    assert_eq!(explain(&model, &trace, after).unwrap().remarks, [""; 0]);
    // A residual stream from elsewhere.
    let (_, other) = lesson("the cold dog was", &[]);
    let key = "blocks.1.resid_pre".to_owned();
    let value = other.get(&key).unwrap().clone();
    let (model, trace) = lesson("the hot dog was", &[Intervention::Patch { key, value, head: None, positions: None }]);
    let said = |number| explain(&model, &trace, number).unwrap().remarks.len();
    assert_eq!(said(Number::ResidPre { layer: 1, position: 1, component: 3 }), 1);
    assert_eq!(said(Number::AttnIn { layer: 1, position: 1, component: 3 }), 0);
    // A row whose only key is cut is a row of zeros.
    let (model, trace) = lesson("the hot dog was", &[Intervention::cut("0:0>0").unwrap()]);
    let e = explain(&model, &trace, Number::Weight { layer: 0, head: 0, q_idx: 0, k_idx: 0 }).unwrap();
    assert_eq!((e.value, e.computed()), (0.0, 0.0));
}

#[test]
fn what_does_not_exist_is_named_with_how_many_there_are() {
    let (model, trace) = lesson("the hot dog was", &[]);
    let refused = |number: Number, expected: &str| {
        let error = explain(&model, &trace, number).unwrap_err();
        assert!(error.is_usage() && error.to_string() == expected, "{number}: {error}");
    };
    let (layer, head, position, component) = (0, 0, 0, 0);
    refused(Number::ResidPre { layer: 2, position, component }, "there is no layer 2: Lesson model has layers 0 to 1");
    refused(Number::Embed { position: 4, component }, "there is no token 4: the text has tokens 0 to 3");
    refused(
        Number::FinalNorm { position, component: usize::MAX },
        &format!("there is no component {}: the residual stream has components 0 to 31", usize::MAX),
    );
    refused(
        Number::Q { layer, head, position, component: 16 },
        "there is no component 16: a head has components 0 to 15",
    );
    let heads = "there is no head 1: each layer of Lesson model has heads";
    refused(Number::Q { layer, head: 1, position, component }, &format!("{heads} 0 to 0"));
    refused(Number::V { layer, head: 1, position, component }, &format!("{heads} of keys and values 0 to 0"));
    refused(Number::Weight { layer, head, q_idx: 1, k_idx: 9 }, "there is no token 9: the text has tokens 0 to 3");
    refused(Number::MlpIn { layer, position, component }, "Lesson model has no MLP, only attention");
    let last = model.config().n_vocab - 1;
    refused(
        Number::Logit { position, token: 9999 },
        &format!("there is no token 9999: Lesson model knows tokens 0 to {last}"),
    );
    // Traces that do not have it, are of another model, or go on from a cache.
    let part = model.run(&[1, 2], &"q".parse().unwrap(), &[]).unwrap();
    let error = explain(&model, &part, Number::Q { layer, head, position, component }).unwrap_err().to_string();
    assert_eq!(error, "the trace does not hold `blocks.0.resid_pre`: capture it");
    let other = Model::open(&fixture("tiny/bert")).unwrap();
    let error = explain(&other, &trace, Number::Embed { position, component }).unwrap_err().to_string();
    assert!(error.contains("the trace is of Lesson model"), "{error}");
    let mut cache: KvCache = model.new_cache();
    model.run_with_cache(&mut cache, &[1, 2], &Capture::none(), &[]).unwrap();
    let later = model.run_with_cache(&mut cache, &[3], &Capture::all(), &[]).unwrap();
    let error = explain(&model, &later, Number::K { layer, head, position, component }).unwrap_err().to_string();
    assert!(error.contains("without a cache"), "{error}");
    let error = explain(&model, &later, Number::Weight { layer, head, q_idx: 0, k_idx: 0 }).unwrap_err().to_string();
    assert!(error.contains("without a cache"), "{error}");
}

#[test]
fn an_encoder_has_no_logits() {
    let model = Model::open(&fixture("tiny/bert")).unwrap();
    let trace = model.run(&[5, 6], &Capture::all(), &[]).unwrap();
    for number in [Number::Logit { position: 0, token: 0 }, Number::Probability { position: 0, token: 0 }] {
        assert!(explain(&model, &trace, number).unwrap_err().to_string().contains("encoder"));
    }
}
