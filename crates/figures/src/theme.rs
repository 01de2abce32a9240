//! Colours by role. Each has one meaning, in prose, figures and matrices alike.

use crate::color::Color;
use serde::Serialize;

const fn c(rgb: u32) -> Color {
    Color::hex(rgb)
}

/// A set of colours. Query, key, value and output can be told apart without red and green.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Theme {
    /// Its name: `light` or `dark`.
    pub name: &'static str,
    /// The background.
    pub background: Color,
    /// Chips, cards and boxes on it.
    pub surface: Color,
    /// Text.
    pub text: Color,
    /// Less prominent text: axes, captions.
    pub muted: Color,
    /// Marks that are barely there: the sign for a space. Not for text that must be read.
    pub faint: Color,
    /// Thin lines.
    pub grid: Color,
    /// Whatever is chosen or emphasized.
    pub accent: Color,
    /// Queries.
    pub query: Color,
    /// Keys.
    pub key: Color,
    /// Values.
    pub value: Color,
    /// Outputs.
    pub output: Color,
    /// A masked cell, in rasters.
    pub masked: Color,
    /// The dot of a masked cell.
    pub masked_dot: Color,
    /// Weights from 0 to 1, in even steps of lightness.
    pub ramp: [Color; 9],
    /// Negative numbers, from near 0 to far.
    pub negative: [Color; 5],
    /// Positive numbers, from near 0 to far.
    pub positive: [Color; 5],
    /// One per token, starting again after the last.
    pub tokens: [Color; 8],
}

impl Theme {
    /// Dark on white.
    pub const LIGHT: Self = Self {
        name: "light",
        background: c(0xffffff),
        surface: c(0xf4f6f9),
        text: c(0x161a22),
        muted: c(0x5a6270),
        faint: c(0xa9b1bd),
        grid: c(0xdfe3e9),
        accent: c(0xbf1f62),
        query: c(0x1f5fd0),
        key: c(0xb4530a),
        value: c(0x0a7570),
        output: c(0x7a3cc2),
        masked: c(0xe7e4df),
        masked_dot: c(0xc6c2ba),
        ramp: [
            c(0xecf5fb),
            c(0xbedbf1),
            c(0x92c1e8),
            c(0x6da5dc),
            c(0x4b88ce),
            c(0x3b6bb3),
            c(0x2c5098),
            c(0x233774),
            c(0x182052),
        ],
        negative: [c(0xf3f4f5), c(0xecc29c), c(0xda9158), c(0xbd6222), c(0x933d08)],
        positive: [c(0xf3f4f5), c(0xabcaef), c(0x6f9fdc), c(0x3d73bf), c(0x184998)],
        tokens: [
            c(0x4b88ce),
            c(0xd97f35),
            c(0x2a9d93),
            c(0x9a6bd6),
            c(0xcf5c8c),
            c(0x8a8f3a),
            c(0x6b7a90),
            c(0xb08a5a),
        ],
    };

    /// Light on near-black.
    pub const DARK: Self = Self {
        name: "dark",
        background: c(0x11141a),
        surface: c(0x1b2029),
        text: c(0xe9ecf1),
        muted: c(0x9ba5b4),
        faint: c(0x5d6675),
        grid: c(0x2b323d),
        accent: c(0xff8ab5),
        query: c(0x7fb0ff),
        key: c(0xffa860),
        value: c(0x53d3c6),
        output: c(0xc7a2ff),
        masked: c(0x2b2927),
        masked_dot: c(0x4a4743),
        ramp: [
            c(0x1d2232),
            c(0x273857),
            c(0x2a5180),
            c(0x2b6ca3),
            c(0x2189c7),
            c(0x47a6d8),
            c(0x6bc3e9),
            c(0xa1ddf2),
            c(0xd5f5fd),
        ],
        negative: [c(0x26282c), c(0x633e29), c(0x9b5b2b), c(0xce7f36), c(0xf7ab5d)],
        positive: [c(0x26282c), c(0x32496a), c(0x3d70a8), c(0x519add), c(0x7fc5ff)],
        tokens: [
            c(0x6aa6e8),
            c(0xe8995a),
            c(0x4fbfb3),
            c(0xb592ec),
            c(0xe583ac),
            c(0xb0b460),
            c(0x93a1b5),
            c(0xcbab80),
        ],
    };

    /// The colour of one of several runs that are compared.
    pub fn run(&self, column: usize) -> Color {
        [self.weight(0.6), self.accent, self.key, self.value][column % 4]
    }

    /// The colour of a weight between 0 and 1. NaN gets the colour of 0.
    pub fn weight(&self, w: f32) -> Color {
        along(&self.ramp, w)
    }

    /// The colour of a signed number between −1 and 1.
    pub fn signed(&self, x: f32) -> Color {
        if x < 0.0 { along(&self.negative, -x) } else { along(&self.positive, x) }
    }

    /// A text colour with a contrast of at least 4.5 on `fill`: one of the theme's own if it has that,
    /// otherwise black or white (in the middle of a ramp).
    pub fn on(&self, fill: Color) -> Color {
        let inks = [self.text, self.background, Color::hex(0xffffff), Color::hex(0x000000)];
        inks.into_iter().find(|ink| ink.contrast(fill) >= 4.5).unwrap_or(inks[3])
    }

    /// The colour of the `i`-th token.
    pub fn token(&self, i: usize) -> Color {
        self.tokens[i % self.tokens.len()]
    }
}

/// The colour at `t` (0 to 1) along evenly spaced stops.
fn along(stops: &[Color], t: f32) -> Color {
    let last = stops.len() - 1;
    let t = if t.is_nan() { 0.0 } else { t.clamp(0.0, 1.0) } * last as f32;
    let at = (t as usize).min(last.saturating_sub(1));
    stops[at].mix(stops[(at + 1).min(last)], t - at as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lightness of OKLab.
    fn lightness(color: Color) -> f32 {
        let [r, g, b] = color.linear();
        let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
        let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
        let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s
    }

    #[test]
    fn text_can_be_read() {
        for t in [Theme::LIGHT, Theme::DARK] {
            let colors = [t.text, t.muted, t.accent, t.query, t.key, t.value, t.output];
            for (i, color) in colors.into_iter().enumerate() {
                for ground in [t.background, t.surface] {
                    let contrast = color.contrast(ground);
                    assert!(contrast >= 4.5, "{}: colour {i} {color} on {ground}: {contrast}", t.name);
                }
            }
        }
    }

    #[test]
    fn text_on_every_cell_can_be_read() {
        for t in [Theme::LIGHT, Theme::DARK] {
            for i in -100..=100 {
                let x = i as f32 / 100.0;
                for fill in [t.weight(x), t.signed(x)] {
                    let contrast = t.on(fill).contrast(fill);
                    assert!(contrast >= 4.5, "{} at {x}: {contrast}", t.name);
                }
            }
        }
    }

    #[test]
    fn weights_step_evenly() {
        for t in [Theme::LIGHT, Theme::DARK] {
            let steps: Vec<f32> = t.ramp.windows(2).map(|w| lightness(w[1]) - lightness(w[0])).collect();
            let mean = steps.iter().sum::<f32>() / steps.len() as f32;
            assert!(steps.iter().all(|s| (s / mean - 1.0).abs() < 0.1), "{}: {steps:?}", t.name);
        }
    }

    #[test]
    fn a_forbidden_cell_is_no_weight_of_zero() {
        for t in [Theme::LIGHT, Theme::DARK] {
            let (zero, masked) = (t.weight(0.0), t.masked);
            let warm = |c: Color| i32::from(c.r) - i32::from(c.b);
            assert!(warm(masked) >= 0 && warm(zero) <= -12, "{}: {zero} and {masked} look alike", t.name);
        }
    }
}
