//! Distributes work over the cores: with rayon natively, one job after the other in wasm.

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

/// How many jobs can run at once.
#[cfg(feature = "rayon")]
pub fn count() -> usize {
    rayon::current_num_threads()
}

/// How many jobs can run at once.
#[cfg(not(feature = "rayon"))]
pub fn count() -> usize {
    1
}

/// Runs `f` on one of the threads that jobs run on. On any other thread each [`for_each`] in it would have to wake one
/// and wait for it, which takes longer than a product for one token.
#[cfg(feature = "rayon")]
pub fn inside<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    rayon::scope(|_| f())
}

/// Runs `f`.
#[cfg(not(feature = "rayon"))]
pub fn inside<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    f()
}

/// How many numbers are worth a job of their own, if there is little work for each.
const ENOUGH: usize = 1 << 14;

/// Calls `f(first, part)` for parts of `out`, whole rows of `width` numbers each, in parallel if there is enough work.
/// `first` is a row index.
pub fn for_rows(out: &mut [f32], width: usize, f: impl Fn(usize, &mut [f32]) + Sync + Send) {
    let width = width.max(1);
    let rows = ENOUGH.div_ceil(width);
    let parts = out.chunks_mut(rows * width).enumerate().map(|(i, part)| (i * rows, part)).collect();
    for_each(parts, |(first, part)| f(first, part));
}
