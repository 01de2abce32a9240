//! The page's own module once more, in a worker: long work on the lesson model (training, measuring) is done
//! there, so that the page stays responsive. Its messages are those of the worker for real models (`attnscope-worker`).

use attnscope_protocol::{Event, Failure, LessonOnly, Session, wire};
use js_sys::{Object, Promise, Reflect, Uint8Array};
use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

struct State {
    scope: DedicatedWorkerGlobalScope,
    session: Session<LessonOnly>,
    /// Work that somebody waits for.
    wanted: RefCell<HashSet<u32>>,
}

/// Listens to the page from now on.
#[wasm_bindgen]
pub fn serve_lesson() -> Result<(), JsValue> {
    console_error_panic_hook::set_once();
    let scope: DedicatedWorkerGlobalScope = js_sys::global().dyn_into()?;
    let state = Rc::new(State { scope: scope.clone(), session: Session::new(LessonOnly), wanted: RefCell::default() });
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
    } else if let Some(request) = field("request").and_then(|bytes| bytes.dyn_into::<Uint8Array>().ok()) {
        state.wanted.borrow_mut().insert(id);
        let state = state.clone();
        spawn_local(async move { answer(&state, id, &request.to_vec()).await });
    }
}

/// One step after the other, with a pause in between in which a `cancel` is received.
async fn answer(state: &State, id: u32, bytes: &[u8]) {
    let mut job = match wire::decode_request(bytes) {
        Ok(request) => state.session.start(request),
        Err(failure) => return send(state, id, &Event::Failed(failure)),
    };
    while state.wanted.borrow().contains(&id) {
        let event = job.step();
        let Some(event) = event else {
            return send(state, id, &Event::Failed(Failure::lost("the work ended without an answer")));
        };
        let last = !matches!(event, Event::Progress(_));
        send(state, id, &event);
        if last {
            state.wanted.borrow_mut().remove(&id);
            return;
        }
        breathe(&state.scope).await;
    }
}

fn send(state: &State, id: u32, event: &Event) {
    let message = Object::new();
    let frame = Uint8Array::from(wire::encode_event(event).as_slice());
    // Setting properties of a fresh object and posting plain data do not fail; if they did, nobody could be told.
    let _ = Reflect::set(&message, &"id".into(), &id.into());
    let _ = Reflect::set(&message, &"frame".into(), &frame);
    let _ = state.scope.post_message(&message);
}

/// Lets messages that have arrived be handled.
async fn breathe(scope: &DedicatedWorkerGlobalScope) {
    let soon = Promise::new(&mut |resolve, _| {
        let _ = scope.set_timeout_with_callback(&resolve);
    });
    let _ = JsFuture::from(soon).await;
}
