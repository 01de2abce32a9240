//! A token as it is shown: with nothing invisible, and nothing that could break a drawing.

use crate::color::Color;
use crate::scene::{Run, Weight};
use crate::text;
use attnscope_words::words;

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
    spaces(lead) + &plain(inner) + &spaces(trail)
}

/// A text with its invisible characters made visible, but its spaces left as they are. Any text that others wrote
/// (tokens, names, paths, messages) passes this before it is shown: it can then neither hide, nor reverse the text
/// beside it, nor send commands to a terminal.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if is_joiner(c) && before.is_some_and(takes_joiner) && chars.peek().copied().is_some_and(takes_joiner) {
            out.push(c);
        } else {
            push_visible(&mut out, c);
        }
        before = Some(c);
    }
    out
}

/// [`plain`], with a long text cut to its first `most` characters and `…`.
pub fn excerpt(text: &str, most: usize) -> String {
    let mut begun: String = text.chars().take(most).collect();
    if begun.len() == text.len() {
        return plain(text);
    }
    begun = plain(&begun);
    begun.push('…');
    begun
}

/// A mark for each space; for more than three (tokens of code are often twenty spaces) one mark and their number.
fn spaces(n: usize) -> String {
    if n <= 3 { SPACE_MARK.to_string().repeat(n) } else { format!("{SPACE_MARK}×{n}") }
}

fn push_visible(out: &mut String, c: char) {
    match c {
        '\n' => out.push('↵'),
        '\r' => out.push('␍'),
        '\t' => out.push('⇥'),
        c if c.is_control() => out.push_str(&format!("<0x{:02X}>", c as u32)),
        // A space of another kind: 00A0 does not break a line, 3000 is as wide as a Chinese character.
        c if is_hidden(c) || is_joiner(c) || (c.is_whitespace() && c != ' ') => {
            out.push_str(&format!("<U+{:04X}>", c as u32));
        }
        c => out.push(c),
    }
}

/// Whether a character is invisible or has side effects: it controls a terminal, ends a line, reverses text,
/// or has no glyph in any font (private, unassigned). Spaces and the two joiners are not counted.
pub fn is_hidden(c: char) -> bool {
    match c {
        ' '..='~' => false,
        // Fillers and variation selectors, which count as letters and marks but show nothing. (FE00 to FE0F choose
        // how the emoji before them looks.)
        '\u{34F}'
        | '\u{115F}'
        | '\u{1160}'
        | '\u{17B4}'
        | '\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{FFA0}'
        | '\u{E0100}'..='\u{E01EF}' => true,
        // Signs that enclose the number after them.
        '\u{600}'..='\u{605}'
        | '\u{6DD}'
        | '\u{70F}'
        | '\u{890}'
        | '\u{891}'
        | '\u{8E2}'
        | '\u{110BD}'
        | '\u{110CD}' => false,
        c => c.is_control() || !(c.is_whitespace() || is_joiner(c) || is_printable(c)),
    }
}

/// As in the standard library's `{:?}`: no control, format, private or unassigned character.
fn is_printable(c: char) -> bool {
    let mut bytes = [b'x', 0, 0, 0, 0];
    let end = 1 + c.encode_utf8(&mut bytes[1..]).len();
    // A mark that combines is escaped only where it has nothing to combine with.
    str::from_utf8(&bytes[..end]).is_ok_and(|text| text.escape_debug().count() == 2)
}

/// Joins the emoji around it into one, or keeps letters apart or together.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

/// Whether a joiner beside this character has an effect: in emoji and in scripts from Hebrew on.
fn takes_joiner(c: char) -> bool {
    c >= '\u{590}' && !is_joiner(c) && !is_hidden(c)
}

/// The token as it is spoken: without its space; `space` or `line break` if it is nothing else.
pub fn spoken(token: &str) -> String {
    match token {
        "" => words!("nothing").into(),
        t if t.chars().all(|c| c == ' ') => words!("space").into(),
        t if t.chars().all(|c| c == '\n' || c == '\r') => words!("line break").into(),
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
    fn what_hides_turns_around_or_controls_is_spelt() {
        // C0, DEL, C1 (9B begins a terminal's command as ESC [ does), and characters that change the direction of text.
        let controls = ('\0'..='\u{1F}').chain('\u{7F}'..='\u{9F}');
        let turning = "\u{61C}\u{200E}\u{200F}\u{202A}\u{202B}\u{202C}\u{202D}\u{202E}\u{2066}\u{2067}\u{2068}\u{2069}";
        let unseen = "\u{AD}\u{34F}\u{180E}\u{200B}\u{2060}\u{2061}\u{2062}\u{2063}\u{2064}\u{206F}\u{FEFF}\u{FFF9}\u{2028}\u{2029}";
        let far =
            "\u{E000}\u{F8FF}\u{F0000}\u{10FFFD}\u{FDD0}\u{FFFE}\u{378}\u{E0001}\u{E0020}\u{E007F}\u{E0100}\u{1D173}";
        let all: Vec<char> = controls.chain(turning.chars()).chain(unseen.chars()).chain(far.chars()).collect();
        for c in &all {
            assert!(is_hidden(*c), "{:04X}", *c as u32);
            let said = plain(&format!("a{c}b"));
            assert!(!said.contains(*c) && said.chars().count() > 2, "{:04X}: {said}", *c as u32);
        }
        let text: String = all.into_iter().collect();
        assert!(!plain(&text).chars().any(is_hidden));
        assert_eq!(plain("a\u{9b}2J\u{7f}"), "a<0x9B>2J<0x7F>");
        assert_eq!(plain("x\u{e0041}y"), "x<U+E0041>y");
    }

    #[test]
    fn writing_stays_as_it_is() {
        for text in [
            "👩‍👩‍👧",
            "❤️‍🔥",
            "👍🏽",
            "🇩🇪",
            "1️⃣",
            "الكلب الساخن",
            "שָׁלוֹם",
            "می\u{200C}خواهم",
            "क्\u{200D}ष",
            "e\u{301}",
            "ｅ",
            "我喜欢",
            "한국어",
            "−√ΣЖ€½",
            "naïve “quoted”",
            "\u{FFFD}",
            "٪ \u{600}123",
        ] {
            assert_eq!(plain(text), text, "{text:?}");
        }
    }

    #[test]
    fn joiners_with_nothing_to_join_are_spelt() {
        assert_eq!(plain("ad\u{200D}min"), "ad<U+200D>min");
        assert_eq!(shown("\u{200D}"), "<U+200D>");
        assert_eq!(shown("👩\u{200D}"), "👩<U+200D>");
        assert_eq!(shown("م\u{200C}\u{200C}م"), "م<U+200C><U+200C>م");
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(excerpt("hot dog", 7), "hot dog");
        assert_eq!(excerpt("hot\ndogs", 5), "hot↵d…");
        assert_eq!(excerpt(&"ü".repeat(99), 3), "üüü…");
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
