//! Asking the engine in a Web Worker of this page: real models, in the reader's own browser.

use attnscope_protocol::{Event, Failure, Progress, Request, Response, wire};
use attnscope_words::{key, text, words};
use futures_channel::mpsc;
use futures_util::StreamExt;
use js_sys::{Function, Object, Reflect, Uint8Array};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{File, MessageEvent, MessagePort, Worker, WorkerOptions, WorkerType};

const STOPPED: &str = key!("the engine in this browser stopped, perhaps for want of memory; try a smaller model");
const NOT_LOADED: &str = key!(
    "the part of this page that computes this could not be loaded; check that you are online and try \
    again, or reload the page"
);

type Answers = Rc<RefCell<HashMap<u32, mpsc::UnboundedSender<Event>>>>;

/// One worker, with one model. Dropping it ends the worker and frees its memory.
pub struct EngineWorker {
    worker: Worker,
    answers: Answers,
    next_id: Cell<u32>,
    /// Why it takes no more questions, if it does not.
    dead: Rc<Cell<Option<&'static str>>>,
    /// Ports on which its threads report that they died: the worker itself would wait for them.
    ports: Rc<RefCell<Vec<MessagePort>>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

/// Where a model's file comes from.
pub enum ModelFile {
    /// An address of the host that the page came from.
    Url(String),
    /// A file that the reader gave.
    File(File),
}

impl EngineWorker {
    /// Starts a worker. Requests before it is ready wait.
    pub fn start(script: &str) -> Result<Self, Failure> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(script, &options)
            .map_err(|_| lost(words!("this browser does not start a worker; use another model")))?;
        let (answers, dead, is_loaded) = (Answers::default(), Rc::new(Cell::new(None)), Rc::new(Cell::new(false)));
        let on_error = Closure::<dyn FnMut(web_sys::Event)>::new({
            let (answers, dead, is_loaded) = (answers.clone(), dead.clone(), is_loaded.clone());
            move |_| {
                let why = if is_loaded.get() { text(STOPPED) } else { text(NOT_LOADED) };
                dead.set(Some(why));
                for (_, answer) in answers.borrow_mut().drain() {
                    let _ = answer.unbounded_send(Event::Failed(lost(why)));
                }
            }
        });
        let died: Function = on_error.as_ref().unchecked_ref::<Function>().clone();
        let ports = Rc::new(RefCell::new(Vec::new()));
        let on_message = Closure::new({
            let (answers, ports) = (answers.clone(), ports.clone());
            move |message: MessageEvent| match port(&message.data()) {
                Some(port) => {
                    port.set_onmessage(Some(&died));
                    ports.borrow_mut().push(port);
                }
                None if is_ready(&message.data()) => is_loaded.set(true),
                None => deliver(&answers, &message.data()),
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        let (_on_message, _on_error) = (on_message, on_error);
        Ok(Self { worker, answers, next_id: Cell::new(0), dead, ports, _on_message, _on_error })
    }

    /// Whether it stopped for good because of a fault: another one must then be started.
    pub fn is_dead(&self) -> bool {
        self.dead.get().is_some()
    }

    /// Loads a model's file under this id.
    pub async fn load(&self, id: &str, file: &ModelFile, on_progress: impl Fn(Progress)) -> Result<Response, Failure> {
        let (name, value): (&str, JsValue) = match file {
            ModelFile::Url(url) => ("url", url.into()),
            ModelFile::File(file) => ("file", file.into()),
        };
        self.send(&[("model", id.into()), (name, value)], on_progress).await
    }

    /// Asks. Dropping the future cancels.
    pub async fn ask(&self, request: &Request, on_progress: impl Fn(Progress)) -> Result<Response, Failure> {
        let bytes = Uint8Array::from(wire::encode_request(request).as_slice());
        self.send(&[("request", bytes.into())], on_progress).await
    }

    async fn send(&self, fields: &[(&str, JsValue)], on_progress: impl Fn(Progress)) -> Result<Response, Failure> {
        if let Some(why) = self.dead.get() {
            return Err(lost(why));
        }
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        let (sender, mut events) = mpsc::unbounded();
        self.answers.borrow_mut().insert(id, sender);
        let _ongoing = Ongoing { worker: self.worker.clone(), answers: self.answers.clone(), id };
        self.worker
            .post_message(&message(id, fields))
            .map_err(|_| lost(words!("the engine's worker takes no message")))?;
        while let Some(event) = events.next().await {
            match event {
                Event::Progress(progress) => on_progress(progress),
                Event::Done(response) => return Ok(response),
                Event::Failed(failure) => return Err(failure),
            }
        }
        Err(lost(words!("the engine's worker was ended")))
    }
}

impl Drop for EngineWorker {
    fn drop(&mut self) {
        self.worker.terminate();
        for port in self.ports.borrow().iter() {
            port.set_onmessage(None);
            port.close();
        }
        self.answers.borrow_mut().clear();
    }
}

/// Tells the worker to stop when nobody waits for the answer any more.
struct Ongoing {
    worker: Worker,
    answers: Answers,
    id: u32,
}

impl Drop for Ongoing {
    fn drop(&mut self) {
        self.answers.borrow_mut().remove(&self.id);
        let _ = self.worker.post_message(&message(self.id, &[("cancel", true.into())]));
    }
}

fn message(id: u32, fields: &[(&str, JsValue)]) -> Object {
    let out = Object::new();
    // Setting a property of a fresh object does not fail.
    let _ = Reflect::set(&out, &"id".into(), &id.into());
    for (name, value) in fields {
        let _ = Reflect::set(&out, &(*name).into(), value);
    }
    out
}

/// A message of the worker: `{died}`.
fn port(data: &JsValue) -> Option<MessagePort> {
    Reflect::get(data, &"died".into()).ok()?.dyn_into().ok()
}

/// A message of the worker, once all of it is loaded: `{ready}`.
fn is_ready(data: &JsValue) -> bool {
    Reflect::has(data, &"ready".into()).unwrap_or(false)
}

/// A message of the worker: `{id, frame}`.
fn deliver(answers: &Answers, data: &JsValue) {
    let field = |name: &str| Reflect::get(data, &name.into()).ok();
    let Some(id) = field("id").and_then(|id| id.as_f64()) else { return };
    let Some(frame) = field("frame").and_then(|frame| frame.dyn_into::<Uint8Array>().ok()) else { return };
    let mut frames = wire::Frames::default();
    frames.push(&frame.to_vec());
    let event = frames.next_event().and_then(Result::ok);
    let event = event.unwrap_or_else(|| Event::Failed(lost(words!("the engine's worker answered in an unknown way"))));
    if let Some(answer) = answers.borrow().get(&(id as u32)) {
        let _ = answer.unbounded_send(event);
    }
}

fn lost(message: &str) -> Failure {
    Failure::lost(message)
}
