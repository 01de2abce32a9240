//! Clients that mean no good: whatever they do, who behaves is answered, and the memory stays small.

use super::http::Connection;
use super::{Server, api, tiny_for};
use attnscope_protocol::LESSON;
use attnscope_protocol::wire::encode_request;
use attnscope_protocol::{Event, Prompt, Request};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const TOKEN: &str = "sesame-sesame-sesame";
/// A hang guard, for machines with much else to do. What is promised, a second, is measured: `--nocapture` shows it.
const AT_MOST: Duration = Duration::from_secs(5);
const MEMORY: u64 = 512 << 20;
/// A file of the page that no socket's buffers hold.
const LARGE: u64 = 16 << 20;

/// Each has as many files open as a process may, and measures.
static ALONE: Mutex<()> = Mutex::new(());

/// What attackers hold open, and what they do now and then.
struct Attack {
    held: Vec<TcpStream>,
    now_and_then: fn(&mut TcpStream),
}

impl Attack {
    fn new(held: Vec<TcpStream>) -> Self {
        Self { held, now_and_then: |_| {} }
    }
}

/// Attacks a server without a token, and one whose token the attackers do not have. Somebody asks meanwhile, `rounds` times.
fn under(name: &str, rounds: usize, attack: impl Fn(&Server) -> Attack) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let long = tempfile::tempdir().unwrap();
    let model = tiny_for(long.path(), 2048);
    for token in [None, Some(TOKEN)] {
        let more = token.map_or(vec![], |token| vec!["--token", token]);
        let server = Server::with(&[&["--model", model.as_str()], &more[..]].concat());
        server.file("index.html", "hello");
        std::fs::File::create(server.page.path().join("large.bin")).unwrap().set_len(LARGE).unwrap();
        let before = memory(&server);
        let mut attack = attack(&server);
        let (mut page, mut answer) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..rounds {
            attack.held.iter_mut().for_each(attack.now_and_then);
            let seen = well_behaved(&server, token);
            (page, answer) = (page.max(seen.0), answer.max(seen.1));
            std::thread::sleep(Duration::from_millis(200));
        }
        let peak = memory(&server);
        let mib = |bytes: u64| bytes >> 20;
        eprintln!(
            "{name}, token {}: page {page:?}, answer {answer:?}, memory {} to {} MiB",
            token.is_some(),
            mib(before),
            mib(peak)
        );
        assert!(page < AT_MOST && answer < AT_MOST, "{name}: page {page:?}, answer {answer:?}");
        assert!(peak <= MEMORY, "{name}: {} MiB", mib(peak));
    }
}

/// How long the page takes, and the answer to a small question.
fn well_behaved(server: &Server, token: Option<&str>) -> (Duration, Duration) {
    let shown: Vec<String> = token.map(|token| format!("Authorization: Bearer {token}")).into_iter().collect();
    let begun = Instant::now();
    assert_eq!(server.get("/").text(), "hello");
    let page = begun.elapsed();
    let begun = Instant::now();
    let mut connection = server.connect();
    let lines: Vec<&str> = shown.iter().map(String::as_str).collect();
    connection.begin_with(&encode_request(&api::run(LESSON, api::TEXT)), &lines);
    let answer = connection.answer(false);
    assert!(matches!(answer.events().last(), Some(Event::Done(_))), "{:?}", answer.events());
    (page, begun.elapsed())
}

/// The most memory that the server had.
fn memory(server: &Server) -> u64 {
    if !cfg!(target_os = "linux") {
        return 0;
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).expect("the server runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
}

/// So many connections, each with these bytes sent.
fn connections(server: &Server, n: usize, bytes: &[u8]) -> Vec<TcpStream> {
    let connection = |_| {
        let mut stream = Connection::open(server.port).into_stream();
        stream.set_write_timeout(Some(Duration::from_secs(3))).expect("a time");
        // One that is refused is refused.
        drop(stream.write_all(bytes));
        stream
    };
    (0..n).map(connection).collect()
}

fn get(server: &Server, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", server.port).into()
}

fn post(server: &Server, length: usize) -> Vec<u8> {
    format!("POST /api HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: {length}\r\n\r\n", server.port).into()
}

fn post_request(server: &Server, request: &Request) -> Vec<u8> {
    let body = encode_request(request);
    [post(server, body.len()), body].concat()
}

/// One byte more. Who is cut off stays cut off.
fn trickle(stream: &mut TcpStream) {
    drop(stream.write_all(b"x"));
}

#[test]
fn who_does_not_read_the_page() {
    for n in [256, 500] {
        under(&format!("{n} that do not read a file"), 5, |server| {
            Attack::new(connections(server, n, &get(server, "/large.bin")))
        });
    }
}

#[test]
fn who_does_not_read_a_large_answer() {
    let prompt = Prompt { model: "long".into(), text: "the dog was ".repeat(600), interventions: Vec::new() };
    let run = Request::Run { prompt, capture: "pattern".into(), layers: None, top: 5 };
    for n in [16, 24] {
        under(&format!("{n} that do not read a large answer"), 40, |server| {
            Attack::new(connections(server, n, &post_request(server, &run)))
        });
    }
    // It is large, and whoever reads it gets it.
    let place = tempfile::tempdir().unwrap();
    let server = Server::with(&["--model", &tiny_for(place.path(), 2048)]);
    let mut connection = server.connect();
    connection.begin(&run);
    let answer = connection.answer(false);
    assert!(answer.body.len() > 64 << 20, "{} bytes", answer.body.len());
    assert!(matches!(answer.events().last(), Some(Event::Done(_))));
    assert!(memory(&server) <= MEMORY, "{}", memory(&server));
}

#[test]
fn who_does_not_read_work_without_end() {
    under("40 that do not read an endless answer", 10, |server| {
        let held = connections(server, 40, &post_request(server, &api::endless(1)));
        // As long as what they are sent finds room they are clients as others are. Then they lose their places.
        let begun = Instant::now();
        let is_busy = || {
            let mut connection = server.connect();
            connection.begin(&api::run(LESSON, api::TEXT));
            connection.answer(false).status == 503
        };
        while is_busy() {
            assert!(begun.elapsed() < Duration::from_secs(25), "they are worked for on and on");
        }
        Attack::new(held)
    });
}

#[test]
fn who_sends_its_head_slowly() {
    under("500 that send a head slowly", 10, |server| {
        let held = connections(server, 500, b"GET / HTTP/1.1\r\nX: ");
        Attack { held, now_and_then: trickle }
    });
}

#[test]
fn who_sends_no_body() {
    under("40 that send no body", 5, |server| Attack::new(connections(server, 40, &post(server, 100))));
}

#[test]
fn who_sends_its_body_slowly() {
    under("40 that send a body slowly", 5, |server| {
        let some = [post(server, 32 << 20), vec![0; 1 << 20]].concat();
        Attack { held: connections(server, 40, &some), now_and_then: trickle }
    });
}

#[test]
fn who_sends_much() {
    under("24 that send 60 MiB each, but for the end", 5, |server| {
        let much = [post(server, (60 << 20) + 1), vec![0; 60 << 20]].concat();
        Attack::new(connections(server, 24, &much))
    });
}

#[test]
fn who_stays_and_says_nothing() {
    under("300 that were answered and stay", 5, |server| {
        let mut held = connections(server, 300, &get(server, "/"));
        for stream in &mut held {
            // The answer; or nothing, if others were let in for it.
            drop(stream.read(&mut [0; 2048]));
        }
        Attack::new(held)
    });
}

#[test]
fn who_does_not_read_is_cut_off() {
    let server = Server::start();
    std::fs::File::create(server.page.path().join("large.bin")).unwrap().set_len(LARGE).unwrap();
    let mut stream = connections(&server, 1, &get(&server, "/large.bin")).remove(0);
    // Longer than its patience, which is ten seconds.
    std::thread::sleep(Duration::from_secs(14));
    let mut bytes = Vec::new();
    drop(stream.read_to_end(&mut bytes));
    assert!((bytes.len() as u64) < LARGE, "what was in the buffers, no more");
}
