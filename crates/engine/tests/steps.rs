//! A run and a generation taken step by step: the same numbers, and nothing left behind when they stop halfway.

mod common;

use attnscope::{Array, Capture, Error, GenerateOptions, Generation, Intervention, Model, Run};
use common::fixture;

const TOKENS: [u32; 6] = [3, 17, 42, 9, 17, 42];

fn model(name: &str) -> Model {
    Model::open(fixture(name)).unwrap()
}

fn start<'m>(model: &'m Model, capture: Capture, changes: &[Intervention]) -> Result<Run<&'m Model>, Error> {
    Run::start(model, TOKENS.to_vec(), capture, changes.to_vec(), model.new_cache())
}

#[test]
fn memory_of_an_earlier_trace_is_used_again() {
    let model = attnscope::lesson::model();
    let capture = "all,scores,pattern,lse".parse().unwrap();
    let ids = |text: &str| model.encode(text).unwrap();
    let mut trace = attnscope::Trace::default();
    let mut places = Vec::new();
    for text in ["the hot dog was", "the big dog was", "the dog on the hot rock was", "the river bank was"] {
        model.run_into(&mut trace, &ids(text), &capture, &[]).unwrap();
        assert_eq!(trace, model.run(&ids(text), &capture, &[]).unwrap(), "{text}");
        places.push(trace.get("blocks.1.attn.pattern").unwrap().data().as_ptr());
    }
    assert_eq!(places[0], places[1], "as many tokens need no other memory");
    let edges = [attnscope::Intervention::cut("2>1").unwrap()];
    model.run_into(&mut trace, &ids("the hot dog was"), &capture, &edges).unwrap();
    assert_eq!(trace, model.run(&ids("the hot dog was"), &capture, &edges).unwrap());
    assert!(model.run_into(&mut trace, &[], &capture, &[]).is_err());
    assert_eq!(trace, attnscope::Trace::default());
}

#[test]
fn steps_equal_the_whole_bit_for_bit() {
    for name in ["tiny/llama", "tiny/gpt2", "tiny/bert"] {
        let model = model(name);
        let cut = [Intervention::cut("2>1").unwrap()];
        let everything: Capture = "all,scores,pattern".parse().unwrap();
        let whole = model.run(&TOKENS, &everything, &cut).unwrap();
        let mut run = start(&model, everything, &cut).unwrap();
        let mut steps = 1;
        while run.step().unwrap() {
            assert_eq!(run.layers_done(), steps);
            steps += 1;
        }
        assert_eq!((steps, run.step().unwrap()), (model.config().n_layers, false), "{name}: a step a layer");
        let (trace, cache) = run.finish().unwrap();
        assert_eq!(trace, whole, "{name}");
        assert_eq!(cache.len(), TOKENS.len());
    }
}

#[test]
fn draining_gives_every_array_once() {
    let model = model("tiny/llama");
    let mut whole = model.run(&TOKENS, &Capture::all(), &[]).unwrap();
    let mut run = start(&model, Capture::all(), &[]).unwrap();
    let first = run.drain();
    assert_eq!(first.arrays.keys().collect::<Vec<_>>(), ["embed"]);
    assert_eq!(first.tokens, whole.tokens);
    let mut arrays = first.arrays;
    for layer in 0..model.config().n_layers {
        run.step().unwrap();
        let part = run.drain().arrays;
        assert!(part.keys().all(|key| key.starts_with(&format!("blocks.{layer}."))), "{:?}", part.keys());
        arrays.extend(part);
    }
    let (rest, _) = run.finish().unwrap();
    arrays.extend(rest.arrays);
    assert_eq!(arrays, std::mem::take(&mut whole.arrays));
    assert_eq!(rest.last_logits, whole.last_logits);
}

#[test]
fn a_refused_run_leaves_the_cache_and_a_failed_one_empties_it() {
    let model = model("tiny/llama");
    let mut cache = model.new_cache();
    model.run_with_cache(&mut cache, &TOKENS, &Capture::none(), &[]).unwrap();
    let refused = model.run_with_cache(&mut cache, &[1], &Capture::none(), &[Intervention::ablate("9").unwrap()]);
    assert!(refused.unwrap_err().is_usage());
    assert_eq!(cache.len(), TOKENS.len());
    let misfit = Intervention::Patch {
        key: "blocks.1.attn_out".into(),
        value: Array::zeros([9, 9]),
        head: None,
        positions: None,
    };
    let failed = model.run_with_cache(&mut cache, &[1], &Capture::none(), &[misfit]);
    assert!(failed.unwrap_err().to_string().contains("[9, 9]"));
    assert!(cache.is_empty());
    // And it can be used again.
    let again = model.run_with_cache(&mut cache, &TOKENS, &Capture::none(), &[]).unwrap();
    assert_eq!(again, model.run(&TOKENS, &Capture::none(), &[]).unwrap());
}

#[test]
fn a_token_a_step_writes_the_same_text() {
    let model = model("tiny/llama");
    let options = GenerateOptions { max_tokens: 9, temperature: 1.0, seed: 4, ..GenerateOptions::default() };
    let whole = model.generate(&TOKENS, &options, &[], |_| true).unwrap();
    let mut generation = Generation::start(&model, TOKENS.to_vec(), options, vec![]).unwrap();
    let steps: Vec<u32> = std::iter::from_fn(|| generation.step().unwrap()).collect();
    assert_eq!((steps.len(), &steps), (9, &whole));
    assert_eq!(generation.step().unwrap(), None);
}

#[test]
fn the_size_of_a_capture_is_known_before_the_run() {
    for name in ["tiny/llama", "tiny/gpt2"] {
        let model = model(name);
        let bytes = |trace: &attnscope::Trace| trace.arrays.values().map(|a| a.data().len() as u64 * 4).sum::<u64>();
        for names in ["", "pattern", "q,k,v,z", "scores,result", "embed,final_norm,logits", "all"] {
            for layers in [0..9, 1..2, 1..1] {
                let capture = names.parse::<Capture>().unwrap().layers(layers);
                for capture in [capture.clone(), capture.last_logits_only(true)] {
                    let trace = model.run(&TOKENS, &capture, &[]).unwrap();
                    assert_eq!(capture.bytes(model.config(), 6, 6), bytes(&trace), "{name}: {capture:?}");
                }
            }
        }
        assert_eq!(Capture::all().bytes(model.config(), usize::MAX, usize::MAX), u64::MAX);
    }
}
