//! The map of a long text in the browser's worker: what would be four gigabytes of weights a head, from queries and keys
//! alone.

use crate::browser::Browser;
use crate::quiet;
use crate::served::Served;
use attnscope::Model;
use attnscope_protocol::{Event, Prompt, Request, Response, Tile, wire};
use serde_json::{Value, json};
use std::ops::Range;

const TOKENS: usize = 32_768;
const PIXELS: usize = 64;
const ID: &str = "tiny";

/// A worker, asked by messages; resolves to the last frame of an answer.
const WORKER: &str = "
    const script = [...document.querySelectorAll('[src*=\"assets/\"]')].map((element) => element.src)[0];
    const worker = new Worker(new URL('worker-threads.js', script), {type: 'module'});
    let last = 0;
    self.ask = (fields) => new Promise((resolve, reject) => {
        const id = ++last;
        worker.onerror = (event) => reject(event.message);
        worker.onmessage = ({data: {id: of, frame}}) => {
            const going = 0;
            if (of === id && frame[4] !== going) resolve([...frame]);
        };
        worker.postMessage({id, ...fields});
    });";

/// The tiny model, told that it reads so many tokens.
fn model() -> Vec<u8> {
    let mut bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny/llama.gguf")).unwrap();
    let key = b"llama.context_length";
    let at = bytes.windows(key.len()).position(|part| part == key).unwrap() + key.len();
    assert_eq!(bytes[at..at + 4], 4u32.to_le_bytes(), "an unsigned number of 32 bits");
    bytes[at + 4..at + 8].copy_from_slice(&(TOKENS as u32).to_le_bytes());
    bytes
}

/// Words of one token each, in no order.
fn text() -> String {
    let mut chance = 1u32;
    let words = (0..TOKENS).map(|_| {
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        [" the", " hot", " dog", " was"][chance as usize >> 30]
    });
    words.collect()
}

fn asked(browser: &Browser, fields: &str) -> Response {
    let value = browser.run_async(&format!("self.ask({fields}).then(done, (error) => done(String(error)))"));
    let Value::Array(frame) = value else { panic!("{value}") };
    let frame: Vec<u8> = frame.iter().map(|byte| byte.as_u64().unwrap() as u8).collect();
    let mut frames = wire::Frames::default();
    frames.push(&frame);
    match frames.next_event() {
        Some(Ok(Event::Done(response))) => response,
        other => panic!("{other:?}"),
    }
}

fn tile(rows: Range<usize>, cols: Range<usize>) -> Request {
    let prompt = Prompt { model: ID.into(), text: text(), interventions: Vec::new() };
    Request::Tile { prompt, layer: 0, head: 1, rows, cols, size: (PIXELS, PIXELS) }
}

/// The whole, and down to single cells: as the engine has it natively.
#[test]
fn a_map_of_32768_tokens_is_made_in_the_worker() {
    let bytes = model();
    let model = Model::from_gguf(bytes.clone().into(), ID).unwrap();
    let tokens = model.encode(&text()).unwrap();
    assert_eq!(tokens.len(), TOKENS);
    let trace = model.run(&tokens, &"q,k,lse".parse::<attnscope::Capture>().unwrap().layers(0..1), &[]).unwrap();
    let pattern = attnscope::LazyPattern::of(&trace, 0, 1).unwrap();
    let served = Served::start(&[]);
    let browser = Browser::open(1440, 900);
    browser.go(&served.url);
    browser.run(WORKER);
    let file = format!("new File([new Uint8Array({})], 'tiny.gguf')", json!(bytes));
    asked(&browser, &format!("{{model: '{ID}', file: {file}}}"));
    let near = TOKENS - PIXELS;
    for (rows, cols) in [(0..TOKENS, 0..TOKENS), (20_000..24_096, 9000..10_024), (near..TOKENS, 7..7 + PIXELS)] {
        let request = wire::encode_request(&tile(rows.clone(), cols.clone()));
        let response = asked(&browser, &format!("{{request: new Uint8Array({})}}", json!(request)));
        let Response::Tile(Tile { max, mean }) = response else { panic!("{response:?}") };
        let expected = pattern.tile(rows, cols, (PIXELS, PIXELS)).unwrap();
        for (found, expected) in [(max, expected.max), (mean, expected.mean)] {
            assert_eq!(found.shape(), expected.shape());
            let close = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-4 * b.abs().max(1e-6);
            assert!(found.data().iter().zip(expected.data()).all(close));
        }
    }
    quiet(&browser, &served);
}
