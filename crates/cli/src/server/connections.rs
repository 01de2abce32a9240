//! Connections: how many, how slow they may be, and how they end.

use super::Stopped;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// More wait in the system's own queue.
const CONNECTIONS: usize = 256;
/// To say what is wanted; also how long a connection may stay idle.
const HEADERS: Duration = Duration::from_secs(30);
/// For answers to end when the server stops.
const GRACE: Duration = Duration::from_secs(2);

/// Accepts connections until `stopped`, then lets answers end for a while.
pub(super) async fn serve(listener: TcpListener, router: Router, mut stopped: Stopped) {
    let (open, graceful) = (Arc::new(Semaphore::new(CONNECTIONS)), GracefulShutdown::new());
    let accept = async {
        loop {
            let Ok(place) = open.clone().acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let connection = graceful.watch(connection(stream, &router));
                    tokio::spawn(async move {
                        // A connection that breaks is the client's affair.
                        drop(connection.await);
                        drop(place);
                    });
                }
                // Out of file descriptors, most likely: others will be closed.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    };
    tokio::select! {
        () = accept => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    drop(listener);
    drop(tokio::time::timeout(GRACE, graceful.shutdown()).await);
}

type Connection = http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>>;

fn connection(stream: TcpStream, router: &Router) -> Connection {
    // Progress comes in small pieces, each wanted at once. Where the system refuses, it is merely slower.
    drop(stream.set_nodelay(true));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()))
}
