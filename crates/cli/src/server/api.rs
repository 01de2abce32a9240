//! `POST /api`: a request is received whole; its answer is sent as a stream of frames while it is computed.

use super::body::{self, Received};
use super::desk::Desk;
use super::gate::Share;
use super::peer::Peer;
use super::{App, Stopped};
use attnscope_protocol::wire::{decode_request, encode_event};
use attnscope_protocol::{Event, Failure, FailureKind, Request};
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{self, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Pieces that may wait for the client before the work has to wait.
const PIECES: usize = 4;

/// A frame, or a part of one.
pub(super) struct Piece {
    pub bytes: Bytes,
    /// Whether the frame ends here, so that the next piece begins another.
    pub ends: bool,
}

/// Answers a request.
pub(super) async fn answer(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Arc<Peer>>,
    request: http::Request<Body>,
) -> Response {
    match receive(&app, &peer, request).await {
        Ok(asked) => frames(StatusCode::OK, Body::from_stream(work_on(app, peer, asked))),
        Err(refusal) => refusal.into_response(),
    }
}

/// Answers are not cached, since the same question may have another answer later.
fn frames(status: StatusCode, body: Body) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}

/// The reason why a request is refused. A client that asked with frames gets frames.
pub(super) struct Refusal(pub StatusCode, pub FailureKind, pub String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, kind, message) = self;
        frames(status, Body::from(encode_event(&Event::Failed(Failure { kind, message }))))
    }
}

/// The refusal if too many requests are being worked on.
pub(super) fn busy() -> Refusal {
    let Failure { kind, message } = busy_failure();
    Refusal(StatusCode::SERVICE_UNAVAILABLE, kind, message)
}

pub(super) fn busy_failure() -> Failure {
    let message = "the server works on as much as it can; wait for an answer, then ask again";
    Failure { kind: FailureKind::Busy, message: message.into() }
}

/// The event if the work or its connection was lost.
pub(super) fn lost(message: &str) -> Event {
    Event::Failed(Failure::lost(message))
}

/// A request with its place, and its share of the memory for bodies, since the decoded request is no smaller.
struct Asked {
    request: Request,
    place: Share,
    shares: Vec<Share>,
}

/// A place is taken only when the body is there, so that a client that sends nothing blocks nobody.
async fn receive(app: &App, peer: &Peer, request: http::Request<Body>) -> Result<Asked, Refusal> {
    let Received { bytes, shares } = body::receive(&app.gate, &app.table, peer, request).await?;
    let place = app.gate.place(&app.table).await.ok_or_else(busy)?;
    peer.has_place();
    // Decoding a large one takes a while.
    let request = tokio::task::spawn_blocking(move || decode_request(&bytes)).await;
    let request = request.unwrap_or_else(|_| Err(Failure::lost("the request could not be read; send it again")));
    let wrong = |Failure { kind, message }| Refusal(StatusCode::BAD_REQUEST, kind, message);
    Ok(Asked { request: request.map_err(wrong)?, place, shares })
}

/// Starts the work on its own thread. The stream ends with the work, or with the server. When the client leaves, the
/// stream is dropped and its place freed, the next piece cannot be sent, and the job is dropped.
fn work_on(app: Arc<App>, peer: Arc<Peer>, asked: Asked) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let (sender, pieces) = mpsc::channel(PIECES);
    let stopped = app.stopped.clone();
    let Asked { request, place, shares } = asked;
    let desk = Desk { app, peer, runtime: Handle::current(), sender, turn: None };
    tokio::task::spawn_blocking(move || {
        desk.work(|app| app.server.session.start(request));
        drop(shares);
    });
    stream::unfold(Some(Answer { pieces, stopped, is_whole: true, _place: place }), next_piece)
}

/// An answer that is being sent.
struct Answer {
    pieces: mpsc::Receiver<Piece>,
    stopped: Stopped,
    /// Whether no frame is incomplete.
    is_whole: bool,
    _place: Share,
}

/// The next piece and the rest: nothing after the last frame, nor after the frame that reports the server's stop.
async fn next_piece(answer: Option<Answer>) -> Option<(Result<Bytes, Infallible>, Option<Answer>)> {
    let mut answer = answer?;
    let piece = tokio::select! {
        piece = answer.pieces.recv() => Some(piece?),
        _ = answer.stopped.wait_for(|stopped| *stopped), if answer.is_whole => None,
    };
    Some(match piece {
        Some(Piece { bytes, ends }) => (Ok(bytes), Some(Answer { is_whole: ends, ..answer })),
        None => (Ok(encode_event(&lost("the server was stopped")).into()), None),
    })
}
