//! The stylesheet and the figures agree on what a colour means.

use attnscope_figures::Theme;

const STYLE: &str = include_str!("../assets/style.css");

/// One colour of a theme.
type Part = fn(&Theme) -> attnscope_figures::Color;

#[test]
fn the_page_has_the_colours_of_the_figures() {
    let parts: [(&str, Part); 10] = [
        ("background", |t| t.background),
        ("surface", |t| t.surface),
        ("text", |t| t.text),
        ("muted", |t| t.muted),
        ("grid", |t| t.grid),
        ("query", |t| t.query),
        ("key", |t| t.key),
        ("value", |t| t.value),
        ("output", |t| t.output),
        ("accent", |t| t.accent),
    ];
    for (name, part) in parts {
        let line = format!("--{name}: light-dark({}, {});", part(&Theme::LIGHT), part(&Theme::DARK));
        assert!(STYLE.contains(&line), "style.css has no {line}");
    }
}
