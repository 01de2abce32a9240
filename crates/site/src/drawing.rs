//! The figures as they are before the page lives: the lesson model on the page's first sentence, drawn by the same
//! functions, wide and narrow, light and dark in one.

use anyhow::{Context, Result, bail};
use attnscope::{Capture, NextToken, Trace, lesson};
use attnscope_figures::figure::{Canvas, matrix, next_tokens};
use attnscope_figures::number::percent;
use attnscope_figures::svg::{escape, for_both_themes, to_svg};
use attnscope_figures::{Figure, Scene, Theme};

/// The sentence that the page begins with.
pub const SENTENCE: &str = "the hot dog was";
/// Widths of the drawings in pixels: a column of prose, and a phone.
const WIDE: f32 = 688.0;
const NARROW: f32 = 358.0;
/// What a page crops off a drawing's margins, left and right.
const CROP: f32 = 27.0;

/// The run that everything is drawn from.
pub struct Example {
    trace: Trace,
    next: Vec<NextToken>,
}

impl Example {
    /// Runs the lesson model.
    pub fn new() -> Result<Self> {
        let model = lesson::model();
        let capture: Capture = "pattern".parse()?;
        let trace = model.run(&model.encode(SENTENCE)?, &capture, &[])?;
        let next = model.next_tokens(&trace, 10);
        Ok(Self { trace, next })
    }

    /// How many words the model knows.
    pub fn n_vocab(&self) -> usize {
        self.trace.model.n_vocab
    }

    /// A weight in words, `92 %`, named as the command names an edge: `0.0 2>1`.
    pub fn weight(&self, named: &str) -> Result<String> {
        let numbers: Vec<usize> = named.split(['.', ' ', '>']).filter_map(|n| n.parse().ok()).collect();
        let [layer, head, q_idx, k_idx] = *numbers else { bail!("expected a weight such as 0.0 2>1, found {named:?}") };
        let row = self.trace.layer(layer, "attn.pattern").and_then(|pattern| pattern.row(&[head, q_idx]));
        let weight = row.and_then(|row| row.get(k_idx)).with_context(|| format!("there is no weight {named}"))?;
        Ok(percent(*weight))
    }

    /// A figure as HTML: both drawings and the caption.
    pub fn figure(&self, name: &str) -> Result<String> {
        let figure: Figure = name.parse().map_err(anyhow::Error::msg)?;
        let wide = self.scene(figure, WIDE, &Theme::LIGHT)?;
        let controls = if figure == Figure::Matrix { HEAD_PICKER } else { "" };
        Ok(format!(
            "<figure data-figure=\"{name}\" data-ready=\"false\">{controls}<div class=\"drawing\"><div class=\"wide\">{}</div>\
             <div class=\"narrow\">{}</div></div><figcaption>{}</figcaption></figure>\n",
            self.svg(figure, WIDE)?,
            self.svg(figure, NARROW)?,
            escape(&wide.caption),
        ))
    }

    fn svg(&self, figure: Figure, width: f32) -> Result<String> {
        let [light, dark] = [Theme::LIGHT, Theme::DARK].map(|theme| self.scene(figure, width, &theme));
        let (light, dark) = (light?, dark?);
        let both = for_both_themes(&to_svg(&light), &to_svg(&dark));
        let both = both.with_context(|| format!("{} is not the same in light and dark", figure.name()))?;
        // Cropped as the page crops it, with names of its own, and see-through: the page is behind it.
        let whole = format!("viewBox=\"0 0 {} {}\"", light.width, light.height);
        let cropped = format!("viewBox=\"{CROP} 0 {} {}\"", light.width - 2.0 * CROP, light.height);
        let outer = format!("width=\"{}\" height", light.width);
        let inner = format!("width=\"{}\" height", light.width - 2.0 * CROP);
        let both = both.replacen(&whole, &cropped, 1).replacen(&outer, &inner, 1);
        let (head, rest) = both.split_once("<rect").context("a drawing has a background")?;
        let (_, marks) = rest.split_once("/>").context("a background ends")?;
        let named = format!("{head}{marks}").replace("attnscope-", &format!("attnscope-{width}-"));
        // The page's policy forbids style in attributes; its stylesheet says the same. And to Markdown, an empty line
        // would be the end of the drawing.
        Ok(named.replace(" style=\"image-rendering:pixelated\"", "").replace('\n', ""))
    }

    fn scene(&self, figure: Figure, width: f32, theme: &Theme) -> Result<Scene> {
        let canvas = Canvas { width: width + 2.0 * CROP, bare: true };
        match figure {
            Figure::NextTokens => {
                let data = next_tokens::Data::from_trace(&self.trace, self.next.clone())?;
                Ok(next_tokens::render(&data, &next_tokens::State { canvas, ..Default::default() }, theme))
            }
            Figure::Matrix => {
                let data = matrix::Data::from_trace(&self.trace, 0, 0)?;
                let state = matrix::State { canvas, q_idx: Some(2), ..Default::default() };
                Ok(matrix::render(&data, &state, theme))
            }
            other => bail!("the page does not know how to draw {} yet", other.name()),
        }
    }
}

/// Takes the room of the live one, so that nothing jumps.
const HEAD_PICKER: &str = "<div id=\"head-picker\" class=\"controls\"><label class=\"field small\"><span>layer</span>\
    <select disabled><option>0</option></select></label></div>";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_drawn_and_nothing_else_is() {
        let example = Example::new().unwrap();
        for name in ["next-tokens", "matrix"] {
            let html = example.figure(name).unwrap();
            assert_eq!(html.matches("<svg").count(), 2, "wide and narrow");
            assert!(html.contains("light-dark(#") && html.contains("<figcaption>"), "{name}");
            assert!(!html.contains("<rect width=\""), "{name}: the page is the background");
            assert!(!html.contains("style="), "{name}: the page's policy forbids it");
        }
        assert!(example.figure("next-tokens").unwrap().contains("the likeliest next tokens are"));
        assert!(example.figure("heat").is_err() && example.figure("arcs").is_err());
    }

    #[test]
    fn weights_in_the_prose_are_those_of_the_model() {
        let example = Example::new().unwrap();
        assert!(example.weight("0.0 2>1").unwrap().ends_with('%'));
        assert!(example.weight("7.0 2>1").is_err() && example.weight("hot").is_err());
    }
}
