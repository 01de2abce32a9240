//! The subcommands, one a file: each has its arguments and a function that does it.

pub mod heads;
pub mod models;
pub mod predict;
pub mod pull;
pub mod render;
pub mod serve;
pub mod shell;
pub mod trace;
