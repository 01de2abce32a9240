//! # attnscope-worker
//!
//! The engine in a Web Worker: it holds one real model and answers the page's requests about it. It can receive
//! messages while it works, since it takes one step (a layer, a token) at a time.
//!
//! Messages in: `{id, model, url | file}` loads, `{id, request}` asks, `{id, cancel}` stops. Messages out:
//! `{id, frame}`, a frame of the protocol's wire; `{died}`, a port that reports when one of its threads has died.
#![forbid(unsafe_code)]

mod fetch;
mod kept;
mod loaded;
mod store;
#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
mod threads;

use attnscope_protocol::{Event, Failure, ModelCard, Request, Response, Session, wire};
use js_sys::{Object, Promise, Reflect, Uint8Array};
use loaded::Loaded;
use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DedicatedWorkerGlobalScope, File, MessageEvent};

/// The largest file that is accepted: a browser's engine has 4 GiB of memory in all, and a run needs some.
pub const MAX_FILE: u64 = 2 << 30;

/// What the worker holds.
struct State {
    scope: DedicatedWorkerGlobalScope,
    loaded: Loaded,
    session: Session<Loaded>,
    /// Work that somebody waits for.
    wanted: RefCell<HashSet<u32>>,
}

/// Listens to the page from now on.
#[wasm_bindgen]
pub fn start() -> Result<(), JsValue> {
    console_error_panic_hook::set_once();
    let scope: DedicatedWorkerGlobalScope = js_sys::global().dyn_into()?;
    let loaded = Loaded::default();
    let session = Session::new(loaded.clone());
    let state = Rc::new(State { scope: scope.clone(), loaded, session, wanted: RefCell::default() });
    let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| hear(&state, &message.data()));
    scope.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    heard.forget();
    Ok(())
}

fn hear(state: &Rc<State>, data: &JsValue) {
    let field = |name: &str| Reflect::get(data, &name.into()).ok().filter(|value| !value.is_undefined());
    let Some(id) = field("id").and_then(|id| id.as_f64()).map(|id| id as u32) else { return };
    if field("cancel").is_some() {
        state.wanted.borrow_mut().remove(&id);
        return;
    }
    state.wanted.borrow_mut().insert(id);
    let state = state.clone();
    if let Some(request) = field("request").and_then(|bytes| bytes.dyn_into::<Uint8Array>().ok()) {
        spawn_local(async move { answer(&state, id, &request.to_vec()).await });
        return;
    }
    let model = field("model").and_then(|model| model.as_string()).unwrap_or_default();
    let file = field("file").and_then(|file| file.dyn_into::<File>().ok());
    let url = field("url").and_then(|url| url.as_string());
    spawn_local(async move {
        let event = match load(&state, id, &model, file, url).await {
            Ok(card) => Event::Done(Response::Opened(card)),
            Err(failure) => Event::Failed(failure),
        };
        state.send(id, &event);
    });
}

/// One step after the other, with a pause in between in which a `cancel` is received.
async fn answer(state: &State, id: u32, bytes: &[u8]) {
    let mut job = match wire::decode_request(bytes) {
        Ok(request) => state.session.start(request),
        Err(failure) => return state.send(id, &Event::Failed(failure)),
    };
    while state.is_wanted(id) {
        let Some(event) = job.step() else { return };
        let last = !matches!(event, Event::Progress(_));
        state.send(id, &event);
        if last {
            return;
        }
        breathe(&state.scope).await;
    }
}

async fn load(
    state: &State,
    id: u32,
    model: &str,
    file: Option<File>,
    url: Option<String>,
) -> Result<ModelCard, Failure> {
    let progress = |event: &Event| state.send(id, event);
    let wanted = || state.is_wanted(id);
    let bytes = match (file, url) {
        (Some(file), _) => fetch::read_file(&file, progress).await?,
        (None, Some(url)) => store::fetch_kept(&url, progress, wanted).await?,
        (None, None) => return Err(fetch::failure("expected a file or an address to load, found neither".into())),
    };
    let len = bytes.len() as u64;
    state.loaded.put(model, bytes);
    // Opened now, so that a file that is not a model is reported at once and not with the first question.
    let job = state.session.start(Request::Open { model: model.into() });
    match job.finish()? {
        Response::Opened(card) => Ok(ModelCard { bytes: len, ..card }),
        _ => Err(fetch::failure(format!("{model} was not opened; choose it again"))),
    }
}

impl State {
    fn is_wanted(&self, id: u32) -> bool {
        self.wanted.borrow().contains(&id)
    }

    fn send(&self, id: u32, event: &Event) {
        let message = Object::new();
        let frame = Uint8Array::from(wire::encode_event(event).as_slice());
        // Setting properties of a fresh object and posting plain data do not fail; if they did, nobody could be told.
        let _ = Reflect::set(&message, &"id".into(), &id.into());
        let _ = Reflect::set(&message, &"frame".into(), &frame);
        let _ = self.scope.post_message(&message);
        if !matches!(event, Event::Progress(_)) {
            self.wanted.borrow_mut().remove(&id);
        }
    }
}

/// Lets messages that have arrived be handled.
async fn breathe(scope: &DedicatedWorkerGlobalScope) {
    let soon = Promise::new(&mut |resolve, _| {
        let _ = scope.set_timeout_with_callback(&resolve);
    });
    let _ = JsFuture::from(soon).await;
}
