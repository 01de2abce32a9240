//! What this machine can do at most: additions, eˣ, memory. `cargo xtask bench` runs this beside every measurement, so
//! that a result can be read as a share of what was possible in that same minute.
//!
//! Printed as CSV: what, unit, median of all runs, then each run.

// The crate's own eˣ, which is not public.
#[path = "../src/exp.rs"]
mod exp;

use attnscope_kernels::level;
use fearless_simd::{Level, Simd, dispatch, prelude::*};
use std::hint::black_box;
use std::time::Instant;

const RUNS: usize = 7;
/// Sums held in registers: enough to hide the time that one addition takes.
const SUMS: usize = 12;
/// Numbers a thread reads: together more than any cache holds, and less than L3 but more than L2.
const DRAM: usize = 64 << 20;
const L3: usize = (6 << 20) / 4;
/// Numbers that stay in L1.
const L1: usize = 4096;

fn main() {
    let best = level::best();
    println!("what,unit,median,runs");
    report("f32 FMA on one thread", "GFLOP/s", || gigas(1, |_| fma(best, 4_000_000)));
    report("f32 FMA on two threads", "GFLOP/s", || gigas(2, |_| fma(best, 4_000_000)));
    let mut rows = vec![vec![-1.5f32; L1]; 2];
    report("exp on two threads", "G/s", || {
        let start = Instant::now();
        std::thread::scope(|scope| rows.iter_mut().for_each(|row| drop(scope.spawn(|| exps(best, row, 5000)))));
        2.0 * 5000.0 * L1 as f64 / start.elapsed().as_secs_f64() / 1e9
    });
    for (what, len, times) in [("read from memory on two threads", DRAM, 1), ("read from L3 on two threads", L3, 50)] {
        let data = vec![1.0f32; 2 * len];
        report(what, "GB/s", || gigas(2, |thread| read(best, &data[thread * len..][..len], times)));
    }
}

/// Runs `work`, which returns how much it did, on so many threads at once; returns 10⁹ of it a second.
fn gigas(threads: usize, work: impl Fn(usize) -> f64 + Sync) -> f64 {
    let start = Instant::now();
    let done: f64 = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn({
                    let work = &work;
                    move || work(thread)
                })
            })
            .collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).sum()
    });
    done / start.elapsed().as_secs_f64() / 1e9
}

fn report(what: &str, unit: &str, mut run: impl FnMut() -> f64) {
    run();
    let mut all: Vec<f64> = (0..RUNS).map(|_| run()).collect();
    let each = all.iter().map(|x| format!("{x:.1}")).collect::<Vec<_>>().join(" ");
    all.sort_by(f64::total_cmp);
    println!("{what},{unit},{:.1},{each}", all[RUNS / 2]);
}

/// Multiplies and adds; returns the operations, two each.
fn fma(level: Level, times: usize) -> f64 {
    dispatch!(level, simd => fma_simd(simd, times))
}

#[inline(always)]
fn fma_simd<S: Simd>(simd: S, times: usize) -> f64 {
    let factor = S::f32s::splat(simd, black_box(0.999));
    let added = S::f32s::splat(simd, black_box(0.001));
    let mut sums = [factor; SUMS];
    for _ in 0..times {
        for sum in &mut sums {
            *sum = sum.mul_add(factor, added);
        }
    }
    black_box(sums.map(|sum| sum.reduce_sum()));
    2.0 * (times * SUMS * S::f32s::LEN) as f64
}

/// eˣ of each number in the row, summed.
fn exps(level: Level, row: &mut [f32], times: usize) {
    dispatch!(level, simd => exps_simd(simd, row, times));
}

#[inline(always)]
fn exps_simd<S: Simd>(simd: S, row: &mut [f32], times: usize) {
    let mut sum = S::f32s::splat(simd, 0.0);
    for _ in 0..times {
        for chunk in black_box(&mut *row).chunks_exact(S::f32s::LEN) {
            sum += exp::exp(simd, S::f32s::from_slice(simd, chunk));
        }
    }
    black_box(sum.reduce_sum());
}

/// Sums numbers; returns the bytes read.
fn read(level: Level, data: &[f32], times: usize) -> f64 {
    dispatch!(level, simd => read_simd(simd, data, times))
}

#[inline(always)]
fn read_simd<S: Simd>(simd: S, data: &[f32], times: usize) -> f64 {
    let mut sums = [S::f32s::splat(simd, 0.0); 8];
    for _ in 0..times {
        for chunk in black_box(data).chunks_exact(8 * S::f32s::LEN) {
            for (sum, part) in sums.iter_mut().zip(chunk.chunks_exact(S::f32s::LEN)) {
                *sum += S::f32s::from_slice(simd, part);
            }
        }
    }
    black_box(sums.map(|sum| sum.reduce_sum()));
    (times * size_of_val(data)) as f64
}
