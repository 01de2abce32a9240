//! One head's pattern as text: a row for each query, a column for each key.

use crate::terminal::{Colors, Terminal, fit};
use attnscope::Token;
use attnscope_figures::figure::Pattern;
use attnscope_figures::token::{plain, shown};
use attnscope_figures::{Color, Theme};
use unicode_width::UnicodeWidthStr;

/// Columns of a cell with its number, of one without, and of the narrowest cell.
const WIDTHS: [usize; 3] = [4, 2, 1];

/// Draws it to fit the terminal; a text too long for that is drawn in blocks, with a remark.
pub fn heatmap(terminal: &Terminal, pattern: &Pattern, tokens: &[Token], name: &str) -> String {
    let digits = tokens.len().saturating_sub(1).to_string().len();
    let longest = tokens.iter().map(|token| shown(&token.text).width()).max().unwrap_or(0).clamp(3, 16);
    let label = digits + 1 + longest + 1;
    let room = terminal.width.saturating_sub(label).max(1);
    let cell = WIDTHS.into_iter().find(|cell| pattern.kv_len * cell <= room).unwrap_or(1);
    let (drawn, block) = pattern.shrunk(room / cell);
    let map = Map { terminal, pattern: &drawn, cell, block, full_at: if block > 1 { drawn.full_at() } else { 1.0 } };

    let title = format!("Layer {}, head {} of {}", pattern.layer, pattern.head, plain(name));
    let mut out = terminal.bold(title) + "\n";
    out.push_str(&terminal.dim("Rows are queries (who attends), columns are keys (what is attended to)."));
    out.push_str("\n\n");
    out.push_str(&terminal.dim(format!("{}{}", " ".repeat(label), map.header())));
    out.push('\n');
    let first = pattern.first_query();
    for q_idx in 0..drawn.q_len {
        let position = first + q_idx * block;
        let text = tokens.get(position).map(|token| shown(&token.text)).unwrap_or_default();
        out.push_str(&terminal.dim(format!("{position:>digits$} ")));
        out.push_str(&fit(&text, longest));
        out.push(' ');
        (0..drawn.kv_len).for_each(|k_idx| out.push_str(&map.cell(q_idx, k_idx)));
        out.push('\n');
    }
    out.push('\n');
    out.push_str(&map.legend());
    out
}

struct Map<'a> {
    terminal: &'a Terminal,
    pattern: &'a Pattern,
    cell: usize,
    /// Tokens per row and per column.
    block: usize,
    /// The weight that gets the full colour.
    full_at: f32,
}

impl Map<'_> {
    /// Positions of the keys, above every column that is wide enough.
    fn header(&self) -> String {
        let last = (self.pattern.kv_len.saturating_sub(1) * self.block).to_string().len();
        let every = (last + 1).div_ceil(self.cell).max(1);
        // Round steps for counting.
        let every = [1, 2, 5, 10].into_iter().find(|&n| n >= every).unwrap_or(every);
        let mut line = String::new();
        for k_idx in (0..self.pattern.kv_len).step_by(every) {
            let position = (k_idx * self.block).to_string();
            let wide = self.cell * every.min(self.pattern.kv_len - k_idx);
            // Above a number's last digit if there are numbers, otherwise at the left edge of the cell.
            line.push_str(&if self.cell == 4 { format!("{position:>3} ") } else { format!("{position:<wide$}") });
        }
        line.trim_end().to_owned()
    }

    fn cell(&self, q_idx: usize, k_idx: usize) -> String {
        let Some(weight) = self.pattern.weight(q_idx, k_idx) else {
            return self.terminal.dim(["·", "· ", "  · "][self.size()]);
        };
        let share = if weight.is_finite() { (weight / self.full_at).clamp(0.0, 1.0) } else { 0.0 };
        let percent = (weight * 100.0).round();
        let number = if weight.is_nan() {
            "NaN".into()
        } else if percent < 1.0 {
            String::new()
        } else {
            percent.to_string()
        };
        if self.terminal.colors == Colors::None {
            let shade = shade(share);
            return match self.size() {
                2 if number.len() > 2 => format!("{number:>3} "),
                2 => format!("{shade}{number:>2} "),
                1 => shade.to_string().repeat(2),
                _ => shade.to_string(),
            };
        }
        let text = if self.size() == 2 { format!("{number:>3} ") } else { " ".repeat(self.cell) };
        self.terminal.on(text, self.color(share), &Theme::DARK)
    }

    /// 2 with numbers, 1 without, 0 for the narrowest.
    fn size(&self) -> usize {
        match self.cell {
            4 => 2,
            2 => 1,
            _ => 0,
        }
    }

    fn color(&self, share: f32) -> Color {
        Theme::DARK.weight(share)
    }

    fn legend(&self) -> String {
        let full = (self.full_at * 100.0).round();
        let ramp: String = if self.terminal.colors == Colors::None {
            " ░▒▓█".into()
        } else {
            (0..=8).map(|i| self.terminal.on("  ", self.color(i as f32 / 8.0), &Theme::DARK)).collect()
        };
        let mut notes = Vec::new();
        if self.size() == 2 {
            notes.push("numbers in percent, none below 0.5".to_owned());
        }
        if self.pattern.is_masked() {
            notes.push("· may not be attended to".to_owned());
        }
        if self.block > 1 {
            notes.push(format!("each cell is the largest weight of {0} × {0} tokens", self.block));
        }
        format!("0 % {ramp} {full} %  {}\n", self.terminal.dim(notes.join("; ")))
    }
}

fn shade(share: f32) -> char {
    match share {
        s if s < 0.05 => ' ',
        s if s < 0.25 => '░',
        s if s < 0.5 => '▒',
        s if s < 0.75 => '▓',
        _ => '█',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(n: usize) -> Vec<Token> {
        (0..n).map(|i| Token { id: 0, text: [" the", " hot", " dog"][i % 3].into() }).collect()
    }

    #[test]
    fn a_short_text_has_numbers_and_dots() {
        let pattern = Pattern::new(1, 2, 3, vec![1.0, 0.0, 0.0, 0.3, 0.7, 0.0, 0.004, 0.916, 0.08], true).unwrap();
        let text = heatmap(&Terminal { colors: Colors::None, width: 40 }, &pattern, &tokens(3), "tiny");
        let expected = "\
Layer 1, head 2 of tiny
Rows are queries (who attends), columns are keys (what is attended to).

         0   1   2
0 ␣the 100   ·   · 
1 ␣hot ▒30 ▓70   · 
2 ␣dog     █92 ░ 8 

0 %  ░▒▓█ 100 %  numbers in percent, none below 0.5; · may not be attended to
";
        assert_eq!(text, expected);
    }

    #[test]
    fn whatever_the_length_it_fits_the_terminal() {
        for colors in [Colors::None, Colors::Many, Colors::All] {
            for n in [1, 2, 9, 17, 40, 100, 1000] {
                let weights = vec![1.0 / n as f32; n * n];
                let pattern = Pattern::new(0, 0, n, weights, true).unwrap();
                let text = heatmap(&Terminal { colors, width: 60 }, &pattern, &tokens(n), "m");
                let plain = anstream::adapter::strip_str(&text).to_string();
                // The heading and the legend are not cells.
                for line in plain.lines().skip(3).filter(|line| !line.contains('%')) {
                    assert!(line.width() <= 60, "{n}: {line:?}");
                }
                assert_eq!(plain.contains("largest weight of"), n > 53, "{n}");
            }
        }
    }
}
