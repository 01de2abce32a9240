//! A token as a reader sees it: nothing invisible, nothing that could break a drawing.

use crate::color::Color;
use crate::scene::{Run, Weight};
use crate::text;

/// Stands for one space at the beginning or end of a token.
const SPACE_MARK: char = '␣';

/// The token with its invisible characters made visible: `␣dog`, `↵`, `⇥`, `<0x1B>`.
pub fn shown(token: &str) -> String {
    if token.is_empty() {
        return "∅".into();
    }
    let inner = token.trim_matches(' ');
    let lead = token.len() - token.trim_start_matches(' ').len();
    let trail = if inner.is_empty() { 0 } else { token.len() - token.trim_end_matches(' ').len() };
    let mut out = spaces(lead);
    inner.chars().for_each(|c| push_visible(&mut out, c));
    out + &spaces(trail)
}

/// A text with its invisible characters made visible, but its spaces left as they are.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push_visible(&mut out, c));
    out
}

/// One mark a space; of many (tokens of code are often twenty spaces) two and their number.
fn spaces(n: usize) -> String {
    if n <= 3 { SPACE_MARK.to_string().repeat(n) } else { format!("{SPACE_MARK}×{n}") }
}

fn push_visible(out: &mut String, c: char) {
    match c {
        '\n' => out.push('↵'),
        '\r' => out.push('␍'),
        '\t' => out.push('⇥'),
        c if (c as u32) < 0x100 && c.is_control() => out.push_str(&format!("<0x{:02X}>", c as u32)),
        // Would turn the text around, or be nothing to see. The joiner of emoji (200D) is left alone.
        '\u{200B}'
        | '\u{115F}'
        | '\u{1160}'
        | '\u{180E}'
        | '\u{200E}'
        | '\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{FFA0}'
        | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{FFFE}'
        | '\u{FFFF}'
        | '\u{AD}' => out.push_str(&format!("<U+{:04X}>", c as u32)),
        // A space of another kind: 00A0 does not break a line, 3000 is as wide as a Chinese character.
        c if c.is_whitespace() && c != ' ' => out.push_str(&format!("<U+{:04X}>", c as u32)),
        c => out.push(c),
    }
}

/// The token as it is said: without its space, `space` or `line break` where that is all there is.
pub fn spoken(token: &str) -> String {
    match token {
        "" => "nothing".into(),
        t if t.chars().all(|c| c == ' ') => "space".into(),
        t if t.chars().all(|c| c == '\n' || c == '\r') => "line break".into(),
        t => shown(t.trim_matches(' ')),
    }
}

/// The token as runs that fit into `max` pixels, the marks of its spaces in a fainter colour.
pub fn runs(token: &str, mark: Color, max: f32, size: f32, weight: Weight) -> Vec<Run> {
    let fitted = text::fit(&shown(token), max, size, weight);
    let mut out: Vec<Run> = Vec::new();
    for c in fitted.chars() {
        let fill = matches!(c, SPACE_MARK | '↵' | '⇥' | '␍').then_some(mark);
        match out.last_mut() {
            Some(run) if run.fill == fill => run.text.push(c),
            _ => out.push(Run { text: c.into(), fill, weight: None }),
        }
    }
    out
}

/// Width of the token as [`runs`] shows it when there is room.
pub fn width(token: &str, size: f32, weight: Weight) -> f32 {
    text::width(&shown(token), size, weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_stays_invisible() {
        assert_eq!(shown(" dog"), "␣dog");
        assert_eq!(shown("\n"), "↵");
        assert_eq!(shown("a\tb\u{1b}"), "a⇥b<0x1B>");
        assert_eq!(shown("        "), "␣×8");
        assert_eq!(shown("\u{202e}abc"), "<U+202E>abc");
        assert_eq!(shown("\u{a0}"), "<U+00A0>");
        assert_eq!(shown("\u{3000}\u{2003}"), "<U+3000><U+2003>");
        assert_eq!(shown("\u{2800}"), "<U+2800>");
        assert_eq!(shown(""), "∅");
        assert_eq!(shown("🌭"), "🌭");
        assert_eq!(shown("hot dog "), "hot dog␣");
    }

    #[test]
    fn said_without_marks() {
        assert_eq!(spoken(" dog"), "dog");
        assert_eq!(spoken("  "), "space");
        assert_eq!(spoken("\n\n"), "line break");
    }

    #[test]
    fn runs_join_to_what_is_shown() {
        let mark = Color::hex(0x999999);
        let runs = runs(" dog\n", mark, 200.0, 12.0, Weight::Regular);
        assert_eq!(runs.iter().map(|r| r.text.as_str()).collect::<String>(), "␣dog↵");
        assert_eq!(runs.iter().map(|r| r.fill).collect::<Vec<_>>(), [Some(mark), None, Some(mark)]);
    }
}
