//! What a map shows: which queries and keys, and what stands for the cells under a pixel.

use crate::failure::{quoted, usage};
use anyhow::Result;
use attnscope_figures::figure::map::Pool;
use clap::ValueEnum;
use std::ops::Range;
use std::str::FromStr;

/// The part of a pattern that a map shows.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "The part of a map")]
pub struct PartArgs {
    /// Queries, by their positions from A to before B, counted from 0; without A from the first, without B to the last
    #[arg(long, allow_hyphen_values = true, value_name = "A..B")]
    pub rows: Option<Span>,
    /// Keys, in the same way
    #[arg(long, allow_hyphen_values = true, value_name = "A..B")]
    pub cols: Option<Span>,
    /// What a pixel shows of the weights under it (max where it is not said)
    #[arg(long, value_enum)]
    pub pool: Option<PoolName>,
}

/// What stands for several weights.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum PoolName {
    /// The largest
    Max,
    /// The mean, in which a masked cell counts as 0
    Mean,
}

/// `A..B`, either of which may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    from: usize,
    to: Option<usize>,
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |end: &str| if end.is_empty() { Some(None) } else { end.parse().ok().map(Some) };
        let ends = text.split_once("..").and_then(|(from, to)| Some((number(from)?, number(to)?)));
        let (from, to) = ends.ok_or_else(|| format!("expected A..B, such as 1000..1200, found {}", quoted(text)))?;
        Ok(Self { from: from.unwrap_or(0), to })
    }
}

impl PartArgs {
    /// An error for a figure that shows no part.
    pub fn refuse(&self, figure: &str) -> Result<()> {
        if self.rows.is_some() || self.cols.is_some() || self.pool.is_some() {
            return Err(usage(format!("{figure} has no --rows, --cols and --pool: they are for map")));
        }
        Ok(())
    }

    /// Queries and keys of a text of `n` tokens.
    pub fn ranges(&self, n: usize) -> Result<(Range<usize>, Range<usize>)> {
        let within = |name: &str, span: Option<Span>| {
            let Span { from, to } = span.unwrap_or(Span { from: 0, to: None });
            let part = from..to.unwrap_or(n);
            if part.is_empty() || part.end > n {
                let found = format!("found {}..{}", part.start, part.end);
                return Err(usage(format!(
                    "{name}: expected A..B with A less than B and B at most {n}, since the text has {n} tokens; {found}"
                )));
            }
            Ok(part)
        };
        Ok((within("--rows", self.rows)?, within("--cols", self.cols)?))
    }

    /// What a pixel shows.
    pub fn pool(&self) -> Pool {
        match self.pool {
            Some(PoolName::Mean) => Pool::Mean,
            Some(PoolName::Max) | None => Pool::Max,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_end_may_be_left_out() {
        let part = |rows: &str, cols: &str| {
            let span = |text: &str| text.parse::<Span>().unwrap();
            PartArgs { rows: Some(span(rows)), cols: Some(span(cols)), pool: None }.ranges(10)
        };
        assert_eq!(part("3..5", "..").unwrap(), (3..5, 0..10));
        assert_eq!(part("7..", "..2").unwrap(), (7..10, 0..2));
        assert_eq!(PartArgs::default().ranges(4).unwrap(), (0..4, 0..4));
        for (rows, cols) in [("5..5", ".."), ("6..5", ".."), ("..", "..11"), ("10..", "..")] {
            assert!(part(rows, cols).unwrap_err().to_string().contains("10 tokens"), "{rows} {cols}");
        }
        for wrong in ["", "5", "a..b", "1-2", "1..2..3", "-1..2"] {
            assert!(wrong.parse::<Span>().unwrap_err().contains("A..B"), "{wrong}");
        }
    }
}
