//! A figure's numbers as a table: an alternative for readers who cannot see it, and a CSV file for further work.

use crate::svg::escape;
use crate::token::plain;
use attnscope_words::words;
use std::fmt::Write;

/// The numbers that a figure draws, unrounded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The headings.
    pub columns: Vec<String>,
    /// The rows, each as long as `columns` or shorter: missing cells at the end are empty.
    pub rows: Vec<Vec<Cell>>,
}

/// One field.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing: a masked weight, a number that was not measured.
    Empty,
    /// Words.
    Text(String),
    /// A number of the engine, which reads back as the same bits.
    Number(f32),
    /// Something counted: an index, a step, bytes.
    Count(u64),
}

impl Table {
    /// A table without rows.
    pub fn new(columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// One more row.
    pub fn push(&mut self, row: impl IntoIterator<Item = Cell>) {
        self.rows.push(row.into_iter().collect());
    }

    /// As CSV by RFC 4180, with a line of headings. Text is plain, and a spreadsheet takes none of it for a formula.
    pub fn to_csv(&self) -> String {
        let mut out = String::new();
        let headings = self.columns.iter().map(|name| quoted(&inert(name))).collect::<Vec<_>>();
        let _ = write!(out, "{}\r\n", headings.join(","));
        for row in &self.rows {
            let fields = (0..self.columns.len()).map(|at| match row.get(at).unwrap_or(&Cell::Empty) {
                Cell::Text(text) => quoted(&inert(text)),
                number => number.to_string(),
            });
            let _ = write!(out, "{}\r\n", fields.collect::<Vec<_>>().join(","));
        }
        out
    }

    /// As HTML: at most the first `most_rows` rows and `most_columns` columns, with a line that tells how many there
    /// are.
    pub fn to_html(&self, caption: &str, most_rows: usize, most_columns: usize) -> String {
        let columns = self.columns.len().min(most_columns);
        let heads = self.columns[..columns].iter().map(|c| format!("<th scope=\"col\">{}</th>", escape(c)));
        let heads: String = heads.collect();
        let mut out = format!("<table><caption>{}</caption><thead><tr>{heads}</tr></thead><tbody>", escape(caption));
        for row in self.rows.iter().take(most_rows) {
            out += "<tr>";
            for at in 0..columns {
                let field = escape(&row.get(at).unwrap_or(&Cell::Empty).to_string());
                // The first cell of a row names the row, unless it is one of its numbers.
                let is_head = at == 0 && !matches!(row.first(), Some(Cell::Number(_) | Cell::Empty));
                let tag = if is_head { "th scope=\"row\"" } else { "td" };
                let _ = write!(out, "<{tag}>{field}</{}>", &tag[..2]);
            }
            out += "</tr>";
        }
        out += "</tbody></table>";
        let all = [(words!("rows"), most_rows, self.rows.len()), (words!("columns"), most_columns, self.columns.len())];
        let left_out = all.into_iter().filter(|(_, most, len)| len > most);
        let left_out: Vec<String> = left_out.map(|(what, most, len)| words!("{most} of {len} {what}")).collect();
        if !left_out.is_empty() {
            let _ = write!(out, "<p>{}</p>", words!("The first {}; the CSV file has all.", left_out.join(", ")));
        }
        out
    }
}

impl std::fmt::Display for Cell {
    /// The shortest digits that read back as the same number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Text(text) => f.write_str(text),
            // Numbers far from 1 would need many zeros.
            Self::Number(x) if *x != 0.0 && !(1e-5..1e9).contains(&x.abs()) => write!(f, "{x:e}"),
            Self::Number(x) => write!(f, "{x}"),
            Self::Count(n) => write!(f, "{n}"),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f32> for Cell {
    fn from(x: f32) -> Self {
        Self::Number(x)
    }
}

impl From<usize> for Cell {
    fn from(n: usize) -> Self {
        Self::Count(n as u64)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Self::Empty, Into::into)
    }
}

/// Text for a CSV file. A spreadsheet takes text that begins with one of these signs for a formula, which may fetch an
/// address or start a program; some skip spaces before it, and some treat the full-width forms alike. With `'`
/// before it, it is text everywhere. A number stays one: `-1.5`.
fn inert(text: &str) -> String {
    let text = plain(text);
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if is_formula && !is_number(&text) { format!("'{text}") } else { text }
}

fn is_number(text: &str) -> bool {
    let digits = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    digits && text.parse::<f64>().is_ok_and(f64::is_finite)
}

fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(["token", "a, \"b\"", "n"]);
        table.push([" hot".into(), Cell::Number(0.1), 3_usize.into()]);
        table.push(["<x>".into(), Cell::Empty]);
        table
    }

    #[test]
    fn fields_that_hold_commas_and_quotes_are_quoted() {
        assert_eq!(table().to_csv(), "token,\"a, \"\"b\"\"\",n\r\n hot,0.1,3\r\n<x>,,\r\n");
    }

    #[test]
    fn no_word_is_a_formula_and_numbers_stay_numbers() {
        let csv = |text: &str| {
            let mut table = Table::new([text]);
            table.push([text.into(), Cell::Number(-1.5)]);
            let csv = table.to_csv();
            let lines: Vec<&str> = csv.split_terminator("\r\n").collect();
            assert_eq!(lines[0], lines[1], "headings as cells");
            lines[0].to_owned()
        };
        for formula in [
            "-",
            "+",
            "=",
            "@x",
            "=1+1",
            "-2+3",
            "  =1+1",
            "--1",
            "+a",
            "-inf",
            "＝1",
            "＋1",
            "－1",
            "＠x",
            "- 1",
            "-.",
            "1=",
            "=a\u{301}",
        ] {
            let begins = formula.trim_start().starts_with(|c: char| !c.is_ascii_digit());
            assert_eq!(csv(formula), if begins { format!("'{formula}") } else { formula.to_owned() });
        }
        assert_eq!(csv("=HYPERLINK(\"http://x\",\"y\")"), "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
        for same in ["-1.5", "+1", "-1e-7", "-0", "dog", "a-b", "a=b", "'", "−1", "1.5", "", "e", "*", "#"] {
            assert_eq!(csv(same), same);
        }
        // Characters that would be skipped before the sign, break the row or end the string are spelt out.
        for (text, spelt) in [
            ("\t=1", "⇥=1"),
            ("\r=1", "␍=1"),
            ("\n=1", "↵=1"),
            ("\u{feff}=1", "<U+FEFF>=1"),
            ("\0=1", "<0x00>=1"),
            ("a\0\r\nb", "a<0x00>␍↵b"),
        ] {
            assert_eq!(csv(text), spelt);
        }
        let mut table = Table::new(["x"]);
        table.push([Cell::Number(-1.5)]);
        table.push([Cell::Number(-1e-9)]);
        table.push([Cell::Number(f32::NEG_INFINITY)]);
        assert_eq!(table.to_csv(), "x\r\n-1.5\r\n-1e-9\r\n-inf\r\n");
    }

    #[test]
    fn html_has_headings_and_says_what_it_leaves_out() {
        let html = table().to_html("A & B", 1, 2);
        assert!(
            html.contains("<caption>A &amp; B</caption>") && html.contains("<th scope=\"row\"> hot</th><td>0.1</td>")
        );
        assert!(
            !html.contains("<x>") && html.ends_with("The first 1 of 2 rows, 2 of 3 columns; the CSV file has all.</p>"),
            "{html}"
        );
        assert!(table().to_html("", 2, 3).contains("<th scope=\"row\">&lt;x&gt;</th><td></td><td></td></tr>"));
    }

    proptest::proptest! {
        #[test]
        fn numbers_read_back_as_the_same_bits(bits: u32) {
            let x = f32::from_bits(bits);
            let read: f32 = Cell::Number(x).to_string().parse().unwrap();
            assert!(x.is_nan() && read.is_nan() || read.to_bits() == x.to_bits(), "{x}");
        }
    }
}
