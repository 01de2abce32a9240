//! The other end of a connection: how far it is behind, and what resources it holds.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Bytes per second that a peer must send, or take, while the server waits for it.
const RATE: u64 = 16 << 10;
/// How far it may be behind that before its connection is cut.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How far behind it must be to lose its resources to another client that needs them.
pub(super) const STALLED: Duration = Duration::from_millis(500);

/// The other end of one connection.
#[derive(Debug)]
pub(super) struct Peer {
    pub ip: IpAddr,
    state: Mutex<State>,
    cut: Notify,
}

/// The state of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    /// It showed the token.
    pub known: bool,
    /// A request has arrived, and its answer has not been sent.
    pub asks: bool,
    /// It is sending a body.
    pub sends_body: bool,
    /// It has a place at the engine.
    pub has_place: bool,
    /// It holds a large part of the engine's memory.
    pub is_large: bool,
    /// The time of the last change: opened, asked, was answered.
    pub since: Instant,
    lag: Lag,
    /// Its connection is ending, and must not be cut again.
    pub gone: bool,
}

/// How far a peer is behind the required rate: the time that was waited for it, minus the time its bytes allow.
#[derive(Clone, Copy, Debug)]
struct Lag {
    behind: Duration,
    waiting: Option<Instant>,
    rate: u64,
}

impl Lag {
    fn none() -> Self {
        Self { behind: Duration::ZERO, waiting: None, rate: RATE }
    }

    fn at(&self, now: Instant) -> Duration {
        self.behind + self.waiting.map_or(Duration::ZERO, |since| now - since)
    }

    /// Bytes that move faster than required give no credit for later.
    fn moved(&mut self, bytes: usize, now: Instant) {
        self.behind = self.at(now).saturating_sub(Duration::from_secs_f64(bytes as f64 / self.rate as f64));
        self.waiting = None;
    }
}

impl State {
    /// How far it is behind.
    pub fn behind(&self) -> Duration {
        self.lag.at(Instant::now())
    }

    /// Whether the server waits for it, and not the other way round.
    pub fn is_awaited(&self) -> bool {
        self.lag.waiting.is_some()
    }
}

impl Peer {
    pub fn new(ip: IpAddr) -> Self {
        let state = State {
            known: false,
            asks: false,
            sends_body: false,
            has_place: false,
            is_large: false,
            since: Instant::now(),
            lag: Lag::none(),
            gone: false,
        };
        Self { ip, state: Mutex::new(state), cut: Notify::new() }
    }

    /// Its current state.
    pub fn state(&self) -> State {
        *self.lock()
    }

    /// A request has arrived.
    pub fn asks(&self) {
        let mut state = self.lock();
        (state.asks, state.since, state.lag) = (true, Instant::now(), Lag::none());
    }

    /// Its answer has been sent, or nearly so: the rest is in buffers of a known size.
    pub fn is_answered(&self) {
        let mut state = self.lock();
        (state.asks, state.has_place, state.is_large, state.since) = (false, false, false, Instant::now());
    }

    /// It showed the token.
    pub fn is_known(&self) {
        self.lock().known = true;
    }

    /// It has a place at the engine.
    pub fn has_place(&self) {
        self.lock().has_place = true;
    }

    /// It is sending a body, or has sent it.
    pub fn sends_body(&self, sends: bool) {
        let mut state = self.lock();
        state.sends_body = sends;
        state.lag = Lag { rate: state.lag.rate, ..Lag::none() };
    }

    /// It holds so much memory that it must take its answer within `time`, even if that is faster than others must be.
    pub fn must_take(&self, bytes: u64, time: Duration) {
        let mut state = self.lock();
        (state.is_large, state.lag.rate) = (true, (bytes / time.as_secs().max(1)).max(RATE));
    }

    /// The server now waits for it. Returns how much patience is left.
    pub fn is_awaited(&self) -> Duration {
        let mut state = self.lock();
        let now = Instant::now();
        state.lag.waiting.get_or_insert(now);
        PATIENCE.saturating_sub(state.lag.at(now))
    }

    /// It sent or took this many bytes.
    pub fn moved(&self, bytes: usize) {
        self.lock().lag.moved(bytes, Instant::now());
    }

    /// Ends its connection.
    pub fn cut(&self) {
        self.lock().gone = true;
        self.cut.notify_one();
    }

    /// Waits for [`Self::cut`].
    pub async fn cut_off(&self) {
        self.cut.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state has plain values, each of which is valid by itself.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer() -> Peer {
        Peer::new(IpAddr::from([127, 0, 0, 1]))
    }

    async fn wait(peer: &Peer, time: Duration) -> Duration {
        peer.is_awaited();
        tokio::time::advance(time).await;
        peer.is_awaited()
    }

    #[tokio::test(start_paused = true)]
    async fn who_moves_nothing_has_ten_seconds() {
        let peer = peer();
        assert_eq!(wait(&peer, Duration::from_secs(4)).await, Duration::from_secs(6));
        assert_eq!(wait(&peer, Duration::from_secs(7)).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_now_and_then_does_not_keep_a_connection() {
        let peer = peer();
        let mut rounds = 0;
        while wait(&peer, Duration::from_secs(3)).await > Duration::ZERO {
            peer.moved(1);
            rounds += 1;
        }
        assert_eq!(rounds, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn who_keeps_the_rate_is_never_behind() {
        let peer = peer();
        for _ in 0..1000 {
            assert_eq!(wait(&peer, Duration::from_secs(3)).await, Duration::from_secs(7));
            peer.moved(3 * RATE as usize);
            assert_eq!(peer.state().behind(), Duration::ZERO);
        }
        // And there is no patience left for it.
        assert_eq!(wait(&peer, Duration::from_secs(10)).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn who_holds_much_must_take_it_faster() {
        let peer = peer();
        peer.must_take(120 << 20, Duration::from_secs(120));
        wait(&peer, Duration::from_secs(8)).await;
        peer.moved(1 << 20);
        assert_eq!(peer.state().behind(), Duration::from_secs(7));
    }
}
