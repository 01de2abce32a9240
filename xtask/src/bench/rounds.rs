//! Measuring ours and its peers in turn, round after round.

use super::asked::Asked;
use super::results::{OURS, Row, digits};
use std::time::{Duration, Instant};

/// Rounds that count, after one that warms up. Where a round is slow, that one counts too: a cold start makes no
/// difference there.
const ROUNDS: usize = 5;
const ROUNDS_WHERE_SLOW: usize = 3;
/// A round of more than this is slow.
const SLOW: Duration = Duration::from_secs(4);
/// The pause after an answer, since threads of that program may still busy-wait for more work.
const REST: Duration = Duration::from_millis(50);

/// A program that is measured, or the reason why it cannot be.
pub struct Side {
    /// Its name in the tables.
    pub who: &'static str,
    asked: Result<Asked, String>,
}

impl Side {
    /// From a started program, or the error.
    pub fn new(who: &'static str, started: anyhow::Result<Asked>) -> Self {
        let asked = started.map_err(|error| format!("{error:#}"));
        match &asked {
            Ok(asked) => eprintln!("   {who}: {}", asked.version),
            Err(reason) => eprintln!("   {who}: {reason}"),
        }
        Self { who, asked }
    }

    /// The row that says which version it is.
    pub fn version(&self) -> Row {
        match &self.asked {
            Ok(asked) => Row::none("version", self.who, &asked.version),
            Err(reason) => Row::none("version", self.who, reason),
        }
    }

    /// The program, if it runs.
    pub fn program(&mut self) -> Result<&mut Asked, String> {
        self.asked.as_mut().map_err(|reason| reason.clone())
    }

    fn number(&mut self, line: &str) -> Result<f64, String> {
        let answer = self.program()?.number(line).map_err(|error| format!("{error:#}"));
        // A program that ended is not asked again.
        if let Err(reason) = answer.as_ref()
            && reason.starts_with("ended")
        {
            self.asked = Err(reason.clone());
        }
        answer
    }
}

/// The milliseconds of one case, one row per side.
pub fn measure(case: &str, line: &str, sides: &mut [Side]) -> Vec<Row> {
    let mut runs: Vec<Result<Vec<f64>, String>> = sides.iter().map(|_| Ok(Vec::new())).collect();
    let start = Instant::now();
    round(line, sides, &mut runs);
    let slow = start.elapsed() > SLOW;
    if !slow {
        runs.iter_mut().flatten().for_each(Vec::clear);
    }
    for _ in 0..if slow { ROUNDS_WHERE_SLOW - 1 } else { ROUNDS } {
        round(line, sides, &mut runs);
    }
    let rows = sides.iter().zip(runs).map(|(side, runs)| match runs {
        Ok(runs) => Row::new(case, side.who, "ms", runs),
        Err(reason) => Row::none(case, side.who, &reason),
    });
    let rows: Vec<Row> = rows.collect();
    say(&rows);
    rows
}

/// Asks each program once. One that could not answer is not asked again.
fn round(line: &str, sides: &mut [Side], runs: &mut [Result<Vec<f64>, String>]) {
    for (side, runs) in sides.iter_mut().zip(runs) {
        let Ok(numbers) = runs else { continue };
        match side.number(line) {
            Ok(number) => numbers.push(number),
            Err(reason) => *runs = Err(reason),
        }
        std::thread::sleep(REST);
    }
}

/// Prints a line of progress: medians, and how many times ours the others are.
pub fn say(rows: &[Row]) {
    let ours = rows.iter().find(|row| row.who == OURS).and_then(|row| row.median);
    let said = rows.iter().map(|row| match (row.median, ours) {
        (Some(median), Some(ours)) if row.who != OURS => {
            format!("{} {} {} ({:.2}×)", row.who, digits(median), row.unit, median / ours)
        }
        (Some(median), _) => format!("{} {} {}", row.who, digits(median), row.unit),
        (None, _) => format!("{} –", row.who),
    });
    eprintln!("   {}: {}", rows.first().map_or("", |row| &row.case), said.collect::<Vec<_>>().join(", "));
}
