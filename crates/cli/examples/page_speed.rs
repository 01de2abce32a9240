//! How fast the page is: `cargo xtask bench page` runs this and writes what it prints into `benchmarks/`.
//!
//! Each run is a fresh browser without a cache, 1440 × 900, the server on this machine. Printed as CSV: what, unit,
//! median of all runs, then each run.

#[path = "../tests/page/browser.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod browser;

use browser::Browser;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const RUNS: usize = 5;

/// Asked of the page once it is live. Bytes are those on the wire, compressed, headers included.
const SCRIPT: &str = "
    const live = performance.getEntriesByName('live')[0].startTime;
    const paint = performance.getEntriesByName('first-contentful-paint')[0].startTime;
    const navigation = performance.getEntriesByType('navigation')[0];
    const resources = performance.getEntriesByType('resource').filter((entry) => entry.startTime <= live);
    const bytes = resources.reduce((sum, entry) => sum + entry.transferSize, navigation.transferSize);
    // The drawing is in the page itself: it is seen with the first paint after the page was read.
    return [Math.max(paint, navigation.domInteractive), live, bytes]";

/// From a letter typed to the frame after the last change of any figure in sight.
const TYPED: &str = "
    const input = document.querySelector('#sentence'), start = performance.now();
    let last = null;
    const inSight = (figure) => { const at = figure.getBoundingClientRect(); return at.bottom > 0 && at.top < innerHeight; };
    const observer = new MutationObserver((changes) => {
        const seen = changes.some(({target}) => {
            const figure = (target.nodeType === 1 ? target : target.parentElement)?.closest('figure');
            return figure && inSight(figure);
        });
        if (seen) requestAnimationFrame(() => last = performance.now());
    });
    observer.observe(document.querySelector('main'), {childList: true, characterData: true, attributes: true, subtree: true});
    setTimeout(() => { observer.disconnect(); done(last - start); }, 500);
    input.value = 'the dog was';
    input.dispatchEvent(new Event('input', {bubbles: true}));";

/// Training from the first step to the last: steps a second, the figure drawn all the while.
const TRAINED: &str = "
    const caption = document.querySelector('figure[data-figure=training] figcaption');
    const start = performance.now();
    document.querySelector('#training-train').click();
    new MutationObserver((_, observer) => {
        const steps = Number(caption.textContent.match(/after (\\d+) steps/)?.[1]);
        if (steps < 2000) return;
        observer.disconnect();
        done(1000 * steps / (performance.now() - start));
    }).observe(caption, {childList: true, characterData: true, subtree: true});";

/// A grip of the softmax figure drawn to and fro for a second: the middle one and the slowest but one in twenty of the
/// times from frame to frame.
const DRAGGED: &str = "
    const grip = document.querySelector('figure[data-figure=softmax] [data-key=\"grip-1\"]');
    const drawing = grip.closest('.drawing'), at = grip.getBoundingClientRect(), times = [];
    const send = (kind, x) => (kind === 'pointerdown' ? grip : drawing).dispatchEvent(new PointerEvent(kind,
        {bubbles: true, cancelable: true, pointerId: 1, clientX: x, clientY: at.top + at.height / 2}));
    send('pointerdown', at.left);
    let last = performance.now();
    const frame = (now) => {
        times.push(now - last);
        last = now;
        if (times.length < 60) {
            send('pointermove', at.left - 60 * Math.sin(times.length / 5) ** 2);
            return requestAnimationFrame(frame);
        }
        send('pointerup', at.left);
        const sorted = times.slice(5).sort((a, b) => a - b);
        done([sorted[Math.floor(sorted.length / 2)], sorted[Math.floor(sorted.length * 0.95)]]);
    };
    requestAnimationFrame(frame);";

fn main() {
    let command = std::env::args().nth(1).expect("say which attnscope: page_speed PATH");
    let mut server = Command::new(command)
        .args(["serve", "--port", "0", "--no-open"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts");
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).expect("the server says where it is");
    let runs: Vec<[f64; 7]> = (0..RUNS).map(|_| measure(url)).collect();
    let _ = server.kill();
    let _ = server.wait();
    println!("what,unit,median,runs");
    let what = [
        ("first true figure visible", "ms"),
        ("engine live", "ms"),
        ("transferred until live", "bytes"),
        ("a typed sentence is in all figures in sight", "ms"),
        ("training in the page", "steps/s"),
        ("from frame to frame while a grip is dragged", "ms"),
        ("the same: slowest but one in twenty", "ms"),
    ];
    for (i, (what, unit)) in what.into_iter().enumerate() {
        let mut all: Vec<f64> = runs.iter().map(|run| run[i]).collect();
        let each = all.iter().map(|x| format!("{x:.0}")).collect::<Vec<_>>().join(" ");
        all.sort_by(f64::total_cmp);
        println!("{what},{unit},{:.0},{each}", all[RUNS / 2]);
    }
}

fn measure(url: &str) -> [f64; 7] {
    let browser = Browser::open(1440, 900);
    browser.go(url);
    browser.wait("performance.getEntriesByName('live').length");
    browser.wait("performance.getEntriesByName('first-contentful-paint').length");
    let found = browser.run(SCRIPT);
    // Figures that the reader sees follow at once; those out of sight when the page has time.
    browser.wait("document.querySelector('#figure-next-tokens-desc')");
    browser
        .run_async("document.querySelector('figure[data-figure=next-tokens]').scrollIntoView(); setTimeout(done, 500)");
    let typed = browser.run_async(TYPED);
    browser.run_async("document.querySelector('figure[data-figure=softmax]').scrollIntoView(); setTimeout(done, 500)");
    let frames = browser.run_async(DRAGGED);
    browser.run_async("document.querySelector('figure[data-figure=training]').scrollIntoView(); setTimeout(done, 500)");
    let trained = browser.run_async(TRAINED);
    [&found[0], &found[1], &found[2], &typed, &trained, &frames[0], &frames[1]]
        .map(|value| Value::as_f64(value).expect("a number"))
}
