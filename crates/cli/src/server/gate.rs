//! How much is computed at once.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Jobs that compute at the same time: the engine uses all cores for one already.
pub const RUNNING: usize = 4;
/// Jobs that wait for their turn.
pub const WAITING: usize = 16;

/// Lets so many in, and of those so many run.
pub struct Gate {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

/// A place in the queue. Dropping it leaves.
pub struct Place {
    _admitted: OwnedSemaphorePermit,
    running: Arc<Semaphore>,
}

/// A place at work.
pub struct Turn {
    _place: Place,
    _running: OwnedSemaphorePermit,
}

impl Default for Gate {
    fn default() -> Self {
        Self { admitted: Arc::new(Semaphore::new(RUNNING + WAITING)), running: Arc::new(Semaphore::new(RUNNING)) }
    }
}

impl Gate {
    /// A place, unless the queue is full.
    pub fn enter(&self) -> Option<Place> {
        let admitted = self.admitted.clone().try_acquire_owned().ok()?;
        Some(Place { _admitted: admitted, running: self.running.clone() })
    }
}

impl Place {
    /// Waits for a turn, first come first served.
    pub async fn turn(self) -> Option<Turn> {
        let running = self.running.clone().acquire_owned().await.ok()?;
        Some(Turn { _place: self, _running: running })
    }
}
