//! How many jobs compute at once, and how much memory they may take.

use super::peer::State;
use super::table::Table;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Jobs that compute at the same time: the engine already uses all cores for one.
pub const RUNNING: usize = 4;
/// Further jobs that wait for their turn.
pub const WAITING: usize = 16;
/// Bytes of all bodies that have arrived, in full or in part.
pub const BODIES: usize = 64 << 20;
/// A body up to this size is not counted, so that it is never kept out by larger ones.
pub const SMALL_BODY: usize = 64 << 10;
/// Bytes that a job may hold without asking for them: as many jobs as there are places may do so.
const SMALL_JOB: u64 = 8 << 20;
/// Bytes that all larger jobs hold together; the largest job gets all of them.
const LARGE_JOBS: u64 = attnscope_protocol::limits::MAX_BYTES;
/// Number of larger jobs, including waiting ones. The other places are for questions that take less.
const LARGE: usize = 8;
/// How long a request waits for resources that others hold before it is refused as busy.
const WAIT: Duration = Duration::from_secs(2);
/// How often, in the meantime, the holders are checked for clients that are too slow.
const LOOK: Duration = Duration::from_millis(50);

/// A share of something, given back when it is dropped.
pub type Share = OwnedSemaphorePermit;

/// Distributes the resources.
pub struct Gate {
    /// One place per request, from its arrival until its answer is sent.
    places: Arc<Semaphore>,
    /// One turn per job that computes.
    turns: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
    large: Arc<Semaphore>,
    memory: Arc<Semaphore>,
}

impl Default for Gate {
    fn default() -> Self {
        let of = |n| Arc::new(Semaphore::new(n));
        Self {
            places: of(RUNNING + WAITING),
            turns: of(RUNNING),
            bodies: of(BODIES),
            large: of(LARGE),
            memory: of(kib(LARGE_JOBS) as usize),
        }
    }
}

/// Bytes in KiB, since a semaphore counts only to 32 bits.
fn kib(bytes: u64) -> u32 {
    bytes.div_ceil(1 << 10) as u32
}

impl Gate {
    /// A place, unless all are held by clients that are fast enough.
    pub(super) async fn place(&self, table: &Table) -> Option<Share> {
        let place = self.places.clone().acquire_owned();
        soon(place, table, |state| state.has_place).await?.ok()
    }

    /// Memory for this many more bytes of a body.
    pub(super) async fn body(&self, bytes: usize, table: &Table) -> Option<Share> {
        let room = self.bodies.clone().acquire_many_owned(u32::try_from(bytes).ok()?);
        soon(room, table, |state| state.sends_body).await?.ok()
    }

    /// Memory for a job of this many bytes: first a permit to wait for it, then, however long it takes, the memory.
    pub(super) async fn memory(&self, bytes: u64, table: &Table) -> Option<Vec<Share>> {
        if bytes <= SMALL_JOB {
            return Some(Vec::new());
        }
        let one_of = self.large.clone().try_acquire_owned().ok()?;
        let mut memory = pin!(self.memory.clone().acquire_many_owned(kib(bytes.min(LARGE_JOBS))));
        loop {
            if let Ok(memory) = tokio::time::timeout(LOOK, &mut memory).await {
                return Some(vec![one_of, memory.ok()?]);
            }
            table.cut_stalled(|state| state.is_large);
        }
    }

    /// A turn to compute, first come first served.
    pub async fn turn(&self) -> Option<Share> {
        self.turns.clone().acquire_owned().await.ok()
    }
}

/// The resource, if it becomes free soon. At each check, one of its holders that is too slow is cut.
async fn soon<T>(wanted: impl Future<Output = T>, table: &Table, holds: impl Fn(&State) -> bool) -> Option<T> {
    let mut wanted = pin!(wanted);
    let mut look = Duration::ZERO;
    for _ in 0..=WAIT.as_millis() / LOOK.as_millis() {
        if let Ok(had) = tokio::time::timeout(look, &mut wanted).await {
            return Some(had);
        }
        table.cut_stalled(&holds);
        look = LOOK;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_loses_its_place_to_who_has_need_of_it() {
        let (gate, table) = (Gate::default(), Table::default());
        let peer = table.enter(IpAddr::from([127, 0, 0, 1]));
        let mut held = Vec::new();
        for _ in 0..RUNNING + WAITING {
            held.push(gate.place(&table).await.expect("a place"));
        }
        peer.asks();
        peer.has_place();
        assert!(gate.place(&table).await.is_none(), "all of them are worked for");
        assert!(!peer.state().gone);
        peer.is_awaited();
        let place = async {
            peer.cut_off().await;
            held.pop();
        };
        let (place, ()) = tokio::join!(gate.place(&table), place);
        assert!(place.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn small_jobs_do_not_wait_for_large_ones() {
        let (gate, table) = (Gate::default(), Table::default());
        let largest = gate.memory(u64::MAX, &table).await.expect("room for one");
        for _ in 0..RUNNING + WAITING {
            assert!(gate.memory(SMALL_JOB, &table).await.is_some());
        }
        let second = gate.memory(SMALL_JOB + 1, &table);
        assert!(tokio::time::timeout(Duration::from_secs(60), second).await.is_err(), "it waits");
        drop(largest);
        assert!(gate.memory(SMALL_JOB + 1, &table).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn large_jobs_do_not_fill_all_places() {
        let (gate, table) = (Gate::default(), Table::default());
        let mut held = Vec::new();
        for _ in 0..LARGE {
            held.push(gate.memory(SMALL_JOB + 1, &table).await.expect("room"));
        }
        assert!(gate.memory(SMALL_JOB + 1, &table).await.is_none());
    }
}
