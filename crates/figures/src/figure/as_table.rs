//! The figures as tables: each figure has its own in `NAME/table.rs`; arcs have that of the matrix. Here is
//! what they share.
//!
//! A table holds every number that its figure draws, unrounded, and those that the figure has no room for. A row
//! is what a reader would name: one query's weights, one token's vector, one next token. Where rows of several arrays
//! share a table, its first column names them: `q of dog`. Masked cells are empty.

use crate::table::{Cell, Table};
use crate::token::spoken;

/// An empty table with these headings: `first`, then `then`.
pub(super) fn begin<const N: usize>(first: [&str; N], then: impl IntoIterator<Item = String>) -> Table {
    Table::new(first.map(String::from).into_iter().chain(then))
}

/// Headings of the `d` components of a vector, counted from 0 as in the figures.
pub(super) fn numbered(d: usize) -> impl Iterator<Item = String> {
    (0..d).map(|c| c.to_string())
}

/// A row: the fields of `first`, then a vector.
pub(super) fn row<const N: usize>(first: [Cell; N], then: &[f32]) -> impl Iterator<Item = Cell> {
    first.into_iter().chain(then.iter().map(|x| Cell::Number(*x)))
}

/// A token as readable text; empty for a position without a token.
pub(super) fn word(tokens: &[String], idx: usize) -> String {
    spoken(tokens.get(idx).map_or("", String::as_str))
}

/// The length of the longest vector.
pub(super) fn longest<'a>(vectors: impl IntoIterator<Item = &'a Vec<f32>>) -> usize {
    vectors.into_iter().map(Vec::len).max().unwrap_or(0)
}
