//! Connections: how many there may be, how slow they may be, and how they end.

use super::App;
use super::paced::Paced;
use super::peer::Peer;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// Time limit for the head of a request; also for an idle connection.
const HEADERS: Duration = Duration::from_secs(15);
/// Bytes of a head, and of an answer that waits to be sent.
const BUFFER: usize = 64 << 10;
/// Bytes of an answer that the system buffers, or twice as many.
const SOCKET: usize = 256 << 10;
/// Time for answers to end when the server stops.
const GRACE: Duration = Duration::from_secs(2);

/// Accepts connections until the server stops, then lets answers end for a while.
pub(super) async fn serve(listener: TcpListener, router: Router, app: Arc<App>) {
    let graceful = GracefulShutdown::new();
    let accept = async {
        loop {
            match listener.accept().await {
                Ok((stream, from)) => {
                    let peer = app.table.enter(from.ip());
                    let connection = graceful.watch(connection(stream, router.clone(), peer.clone()));
                    let app = app.clone();
                    tokio::spawn(async move {
                        // An error on a connection concerns only its client.
                        tokio::select! {
                            _ = connection => {}
                            () = peer.cut_off() => {}
                        }
                        app.table.leave(&peer);
                    });
                }
                // Most likely there are no file descriptors left.
                Err(_) => {
                    app.table.make_room();
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    };
    let mut stopped = app.stopped.clone();
    tokio::select! {
        () = accept => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    drop(listener);
    drop(tokio::time::timeout(GRACE, graceful.shutdown()).await);
}

fn connection(stream: TcpStream, router: Router, peer: Arc<Peer>) -> impl GracefulConnection<Error = hyper::Error> {
    // Progress comes in small pieces, each of which is wanted at once. If the system refuses this, it is only slower.
    drop(stream.set_nodelay(true));
    // Otherwise megabytes of an answer wait in the buffer, and it takes long to notice that nobody reads them.
    drop(SockRef::from(&stream).set_send_buffer_size(SOCKET));
    let stream = TokioIo::new(Paced::new(stream, peer.clone()));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(BUFFER)
        .serve_connection(stream, service_fn(move |request| answer(router.clone(), peer.clone(), request)))
}

/// Answers one request and tells its handlers which peer it is from.
async fn answer(router: Router, peer: Arc<Peer>, mut request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    // Each request gets new patience, but not before the answer to the previous one is taken.
    while peer.state().is_awaited() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    peer.asks();
    let asking = Asking(peer.clone());
    request.extensions_mut().insert(peer);
    let response = TowerToHyperService::new(router).call(request).await?;
    Ok(response.map(|body| Body::new(Answered { body, _asking: asking })))
}

/// A request that has not been answered yet.
struct Asking(Arc<Peer>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.is_answered();
    }
}

/// The body of an answer. It has been sent when it is dropped.
struct Answered {
    body: Body,
    _asking: Asking,
}

impl HttpBody for Answered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
