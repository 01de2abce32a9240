//! Asking the server that the page came from: a POST, answered by a stream of frames.

use attnscope_protocol::{Event, Failure, Progress, Request, Response, wire};
use attnscope_words::words;
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, ReadableStreamReadResult, RequestInit};

/// Ends the request when nobody waits for its answer any more: the server then stops working on it.
struct Ongoing(AbortController);

impl Drop for Ongoing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The address of what lies in the site's own folder, from the page: those in other languages lie in folders below.
pub fn from_root(name: &str) -> String {
    let html = web_sys::window().and_then(|window| window.document()?.document_element());
    html.and_then(|html| html.get_attribute("data-root")).unwrap_or_default() + name
}

/// Asks, and reports progress as it comes. Dropping the future cancels.
pub async fn ask(request: &Request, on_progress: impl Fn(Progress)) -> Result<Response, Failure> {
    let ongoing = Ongoing(AbortController::new().map_err(lost)?);
    let body = wire::encode_request(request);
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&Uint8Array::from(body.as_slice()));
    init.set_signal(Some(&ongoing.0.signal()));
    let window = web_sys::window().ok_or_else(|| lost(JsValue::NULL))?;
    let response = JsFuture::from(window.fetch_with_str_and_init(&from_root("api"), &init)).await.map_err(lost)?;
    let response: web_sys::Response = response.dyn_into().map_err(lost)?;
    let is_ours = response.headers().get("content-type").ok().flatten().as_deref() == Some("application/octet-stream");
    if !is_ours {
        return Err(failure(words!(
            "expected an answer, found status {}: no attnscope serves here",
            response.status()
        )));
    }
    let stream = response.body().ok_or_else(|| failure(words!("the answer is empty").into()))?;
    let reader: ReadableStreamDefaultReader = stream.get_reader().dyn_into().map_err(|_| lost(JsValue::NULL))?;
    let mut frames = wire::Frames::default();
    loop {
        while let Some(event) = frames.next_event() {
            match event? {
                Event::Progress(progress) => on_progress(progress),
                Event::Done(response) => return Ok(response),
                Event::Failed(failure) => return Err(failure),
            }
        }
        let piece: ReadableStreamReadResult = JsFuture::from(reader.read()).await.map_err(lost)?.unchecked_into();
        if piece.get_done().unwrap_or(true) {
            return Err(failure(words!("the server ended its answer half-way; try again").into()));
        }
        frames.push(&Uint8Array::new(&piece.get_value()).to_vec());
    }
}

fn failure(message: String) -> Failure {
    Failure::lost(message)
}

fn lost(_: JsValue) -> Failure {
    failure(words!("the server does not answer; is `attnscope serve` still running?").into())
}
