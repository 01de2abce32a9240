//! Requests that were damaged on the way, or made to do damage: each is answered or refused, and none panics.

use attnscope::Heads;
use attnscope::analysis::explain::Between;
use attnscope::lesson::Settings;
use attnscope::{Array, GenerateOptions, Intervention, MatrixKind, Site};
use attnscope_protocol::LESSON;
use attnscope_protocol::wire::{decode_request, encode_request};
use attnscope_protocol::{Event, LessonOnly, Prompt, Request, Session, Spot, TWIN, What};
use proptest::prelude::*;
use std::sync::LazyLock;

static SESSION: LazyLock<Session<LessonOnly>> = LazyLock::new(|| Session::new(LessonOnly));

/// One of each kind, with one of each change.
fn requests() -> Vec<Request> {
    let heads = Heads { layer: Some(1), head: Some(0) };
    let interventions = vec![
        Intervention::ScaleHead { heads, factor: 0.5 },
        Intervention::MeanHead { heads },
        Intervention::SetEdge { heads, q: 2, k: 1, weight: 0.5 },
        Intervention::Patch {
            key: "blocks.0.attn.pattern".into(),
            value: Array::zeros([1, 3, 3]),
            head: Some(0),
            positions: Some(0..1),
        },
    ];
    let model = LESSON.to_owned();
    let prompt = Prompt { model: model.clone(), text: "the hot dog was".into(), interventions };
    let plain = Prompt { interventions: Vec::new(), ..prompt.clone() };
    vec![
        Request::Models,
        Request::Open { model: model.clone() },
        Request::Close { model: model.clone() },
        Request::Run { prompt: prompt.clone(), capture: "pattern,logits".into(), layers: Some(0..1), top: 5 },
        Request::Run { prompt: plain.clone(), capture: "all".into(), layers: None, top: 5 },
        Request::Generate { prompt: plain.clone(), options: GenerateOptions::default() },
        Request::Tokens { prompt: plain.clone() },
        Request::Heads { prompt: plain.clone() },
        Request::EdgeWeights { prompt: plain.clone(), from: 2, to: 1 },
        Request::Patterns { prompt: plain.clone(), side: 2 },
        Request::Depths { prompt: plain.clone(), position: 2 },
        Request::Lens { prompt: plain.clone(), positions: Some(1..3), top: 3 },
        Request::Neighbours { model: model.clone(), token: 3, top: 3 },
        Request::Embeddings { model: model.clone(), tokens: vec![3, 0] },
        Request::Explain { prompt: prompt.clone(), what: Site::Probabilities.at([3, 5]).into() },
        Request::Explain { prompt: plain.clone(), what: Site::Pattern.in_layer(1, [0, 2, 1]).into() },
        Request::Matrix { model: model.clone(), layer: 1, head: 0, which: MatrixKind::O },
        Request::Near { model, vector: vec![0.5; 32], top: 3 },
        Request::Twin { text: "the hot dog was".into(), top: 3 },
        Request::Explain {
            prompt: Prompt::plain(TWIN, "the hot dog was"),
            what: Site::Probabilities.at([3, 5]).into(),
        },
        Request::Explain { prompt: plain.clone(), what: What::AnyOf { position: 3, tokens: vec![5, 6] } },
        Request::Explain {
            prompt: prompt.clone(),
            what: What::Between {
                number: Site::Embed.at([2, 0]),
                groups: ["the cat was", "the soup was"].map(|text| vec![Spot { text: text.into(), position: 1 }]),
                which: Between::Axis,
            },
        },
        Request::Explain {
            prompt: Prompt { model: "trained".into(), ..Prompt::default() },
            what: What::Loss { back: 20 },
        },
        Request::Contributions { prompt: plain.clone(), token: 3 },
        Request::Tile { prompt: plain, layer: 1, head: 0, rows: 0..3, cols: 0..2, size: (2, 2) },
        Request::Train {
            model: "trained".into(),
            settings: Settings { own: vec!["my cat was happy".into()], ..Settings::default() },
            steps: 2,
            every: 1,
            text: "the hot dog was".into(),
            fresh: false,
        },
        Request::Attend { len: 9, d_head: 4, tiled: true },
    ]
}

/// The first steps of the answer: enough to reach all code, and no more than a test may take.
fn begin(request: Request) -> Vec<Event> {
    let mut job = SESSION.start(request);
    std::iter::from_fn(|| job.step()).take(4).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_requests_are_answered_or_refused(
        which in 0..requests().len(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut bytes = encode_request(&requests()[which]);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(request) = decode_request(&bytes) {
            // What can be read can be written and read again; NaN equals nothing, so its text is compared.
            let again = decode_request(&encode_request(&request));
            prop_assert_eq!(format!("{:?}", again), format!("{:?}", Ok::<_, ()>(request.clone())));
            prop_assert!(!begin(request).is_empty());
        }
    }
}

#[test]
fn undamaged_requests_are_read_as_they_were() {
    for request in requests() {
        assert_eq!(decode_request(&encode_request(&request)), Ok(request));
    }
}

#[test]
fn an_array_that_lies_about_its_shape_is_no_request() {
    let patch = |value| Intervention::Patch { key: "embed".into(), value, head: None, positions: None };
    let prompt = Prompt { model: LESSON.into(), text: "dog".into(), interventions: vec![patch(Array::zeros([3, 1]))] };
    let bytes = encode_request(&Request::Heads { prompt });
    // Two axes: 3 and 1.
    let at = bytes.windows(3).position(|window| window == [2, 3, 1]).unwrap();
    for axis in [2, 4, 127] {
        let mut bytes = bytes.clone();
        bytes[at + 1] = axis;
        assert!(decode_request(&bytes).is_err(), "{axis}");
    }
}

#[test]
fn a_text_that_no_model_reads_is_refused_before_it_is_cut() {
    let prompt = Prompt { model: LESSON.into(), text: " ".repeat(attnscope::MAX_TEXT + 1), interventions: vec![] };
    let events = begin(Request::Heads { prompt });
    let [Event::Failed(failure)] = &events[..] else { panic!("{events:?}") };
    assert!(failure.to_string().contains("at most 1048576 are read"), "{failure}");
}
