//! The capabilities of the terminal, and text for it.

use anstream::{AutoStream, ColorChoice};
use anstyle::{Ansi256Color, Effects, RgbColor, Style};
use attnscope_figures::token::{plain, shown};
use attnscope_figures::{Color, Theme};
use std::fmt::Display;
use std::path::Path;
use unicode_width::UnicodeWidthStr;

/// What stdout can show.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// Colours, and how many.
    pub colors: Colors,
    /// Columns.
    pub width: usize,
}

/// The number of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colors {
    /// None: not a terminal, or NO_COLOR is set.
    None,
    /// The 256 of xterm.
    Many,
    /// 24 bits.
    All,
}

impl Terminal {
    /// From the environment: NO_COLOR, CLICOLOR_FORCE, COLORTERM, TERM, COLUMNS, and the terminal itself.
    pub fn of_stdout() -> Self {
        let colors = match AutoStream::choice(&std::io::stdout()) {
            ColorChoice::Never => Colors::None,
            _ if anstyle_query::truecolor() => Colors::All,
            _ => Colors::Many,
        };
        let asked = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let said = || std::env::var("COLUMNS").ok()?.parse().ok();
        Self { colors, width: asked.or_else(said).unwrap_or(80).clamp(40, 500) }
    }

    /// Text in a colour.
    pub fn paint(&self, text: impl Display, color: Color) -> String {
        self.style(text, Style::new().fg_color(self.color(color)))
    }

    /// Bold text.
    pub fn bold(&self, text: impl Display) -> String {
        self.style(text, Style::new().effects(Effects::BOLD))
    }

    /// Less prominent text.
    pub fn dim(&self, text: impl Display) -> String {
        self.style(text, Style::new().effects(Effects::DIMMED))
    }

    /// Text on a coloured background, with readable contrast.
    pub fn on(&self, text: impl Display, fill: Color, theme: &Theme) -> String {
        self.style(text, Style::new().bg_color(self.color(fill)).fg_color(self.color(theme.on(fill))))
    }

    fn style(&self, text: impl Display, style: Style) -> String {
        if self.colors == Colors::None { text.to_string() } else { format!("{style}{text}{style:#}") }
    }

    fn color(&self, color: Color) -> Option<anstyle::Color> {
        match self.colors {
            Colors::None => None,
            Colors::Many => Some(Ansi256Color(nearest_256(color)).into()),
            Colors::All => Some(RgbColor(color.r, color.g, color.b).into()),
        }
    }

    /// The text as a line of tokens, with a thin line between, broken at the width of the terminal.
    pub fn tokens<'a>(&self, tokens: impl Iterator<Item = &'a str>) -> String {
        let (mut out, mut column) = (String::new(), 0);
        for token in tokens {
            let token = shown(token);
            if column > 0 && column + 1 + token.width() > self.width {
                out.push('\n');
                column = 0;
            }
            if column > 0 {
                out.push_str(&self.dim("│"));
                column += 1;
            }
            column += token.width();
            out.push_str(&token);
        }
        out.push('\n');
        out
    }
}

/// The nearest of xterm's colours: from the cube of six levels, or from the grey scale.
fn nearest_256(color: Color) -> u8 {
    let level = |x: u8| {
        if x < 48 {
            0
        } else if x < 115 {
            1
        } else {
            (x - 35) / 40
        }
    };
    let value = |l: u8| if l == 0 { 0 } else { 55 + 40 * l };
    let cube = [color.r, color.g, color.b].map(level);
    let mean = (u16::from(color.r) + u16::from(color.g) + u16::from(color.b)) / 3;
    let grey = ((mean.max(3) - 3) / 10).min(23) as u8;
    let far = |r: u8, g: u8, b: u8| -> i32 {
        let d = |a: u8, b: u8| (i32::from(a) - i32::from(b)).pow(2);
        d(r, color.r) + d(g, color.g) + d(b, color.b)
    };
    let (grey_value, [r, g, b]) = (8 + 10 * grey, cube);
    if far(grey_value, grey_value, grey_value) < far(value(r), value(g), value(b)) {
        232 + grey
    } else {
        16 + 36 * r + 6 * g + b
    }
}

/// A bar of at most `width` columns, in eighths of a column. A share above zero is always visible.
pub fn bar(share: f32, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let eighths = (share * width as f32 * 8.0).round() as usize;
    let eighths = if share > 0.0 { eighths.max(1) } else { 0 };
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

/// A path as plain text, with each byte that is not UTF-8 as its number.
pub fn path_text(path: &Path) -> String {
    let mut out = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        out.push_str(&plain(chunk.valid()));
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("<0x{byte:02X}>")));
    }
    out
}

/// Text adjusted to `width` columns: cut with `…`, or padded with spaces.
pub fn fit(text: &str, width: usize) -> String {
    let mut out = text.to_owned();
    if out.width() > width {
        while !out.is_empty() && out.width() + 1 > width {
            out.pop();
        }
        out.push('…');
    }
    let missing = width.saturating_sub(out.width());
    out + &" ".repeat(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_grow_by_eighths() {
        assert_eq!(bar(0.0, 4), "");
        assert_eq!(bar(0.0001, 4), "▏");
        assert_eq!(bar(0.5, 4), "██");
        assert_eq!(bar(0.28, 4), "█▏");
        assert_eq!(bar(7.0, 2), "██");
        assert_eq!(bar(f32::NAN, 2), "");
    }

    #[test]
    fn text_fits_in_columns_not_characters() {
        assert_eq!(fit("ab", 4), "ab  ");
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("犬犬犬", 4), "犬… ");
    }

    #[test]
    fn a_path_is_plain_whatever_its_bytes() {
        assert_eq!(path_text(Path::new("/m/a\u{1b}[2J\u{202e}.gguf")), "/m/a<0x1B>[2J<U+202E>.gguf");
        assert_eq!(path_text(Path::new("/m/ü b/👩‍👧")), "/m/ü b/👩‍👧");
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            let path = Path::new(std::ffi::OsStr::from_bytes(b"/m/\xff\xc3.svg"));
            assert_eq!(path_text(path), "/m/<0xFF><0xC3>.svg");
        }
    }

    #[test]
    fn xterm_colours_are_near() {
        assert_eq!(nearest_256(Color::hex(0x000000)), 16);
        assert_eq!(nearest_256(Color::hex(0xffffff)), 231);
        assert_eq!(nearest_256(Color::hex(0xff0000)), 196);
        assert_eq!(nearest_256(Color::hex(0x121212)), 233);
    }

    #[test]
    fn no_colours_means_no_escapes() {
        let plain = Terminal { colors: Colors::None, width: 40 };
        assert_eq!(plain.tokens(["the", " hot", "\u{1b}[2J"].into_iter()), "the│␣hot│<0x1B>[2J\n");
        assert_eq!(plain.bold("x") + &plain.dim("y"), "xy");
    }
}
