//! A real model in a browser's worker, ours and wllama's, each in its own page of Chromium: what `cargo xtask bench browser`
//! runs; ours also on several threads, which share the worker's memory. Then attention alone, ours and onnxruntime-web's. Arguments: the command `attnscope`,
//! the folder of the npm package `@wllama/wllama`, that of onnxruntime-web's files, and a file with its operator; `-` for
//! what is not here.
//!
//! Printed as CSV: case, who, unit, median of all runs, rate, then each run, and a note.

mod attention;
#[path = "../../tests/page/browser.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod browser;
mod files;

use attnscope::{GenerateOptions, Model};
use attnscope_protocol::{Prompt, Request, wire};
use browser::Browser;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const MODEL: &str = "smollm2-135m";
const RUNS: usize = 5;
/// Tokens of the text that is read, and tokens that are written.
const READ: usize = 64;
const WRITTEN: usize = 16;
/// Each run begins with another word, so that nothing of the text was read before.
const FIRST: [&str; RUNS + 1] = ["Today", "Once", "Now", "Here", "When", "Then"];
const WORDS: [&str; 7] = [" the", " hot", " dog", " was", " on", " a", " rock"];

/// Ours: the worker of the page, asked by messages. Resolves to milliseconds from the message to the last answer.
const OURS: &str = "
    const script = [...document.querySelectorAll('[src*=\"assets/\"], [href*=\"assets/\"]')]
        .map((element) => element.src ?? element.href)[0];
    const worker = new Worker(new URL('SCRIPT', script), {type: 'module'});
    let last = 0;
    window.ask = (fields) => new Promise((resolve, reject) => {
        const id = ++last, start = performance.now();
        worker.onerror = (event) => reject(event.message);
        worker.onmessage = ({data: {id: of, frame}}) => {
            const [going, done] = [0, 1];
            if (of !== id || frame[4] === going) return;
            if (frame[4] === done) resolve(performance.now() - start);
            else reject(new TextDecoder().decode(frame.slice(5)));
        };
        worker.postMessage({id, ...fields});
    });";

/// wllama, without threads since the page may not have them, and without the GPU.
const WLLAMA: &str = "
    const {Wllama} = await import('/esm/index.js');
    const wllama = new Wllama({default: '/esm/wasm/wllama.wasm'}, {suppressNativeLog: true});
    const file = await (await fetch('/model.gguf')).blob();
    const start = performance.now();
    await wllama.loadModel([file], {n_ctx: 512, n_gpu_layers: 0, n_threads: 1});
    const loaded = performance.now() - start;
    if (wllama.isMultithread()) throw 'it has threads';
    window.write = async (prompt, max_tokens) => {
        const start = performance.now();
        const asked = {prompt, max_tokens, temperature: 0, ignore_eos: true, cache_prompt: false};
        const {timings} = await wllama.createCompletion(asked);
        const taken = performance.now() - start;
        const found = [timings.cache_n, timings.prompt_n, timings.predicted_n];
        if (String(found) !== String([0, READ, max_tokens])) throw `kept, read and wrote ${found} tokens`;
        return taken;
    };
    return loaded;";

/// Milliseconds of loading once, and of reading and writing in each run.
#[derive(Default)]
struct Times {
    load: Vec<f64>,
    read: Vec<f64>,
    written: Vec<f64>,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().ok_or("say which attnscope: browser_speed ATTNSCOPE [WLLAMA]")?;
    let model = attnscope_hub::open(MODEL)?;
    let texts = FIRST.map(|first| text(&model, first)).into_iter().collect::<Result<Vec<String>>>()?;
    let ours = Ours::start(&command, "worker.js")?;
    let threaded = Ours::start(&command, "worker-threads.js")?;
    let mut path = || arguments.next().filter(|path| path != "-").map(PathBuf::from);
    let peer = path().map(start_wllama).transpose();
    let (peer, mut note) = match peer {
        Ok(peer) => (peer, String::from("the package is not here")),
        Err(reason) => (None, reason.to_string()),
    };
    let (mut our_times, mut threaded_times, mut its_times) = (Times::default(), Times::default(), Times::default());
    our_times.load.push(ours.load);
    threaded_times.load.push(threaded.load);
    let mut peer = peer.map(|(browser, load)| {
        its_times.load.push(load);
        browser
    });
    for (run, text) in texts.iter().enumerate() {
        // The first run warms up.
        for (ours, times) in [(&ours, &mut our_times), (&threaded, &mut threaded_times)] {
            let (read, written) = ours.run(text)?;
            if run > 0 {
                times.add(read, written);
            }
        }
        let Some(browser) = &peer else { continue };
        match read_and_written(browser, text) {
            Ok((read, written)) if run > 0 => its_times.add(read, written),
            Ok(_) => {}
            Err(reason) => {
                note = reason.to_string();
                peer = None;
                its_times = Times::default();
            }
        }
    }
    println!("case,who,unit,median,rate,runs,note");
    our_times.print("attnscope", "");
    let threads = threaded.browser.run("return Math.min(navigator.hardwareConcurrency, 8)");
    threaded_times.print(&format!("attnscope on {threads} threads"), "");
    its_times.print("wllama", &note);
    drop(peer);
    drop(threaded);
    attention::compare(&ours, path().zip(path()))
}

/// Of an even number of runs the later one.
fn median(runs: &[f64]) -> Option<f64> {
    let mut sorted = runs.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

/// A text of exactly so many tokens.
fn text(model: &Model, first: &str) -> Result<String> {
    let mut text = first.to_owned();
    for word in WORDS.iter().cycle() {
        match model.encode(&text)?.len() {
            READ => break,
            n if n > READ => return Err(format!("expected words of one token, found {n} tokens").into()),
            _ => text.push_str(word),
        }
    }
    Ok(text)
}

impl Times {
    fn add(&mut self, read: f64, written: f64) {
        self.read.push(read);
        self.written.push(written);
    }

    fn print(&self, who: &str, note: &str) {
        let cases = [
            ("load".to_owned(), &self.load, 0),
            (format!("prefill {READ}"), &self.read, READ),
            (format!("decode {WRITTEN} after {READ}"), &self.written, WRITTEN),
        ];
        for (case, runs, tokens) in cases {
            let Some(median) = median(runs) else {
                println!("{case},{who},,,,,{}", note.replace(',', ";").replace('\n', " "));
                continue;
            };
            let each = runs.iter().map(|ms| format!("{ms:.1}")).collect::<Vec<_>>().join(" ");
            let rate = if tokens > 0 { format!("{:.1} tok/s", tokens as f64 / median * 1e3) } else { String::new() };
            println!("{case},{who},ms,{median:.1},{rate},{each},");
        }
    }
}

/// A page of ours whose worker holds the model.
struct Ours {
    server: Child,
    browser: Browser,
    load: f64,
}

impl Ours {
    fn start(command: &str, script: &str) -> Result<Self> {
        let mut server = Command::new(command)
            .args(["serve", "--port", "0", "--no-open", "--model", MODEL])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(server.stdout.take().ok_or("no pipe to the server")?).read_line(&mut line)?;
        let url = line.split_whitespace().find(|word| word.starts_with("http://")).ok_or("no address")?;
        let browser = Browser::open(1440, 900);
        browser.go(url);
        browser.wait("performance.getEntriesByName('live').length");
        browser.run(&OURS.replace("SCRIPT", script));
        let ask = format!("{{model: '{MODEL}', url: 'models/{MODEL}/model.gguf'}}");
        let load = milliseconds(&browser, &format!("return window.ask({ask})"))?;
        Ok(Self { server, browser, load })
    }

    /// Reading alone, and writing alone: what more tokens take than one.
    fn run(&self, text: &str) -> Result<(f64, f64)> {
        let prompt = || Prompt { model: MODEL.into(), text: text.into(), ..Prompt::default() };
        let read = self.ask(&Request::Run { prompt: prompt(), capture: String::new(), layers: None, top: 1 })?;
        let write = |max_tokens| {
            let options = GenerateOptions { max_tokens, ..GenerateOptions::default() };
            self.ask(&Request::Generate { prompt: prompt(), options })
        };
        let one = write(1)?;
        Ok((read, write(1 + WRITTEN)? - one))
    }

    fn ask(&self, request: &Request) -> Result<f64> {
        let bytes = wire::encode_request(request);
        milliseconds(&self.browser, &format!("return window.ask({{request: new Uint8Array({bytes:?})}})"))
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A page with wllama and the model, and how long that took.
fn start_wllama(folder: PathBuf) -> Result<(Browser, f64)> {
    let model = attnscope_hub::resolve(MODEL)?;
    let url = files::serve(folder, model)?;
    let browser = Browser::open(1440, 900);
    browser.go(&url);
    let load = milliseconds(&browser, &WLLAMA.replace("READ", &READ.to_string()))?;
    Ok((browser, load))
}

/// As for ours, but reading comes with one token written: it has no less.
fn read_and_written(browser: &Browser, text: &str) -> Result<(f64, f64)> {
    let write = |n: usize| milliseconds(browser, &format!("return window.write({}, {n})", json!(text)));
    let read = write(1)?;
    Ok((read, write(1 + WRITTEN)? - read))
}

/// What an asynchronous piece of script returns, once it is there.
fn milliseconds(browser: &Browser, script: &str) -> Result<f64> {
    let wrapped =
        format!("(async () => {{ {script} }})().then(done, (error) => done(String(error?.message ?? error)))");
    match browser.run_async(&wrapped) {
        Value::String(reason) => Err(reason.into()),
        value => value.as_f64().ok_or_else(|| format!("expected milliseconds, found {value}").into()),
    }
}
