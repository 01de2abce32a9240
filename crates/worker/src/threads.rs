//! The threads that share the engine's work: workers of this worker (`thread.js`), on the same memory, through which
//! they also get their tasks.

use rayon::{ThreadBuilder, ThreadPoolBuilder};
use std::sync::{Condvar, Mutex, PoisonError};
use wasm_bindgen::prelude::*;

/// Threads of the pool that no worker runs yet.
static WANTED: Mutex<Vec<ThreadBuilder>> = Mutex::new(Vec::new());
static ONE_MORE: Condvar = Condvar::new();

/// The memory, which a thread must be given to share it.
#[wasm_bindgen]
pub fn shared_memory() -> JsValue {
    wasm_bindgen::memory()
}

/// Runs a thread of the pool: this one, for as long as its worker lives.
#[wasm_bindgen]
pub fn thread() {
    let wanted = WANTED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut wanted = ONE_MORE.wait_while(wanted, |wanted| wanted.is_empty()).unwrap_or_else(PoisonError::into_inner);
    let next = wanted.pop();
    drop(wanted);
    if let Some(next) = next {
        next.run();
    }
}

/// Shares the work among so many threads from now on; as many must have been started, since this waits until each runs.
#[wasm_bindgen]
pub fn share_work(threads: usize) -> Result<(), JsError> {
    let wanted = |thread| {
        WANTED.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        ONE_MORE.notify_one();
        Ok(())
    };
    Ok(ThreadPoolBuilder::new().num_threads(threads).spawn_handler(wanted).build_global()?)
}
