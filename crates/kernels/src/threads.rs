//! Work shared over the cores: rayon natively, one after the other in wasm.

/// Runs `f` on every job, in parallel where the `rayon` feature is on. Jobs own the slices they write.
#[cfg(feature = "rayon")]
pub fn for_each<T: Send>(jobs: Vec<T>, f: impl Fn(T) + Sync + Send) {
    use rayon::prelude::*;
    if jobs.len() == 1 {
        jobs.into_iter().for_each(f);
    } else {
        jobs.into_par_iter().for_each(f);
    }
}

/// Runs `f` on every job, one after the other.
#[cfg(not(feature = "rayon"))]
pub fn for_each<T: Send>(jobs: Vec<T>, f: impl Fn(T) + Sync + Send) {
    jobs.into_iter().for_each(f);
}
