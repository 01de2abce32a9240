//! A session on the lesson model: every question is answered with the engine's own numbers, in steps that may end
//! anywhere, and nothing that a request says does more than fail.

use attnscope::Number;
use attnscope::Site;
use attnscope::analysis::explain::{Between, Source as From, explain};
use attnscope::analysis::{contributions, depths, edge_weights, head_scores, lens, neighbours};
use attnscope::lesson::Settings;
use attnscope::{Array, Capture, GenerateOptions, Intervention, MatrixKind, Model, Trace};
use attnscope_protocol::LESSON;
use attnscope_protocol::limits::{MAX_ATTEND, MAX_ATTEND_FULL, MAX_D_HEAD, MAX_SENTENCES, MAX_STEPS};
use attnscope_protocol::wire::{Frames, encode_event};
use attnscope_protocol::{
    Event, Failure, FailureKind, LessonOnly, ModelCard, Progress, Prompt, Request, Response, Session, Source, Spot,
    TWIN, What,
};
use std::sync::Arc;

const TEXT: &str = "the hot dog on the rock was";

fn session() -> Session<LessonOnly> {
    Session::new(LessonOnly)
}

fn prompt(text: &str) -> Prompt {
    Prompt { model: LESSON.into(), text: text.into(), interventions: Vec::new() }
}

fn run(prompt: Prompt, capture: &str) -> Request {
    Request::Run { prompt, capture: capture.into(), layers: None, top: 5 }
}

fn train(steps: usize, every: usize, text: &str) -> Request {
    let (model, settings) = ("trained".into(), Settings::default());
    Request::Train { model, settings, steps, every, text: text.into(), fresh: false }
}

/// The engine's own answer. It keeps what the session keeps: with the pattern kept, sums are made in another order, which
/// shows in the last bits.
fn trace(capture: &str, interventions: &[Intervention]) -> (Model, Trace) {
    let model = attnscope::lesson::model();
    let trace = model.run(&model.encode(TEXT).unwrap(), &capture.parse().unwrap(), interventions).unwrap();
    (model, trace)
}

fn answer(request: Request) -> Result<Response, Failure> {
    session().start(request).finish()
}

fn refused(request: Request) -> Failure {
    answer(request.clone()).expect_err(&format!("{request:?}"))
}

fn events(session: &Session<impl Source>, request: Request) -> Vec<Event> {
    let mut job = session.start(request);
    std::iter::from_fn(|| job.step()).collect()
}

#[test]
fn models_are_listed_opened_and_closed() {
    let session = session();
    let ask = |request| session.start(request).finish().unwrap();
    let info = attnscope::lesson::model().info();
    let card = |info| ModelCard { id: LESSON.into(), bytes: 0, gguf: false, info };
    assert_eq!(ask(Request::Models), Response::Models(vec![card(None)]));
    assert_eq!(ask(Request::Open { model: LESSON.into() }), Response::Opened(card(Some(info.clone()))));
    assert_eq!(ask(Request::Models), Response::Models(vec![card(Some(info))]));
    let (first, again) = (session.open(LESSON).unwrap(), session.open(LESSON).unwrap());
    assert!(Arc::ptr_eq(&first, &again), "opened once");
    assert_eq!(ask(Request::Close { model: LESSON.into() }), Response::Closed);
    assert!(!Arc::ptr_eq(&first, &session.open(LESSON).unwrap()), "and forgotten");
}

#[test]
fn a_run_is_the_engines_own_with_a_report_for_each_layer() {
    let cut = [Intervention::cut("2>1").unwrap()];
    let (model, mut expected) = trace("pattern,q,logits", &cut);
    let next = model.next_tokens(&expected, 5);
    expected.last_logits.clear();
    let prompt = Prompt { interventions: cut.to_vec(), ..prompt(TEXT) };
    let events = events(&session(), run(prompt, "pattern,q,logits"));
    let (last, progress) = events.split_last().unwrap();
    let total = model.config().n_layers;
    let layers: Vec<Event> = (1..=total).map(|done| Event::Progress(Progress::Layers { done, total })).collect();
    assert_eq!(progress, layers);
    let Event::Done(Response::Ran(run)) = last else { panic!("{last:?}") };
    assert_eq!((&run.trace, &run.next), (&expected, &next));
    assert_eq!(run.next.len(), 5);
}

#[test]
fn only_the_layers_that_were_named_are_kept() {
    let request = Request::Run { prompt: prompt(TEXT), capture: "pattern".into(), layers: Some(1..2), top: 0 };
    let Ok(Response::Ran(run)) = answer(request) else { panic!("a run") };
    assert_eq!(run.trace.arrays.keys().collect::<Vec<_>>(), ["blocks.1.attn.pattern"]);
    assert_eq!(run.next, []);
}

#[test]
fn questions_about_all_layers_are_answered_layer_by_layer() {
    let same = |request, expected: Response| assert_eq!(answer(request), Ok(expected));
    let (model, patterns) = trace("pattern", &[]);
    let token = patterns.tokens[2].id;
    same(Request::Heads { prompt: prompt(TEXT) }, Response::Heads(head_scores(&patterns)));
    same(
        Request::EdgeWeights { prompt: prompt(TEXT), from: 2, to: 1 },
        Response::EdgeWeights(edge_weights(&patterns, 2, 1)),
    );
    let (_, depths) = trace("embed,resid_post", &[]);
    for positions in [None, Some(1..3)] {
        let rows = lens(&model, &depths, positions.clone().unwrap_or(0..patterns.tokens.len()), 3).unwrap();
        assert_eq!(rows[0].top.len(), positions.as_ref().map_or(patterns.tokens.len(), ExactSizeIterator::len));
        same(Request::Lens { prompt: prompt(TEXT), positions, top: 3 }, Response::Lens(rows));
    }
    let path = attnscope::analysis::depths(&depths, 2).unwrap();
    same(Request::Depths { prompt: prompt(TEXT), position: 2 }, Response::Depths(path));
    let (_, outputs) = trace("z,resid_post", &[]);
    let shares = contributions(&model, &outputs, token).unwrap();
    same(Request::Contributions { prompt: prompt(TEXT), token }, Response::Contributions(shares));
    let cut = Response::Tokens { tokens: patterns.tokens.clone(), model: model.info(), warning: None };
    same(Request::Tokens { prompt: prompt(TEXT) }, cut);
    let near = neighbours(&model, &model.embedding(token), 4);
    assert_eq!((near.len(), near[0].id), (4, token));
    same(Request::Neighbours { model: LESSON.into(), token, top: 4 }, Response::Neighbours(near));
    let vectors = [token, 0, token].map(|token| model.embedding(token)).to_vec();
    assert_ne!(vectors[0], vectors[1]);
    same(Request::Embeddings { model: LESSON.into(), tokens: vec![token, 0, token] }, Response::Embeddings(vectors));
}

/// Numbers from the embedding to the vocabulary, with how many layers must be passed for each.
fn numbers() -> [(Number, usize); 7] {
    let (layer, head, position, component) = (1, 0, 2, 3);
    [
        (Site::Embed.at([position, component]), 0),
        (Site::Pattern.in_layer(0, [head, 2, 1]), 1),
        (Site::ResidPre.in_layer(layer, [position, component]), 2),
        (Site::FinalNorm.at([position, component]), 2),
        (Site::Probabilities.at([0, 7]), 2),
        (Site::EmbedCosine.at([position, 7]), 0),
        (Site::MidCosine.in_layer(0, [position, 7]), 1),
    ]
}

#[test]
fn a_number_is_explained_after_the_layers_that_it_needs() {
    for cuts in [vec![], vec![Intervention::cut("0:2>1").unwrap()]] {
        let (model, everything) = trace("all,scores,pattern", &cuts);
        for (number, layers) in numbers() {
            let prompt = Prompt { interventions: cuts.clone(), ..prompt(TEXT) };
            let events = events(&session(), Request::Explain { prompt, what: number.into() });
            assert_eq!(events.len(), layers + 1, "{number}");
            let Some(Event::Done(Response::Explained(found))) = events.last() else { panic!("{:?}", events.last()) };
            let expected = explain(&model, &everything, number).unwrap();
            assert_eq!((&found.title, &found.remarks), (&expected.title, &expected.remarks));
            assert!((found.value - expected.value).abs() <= 1e-5 * (1.0 + expected.value.abs()), "{number}");
            let frame = encode_event(events.last().unwrap());
            let mut frames = Frames::default();
            frames.push(&frame);
            assert_eq!(frames.next_event(), Some(Ok(events.last().unwrap().clone())));
        }
    }
}

/// Two animals and two foods, each where the lesson model reads it.
fn groups() -> [Vec<Spot>; 2] {
    [["the cat was", "the cow was"], ["the pizza was", "the soup was"]]
        .map(|group| group.map(|text| Spot { text: text.into(), position: 1 }).to_vec())
}

#[test]
fn a_place_and_a_sum_of_probabilities_are_the_engines_own() {
    let number = Site::ResidPost.in_layer(0, [2, 0]);
    let cut = Prompt { interventions: vec![Intervention::cut("2>1").unwrap()], ..prompt("the hot dog was") };
    let model = attnscope::lesson::model();
    let depths = |text: &str, position, cuts: &[Intervention]| {
        let capture: Capture = "embed,resid_post".parse().unwrap();
        depths(&model.run(&model.encode(text).unwrap(), &capture, cuts).unwrap(), position).unwrap()
    };
    let [a, b] = groups().map(|group| group.iter().map(|s| depths(&s.text, s.position, &[])).collect::<Vec<_>>());
    let word = depths(&cut.text, 2, &cut.interventions);
    let expected = attnscope::analysis::journey(&[word], [&a, &b]).unwrap().paths[0][1];
    let place =
        |which| Request::Explain { prompt: cut.clone(), what: What::Between { number, groups: groups(), which } };
    let events = events(&session(), place(Between::Place));
    let Some(Event::Done(Response::Explained(found))) = events.last() else { panic!("{:?}", events.last()) };
    assert!(
        (found.value - expected).abs() < 1e-5 && (found.computed() - expected).abs() < 1e-5,
        "{found:?} {expected}"
    );
    assert_eq!(events[0], Event::Progress(Progress::Layers { done: 1, total: 5 }));
    let Ok(Response::Explained(axis)) = answer(place(Between::Axis)) else { panic!() };
    assert_eq!(axis.terms.len(), 4);
    let From::Text { text, number } = &axis.terms[0].factors[0].source else { panic!("{axis:?}") };
    let opened = answer(Request::Explain { prompt: prompt(text), what: (*number).into() });
    let Ok(Response::Explained(opened)) = opened else { panic!("{opened:?}") };
    assert!((opened.value - axis.terms[0].factors[0].value).abs() < 1e-6);

    let Ok(Response::Ran(read)) = answer(run(prompt(TEXT), "")) else { panic!() };
    let tokens: Vec<usize> = read.next.iter().map(|next| next.id as usize).collect();
    let sum: f32 = read.next.iter().map(|next| next.p).sum();
    let position = TEXT.split(' ').count() - 1;
    let any = answer(Request::Explain { prompt: prompt(TEXT), what: What::AnyOf { position, tokens } });
    let Ok(Response::Explained(found)) = any else { panic!("{any:?}") };
    assert!((found.value - sum).abs() < 1e-5, "{} {sum}", found.value);
}

#[test]
fn matrices_neighbours_of_a_vector_and_the_twin_are_the_engines_own() {
    let same = |request, expected: Response| assert_eq!(answer(request), Ok(expected));
    let model = attnscope::lesson::model();
    for (which, shape) in [(MatrixKind::Q, [32, 16]), (MatrixKind::V, [32, 16]), (MatrixKind::O, [16, 32])] {
        let matrix = model.matrix(1, 0, which).unwrap();
        assert_eq!(matrix.shape(), shape);
        same(Request::Matrix { model: LESSON.into(), layer: 1, head: 0, which }, Response::Matrix(matrix));
    }
    let tokens = model.encode(TEXT).unwrap();
    let vector: Vec<f32> = model.embedding(tokens[2]).iter().map(|x| 3.0 * x).collect();
    let near = neighbours(&model, &vector, 4);
    assert_eq!((near.len(), near[0].id), (4, tokens[2]));
    same(Request::Near { model: LESSON.into(), vector, top: 4 }, Response::Neighbours(near));
    let next = attnscope::lesson::twin().next_tokens(&tokens, 4);
    assert_eq!(next.len(), 4);
    same(Request::Twin { text: TEXT.into(), top: 4 }, Response::Twin(next.clone()));
    let number = Site::Probabilities.at([TEXT.split(' ').count() - 1, next[0].id as usize]);
    let explained = answer(Request::Explain { prompt: Prompt::plain(TWIN, TEXT), what: number.into() });
    let Ok(Response::Explained(found)) = explained else { panic!("{explained:?}") };
    assert!((found.value - next[0].p).abs() < 1e-6, "{found:?}");
    same(Request::Twin { text: "the dog on the hot rock was".into(), top: 4 }, Response::Twin(next));
    let short = refused(Request::Near { model: LESSON.into(), vector: vec![1.0; 31], top: 4 });
    assert_eq!(short.message, "the vector has 31 numbers, expected 32: those of an embedding");
}

#[test]
fn writing_reports_every_token() {
    let options = GenerateOptions { max_tokens: 3, ..GenerateOptions::default() };
    let model = attnscope::lesson::model();
    let ids = model.generate(&model.encode(TEXT).unwrap(), &options, &[], |_| true).unwrap();
    let tokens: Vec<_> = ids.iter().map(|id| model.token(*id)).collect();
    assert!(!tokens.is_empty());
    let mut expected: Vec<Event> = tokens.iter().cloned().map(|t| Event::Progress(Progress::Token(t))).collect();
    expected.push(Event::Done(Response::Generated(tokens)));
    assert_eq!(events(&session(), Request::Generate { prompt: prompt(TEXT), options }), expected);
}

#[test]
fn attention_says_what_memory_it_works_in() {
    let bytes = |len, d_head, tiled| match answer(Request::Attend { len, d_head, tiled }) {
        Ok(Response::Attended { bytes }) => bytes,
        other => panic!("{other:?}"),
    };
    // The keys transposed, a tile of [4, 128] whose last 32 columns are empty, and the pattern, [96, 96].
    assert_eq!(bytes(96, 4, false), 4 * (128 * 4 + 96 * 96));
    // Or for each thread a tile, [32, 128].
    let tiles = bytes(96, 4, true) - 4 * 128 * 4;
    assert!(tiles > 0 && tiles <= 3 * 4 * 32 * 128 && tiles.is_multiple_of(4 * 32 * 128), "{tiles}");
    assert!(bytes(MAX_ATTEND_FULL, 1, false) > 64 << 20);
}

#[test]
fn dropping_a_job_ends_it_and_frees_its_model() {
    let session = session();
    let model = session.open(LESSON).unwrap();
    let mut job = session.start(run(prompt(TEXT), "all"));
    assert!(matches!(job.step(), Some(Event::Progress(Progress::Layers { done: 1, .. }))));
    assert_eq!(Arc::strong_count(&model), 3, "here, in the session, in the job");
    drop(job);
    assert_eq!(Arc::strong_count(&model), 2);
    // And the session goes on.
    assert!(session.start(run(prompt(TEXT), "")).finish().is_ok());
}

#[test]
fn nothing_comes_after_the_end() {
    let session = session();
    for request in [Request::Models, Request::Open { model: "none".into() }] {
        let mut job = session.start(request);
        assert!(matches!(job.step(), Some(Event::Done(_) | Event::Failed(_))));
        assert_eq!(job.step(), None);
        assert!(job.finish().is_err());
    }
}

#[test]
fn a_text_that_cannot_be_read_is_the_texts_fault() {
    let long = "dog ".repeat(10_000);
    for text in ["", &long] {
        assert_eq!(refused(run(prompt(text), "")).kind, FailureKind::Text { word: None, near: Vec::new() });
    }
    let twin = Request::Twin { text: "the hott dog".into(), top: 3 };
    let number = Site::Embed.at([0, 0]);
    let explain = Request::Explain { prompt: prompt("the hott dog"), what: number.into() };
    for request in [run(prompt("the hott dog"), ""), train(1, 1, "the hott dog"), twin, explain] {
        let failure = refused(request);
        let FailureKind::Text { word: Some(word), near } = &failure.kind else { panic!("{failure:?}") };
        assert!(word == "hott" && near.contains(&"hot".to_owned()), "{failure:?}");
    }
}

#[test]
fn what_does_not_exist_is_refused() {
    let huge = usize::MAX;
    let wrong = |interventions: Vec<Intervention>| run(Prompt { interventions, ..prompt(TEXT) }, "");
    let patch = |key: &str, value| Intervention::Patch { key: key.into(), value, head: None, positions: None };
    let train = |steps, every| train(steps, every, TEXT);
    let attend = |len, d_head, tiled| Request::Attend { len, d_head, tiled };
    let tile = |layer, head| Request::Tile { prompt: prompt(TEXT), layer, head, rows: 0..1, cols: 0..1, size: (1, 1) };
    let place = |number, groups| Request::Explain {
        prompt: prompt(TEXT),
        what: What::Between { number, groups, which: Between::Place },
    };
    let any_of = |position, tokens| Request::Explain { prompt: prompt(TEXT), what: What::AnyOf { position, tokens } };
    let embed = Site::Embed.at([0, 0]);
    let requests = [
        run(prompt(TEXT), "patern"),
        Request::Run { prompt: prompt(TEXT), capture: String::new(), layers: None, top: huge },
        wrong(vec![Intervention::ablate("99.0").unwrap()]),
        wrong(vec![Intervention::cut("99>1").unwrap()]),
        wrong(vec![Intervention::set("2>1=9").unwrap()]),
        wrong(vec![patch("blocks.0.attn.pattern", Array::zeros([1]))]),
        wrong(vec![patch("blocks.7777.attn_out", Array::zeros([1]))]),
        wrong(vec![Intervention::cut("2>1").unwrap(); 5000]),
        Request::EdgeWeights { prompt: prompt(TEXT), from: huge, to: 0 },
        Request::EdgeWeights { prompt: prompt(TEXT), from: 0, to: 99 },
        Request::Lens { prompt: prompt(TEXT), positions: None, top: huge },
        Request::Lens { prompt: prompt(TEXT), positions: Some(3..99), top: 1 },
        Request::Lens { prompt: prompt(TEXT), positions: Some(2..2), top: 1 },
        Request::Depths { prompt: prompt(TEXT), position: 99 },
        Request::Embeddings { model: LESSON.into(), tokens: vec![0, u32::MAX] },
        Request::Embeddings { model: LESSON.into(), tokens: vec![0; 1001] },
        Request::Neighbours { model: LESSON.into(), token: u32::MAX, top: 1 },
        Request::Neighbours { model: LESSON.into(), token: 0, top: huge },
        Request::Contributions { prompt: prompt(TEXT), token: u32::MAX },
        Request::Explain { prompt: prompt(TEXT), what: Site::ResidPre.in_layer(huge, [0, 0]).into() },
        Request::Explain { prompt: prompt(TEXT), what: Site::Logits.at([0, huge]).into() },
        Request::Matrix { model: LESSON.into(), layer: 2, head: 0, which: MatrixKind::Q },
        Request::Matrix { model: LESSON.into(), layer: 0, head: huge, which: MatrixKind::O },
        Request::Near { model: LESSON.into(), vector: Vec::new(), top: 1 },
        Request::Near { model: LESSON.into(), vector: vec![0.0; 32], top: huge },
        Request::Twin { text: TEXT.into(), top: huge },
        Request::Explain { prompt: Prompt::plain(TWIN, TEXT), what: Site::Logits.at([huge, 0]).into() },
        place(Site::Logits.at([0, 0]), groups()),
        place(Site::ResidPost.in_layer(huge, [0, 0]), groups()),
        place(Site::Embed.at([huge, 0]), groups()),
        place(embed, Default::default()),
        place(embed, [vec![groups()[0][0].clone(); 99], Vec::new()]),
        place(embed, [groups()[0].clone(), vec![Spot { position: huge, ..groups()[1][0].clone() }]]),
        place(embed, [groups()[0].clone(), Vec::new()]),
        any_of(0, vec![]),
        any_of(huge, vec![1]),
        any_of(0, vec![1, huge]),
        any_of(0, vec![1; 9999]),
        Request::Generate {
            prompt: prompt(TEXT),
            options: GenerateOptions { temperature: f32::NAN, ..GenerateOptions::default() },
        },
        tile(huge, 0),
        tile(0, huge),
        train(MAX_STEPS + 1, 1),
        train(1, 0),
        train(1, MAX_SENTENCES + 1),
        attend(0, 1, true),
        attend(1, 0, true),
        attend(MAX_ATTEND + 1, 1, true),
        attend(MAX_ATTEND_FULL + 1, 1, false),
        attend(1, MAX_D_HEAD + 1, true),
        attend(huge, huge, true),
    ];
    for request in requests {
        let failure = refused(request.clone());
        assert_eq!(failure.kind, FailureKind::Request, "{request:?}: {failure}");
        assert_eq!(failure.message.lines().count(), 1, "{failure}");
    }
    let failure = refused(Request::Open { model: "smollm".into() });
    assert_eq!(failure.kind, FailureKind::Model);
    assert!(failure.message.contains("\"smollm\"") && failure.message.contains(LESSON), "{failure}");
}
