//! `benchmarks/README.md`: the words of `about.md`, then a table of each newest result.

use super::results::{self, OURS, Row, digits};
use crate::workspace::root;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Name of the results, and heading.
const PARTS: &[(&str, &str)] = &[
    ("attention", "Attention, the kernel alone"),
    ("model", "A real model: SmolLM2-135M, Q4_1"),
    ("browser", "A real model in the browser, one worker"),
    ("page", "The page"),
];

/// The same for results at many lengths, and whether there is a plot of them.
const CURVES: &[(&str, &str, bool)] = &[
    ("files", "Any model's file", false),
    ("length", "What a text costs against its length", true),
    ("map", "The map of one head of a long text", false),
];

/// Writes the file anew.
pub fn write() -> Result<()> {
    let folder = root().join("benchmarks");
    let about = folder.join("about.md");
    let mut text = std::fs::read_to_string(&about).with_context(|| format!("cannot read {}", about.display()))?;
    writeln!(text, "\n## This machine\n\n{}", machine())?;
    for (name, heading) in PARTS {
        if let Some((file, found)) = results::newest(name)? {
            write!(text, "\n## {heading}\n\n[{file}]({file})\n\n{}", tables(&results::parse(&found)))?;
        }
    }
    for (name, heading, plot) in CURVES {
        if let Some((file, found)) = results::newest(name)? {
            let plot = if *plot { format!("![{heading}]({name}.svg)\n\n") } else { String::new() };
            write!(text, "\n## {heading}\n\n[{file}]({file})\n\n{plot}{}", as_it_is(&found))?;
        }
    }
    let path = folder.join("README.md");
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}", path.display());
    Ok(())
}

/// Processor, how many of its threads, memory, system: as far as Linux reports them.
fn machine() -> String {
    let read = |path: &str, key: &str| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_owned();
        line.split_once(':').map_or("unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let threads = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kibibytes: f64 = read("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0.0);
    let (name, system) = (read("/proc/cpuinfo", "model name"), std::env::consts::OS);
    format!(
        "{name}, {threads} threads, {:.0} GB of memory, {system}. The tables were made here.",
        kibibytes * 1024.0 / 1e9
    )
}

/// Limits and versions first, then one row per case and one column per program.
fn tables(rows: &[Row]) -> String {
    let mut out = String::new();
    let (limits, rest): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.case.starts_with("limit: "));
    if !limits.is_empty() {
        let said = limits.iter().map(|row| {
            let what = row.case.trim_start_matches("limit: ");
            format!("{what} {} {}", row.median.map_or("–".into(), digits), row.unit)
        });
        let _ = writeln!(out, "Limits of the machine in this run: {}.\n", said.collect::<Vec<_>>().join("; "));
    }
    let (versions, rest): (Vec<&Row>, Vec<&Row>) = rest.into_iter().partition(|row| row.case == "version");
    if !versions.is_empty() {
        let said = versions.iter().map(|row| format!("{}: {}", row.who, row.note)).collect::<Vec<_>>().join("; ");
        let _ = writeln!(out, "Who was asked: {said}.\n");
    }
    let mut who: Vec<&str> = Vec::new();
    let mut cases: Vec<&str> = Vec::new();
    for row in &rest {
        let (known, seen) = (who.contains(&row.who.as_str()), cases.contains(&row.case.as_str()));
        who.extend((!known).then_some(row.who.as_str()));
        cases.extend((!seen).then_some(row.case.as_str()));
    }
    let _ = writeln!(out, "| | {} |\n|---|{}", who.join(" | "), "---:|".repeat(who.len()));
    for case in cases {
        let of = |who: &str| rest.iter().find(|row| row.case == case && row.who == who);
        let ours = of(OURS).and_then(|row| row.median);
        let cells = who.iter().map(|who| of(who).map_or("–".into(), |row| cell(row, ours)));
        let _ = writeln!(out, "| {case} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    // A reason that many cases share is given once.
    let notes: BTreeSet<String> =
        rest.iter().filter(|row| !row.note.is_empty()).map(|row| format!("{}: {}.", row.who, row.note)).collect();
    if !notes.is_empty() {
        let _ = writeln!(out, "\n– {}", notes.into_iter().collect::<Vec<_>>().join(" "));
    }
    out
}

/// `12.3 ms, 152 GFLOP/s` for ours; for others how many times ours it is.
fn cell(row: &Row, ours: Option<f64>) -> String {
    let Some(median) = row.median else { return "–".into() };
    let number = format!("{} {}", digits(median), row.unit);
    match ours {
        Some(ours) if row.who != OURS => format!("{number} **{:.2}×**", median / ours),
        _ if !row.rate.is_empty() => format!("{number}, {}", row.rate),
        _ => number,
    }
}

/// Any CSV as a table.
fn as_it_is(csv: &str) -> String {
    let mut out = String::new();
    for (number, line) in csv.lines().enumerate() {
        let fields: Vec<&str> = line.split(',').collect();
        let _ = writeln!(out, "| {} |", fields.join(" | "));
        if number == 0 {
            let _ = writeln!(out, "|{}", "---:|".repeat(fields.len()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_so_many_times_ours_and_what_is_missing_says_why() {
        let rows = [
            Row::new("n=128", OURS, "ms", vec![2.0]).rated(1.0, "GFLOP/s"),
            Row::new("n=128", "PyTorch", "ms", vec![3.0]),
            Row::none("n=128", "llama.cpp", "not here"),
        ];
        let table = tables(&rows);
        assert!(table.contains("| n=128 | 2.000 ms, 500.0 GFLOP/s | 3.000 ms **1.50×** | – |"), "{table}");
        assert!(table.ends_with("– llama.cpp: not here.\n"), "{table}");
    }
}
