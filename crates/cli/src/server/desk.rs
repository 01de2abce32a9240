//! One request being worked on, on its own thread: when it computes, what it may hold, and how its answer is sent.

use super::App;
use super::api::{Piece, busy_failure, lost};
use super::gate::Share;
use super::peer::Peer;
use attnscope_protocol::wire::write_event;
use attnscope_protocol::{Event, Job};
use std::io::{self, ErrorKind, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::{SendTimeoutError, TrySendError};

/// How long a job computes while others wait.
const SLICE: Duration = Duration::from_millis(50);
/// Time limit for a piece to be taken. The connection is cut long before.
const TAKEN: Duration = Duration::from_secs(30);
/// Time limit for a large answer to be taken, since others need the memory.
const LARGE_TAKEN: Duration = Duration::from_secs(120);
/// Bytes that are sent together.
const PIECE: usize = 64 << 10;

/// The place where a request is worked on.
pub(super) struct Desk {
    pub app: Arc<App>,
    pub peer: Arc<Peer>,
    pub runtime: Handle,
    pub sender: Sender<Piece>,
    /// The turn to compute, and since when it is held.
    pub turn: Option<(Share, Instant)>,
}

impl Desk {
    /// Works on a job until it is done or nobody takes its output. If anything panics, only this request is lost and
    /// not the server.
    pub fn work(mut self, start: impl FnOnce(&App) -> Job) {
        let steps = || self.steps(start);
        if catch_unwind(AssertUnwindSafe(steps)).is_err() {
            let message = "the engine broke on this request, which is a mistake in attnscope: its terminal says where";
            self.send(&lost(message));
        }
    }

    fn steps(&mut self, start: impl FnOnce(&App) -> Job) {
        if !self.sit() {
            return;
        }
        let mut job = start(&self.app);
        // Also held until the answer has been sent.
        let Some(_memory) = self.memory(job.bytes()) else { return };
        while self.sit() {
            let Some(event) = job.step() else { return };
            if !self.send(&event) {
                return;
            }
        }
    }

    /// Memory for the job; `None` if there is too much to do, or the client has left.
    fn memory(&mut self, bytes: u64) -> Option<Vec<Share>> {
        let (app, sender, runtime) = (self.app.clone(), self.sender.clone(), self.runtime.clone());
        let memory = runtime.block_on(async {
            tokio::select! {
                biased;
                memory = app.gate.memory(bytes, &app.table) => Some(memory),
                // Others compute while this job waits.
                () = async { self.turn = None; sender.closed().await } => None,
            }
        })?;
        match memory {
            Some(memory) if !memory.is_empty() => {
                self.peer.must_take(bytes, LARGE_TAKEN);
                Some(memory)
            }
            Some(none) => Some(none),
            None => {
                self.send(&Event::Failed(busy_failure()));
                None
            }
        }
    }

    /// Takes a turn; a job that has had one for long queues again. Returns false if the client has left.
    fn sit(&mut self) -> bool {
        self.turn.take_if(|(_, since)| since.elapsed() > SLICE);
        if self.turn.is_none() {
            let turn = self.runtime.block_on(async {
                tokio::select! {
                    turn = self.app.gate.turn() => turn,
                    () = self.sender.closed() => None,
                }
            });
            self.turn = turn.map(|turn| (turn, Instant::now()));
        }
        self.turn.is_some() && !self.sender.is_closed()
    }

    /// Sends an event and returns whether it was sent.
    fn send(&mut self, event: &Event) -> bool {
        let mut pieces = Pieces { desk: self, held: Vec::new() };
        write_event(event, &mut pieces).and_then(|()| pieces.end()).is_ok()
    }

    /// Sends a piece. If it has to wait, it gives up the turn first, so that others can compute.
    fn send_piece(&mut self, piece: Piece) -> io::Result<()> {
        let left = || io::Error::from(ErrorKind::BrokenPipe);
        let piece = match self.sender.try_send(piece) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Closed(_)) => return Err(left()),
            Err(TrySendError::Full(piece)) => piece,
        };
        self.turn = None;
        match self.runtime.block_on(self.sender.send_timeout(piece, TAKEN)) {
            Ok(()) => Ok(()),
            Err(SendTimeoutError::Closed(_) | SendTimeoutError::Timeout(_)) => Err(left()),
        }
    }
}

/// A frame that is sent in pieces, so that a large one is not copied.
struct Pieces<'a> {
    desk: &'a mut Desk,
    held: Vec<u8>,
}

impl Pieces<'_> {
    fn end(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.held).into();
        self.desk.send_piece(Piece { bytes, ends: true })
    }
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= PIECE {
            let bytes = std::mem::take(&mut self.held).into();
            self.desk.send_piece(Piece { bytes, ends: false })?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Server;
    use super::super::assets::Assets;
    use super::super::gate::Gate;
    use super::super::guard::Guard;
    use super::super::models::Offers;
    use super::super::table::Table;
    use super::*;
    use attnscope_protocol::wire::Frames;
    use attnscope_protocol::{Failure, FailureKind, Prompt, Request, Session};
    use std::net::IpAddr;
    use tokio::sync::{mpsc, watch};

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn app() -> Arc<App> {
        let guard = Guard { port: 1, address: HERE, host: "localhost".into(), token: None };
        let server = Server { session: Session::new(Offers::default()), assets: Assets::Embedded, guard };
        let stopped = watch::channel(false).1;
        Arc::new(App { server, gate: Gate::default(), table: Table::default(), stopped })
    }

    /// Works, and returns what was sent. The client leaves after this many pieces.
    async fn sent(pieces: usize, start: impl FnOnce(&App) -> Job + Send + 'static) -> Vec<Event> {
        let (sender, mut receiver) = mpsc::channel(1);
        let peer = Arc::new(Peer::new(HERE));
        let desk = Desk { app: app(), peer, runtime: Handle::current(), sender, turn: None };
        let work = tokio::task::spawn_blocking(move || desk.work(start));
        let mut frames = Frames::default();
        for _ in 0..pieces {
            let Some(piece) = receiver.recv().await else { break };
            frames.push(&piece.bytes);
        }
        drop(receiver);
        work.await.expect("it ends");
        std::iter::from_fn(|| frames.next_event()).map(|event| event.expect("an event")).collect()
    }

    fn heads(app: &App) -> Job {
        let prompt = Prompt { model: "lesson".into(), text: "the dog".into(), interventions: vec![] };
        app.server.session.start(Request::Heads { prompt })
    }

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        let events = sent(9, |_| panic!("a mistake")).await;
        assert!(matches!(&events[..], [Event::Failed(Failure { kind: FailureKind::Lost, .. })]), "{events:?}");
    }

    #[tokio::test]
    async fn who_takes_no_event_has_cancelled() {
        assert_eq!(sent(9, heads).await.len(), 3);
        assert_eq!(sent(1, heads).await.len(), 1);
    }
}
