//! The width of a text, its line breaks, and its shortening where there is too little room.

use crate::scene::{Run, Weight};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// The font of every figure. Inter is embedded for measuring, PNG and PDF; a page may serve it or not.
pub const FONT_FAMILY: &str = "Inter, ui-sans-serif, system-ui, sans-serif";

/// Height of Inter's capitals, in em.
pub const CAP_HEIGHT: f32 = 2048.0 / UNITS_PER_EM;

/// Inter's units in an em.
const UNITS_PER_EM: f32 = 2816.0;

/// The advances of the embedded fonts: 8 bytes per character, in order. See `fonts/subset.py`.
static ADVANCES: &[u8] = include_bytes!("../fonts/advances.bin");

/// Width of a text in pixels, without kerning.
pub fn width(text: &str, size: f32, weight: Weight) -> f32 {
    text.chars().map(|c| advance(c, weight)).sum::<f32>() * size
}

/// Width of runs placed one after the other in a text of this size and weight.
pub fn runs_width(runs: &[Run], size: f32, weight: Weight) -> f32 {
    runs.iter().map(|r| width(&r.text, size, r.weight.unwrap_or(weight))).sum()
}

/// Advance of one character, in em. It is estimated for characters that Inter lacks: 1 for wide ones, 0 for marks.
fn advance(c: char, weight: Weight) -> f32 {
    let (entries, _) = ADVANCES.as_chunks::<8>();
    match entries.binary_search_by_key(&(c as u32), |e| u32::from_le_bytes([e[0], e[1], e[2], e[3]])) {
        Ok(i) => {
            let e = entries[i];
            let units = match weight {
                Weight::Regular => u16::from_le_bytes([e[4], e[5]]),
                Weight::Semibold => u16::from_le_bytes([e[6], e[7]]),
            };
            f32::from(units) / UNITS_PER_EM
        }
        Err(_) => match c.width() {
            Some(0) => 0.0,
            Some(1) | None => 0.65,
            Some(_) => 1.05,
        },
    }
}

/// The text, or as much of its beginning as fits into `max` pixels with an ellipsis after it.
pub fn fit(text: &str, max: f32, size: f32, weight: Weight) -> String {
    if width(text, size, weight) <= max {
        return text.to_owned();
    }
    let room = max - width("…", size, weight);
    let (mut kept, mut used) = (String::new(), 0.0);
    for grapheme in text.graphemes(true) {
        used += width(grapheme, size, weight);
        if used > room {
            break;
        }
        kept.push_str(grapheme);
    }
    kept.truncate(kept.trim_end().len());
    kept + "…"
}

/// Breaks a text at its spaces into lines no wider than `max` where that can be done.
pub fn wrap(text: &str, max: f32, size: f32, weight: Weight) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        match lines.last_mut() {
            Some(line) if width(line, size, weight) + width(" ", size, weight) + width(word, size, weight) <= max => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// [`wrap`] into the same number of lines, as equal in length as possible, so that no last word is alone.
pub fn wrap_balanced(text: &str, max: f32, size: f32, weight: Weight) -> Vec<String> {
    let best = wrap(text, max, size, weight);
    let (mut low, mut high) = (0.0, max);
    // Twelve halvings find any width on a screen to within a pixel.
    for _ in 0..12 {
        let mid = (low + high) / 2.0;
        let lines = wrap(text, mid, size, weight);
        let fits = lines.len() <= best.len() && lines.iter().all(|l| width(l, size, weight) <= mid);
        if fits { high = mid } else { low = mid }
    }
    let balanced = wrap(text, high, size, weight);
    if balanced.len() == best.len() { balanced } else { best }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_that_of_the_fonts() {
        let regular = ttf_parser::Face::parse(include_bytes!("../fonts/Inter-Regular.otf"), 0).unwrap();
        let semibold = ttf_parser::Face::parse(include_bytes!("../fonts/Inter-SemiBold.otf"), 0).unwrap();
        assert_eq!(f32::from(regular.units_per_em()), UNITS_PER_EM);
        assert_eq!(f32::from(regular.capital_height().unwrap()) / UNITS_PER_EM, CAP_HEIGHT);
        for c in "The hot dog, ␣↵⇥ Ωж 0.92 % −× ÷√∑".chars() {
            for (face, weight) in [(&regular, Weight::Regular), (&semibold, Weight::Semibold)] {
                let glyph = face.glyph_index(c).unwrap_or_else(|| panic!("{c} is not in the font"));
                let advance_of_face = f32::from(face.glyph_hor_advance(glyph).unwrap()) / UNITS_PER_EM;
                assert_eq!(advance(c, weight), advance_of_face, "{c}");
            }
        }
    }

    #[test]
    fn cut_texts_fit() {
        assert_eq!(fit("dog", 100.0, 12.0, Weight::Regular), "dog");
        for max in [20.0, 40.0, 60.0] {
            let cut = fit("antidisestablishmentarianism", max, 12.0, Weight::Regular);
            assert!(cut.ends_with('…') && width(&cut, 12.0, Weight::Regular) <= max, "{cut}");
        }
        // A family emoji is one unit: it stays whole or is dropped.
        let family = "👩‍👩‍👧";
        assert!(["…".to_owned(), format!("{family}…")].contains(&fit(
            &format!("{family}{family}"),
            60.0,
            12.0,
            Weight::Regular
        )));
    }

    #[test]
    fn lines_hold_every_word() {
        let text = "each row is what one token attends to; it sums to 1";
        let lines = wrap(text, 90.0, 12.0, Weight::Regular);
        assert!(lines.len() > 2);
        assert!(lines.iter().all(|l| width(l, 12.0, Weight::Regular) <= 90.0));
        assert_eq!(lines.join(" "), text);
        let long = |lines: &[String]| lines.iter().map(|l| width(l, 12.0, Weight::Regular)).fold(0.0, f32::max);
        let balanced = wrap_balanced(text, 230.0, 12.0, Weight::Regular);
        let greedy = wrap(text, 230.0, 12.0, Weight::Regular);
        assert_eq!((balanced.len(), balanced.join(" ").as_str()), (greedy.len(), text));
        assert!(long(&balanced) < long(&greedy), "{balanced:?} {greedy:?}");
    }
}
