//! Colours by role. Each has one meaning, in prose, figures and matrices alike.
//!
//! Query, key, value and output are four hues; negative and positive numbers are two more; what is chosen or changed is
//! red. Weights and other shares have none: the more of it, the more ink. Words have none either: they are told apart by
//! their names. All of this also holds without red or green, as a test proves by simulation.

use crate::color::Color;
use serde::Serialize;

const fn c(rgb: u32) -> Color {
    Color::hex(rgb)
}

/// A set of colours.
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
    /// Whatever is chosen, changed by the reader, or wrong.
    pub accent: Color,
    /// Queries.
    pub query: Color,
    /// Keys.
    pub key: Color,
    /// Values.
    pub value: Color,
    /// Outputs: of a head, and of the model.
    pub output: Color,
    /// A masked cell, in rasters.
    pub masked: Color,
    /// The dot of a masked cell.
    pub masked_dot: Color,
    /// Weights and other shares from 0 to 1: ink, in even steps of lightness.
    pub ramp: [Color; 9],
    /// Negative numbers, from near 0 to far.
    pub negative: [Color; 5],
    /// Positive numbers, from near 0 to far.
    pub positive: [Color; 5],
    /// Two kinds of words that a figure sets against each other, such as animals and foods.
    pub kinds: [Color; 2],
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
        accent: c(0xd61c46),
        query: c(0x1f62e8),
        key: c(0x963c02),
        value: c(0x0c7a72),
        output: c(0x6b23a0),
        masked: c(0xe7e4df),
        masked_dot: c(0xc6c2ba),
        ramp: [
            c(0xf2f4f9),
            c(0xd3d8e1),
            c(0xb5bcc9),
            c(0x98a1b1),
            c(0x7b869a),
            c(0x616d82),
            c(0x48546a),
            c(0x313d51),
            c(0x1d2638),
        ],
        negative: [c(0xf3f4f5), c(0xf2bcdf), c(0xe074bd), c(0xc02a93), c(0x8c0c66)],
        positive: [c(0xf3f4f5), c(0xc6de8c), c(0x94b83c), c(0x5f8a0c), c(0x3a5a02)],
        kinds: [c(0x46536b), c(0xc99700)],
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
        accent: c(0xff6678),
        query: c(0x8fbcff),
        key: c(0xffb25c),
        value: c(0x5fe0cc),
        output: c(0xb97fff),
        masked: c(0x2b2927),
        masked_dot: c(0x4a4743),
        ramp: [
            c(0x1d222c),
            c(0x313946),
            c(0x475162),
            c(0x5e6a7e),
            c(0x78849a),
            c(0x939fb4),
            c(0xb1bbcd),
            c(0xd0d8e5),
            c(0xf2f5fb),
        ],
        negative: [c(0x26282c), c(0x5f2a54), c(0xa93d8c), c(0xe063b8), c(0xffa0dd)],
        positive: [c(0x26282c), c(0x3f4e1c), c(0x64802a), c(0x90b03c), c(0xc4e56e)],
        kinds: [c(0xa9b6cc), c(0xf0c24a)],
    };

    /// The colour of one of several runs that are compared: ink for the first, red for one that was changed.
    pub fn run(&self, column: usize) -> Color {
        [self.ramp[7], self.accent, self.ramp[5], self.ramp[3]][column % 4]
    }

    /// The colour of a weight between 0 and 1. NaN gets the colour of 0.
    pub fn weight(&self, w: f32) -> Color {
        along(&self.ramp, w)
    }

    /// The colour of a bar that stands for a weight: not so pale that it could not be seen.
    pub fn weight_bar(&self, w: f32) -> Color {
        self.weight(0.4 + 0.45 * w)
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

    /// Lightness of OKLab, 0 to 100.
    fn lightness(color: Color) -> f32 {
        oklab(color.linear())[0]
    }

    /// A colour in OKLab, a hundred times, so that 2 is a difference that can just be seen.
    fn oklab([r, g, b]: [f32; 3]) -> [f32; 3] {
        let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
        let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
        let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
        let rows = [
            [0.210_454_26, 0.793_617_8, -0.004_072_047],
            [1.977_998_5, -2.428_592_2, 0.450_593_7],
            [0.025_904_037, 0.782_771_77, -0.808_675_77],
        ];
        rows.map(|[x, y, z]: [f32; 3]| 100.0 * (x * l + y * m + z * s))
    }

    /// How far apart two colours are for eyes without one kind of cone (Machado, Oliveira and Fernandes 2009), or with all.
    fn apart(a: Color, b: Color, eyes: &[[f32; 3]; 3]) -> f32 {
        let seen = |c: Color| {
            let rgb = c.linear();
            oklab(eyes.map(|row| (0..3).map(|i| row[i] * rgb[i]).sum::<f32>().clamp(0.0, 1.0)))
        };
        let (a, b) = (seen(a), seen(b));
        (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f32>().sqrt()
    }

    const EYES: [[[f32; 3]; 3]; 3] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
    ];

    #[test]
    fn roles_and_signs_are_told_apart_by_all_eyes() {
        for (t, eyes) in [Theme::LIGHT, Theme::DARK].into_iter().flat_map(|t| EYES.map(|eyes| (t.clone(), eyes))) {
            let roles = [t.query, t.key, t.value, t.output, t.accent];
            for (i, a) in roles.into_iter().enumerate() {
                for b in roles.into_iter().skip(i + 1) {
                    assert!(apart(a, b, &eyes) >= 7.0, "{}: {a} and {b}: {}", t.name, apart(a, b, &eyes));
                }
            }
            // Near zero both fade into the same grey.
            for (a, b) in t.negative.into_iter().zip(t.positive).skip(1) {
                assert!(apart(a, b, &eyes) >= 8.0, "{}: {a} and {b}: {}", t.name, apart(a, b, &eyes));
            }
            assert!(apart(t.kinds[0], t.kinds[1], &eyes) >= 8.0, "{}: kinds", t.name);
        }
    }

    #[test]
    fn a_share_is_ink_and_no_role() {
        for t in [Theme::LIGHT, Theme::DARK] {
            let colour = |c: Color| {
                let [_, a, b] = oklab(c.linear());
                a.hypot(b)
            };
            for share in t.ramp {
                assert!(colour(share) <= 5.0, "{}: {share} has a hue", t.name);
            }
            for role in [t.query, t.key, t.value, t.output].into_iter().chain([t.negative[3], t.positive[3]]) {
                assert!(colour(role) >= 8.0, "{}: {role} has none", t.name);
            }
        }
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
            assert!(warm(masked) >= 0 && warm(zero) <= -7, "{}: {zero} and {masked} look alike", t.name);
        }
    }
}
