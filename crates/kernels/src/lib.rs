#![doc = include_str!("../README.md")]
//!
//! Slices of numbers in, numbers out: attention, dense products, dequantization and the small functions
//! between them. Every fast path has a plain twin, loops that can be checked by eye, and is tested
//! against it on every instruction set of the machine. No I/O.

pub mod activation;
pub mod attention;
pub mod dequant;
mod exp;
pub mod level;
pub mod linear;
#[cfg(not(target_arch = "wasm32"))]
pub mod mapped;
pub mod memory;
pub mod norm;
mod one_token;
mod packed;
mod product;
pub mod rope;
pub mod softmax;
pub mod threads;

pub use level::Level;
