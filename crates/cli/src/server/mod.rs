//! The server behind `attnscope serve`: the page's files, the engine behind `POST /api`, and model files for browsers
//! that want to run them themselves.

mod api;
pub mod assets;
mod body;
mod connections;
mod desk;
pub mod gate;
pub mod guard;
mod identity;
pub mod models;
mod paced;
mod peer;
mod stream;
mod table;
pub mod token;

use crate::server::assets::Assets;
use crate::server::guard::Guard;
use crate::server::models::Offers;
use anyhow::Result;
use attnscope_protocol::Session;
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use std::net::TcpListener;
use std::sync::Arc;
use tokio::sync::watch;

/// Everything that a server needs to answer.
pub struct Server {
    /// Answers the page's questions.
    pub session: Session<Offers>,
    /// The page's files.
    pub assets: Assets,
    /// Decides who may ask.
    pub guard: Guard,
}

/// The state that handlers share.
struct App {
    server: Server,
    gate: gate::Gate,
    table: table::Table,
    stopped: Stopped,
}

/// Becomes true when the server must stop.
type Stopped = watch::Receiver<bool>;

impl Server {
    /// Serves until the process is told to stop.
    ///
    /// # Errors
    /// The system provides no threads or no signals.
    pub fn run(self, listener: TcpListener) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let outcome = runtime.block_on(async {
            let (stop, stopped) = watch::channel(false);
            let (gate, table) = (gate::Gate::default(), table::Table::default());
            let app = Arc::new(App { server: self, gate, table, stopped });
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let signal = stop_signal()?;
            tokio::spawn(async move {
                signal.await;
                stop.send_replace(true);
            });
            connections::serve(listener, router(app.clone()), app).await;
            Ok(())
        });
        // Nobody waits for work in the middle of a step, so the process ends without it.
        runtime.shutdown_background();
        outcome
    }
}

fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/api", post(api::answer))
        .route("/models/{id}/model.gguf", get(models::file))
        .method_not_allowed_fallback(other_method)
        .fallback_service(get(assets::answer).fallback(other_method).with_state(app.clone()))
        .layer(from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}

/// The answer to a known path with a method that is not allowed.
async fn other_method() -> (StatusCode, &'static str) {
    (StatusCode::METHOD_NOT_ALLOWED, "questions go to /api by POST; everything else is read by GET\n")
}

/// Waits for Ctrl-C, or for the signal of a service manager.
#[cfg(unix)]
fn stop_signal() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}
