//! The figures before the page is live: the same page figures on the lesson model and the page's first
//! sentence, drawn wide and narrow, with light and dark in one.

use anyhow::{Context, Result, anyhow, bail};
use attnscope::Number;
use attnscope::analysis::{components, softmax};
use attnscope_figures::Scene;
use attnscope_figures::number::{number as as_read, percent};
use attnscope_figures::svg::{escape, for_both_themes, to_svg};
use attnscope_page::paper::view_box;
use attnscope_page::{Driver, Missing, PageFigure, Paper, Selection, View, control, figure};
use attnscope_protocol::{LessonOnly, Request, Response};

/// Widths of the drawings in pixels: a column of prose, and a phone.
const WIDE: f32 = 688.0;
const NARROW: f32 = 358.0;

/// The page in its initial state.
pub struct Example {
    driver: Driver<LessonOnly>,
}

impl Example {
    /// Nothing has been asked yet.
    pub fn new() -> Self {
        Self { driver: Driver::new(Selection::default(), LessonOnly) }
    }

    /// How many words the model knows.
    pub fn n_vocab(&self) -> Result<usize> {
        self.with_run(|run| Ok(run.trace.model.n_vocab))
    }

    /// How many numbers a word's vector has.
    pub fn d_model(&self) -> Result<usize> {
        self.with_run(|run| Ok(run.trace.model.d_model))
    }

    /// A weight in words, `92 %`, named as the command names an edge: `0.0 2>1`; with the scores divided by a temperature:
    /// `0.0 2>1 temperature 4`.
    pub fn weight(&self, named: &str) -> Result<String> {
        let (edge, temperature) = named.split_once(" temperature ").unwrap_or((named, "1"));
        let numbers: Vec<usize> = edge.split(['.', ' ', '>']).filter_map(|n| n.parse().ok()).collect();
        let ([layer, head, q_idx, k_idx], Ok(temperature)) = (&numbers[..], temperature.parse::<f32>()) else {
            bail!("expected a weight such as 0.0 2>1 or 0.0 2>1 temperature 4, found {named:?}")
        };
        self.with_run(|run| {
            let row = components(&run.trace, *layer, *head, *q_idx);
            let scores: Vec<f32> = row.iter().flat_map(|row| &row.keys).map(|key| key.score / temperature).collect();
            let weight = softmax(&scores).get(*k_idx).copied();
            Ok(percent(weight.with_context(|| format!("there is no weight {named}"))?))
        })
    }

    /// Any number of the run, named as everywhere: `embed[2,1]`. A word of the sentence may stand for its token:
    /// `token_embed[dog,1]`.
    pub fn number(&self, named: &str) -> Result<String> {
        let tokens = self.with_run(|run| Ok(run.trace.tokens.clone()))?;
        let id = |index: &str| tokens.iter().find(|token| token.text == index).map(|token| token.id.to_string());
        let with_ids: String = named.split_inclusive(['[', ',', ']']).fold(String::new(), |all, part| {
            let (index, end) = part.split_at(part.len().saturating_sub(1));
            all + &id(index).unwrap_or(index.into()) + end
        });
        let number: Number = with_ids.parse().map_err(|why: String| anyhow!(why))?;
        let question = Request::Explain { prompt: self.driver.selection.prompt(), what: number.into() };
        self.driver
            .with_page(|page| match page.ask(&question)? {
                Response::Explained(found) => Ok(as_read(found.value)),
                _ => Err(Missing::Waiting),
            })
            .with_context(|| format!("number {named}"))
    }

    /// A figure as HTML: controls that cannot be used yet, both drawings and the caption.
    pub fn figure(&self, name: &str) -> Result<String> {
        let drawn = figure(name).with_context(|| format!("there is no figure {name:?}"))?;
        let wide = self.view(name, &*drawn, WIDE, false)?;
        let controls = control::html(name, &wide.controls, false);
        let controls = if controls.is_empty() { controls } else { format!("<div class=\"controls\">{controls}</div>") };
        let narrow = self.view(name, &*drawn, NARROW, false)?.scene;
        // A drawing that a phone must scroll sideways must be reachable by keyboard.
        let reach = if view_box(&narrow)[2] > NARROW {
            format!(" tabindex=\"0\" role=\"group\" aria-label=\"{}\"", escape(&narrow.title))
        } else {
            String::new()
        };
        Ok(format!(
            "<figure id=\"figure-{name}\" data-figure=\"{name}\" data-ready=\"false\">{controls}<div class=\"drawing\"{reach}><div class=\"wide\">{}</div>\
             <div class=\"narrow\">{}</div></div><figcaption>{}</figcaption></figure>\n",
            self.svg(name, &*drawn, WIDE)?,
            self.svg(name, &*drawn, NARROW)?,
            escape(&wide.scene.caption),
        ))
    }

    fn svg(&self, name: &str, drawn: &dyn PageFigure, width: f32) -> Result<String> {
        let [light, dark] = [false, true].map(|dark| self.view(name, drawn, width, dark));
        let (light, dark) = (light?.scene, dark?.scene);
        let both = for_both_themes(&to_svg(&light), &to_svg(&dark));
        for_page(&light, &both.with_context(|| format!("{name} is not the same in light and dark"))?)
    }

    /// What a figure shows once its questions are answered.
    fn view(&self, name: &str, drawn: &dyn PageFigure, width: f32, dark: bool) -> Result<View> {
        let paper = Paper { width, dark, bare: true };
        self.driver.on(paper, |page| drawn.view(page)).with_context(|| format!("figure {name}"))
    }

    fn with_run<T>(&self, f: impl Fn(&attnscope_protocol::Run) -> Result<T>) -> Result<T> {
        self.driver.with_page(|page| page.run().map(&f))?
    }
}

/// The SVG for the page: cropped as the page crops it, with unique names, and transparent over the page.
fn for_page(scene: &Scene, svg: &str) -> Result<String> {
    let [x, y, width, height] = view_box(scene);
    let whole = format!("viewBox=\"0 0 {} {}\"", scene.width, scene.height);
    let cropped = format!("viewBox=\"{x} {y} {width} {height}\"");
    let outer = format!("width=\"{}\" height", scene.width);
    let svg = svg.replacen(&whole, &cropped, 1).replacen(&outer, &format!("width=\"{width}\" height"), 1);
    let (head, rest) = svg.split_once("<rect").context("a drawing has a background")?;
    let (_, marks) = rest.split_once("/>").context("a background ends")?;
    let named = format!("{head}{marks}").replace("attnscope-", &format!("attnscope-{width}-"));
    // The page's policy forbids style in attributes; its stylesheet has the same rule. And Markdown would end the
    // drawing at an empty line.
    Ok(named.replace(" style=\"image-rendering:pixelated\"", "").replace('\n', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_drawn_and_nothing_else_is() {
        let example = Example::new();
        for name in ["next-tokens", "matrix"] {
            let html = example.figure(name).unwrap();
            assert_eq!(html.matches("<svg").count(), 2, "wide and narrow");
            assert!(html.contains("light-dark(#") && html.contains("<figcaption>"), "{name}");
            assert!(!html.contains("<rect width=\""), "{name}: the page is the background");
            assert!(!html.contains("style="), "{name}: the page's policy forbids it");
        }
        assert!(example.figure("next-tokens").unwrap().contains("the likeliest next tokens are"));
        assert!(example.figure("matrix").unwrap().contains("id=\"matrix-layer\""));
        assert!(example.figure("heat").is_err());
    }

    #[test]
    fn weights_in_the_prose_are_those_of_the_model() {
        let example = Example::new();
        assert!(example.weight("0.0 2>1").unwrap().ends_with('%'));
        assert!(example.weight("7.0 2>1").is_err() && example.weight("hot").is_err());
        assert!(example.weight("0.0 2>9").is_err() && example.weight("0.0 2>1 temperature hot").is_err());
        let at = |temperature: &str| example.weight(&format!("0.0 2>1 temperature {temperature}")).unwrap();
        assert_eq!(at("1"), example.weight("0.0 2>1").unwrap());
        assert_eq!((at("0.01").as_str(), at("100000").as_str()), ("100\u{202f}%", "33\u{202f}%"));
    }

    #[test]
    fn numbers_in_the_prose_are_those_of_the_model() {
        let example = Example::new();
        let (trace, dog) = example.with_run(|run| Ok((run.trace.clone(), run.trace.tokens[2].id))).unwrap();
        assert_eq!(trace.tokens[2].text, "dog");
        let embed = trace.get("embed").unwrap().row(&[2]).unwrap()[1];
        assert_eq!(example.number("embed[2,1]").unwrap(), as_read(embed));
        for [with_word, with_id] in
            [["token_embed[dog,1]", "token_embed[ID,1]"], ["embed_cosine[2,dog]", "embed_cosine[2,ID]"]]
        {
            let with_id = example.number(&with_id.replace("ID", &dog.to_string()));
            assert_eq!(example.number(with_word).unwrap(), with_id.unwrap());
        }
        for wrong in ["embed[2,1", "embed[2,99]", "embed[cat,1]", "embedding[2,1]", ""] {
            assert!(example.number(wrong).is_err(), "{wrong}");
        }
    }
}
