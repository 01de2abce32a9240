//! Results as CSV: one row per case and program.

use crate::shell;
use crate::workspace::root;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

const HEADER: &str = "case,who,unit,median,rate,runs,note";
/// The program of a row that names none.
pub const OURS: &str = "attnscope";

/// One result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// What was done.
    pub case: String,
    /// The program that did it.
    pub who: String,
    /// The unit of the numbers.
    pub unit: String,
    /// The median of all runs; `None` if there is no number, and `note` says why.
    pub median: Option<f64>,
    /// The same as work per second, with its unit; may be empty.
    pub rate: String,
    /// The number of each run.
    pub runs: String,
    /// A remark.
    pub note: String,
}

impl Row {
    /// The row of all these runs.
    pub fn new(case: &str, who: &str, unit: &str, mut runs: Vec<f64>) -> Self {
        let each = runs.iter().map(|x| digits(*x)).collect::<Vec<_>>().join(" ");
        runs.sort_by(f64::total_cmp);
        let median = runs.get(runs.len() / 2).copied();
        Self { case: case.into(), who: who.into(), unit: unit.into(), median, runs: each, ..Self::default() }
    }

    /// A row without a number, and the reason.
    pub fn none(case: &str, who: &str, note: &str) -> Self {
        Self { case: case.into(), who: who.into(), note: note.into(), ..Self::default() }
    }

    /// With work per second: `work` is what the median, in milliseconds, was spent on.
    pub fn rated(mut self, work: f64, unit: &str) -> Self {
        self.rate = self.median.map_or(String::new(), |ms| format!("{} {unit}", digits(work / ms * 1e3)));
        self
    }
}

/// A number with four significant digits.
pub fn digits(x: f64) -> String {
    let decimals = (3 - x.abs().max(1e-9).log10().floor() as i32).clamp(0, 6) as usize;
    format!("{x:.decimals$}")
}

/// Writes rows as `benchmarks/NAME-DATE.csv`, and says where.
pub fn write(name: &str, rows: &[Row]) -> Result<()> {
    let mut text = format!("{HEADER}\n");
    for row in rows {
        let median = row.median.map_or(String::new(), digits);
        let fields = [&row.case, &row.who, &row.unit, &median, &row.rate, &row.runs, &row.note];
        // No field needs a comma: a semicolon will do.
        let fields: Vec<String> = fields.iter().map(|field| field.replace(',', ";").replace('\n', " ")).collect();
        text.push_str(&fields.join(","));
        text.push('\n');
    }
    write_text(name, &text)
}

/// Writes a CSV as it is.
pub fn write_text(name: &str, text: &str) -> Result<()> {
    let date = shell::read(Command::new("date").arg("+%F"))?;
    let path = root().join("benchmarks").join(format!("{name}-{}.csv", date.trim()));
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}", path.display());
    Ok(())
}

/// The newest results of this name: the file's name and its text.
pub fn newest(name: &str) -> Result<Option<(String, String)>> {
    let folder = root().join("benchmarks");
    let files = std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let names = files.flatten().map(|file| file.file_name().to_string_lossy().into_owned());
    let starts = format!("{name}-");
    let Some(file) = names.filter(|file| file.starts_with(&starts) && file.ends_with(".csv")).max() else {
        return Ok(None);
    };
    let path: PathBuf = folder.join(&file);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Some((file, text)))
}

/// Reads rows by the names in the first line. `what` is a case too; the program may be missing.
pub fn parse(text: &str) -> Vec<Row> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let field = |name: &str| {
                let at = header.iter().position(|head| *head == name);
                at.and_then(|at| fields.get(at)).map(|field| (*field).to_owned())
            };
            Row {
                case: field("case").or_else(|| field("what")).unwrap_or_default(),
                who: field("who").unwrap_or_else(|| OURS.into()),
                unit: field("unit").unwrap_or_default(),
                median: field("median").and_then(|median| median.parse().ok()),
                rate: field("rate").unwrap_or_default(),
                runs: field("runs").unwrap_or_default(),
                note: field("note").unwrap_or_default(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_holds_the_middle_of_its_runs() {
        let row = Row::new("n=128", OURS, "ms", vec![3.0, 1.0, 200.0]).rated(6.0, "GFLOP/s");
        assert_eq!((row.median, row.rate.as_str()), (Some(3.0), "2000 GFLOP/s"));
        assert_eq!(row.runs, "3.000 1.000 200.0");
    }

    #[test]
    fn rows_are_read_by_the_names_in_the_first_line() {
        let rows = parse("what,unit,median,runs\nengine live,ms,381,469 362\n");
        assert_eq!((rows[0].case.as_str(), rows[0].who.as_str(), rows[0].median), ("engine live", OURS, Some(381.0)));
        let rows = parse(&format!("{HEADER}\na,PyTorch,,,,,not here\n"));
        assert_eq!(rows, [Row::none("a", "PyTorch", "not here")]);
    }

    /// A comma in a name would shift all fields after it.
    #[test]
    fn every_line_of_the_committed_results_has_the_fields_of_its_first() {
        let mut seen = 0;
        for entry in std::fs::read_dir(root().join("benchmarks")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|end| end != "csv") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let fields = |line: &str| line.split(',').count();
            let wide = text.lines().map(fields).collect::<std::collections::BTreeSet<_>>();
            assert_eq!(wide.len(), 1, "{}: lines of {wide:?} fields", path.display());
            seen += 1;
        }
        assert!(seen >= 5);
    }
}
