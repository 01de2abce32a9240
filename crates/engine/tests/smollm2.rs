//! SmolLM2-135M against transformers (float32, eager, the same GGUF): predictions, patterns, residuals, and the
//! interventions of the design's table. Needs the model: `attnscope pull smollm2-135m`.

mod common;

use attnscope::{Capture, GenerateOptions, Intervention, Model, Trace, analysis};
use common::{error, json, reference, smollm2};
use serde_json::Value;
use std::sync::LazyLock;

static MODEL: LazyLock<Model> = LazyLock::new(|| Model::open(smollm2()).unwrap());
static FIXTURE: LazyLock<Value> = LazyLock::new(|| json("smollm2.json"));

fn run(text: &str, capture: &str, interventions: &[Intervention]) -> Trace {
    MODEL.run(&MODEL.encode(text).unwrap(), &capture.parse().unwrap(), interventions).unwrap()
}

/// The same tokens in the same order (but for ties closer than rounding), probabilities within 1e-3.
fn same_next(what: &str, trace: &Trace, top: &Value) {
    let top = top.as_array().unwrap();
    assert!(top.len() >= 10);
    for (rank, (found, expected)) in MODEL.next_tokens(trace, top.len()).iter().zip(top).enumerate() {
        let p = expected["prob"].as_f64().unwrap() as f32;
        assert!((found.p - p).abs() <= 1e-3 * p.max(0.01), "{what}: rank {rank}: p {} against {p}", found.p);
        let same = u64::from(found.id) == expected["id"].as_u64().unwrap();
        assert!(
            same || (rank >= 10 && (found.p - p).abs() < 1e-6),
            "{what}: rank {rank}: {found:?} against {expected}"
        );
    }
}

#[test]
fn real_model_next_tokens_of_every_sentence() {
    let sentences = FIXTURE["sentences"].as_array().unwrap();
    assert!(sentences.len() >= 14);
    for sentence in sentences {
        let text = sentence["text"].as_str().unwrap();
        let top = sentence.get("top_digits").unwrap_or(&sentence["top"]);
        same_next(text, &run(text, "", &[]), top);
    }
}

#[test]
fn real_model_patterns_residuals_and_logits() {
    let expected = reference("smollm2.safetensors");
    let short = run("the hot dog was", "pattern,resid_post,logits", &[]);
    let long =
        FIXTURE["sentences"].as_array().unwrap().iter().map(|s| s["text"].as_str().unwrap()).max_by_key(|t| t.len());
    let long = run(long.unwrap(), "pattern,resid_post", &[]);
    let mut compared = 0;
    for (key, array) in &expected.arrays {
        let (trace, name) = match key.strip_prefix("paragraph.") {
            Some(name) => (&long, name),
            None => (&short, key.as_str()),
        };
        let found = trace.get(name).unwrap_or_else(|| panic!("{key} was not captured")).data();
        let (seq, width) = (trace.tokens.len(), *array.shape().last().unwrap());
        // Where the reference keeps the last token only, take the last row of each head.
        let rows: Vec<f32> = if array.data().len() == found.len() {
            found.to_vec()
        } else {
            found.chunks_exact(width).skip(seq - 1).step_by(seq).flatten().copied().collect()
        };
        let (relative, allowed) = if name.ends_with("pattern") { (false, 2e-5) } else { (true, 1e-4) };
        let worst = error(&rows, array.data(), width, relative);
        assert!(worst <= allowed, "{key}: error {worst:e}, allowed {allowed:e}");
        compared += 1;
    }
    assert!(compared >= 30 + 8 + 1 + 6, "only {compared} arrays compared");
    let dog = &short.pattern(16, 0).unwrap().into_data()[8..12];
    assert!((dog[1] - 0.916).abs() < 1e-3, "hot has {} of dog's attention in 16.0", dog[1]);
}

/// Probabilities of the fixture's words, and its ten likeliest tokens.
fn same_words(what: &str, trace: &Trace, case: &Value) {
    let all = MODEL.next_tokens(trace, usize::MAX);
    for (word, p) in case["probs"].as_object().unwrap() {
        let found = all.iter().find(|n| n.text == *word).unwrap().p;
        assert!((f64::from(found) - p.as_f64().unwrap()).abs() < 1e-3, "{what}: {word:?} has {found}, expected {p}");
    }
    same_next(what, trace, &case["top"]);
}

#[test]
fn real_model_the_table_one_edge_turns_food_into_an_animal() {
    let cases = FIXTURE["edges"].as_array().unwrap();
    assert!(cases.len() >= 4);
    for case in cases {
        let text = case["text"].as_str().unwrap();
        let cut: Vec<Intervention> = match case["cut"].as_array() {
            None => vec![],
            Some(edge) => {
                let site = match (case["layer"].as_u64(), case["head"].as_u64()) {
                    (Some(l), Some(h)) => format!("{l}.{h}:"),
                    (Some(l), None) => format!("{l}:"),
                    _ => String::new(),
                };
                vec![Intervention::cut(&format!("{site}{}>{}", edge[0], edge[1])).unwrap()]
            }
        };
        same_words(&format!("{text} {cut:?}"), &run(text, "", &cut), case);
    }
}

#[test]
fn real_model_heads_silenced_averaged_and_scaled() {
    for case in FIXTURE["heads"].as_array().unwrap() {
        let change = case["change"].as_str().unwrap();
        let (site, how) = change.split_once(' ').unwrap();
        let change = match how {
            "zero" => Intervention::ablate(site).unwrap(),
            "mean" => Intervention::mean_ablate(site).unwrap(),
            "scale 2" => match Intervention::ablate(site).unwrap() {
                Intervention::ScaleHead { heads, .. } => Intervention::ScaleHead { heads, factor: 2.0 },
                other => other,
            },
            other => panic!("unknown change {other}"),
        };
        same_words(how, &run(case["text"].as_str().unwrap(), "", &[change]), case);
    }
}

#[test]
fn real_model_writes_on_as_transformers_does_through_the_cache() {
    let greedy = &FIXTURE["greedy"];
    let tokens = MODEL.encode(greedy["text"].as_str().unwrap()).unwrap();
    let expected: Vec<u64> = greedy["ids"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap()).collect();
    let options = GenerateOptions { max_tokens: expected.len(), ..Default::default() };
    let written = MODEL.generate(&tokens, &options, &[], |_| true).unwrap();
    assert_eq!(written.into_iter().map(u64::from).collect::<Vec<_>>(), expected);
}

#[test]
fn real_model_cutting_nothing_changes_no_bit() {
    let plain = run("the hot dog was", "all,scores,pattern", &[]);
    let no_op = Intervention::ScaleHead { heads: attnscope::Heads::default(), factor: 1.0 };
    let same = run("the hot dog was", "all,scores,pattern", &[no_op]);
    assert_eq!(plain.last_logits, same.last_logits);
    assert_eq!(plain.arrays.len(), same.arrays.len());
    for (key, array) in &plain.arrays {
        assert_eq!(array.shape(), same.arrays[key].shape(), "{key}");
        assert!(array.data().iter().zip(same.arrays[key].data()).all(|(a, b)| a.to_bits() == b.to_bits()), "{key}");
    }
    let nothing = MODEL.run(&MODEL.encode("the hot dog was").unwrap(), &Capture::none(), &[]).unwrap();
    assert!(nothing.arrays.is_empty(), "a run that captures nothing keeps nothing");
}

/// Where the word at `position` stands between animals (−1) and foods (1), after the embedding and each layer.
fn between_animals_and_foods(words: &[(&str, usize, &[Intervention])]) -> Vec<Vec<f32>> {
    let read = |text: &str, position, cut: &[Intervention]| {
        analysis::depths(&run(text, "embed,resid_post", cut), position).unwrap()
    };
    let group = |names: [&str; 5]| names.map(|name| read(&format!("the {name} was"), 1, &[]));
    let animals = group(["cat", "cow", "rabbit", "fox", "wolf"]);
    let foods = group(["pizza", "bread", "soup", "cheese", "cake"]);
    let words: Vec<_> = words.iter().map(|(text, position, cut)| read(text, *position, cut)).collect();
    let found = analysis::journey(&words, [&animals, &foods]).unwrap();
    let [animals, foods] = &found.landmarks;
    assert!(animals.iter().flatten().all(|x| *x < -0.1) && foods.iter().flatten().all(|x| *x > 0.0));
    found.paths
}

#[test]
fn real_model_dog_goes_from_animal_towards_food_and_the_edge_to_hot_sends_it() {
    let cut = [Intervention::cut("2>1").unwrap()];
    let paths = between_animals_and_foods(&[
        ("the dog was", 1, &[]),
        ("the hot dog was", 2, &[]),
        ("the hot dog was", 2, &cut),
        ("the cold dog was", 2, &[]),
        ("the hot cat was", 2, &[]),
    ]);
    assert!(paths.iter().all(|path| path.len() == 31));
    let [dog, hot, without, cold, cat] = &paths[..] else { panic!() };
    assert_eq!(dog[0], hot[0], "one embedding in both sentences");
    assert!(dog.iter().all(|x| *x < -0.7), "an animal at every depth: {dog:?}");
    assert!(hot[3] < -0.7 && hot[7] > 0.0 && hot[28] > 0.35, "{hot:?}");
    assert_eq!((dog.len(), without.len()), (31, 31));
    assert!(dog.iter().zip(without).all(|(a, b)| (a - b).abs() < 0.12), "{without:?}");
    assert!(cold.iter().chain(cat).all(|x| *x < -0.4), "{cold:?} {cat:?}");
}
