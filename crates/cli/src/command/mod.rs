//! The subcommands, one a file: each has its arguments and a function that does it.

pub mod models;
pub mod pull;
