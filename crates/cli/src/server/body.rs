//! The body of a request: how it arrives, how large it may be, and how much memory all bodies take together.

use super::api::{Refusal, busy};
use super::gate::{Gate, SMALL_BODY, Share};
use super::peer::{PATIENCE, Peer};
use super::table::Table;
use attnscope_protocol::FailureKind;
use attnscope_protocol::wire::MAX_REQUEST;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// A complete body, with its share of the memory for bodies.
pub(super) struct Received {
    pub bytes: Vec<u8>,
    pub shares: Vec<Share>,
}

/// Receives a body from a peer.
pub(super) async fn receive(
    gate: &Gate,
    table: &Table,
    peer: &Peer,
    request: Request<Body>,
) -> Result<Received, Refusal> {
    // Refused before it is sent, if the client announces its length.
    if announced(request.headers()).is_some_and(|length| length > MAX_REQUEST as u64) {
        return Err(too_large());
    }
    peer.sends_body(true);
    let received = read(gate, table, peer, Limited::new(request.into_body(), MAX_REQUEST)).await;
    peer.sends_body(false);
    received
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read(gate: &Gate, table: &Table, peer: &Peer, mut body: Limited<Body>) -> Result<Received, Refusal> {
    let (mut bytes, mut shares) = (Vec::new(), Vec::<Share>::new());
    while let Some(piece) = next(peer, &mut body).await? {
        // Memory is counted and allocated for the bytes that arrived, not for the announced length.
        let more = (bytes.len() + piece.len()).saturating_sub(SMALL_BODY.max(bytes.len()));
        if more > 0 {
            let share = gate.body(more, table).await.ok_or_else(busy)?;
            match shares.first_mut() {
                Some(all) => all.merge(share),
                None => shares.push(share),
            }
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(Received { bytes, shares })
}

/// The next piece, if there is one.
async fn next(peer: &Peer, body: &mut Limited<Body>) -> Result<Option<Bytes>, Refusal> {
    loop {
        let Ok(frame) = tokio::time::timeout(peer.is_awaited(), body.frame()).await else { return Err(too_slow()) };
        let piece = match frame {
            None => return Ok(None),
            Some(Ok(frame)) => frame.into_data(),
            Some(Err(error)) if error.is::<LengthLimitError>() => return Err(too_large()),
            Some(Err(error)) => {
                let message = format!("the request broke off: {error}");
                return Err(Refusal(StatusCode::BAD_REQUEST, FailureKind::Lost, message));
            }
        };
        // Trailers are ignored.
        if let Ok(piece) = piece {
            peer.moved(piece.len());
            return Ok(Some(piece));
        }
    }
}

fn too_large() -> Refusal {
    let message = format!("the request is too large, at most {MAX_REQUEST} bytes are read; patch fewer arrays");
    Refusal(StatusCode::PAYLOAD_TOO_LARGE, FailureKind::Request, message)
}

fn too_slow() -> Refusal {
    let message = format!("the request comes too slowly: it was waited for {} s; send it again", PATIENCE.as_secs());
    Refusal(StatusCode::REQUEST_TIMEOUT, FailureKind::Lost, message)
}

#[cfg(test)]
mod tests {
    use super::super::gate::BODIES;
    use super::*;
    use futures_util::stream::{self, StreamExt};
    use std::convert::Infallible;
    use std::net::IpAddr;
    use std::time::Duration;

    async fn outcome(gate: &Gate, body: Body) -> Result<usize, StatusCode> {
        let peer = Peer::new(IpAddr::from([127, 0, 0, 1]));
        let received = receive(gate, &Table::default(), &peer, Request::new(body)).await;
        received.map(|received| received.bytes.len()).map_err(|Refusal(status, ..)| status)
    }

    fn pieces(size: usize, pause: Duration) -> Body {
        let piece = move |()| async move {
            tokio::time::sleep(pause).await;
            Ok::<_, Infallible>(vec![0u8; size])
        };
        Body::from_stream(stream::repeat(()).then(piece))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_too_slowly_is_not_waited_for() {
        let gate = Gate::default();
        let begun = tokio::time::Instant::now();
        let never = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        assert_eq!(outcome(&gate, never).await, Err(StatusCode::REQUEST_TIMEOUT));
        assert!(begun.elapsed() <= PATIENCE + Duration::from_secs(1));
        // Nor is a body that sends a byte just before its patience ends each time.
        let begun = tokio::time::Instant::now();
        assert_eq!(outcome(&gate, pieces(1, Duration::from_secs(9))).await, Err(StatusCode::REQUEST_TIMEOUT));
        assert!(begun.elapsed() <= PATIENCE + Duration::from_secs(1));
        // A body that is fast enough is read to the end, or to the limit.
        let steady = pieces(1 << 20, Duration::from_secs(9));
        assert_eq!(outcome(&gate, steady).await, Err(StatusCode::PAYLOAD_TOO_LARGE));
    }

    #[tokio::test(start_paused = true)]
    async fn small_bodies_are_read_when_large_ones_have_all_the_room() {
        let gate = Gate::default();
        let all = gate.body(BODIES, &Table::default()).await.expect("nobody else has any");
        assert_eq!(outcome(&gate, Body::from(vec![0; SMALL_BODY])).await, Ok(SMALL_BODY));
        assert_eq!(outcome(&gate, Body::from(vec![0; SMALL_BODY + 1])).await, Err(StatusCode::SERVICE_UNAVAILABLE));
        drop(all);
        assert_eq!(outcome(&gate, Body::from(vec![0; MAX_REQUEST])).await, Ok(MAX_REQUEST));
    }
}
