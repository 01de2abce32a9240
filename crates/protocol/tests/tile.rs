//! Parts of a pattern as small pictures.

use attnscope::lesson::Settings;
use attnscope::{Capture, Intervention, LazyPattern};
use attnscope_protocol::LESSON;
use attnscope_protocol::{Event, FailureKind, LessonOnly, Prompt, Request, Response, Session};

const TEXT: &str = "the hot dog on the rock was";

fn session() -> Session<LessonOnly> {
    Session::new(LessonOnly)
}

fn prompt(text: &str) -> Prompt {
    Prompt { model: LESSON.into(), text: text.into(), interventions: Vec::new() }
}

fn events(session: &Session<LessonOnly>, request: Request) -> Vec<Event> {
    let mut job = session.start(request);
    std::iter::from_fn(|| job.step()).collect()
}

#[test]
fn a_tile_is_a_part_of_the_pattern() {
    let model = attnscope::lesson::model();
    let second = "pattern".parse::<Capture>().unwrap().layers(1..2);
    let trace = model.run(&model.encode(TEXT).unwrap(), &second, &[]).unwrap();
    let tile = |rows, cols, size| Request::Tile { prompt: prompt(TEXT), layer: 1, head: 0, rows, cols, size };
    let Ok(Response::Tile(found)) = session().start(tile(1..3, 0..3, (2, 3))).finish() else { panic!("a tile") };
    let n = trace.tokens.len();
    let cells: Vec<f32> =
        trace.pattern(1, 0).unwrap().data().chunks(n).take(3).skip(1).flat_map(|r| r[..3].to_vec()).collect();
    assert_eq!(found.max, found.mean, "as many pixels as cells");
    assert_eq!(found.max.shape(), [2, 3]);
    assert_eq!(found.max.data().len(), cells.len());
    assert!(found.max.data().iter().zip(&cells).all(|(a, b)| (a - b).abs() < 1e-6), "{:?} {cells:?}", found.max);
    for wrong in [tile(0..n + 1, 0..1, (1, 1)), tile(0..1, 1..1, (1, 1)), tile(0..1, 0..1, (0, 1))] {
        assert_eq!(session().start(wrong).finish().unwrap_err().kind, FailureKind::Request);
    }
}

#[test]
fn the_patterns_of_all_heads_are_the_runs_own_or_pooled() {
    let model = attnscope::lesson::model();
    let trace = model.run(&model.encode(TEXT).unwrap(), &"pattern".parse().unwrap(), &[]).unwrap();
    let patterns = |side| match session().start(Request::Patterns { prompt: prompt(TEXT), side }).finish() {
        Ok(Response::Patterns(found)) => found,
        other => panic!("{other:?}"),
    };
    let n = trace.tokens.len();
    let (whole, small) = (patterns(n), patterns(n - 1));
    for layer in 0..2 {
        assert_eq!(whole[layer], [trace.pattern(layer, 0).unwrap()], "with the same bits");
        let expected = LazyPattern::of(&trace, layer, 0).unwrap().tile(0..n, 0..n, (4, 4)).unwrap().max;
        let [found] = &small[layer][..] else { panic!("one head") };
        assert_eq!(found.shape(), [4, 4], "{n} tokens by twos");
        assert!(found.data().iter().zip(expected.data()).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
    }
    for side in [0, usize::MAX] {
        let refused = session().start(Request::Patterns { prompt: prompt(TEXT), side }).finish();
        assert_eq!(refused.unwrap_err().kind, FailureKind::Request);
    }
}

/// Who goes over a map asks for many parts of it.
#[test]
fn other_parts_of_the_same_layer_are_not_read_again() {
    let session = session();
    let tile = |text: &str, layer, cols| {
        let prompt = Prompt { interventions: vec![Intervention::cut("2>1").unwrap()], ..prompt(text) };
        Request::Tile { prompt, layer, head: 0, rows: 0..3, cols, size: (3, 3) }
    };
    let layers = |request: Request| events(&session, request).len() - 1;
    assert_eq!(layers(tile(TEXT, 1, 0..3)), 2);
    let fresh = Session::new(LessonOnly).start(tile(TEXT, 1, 1..3)).finish();
    assert_eq!(events(&session, tile(TEXT, 1, 1..3)), [Event::Done(fresh.unwrap())]);
    let one = |request: Request| session.start(request).finish().unwrap_err().message;
    assert!(one(tile(TEXT, 1, 1..99)).contains("1..99"));
    assert_eq!(layers(tile(TEXT, 0, 0..3)), 1, "another layer");
    assert_eq!(layers(tile("the dog was", 0, 0..3)), 1, "another text");
    assert_eq!(layers(tile("the dog was", 0, 0..2)), 0);
    let uncut =
        Request::Tile { prompt: prompt("the dog was"), layer: 0, head: 0, rows: 0..3, cols: 0..3, size: (3, 3) };
    assert_eq!(layers(uncut.clone()), 1, "other interventions");
    assert_eq!(session.start(Request::Close { model: LESSON.into() }).finish(), Ok(Response::Closed));
    assert_eq!(layers(uncut), 1, "forgotten with its model");
    // A model that learns is another one the next time.
    let train = Request::Train {
        model: "t".into(),
        settings: Settings::default(),
        steps: 0,
        every: 1,
        text: TEXT.into(),
        fresh: false,
    };
    session.start(train).finish().unwrap();
    let prompt = Prompt { model: "t".into(), ..prompt("the dog was") };
    let learns = Request::Tile { prompt, layer: 0, head: 0, rows: 0..3, cols: 0..3, size: (3, 3) };
    assert_eq!((layers(learns.clone()), layers(learns)), (1, 1));
}
