//! `POST /api`: a request comes in whole, its answer goes out as a stream of frames while it is worked on.

use super::gate::Turn;
use super::{App, Stopped};
use attnscope_protocol::wire::{MAX_REQUEST, decode_request, encode_event};
use attnscope_protocol::{Event, Failure, FailureKind, Job, Request};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{self, HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// For a request to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);
/// For a client to take a frame: one that reads no more has left, whatever its connection says.
const TAKEN: Duration = Duration::from_secs(30);
/// Frames that wait for the client before the work does.
const FRAMES: usize = 4;

type Frame = Vec<u8>;

/// Answers a request.
pub(super) async fn answer(State(app): State<Arc<App>>, request: http::Request<Body>) -> Response {
    match receive(&app, request).await {
        Ok((request, turn)) => frames(StatusCode::OK, Body::from_stream(work_on(app, request, turn))),
        Err(refusal) => refusal.into_response(),
    }
}

/// Nothing is kept of an answer: the same question may have another tomorrow.
fn frames(status: StatusCode, body: Body) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}

/// Why a request is not worked on. Who asked with frames is answered in frames.
struct Refusal(StatusCode, FailureKind, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, kind, message) = self;
        frames(status, Body::from(encode_event(&Event::Failed(Failure { kind, message }))))
    }
}

/// The request, and its turn to be worked on. A place is taken before the body is read: bodies are memory too.
async fn receive(app: &App, request: http::Request<Body>) -> Result<(Request, Turn), Refusal> {
    let place = app.gate.enter().ok_or_else(busy)?;
    let bytes = read_body(request).await?;
    let request =
        decode_request(&bytes).map_err(|Failure { kind, message }| Refusal(StatusCode::BAD_REQUEST, kind, message))?;
    drop(bytes);
    let turn = place.turn().await.ok_or_else(busy)?;
    Ok((request, turn))
}

fn busy() -> Refusal {
    let message = "the server works on as much as it can; wait for an answer, then ask again";
    Refusal(StatusCode::SERVICE_UNAVAILABLE, FailureKind::Busy, message.into())
}

async fn read_body(request: http::Request<Body>) -> Result<Bytes, Refusal> {
    let too_large = || {
        let message = format!("the request is too large, at most {MAX_REQUEST} bytes are read; patch fewer arrays");
        Refusal(StatusCode::PAYLOAD_TOO_LARGE, FailureKind::Request, message)
    };
    // Said before it is sent, where the client says it.
    if announced(request.headers()).is_some_and(|length| length > MAX_REQUEST as u64) {
        return Err(too_large());
    }
    let body = Limited::new(request.into_body(), MAX_REQUEST).collect();
    match tokio::time::timeout(ARRIVAL, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => {
            Err(Refusal(StatusCode::BAD_REQUEST, FailureKind::Lost, format!("the request broke off: {error}")))
        }
        Err(_) => {
            let message = format!("the request did not arrive within {} s; send it again", ARRIVAL.as_secs());
            Err(Refusal(StatusCode::REQUEST_TIMEOUT, FailureKind::Lost, message))
        }
    }
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Starts the work on a thread of its own. The stream ends with the work, or with the server. When the client leaves,
/// the stream is dropped, the next frame finds nobody, and the job is dropped.
fn work_on(app: Arc<App>, request: Request, turn: Turn) -> impl Stream<Item = Result<Frame, Infallible>> {
    let (sender, receiver) = mpsc::channel(FRAMES);
    let (runtime, stopped) = (Handle::current(), app.stopped.clone());
    tokio::task::spawn_blocking(move || {
        let send = |event: &Event| runtime.block_on(sender.send_timeout(encode_event(event), TAKEN)).is_ok();
        work(|| app.server.session.start(request), send);
        drop(turn);
    });
    stream::unfold(Some((receiver, stopped)), next_frame)
}

/// Sends what each step brings, until it is done or nobody takes it. Whatever it is that panics, one request is lost
/// and not the server.
fn work(start: impl FnOnce() -> Job, send: impl Fn(&Event) -> bool) {
    let steps = || {
        let mut job = start();
        while job.step().is_some_and(|event| send(&event)) {}
    };
    if catch_unwind(AssertUnwindSafe(steps)).is_err() {
        send(&lost("the engine broke on this request, which is a mistake in attnscope: its terminal says where"));
    }
}

/// A stream that goes on: where its frames come from, and whether the server stops.
type Open = (mpsc::Receiver<Frame>, Stopped);

/// The next frame and what is left: nothing after the last frame, nor after that of a server that stops.
async fn next_frame(open: Option<Open>) -> Option<(Result<Frame, Infallible>, Option<Open>)> {
    let (mut receiver, mut stopped) = open?;
    let frame = tokio::select! {
        frame = receiver.recv() => Some(frame?),
        _ = stopped.wait_for(|stopped| *stopped) => None,
    };
    Some(match frame {
        Some(frame) => (Ok(frame), Some((receiver, stopped))),
        None => (Ok(encode_event(&lost("the server was stopped"))), None),
    })
}

fn lost(message: &str) -> Event {
    Event::Failed(Failure::lost(message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn a_panic_is_an_answer() {
        let sent = RefCell::new(Vec::new());
        let send = |event: &Event| {
            sent.borrow_mut().push(event.clone());
            true
        };
        work(|| panic!("a mistake"), send);
        assert!(matches!(&sent.borrow()[..], [Event::Failed(Failure { kind: FailureKind::Lost, .. })]));
    }

    #[test]
    fn who_takes_no_event_has_cancelled() {
        let sent = RefCell::new(0);
        let session = attnscope_protocol::Session::new(attnscope_protocol::LessonOnly);
        let prompt =
            attnscope_protocol::Prompt { model: "lesson".into(), text: "the dog".into(), interventions: vec![] };
        work(
            || session.start(Request::Heads { prompt }),
            |_| {
                *sent.borrow_mut() += 1;
                false
            },
        );
        assert_eq!(sent.into_inner(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_does_not_arrive_is_not_waited_for() {
        let never = stream::pending::<Result<Frame, Infallible>>();
        let request = http::Request::new(Body::from_stream(never));
        let Err(Refusal(status, kind, _)) = read_body(request).await else { panic!("it cannot arrive") };
        assert_eq!((status, kind), (StatusCode::REQUEST_TIMEOUT, FailureKind::Lost));
    }
}
