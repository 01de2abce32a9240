//! The subcommands, one per file: its arguments and the function that runs it.

pub mod heads;
pub mod models;
pub mod predict;
pub mod pull;
pub mod render;
pub mod serve;
pub mod shell;
pub mod trace;
