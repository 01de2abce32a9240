//! # attnscope-worker
//!
//! The engine in a Web Worker: it holds one real model and answers the page's requests about it. It can receive
//! messages while it works, since it takes one step (a layer, a token) at a time.
//!
//! Messages in: `{id, model, url | file}` loads, `{id, request}` asks, `{id, cancel}` stops. Messages out:
//! `{id, frame}`, a frame of the protocol's wire; `{died}`, a port that reports when one of its threads has died;
//! `{ready}` from its script, once all is loaded.
#![forbid(unsafe_code)]

mod fetch;
mod kept;
mod loaded;
mod store;
#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
mod threads;

use attnscope_channel::{Channel, field};
use attnscope_protocol::{Event, Failure, ModelCard, Request, Response, Session};
use loaded::Loaded;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

/// The largest file that is accepted: a browser's engine has 4 GiB of memory in all, and a run needs some.
pub const MAX_FILE: u64 = 2 << 30;

/// Listens to the page from now on.
#[wasm_bindgen]
pub fn start() -> Result<(), JsValue> {
    console_error_panic_hook::set_once();
    Channel::open(Session::new(Loaded::default()), |channel, id, message| {
        let model = field(message, "model").and_then(|model| model.as_string()).unwrap_or_default();
        let file = field(message, "file").and_then(|file| file.dyn_into::<File>().ok());
        let url = field(message, "url").and_then(|url| url.as_string());
        spawn_local(async move {
            let event = match load(&channel, id, &model, file, url).await {
                Ok(card) => Event::Done(Response::Opened(card)),
                Err(failure) => Event::Failed(failure),
            };
            channel.send(id, &event);
        });
    })
}

async fn load(
    channel: &Channel<Loaded>,
    id: u32,
    model: &str,
    file: Option<File>,
    url: Option<String>,
) -> Result<ModelCard, Failure> {
    let progress = |event: &Event| channel.send(id, event);
    let wanted = || channel.is_wanted(id);
    let bytes = match (file, url) {
        (Some(file), _) => fetch::read_file(&file, progress).await?,
        (None, Some(url)) => store::fetch_kept(&url, progress, wanted).await?,
        (None, None) => return Err(fetch::failure("expected a file or an address to load, found neither".into())),
    };
    let len = bytes.len() as u64;
    channel.session.source().put(model, bytes);
    // Opened now, so that a file that is no model is said at once and not with the first question.
    let job = channel.session.start(Request::Open { model: model.into() });
    match job.finish()? {
        Response::Opened(card) => Ok(ModelCard { bytes: len, ..card }),
        _ => Err(fetch::failure(format!("{model} was not opened; choose it again"))),
    }
}
