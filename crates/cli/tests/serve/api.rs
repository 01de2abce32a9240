//! Questions and answers.

use super::{Connection, Server, tiny};
use attnscope::lesson::Settings;
use attnscope::{Capture, Model, Trace};
use attnscope_cli::server::gate::{RUNNING, WAITING};
use attnscope_protocol::LESSON;
use attnscope_protocol::wire::{MAX_REQUEST, encode_request};
use attnscope_protocol::{Event, Failure, FailureKind, Progress, Prompt, Request, Response, Run};
use std::time::{Duration, Instant};

/// On a machine that has much else to do.
const SOON: Duration = Duration::from_secs(30);
pub const TEXT: &str = "the hot dog on the rock was";

pub fn run(model: &str, text: &str) -> Request {
    let prompt = Prompt { model: model.into(), text: text.into(), interventions: Vec::new() };
    Request::Run { prompt, capture: "pattern".into(), layers: None, top: 5 }
}

/// Work that outlasts every test, with a report every so many steps. If there are many, nobody who does not read them is
/// worked for long.
pub fn endless(every: usize) -> Request {
    Request::Train {
        model: "trained".into(),
        settings: Settings::default(),
        steps: 100_000,
        every,
        text: TEXT.into(),
        fresh: false,
    }
}

fn begin(server: &Server, request: &Request) -> Connection {
    let mut connection = server.connect();
    connection.begin(request);
    connection
}

pub fn ask(server: &Server, request: &Request) -> Vec<Event> {
    let answer = begin(server, request).answer(false);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.events()
}

/// The answer to a run, equal to the engine's own.
fn check_run(server: &Server, id: &str, model: &Model, text: &str) {
    let mut expected: Trace =
        model.run(&model.encode(text).unwrap(), &"pattern".parse::<Capture>().unwrap(), &[]).unwrap();
    let next = model.next_tokens(&expected, 5);
    expected.last_logits.clear();
    let events = ask(server, &run(id, text));
    let total = model.config().n_layers;
    assert_eq!(events.len(), total + 1);
    assert_eq!(events[0], Event::Progress(Progress::Layers { done: 1, total }));
    assert_eq!(events[total], Event::Done(Response::Ran(Run { trace: expected, next, warning: None })));
}

fn failure(answer: &super::Answer) -> Failure {
    match &answer.events()[..] {
        [Event::Failed(failure)] => failure.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_has_the_engines_own_numbers() {
    let server = Server::with(&["--model", &tiny()]);
    check_run(&server, LESSON, &attnscope::lesson::model(), TEXT);
    check_run(&server, "llama", &Model::open(tiny()).unwrap(), "the dog was");
}

#[test]
fn real_model_runs_have_the_engines_own_numbers() {
    let path = attnscope_hub::resolve("smollm2-135m").expect("run `attnscope pull smollm2-135m` first");
    // Offered without being named: it was pulled.
    let server = Server::spawn(super::command(&[]), tempfile::tempdir().unwrap());
    let Some(Event::Done(Response::Models(cards))) = ask(&server, &Request::Models).pop() else { panic!("models") };
    assert!(cards.iter().any(|card| card.id == "smollm2-135m" && card.bytes > 90_000_000), "{cards:?}");
    check_run(&server, "smollm2-135m", &Model::open(&path).unwrap(), "the hot dog was");
}

#[test]
fn models_that_are_served_are_listed_and_open() {
    let server = Server::with(&["--model", &tiny(), "--model", "lesson"]);
    let Some(Event::Done(Response::Models(cards))) = ask(&server, &Request::Models).pop() else { panic!("models") };
    assert_eq!(cards.iter().map(|card| card.id.as_str()).collect::<Vec<_>>(), [LESSON, "llama"]);
    assert_eq!(cards[1].bytes, std::fs::metadata(tiny()).unwrap().len());
    assert_eq!(cards[1].info, Some(Model::open(tiny()).unwrap().info()), "opened at the start");
    let Some(Event::Failed(failure)) = ask(&server, &run("other", TEXT)).pop() else { panic!("a failure") };
    assert_eq!(failure.kind, FailureKind::Model);
    assert!(failure.message.contains("lesson, llama"), "{failure}");
}

#[test]
fn what_is_no_request_is_refused_in_frames() {
    let server = Server::start();
    for body in [&b""[..], b"\xff\xff\xff\xff", &[encode_request(&Request::Models), vec![0]].concat(), &[3; 1000]] {
        let mut connection = server.connect();
        connection.begin_with(body, &[]);
        let answer = connection.answer(false);
        assert_eq!(answer.status, 400);
        assert_eq!(failure(&answer).kind, FailureKind::Request);
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let server = Server::start();
    // Announced: at once.
    let length = format!("Content-Length: {}", MAX_REQUEST + 1);
    let answer = server.ask("POST", "/api", &[&length]);
    assert_eq!((answer.status, failure(&answer).kind), (413, FailureKind::Request));
    // Not announced: when it is too much.
    let mut connection = server.connect();
    let host = format!("Host: 127.0.0.1:{}", server.port);
    connection.send(format!("POST /api HTTP/1.1\r\n{host}\r\nTransfer-Encoding: chunked\r\n\r\n"));
    connection.send(format!("{:x}\r\n", MAX_REQUEST + 1));
    connection.send(vec![0; MAX_REQUEST + 1]);
    let answer = connection.answer(false);
    assert_eq!((answer.status, failure(&answer).kind), (413, FailureKind::Request));
}

#[test]
fn a_short_question_does_not_wait_for_long_ones() {
    let server = Server::start();
    let mut all: Vec<_> = (0..RUNNING + WAITING - 1).map(|_| begin(&server, &endless(50))).collect();
    assert!(all.iter_mut().all(|connection| connection.status_within(SOON) == Some(200)), "work began");
    assert!(matches!(ask(&server, &run(LESSON, TEXT)).last(), Some(Event::Done(_))));
}

#[test]
fn who_leaves_makes_room() {
    let server = Server::start();
    let mut all: Vec<_> = (0..RUNNING + WAITING).map(|_| begin(&server, &endless(50))).collect();
    assert!(all.iter_mut().all(|connection| connection.status_within(SOON) == Some(200)), "work began");
    assert_eq!(begin(&server, &run(LESSON, TEXT)).status_within(SOON), Some(503), "all places are taken");
    drop(all.pop());
    let begun = Instant::now();
    let mut after = begin(&server, &run(LESSON, TEXT));
    while after.status_within(SOON) == Some(503) {
        assert!(begun.elapsed() < SOON, "one left");
        after = begin(&server, &run(LESSON, TEXT));
    }
    assert!(matches!(after.answer(false).events().last(), Some(Event::Done(_))));
}

#[test]
fn a_full_queue_says_so() {
    const MORE: usize = 3;
    let server = Server::start();
    let mut all: Vec<_> = (0..RUNNING + WAITING + MORE).map(|_| begin(&server, &endless(50))).collect();
    // Which of them come too late is for the server to say, but it is as many.
    let begun = Instant::now();
    let mut status = vec![None; all.len()];
    let count = |status: &[Option<u16>], of| status.iter().filter(|found| **found == Some(of)).count();
    while count(&status, 200) < RUNNING + WAITING || count(&status, 503) < MORE {
        assert!(begun.elapsed() < SOON, "{status:?}");
        let now = all.iter_mut().map(|connection| connection.status_within(Duration::ZERO));
        status = now.collect();
    }
    assert_eq!((count(&status, 200), count(&status, 503)), (RUNNING + WAITING, MORE), "{status:?}");
    let at = status.iter().position(|status| *status == Some(503)).unwrap();
    assert_eq!(failure(&all.swap_remove(at).answer(false)).kind, FailureKind::Busy);
    // The page itself is there all the same.
    server.file("index.html", "hello");
    assert_eq!(server.get("/").text(), "hello");
    drop(all);
    // Each is found out when it would be sent something.
    let mut after = begin(&server, &run(LESSON, TEXT));
    while after.status_within(SOON) == Some(503) {
        assert!(begun.elapsed() < SOON, "places are given back");
        after = begin(&server, &run(LESSON, TEXT));
    }
    assert!(matches!(after.answer(false).events().last(), Some(Event::Done(_))));
}
