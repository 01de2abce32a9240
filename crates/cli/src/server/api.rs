//! `POST /api`: a request comes in whole, its answer goes out as a stream of frames while it is worked on.

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

/// Pieces that wait for the client before the work does.
const PIECES: usize = 4;

/// A part of a frame, or all of it.
pub(super) struct Piece {
    pub bytes: Bytes,
    /// The next piece begins a frame.
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

/// Nothing is kept of an answer: the same question may have another tomorrow.
fn frames(status: StatusCode, body: Body) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}

/// Why a request is not worked on. Who asked with frames is answered in frames.
pub(super) struct Refusal(pub StatusCode, pub FailureKind, pub String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, kind, message) = self;
        frames(status, Body::from(encode_event(&Event::Failed(Failure { kind, message }))))
    }
}

/// There is too much to do.
pub(super) fn busy() -> Refusal {
    let Failure { kind, message } = busy_failure();
    Refusal(StatusCode::SERVICE_UNAVAILABLE, kind, message)
}

pub(super) fn busy_failure() -> Failure {
    let message = "the server works on as much as it can; wait for an answer, then ask again";
    Failure { kind: FailureKind::Busy, message: message.into() }
}

/// The work or its client was lost.
pub(super) fn lost(message: &str) -> Event {
    Event::Failed(Failure::lost(message))
}

/// A request with its place, and its share of the memory for bodies: what was decoded is no smaller.
struct Asked {
    request: Request,
    place: Share,
    shares: Vec<Share>,
}

/// A place is taken when the body is there: who sends nothing keeps nobody out.
async fn receive(app: &App, peer: &Peer, request: http::Request<Body>) -> Result<Asked, Refusal> {
    let Received { bytes, shares } = body::receive(&app.gate, &app.table, peer, request).await?;
    let place = app.gate.place(&app.table).await.ok_or_else(busy)?;
    peer.has_place();
    // A large one takes a while.
    let request = tokio::task::spawn_blocking(move || decode_request(&bytes)).await;
    let request = request.unwrap_or_else(|_| Err(Failure::lost("the request could not be read; send it again")));
    let wrong = |Failure { kind, message }| Refusal(StatusCode::BAD_REQUEST, kind, message);
    Ok(Asked { request: request.map_err(wrong)?, place, shares })
}

/// Starts the work on a thread of its own. The stream ends with the work, or with the server. When the client leaves,
/// the stream is dropped and its place given back, the next piece finds nobody, and the job is dropped.
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

/// An answer that goes on.
struct Answer {
    pieces: mpsc::Receiver<Piece>,
    stopped: Stopped,
    /// No frame is begun and not ended.
    is_whole: bool,
    _place: Share,
}

/// The next piece and what is left: nothing after the last frame, nor after that of a server that stops.
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
