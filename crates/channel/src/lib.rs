//! # attnscope-channel
//!
//! A session that answers messages in a Web Worker, and can still receive messages while it works, since it takes one step
//! (a layer, a token) at a time. Both workers of the page use it: the one with the engine for real models, and the one that
//! trains the lesson model.
//!
//! Messages in: `{id, request}` asks, `{id, cancel}` stops; the worker handles all others itself. Messages out: `{id, frame}`,
//! a frame of the protocol's wire format; and from the workers' scripts `{ready}`, once all is loaded.
#![forbid(unsafe_code)]

use attnscope_protocol::{Event, Failure, Session, Source, wire};
use js_sys::{Object, Promise, Reflect, Uint8Array};
use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// A worker's side of the conversation.
pub struct Channel<S> {
    scope: DedicatedWorkerGlobalScope,
    /// What answers.
    pub session: Session<S>,
    /// Work whose answer the page still waits for.
    wanted: RefCell<HashSet<u32>>,
}

impl<S: Source + 'static> Channel<S> {
    /// Starts to listen. `other` receives each message that is neither a request nor a cancellation, with its id.
    ///
    /// # Errors
    /// This is no dedicated worker.
    pub fn open(session: Session<S>, other: impl Fn(Rc<Self>, u32, &JsValue) + 'static) -> Result<(), JsValue> {
        let scope: DedicatedWorkerGlobalScope = js_sys::global().dyn_into()?;
        let channel = Rc::new(Self { scope: scope.clone(), session, wanted: RefCell::default() });
        let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
            channel.hear(&message.data(), &other);
        });
        scope.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        heard.forget();
        Ok(())
    }

    fn hear(self: &Rc<Self>, data: &JsValue, other: &impl Fn(Rc<Self>, u32, &JsValue)) {
        let Some(id) = field(data, "id").and_then(|id| id.as_f64()).map(|id| id as u32) else { return };
        if field(data, "cancel").is_some() {
            self.wanted.borrow_mut().remove(&id);
            return;
        }
        self.wanted.borrow_mut().insert(id);
        let channel = self.clone();
        match field(data, "request").and_then(|bytes| bytes.dyn_into::<Uint8Array>().ok()) {
            Some(request) => spawn_local(async move { channel.answer(id, &request.to_vec()).await }),
            None => other(channel, id, data),
        }
    }

    /// Takes one step after the other, and lets messages in between them: a `cancel` is heard there.
    async fn answer(&self, id: u32, bytes: &[u8]) {
        let mut job = match wire::decode_request(bytes) {
            Ok(request) => self.session.start(request),
            Err(failure) => return self.send(id, &Event::Failed(failure)),
        };
        while self.is_wanted(id) {
            let ended = || Event::Failed(Failure::lost("the work ended without an answer"));
            let event = job.step().unwrap_or_else(ended);
            self.send(id, &event);
            if !matches!(event, Event::Progress(_)) {
                return;
            }
            self.breathe().await;
        }
    }

    /// Whether the page still waits for this answer.
    pub fn is_wanted(&self, id: u32) -> bool {
        self.wanted.borrow().contains(&id)
    }

    /// Sends a part of an answer.
    pub fn send(&self, id: u32, event: &Event) {
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

    /// Lets the messages that have arrived be handled.
    async fn breathe(&self) {
        let soon = Promise::new(&mut |resolve, _| {
            let _ = self.scope.set_timeout_with_callback(&resolve);
        });
        let _ = JsFuture::from(soon).await;
    }
}

/// A field of a message, if it has one of this name.
pub fn field(data: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(data, &name.into()).ok().filter(|value| !value.is_undefined())
}
