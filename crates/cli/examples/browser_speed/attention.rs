//! Attention alone in one worker: one causal head of random numbers, ours and onnxruntime-web's operator `Attention`.

use super::{Browser, Ours, Result, files, median, milliseconds};
use attnscope_protocol::Request;
use std::path::PathBuf;

const LEN: usize = 2048;
const D_HEAD: usize = 64;
const RUNS: usize = 5;

/// onnxruntime-web, without threads and without the GPU. Resolves to nothing; `attend` to milliseconds.
const ORT: &str = "
    const ort = await import('/ort.wasm.min.mjs');
    ort.env.wasm.numThreads = 1;
    const session = await ort.InferenceSession.create('/model.gguf', {executionProviders: ['wasm']});
    const shape = [1, 1, LEN, D_HEAD];
    const random = () => Float32Array.from({length: LEN * D_HEAD}, () => Math.random() * 2 - 1);
    const given = Object.fromEntries([...'qkv'].map((x) => [x, new ort.Tensor('float32', random(), shape)]));
    window.attend = async () => {
        const start = performance.now();
        await session.run(given);
        return performance.now() - start;
    };
    return 0;";

/// Prints a line for each: the median of all runs, taken in turn.
pub fn compare(ours: &Ours, peer: Option<(PathBuf, PathBuf)>) -> Result<()> {
    let started = peer.ok_or_else(|| "the package is not here".into()).and_then(start);
    let (mut our_times, mut its_times) = (Vec::new(), Vec::new());
    for run in 0..=RUNS {
        // From the message to the answer, with random numbers made on the way.
        let found = ours.ask(&Request::Attend { len: LEN, d_head: D_HEAD, tiled: true })?;
        // The first run warms up.
        our_times.extend((run > 0).then_some(found));
        if let Ok(browser) = &started {
            its_times.extend((run > 0).then_some(milliseconds(browser, "return await window.attend()")?));
        }
    }
    let note = started.err().map_or_else(String::new, |reason| reason.to_string());
    let case = format!("attention of one causal head n={LEN}");
    for (who, runs) in [("attnscope", our_times), ("onnxruntime-web", its_times)] {
        let Some(ms) = median(&runs) else {
            println!("{case},{who},,,,,{}", note.replace(',', ";").replace('\n', " "));
            continue;
        };
        let operations = 2.0 * (LEN * LEN * D_HEAD) as f64;
        let each = runs.iter().map(|ms| format!("{ms:.1}")).collect::<Vec<_>>().join(" ");
        println!("{case},{who},ms,{ms:.1},{:.1} GFLOP/s,{each},", operations / ms / 1e6);
    }
    Ok(())
}

/// A page with the package and the operator.
fn start((folder, operator): (PathBuf, PathBuf)) -> Result<Browser> {
    let url = files::serve(folder, operator)?;
    let browser = Browser::open(1440, 900);
    browser.go(&url);
    let script = ORT.replace("D_HEAD", &D_HEAD.to_string()).replace("LEN", &LEN.to_string());
    milliseconds(&browser, &script)?;
    Ok(browser)
}
