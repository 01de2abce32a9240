//! The chapters: Markdown in `story/NN-slug.md`, with placeholders for numbers that the model computes.
//!
//! `{{figure NAME}}` on a line of its own. In the text: `{{sentence}}`, `{{n_vocab}}`, `{{d_model}}`; `{{weight 0.0 2>1}}`,
//! also `{{weight 0.0 2>1 temperature 4}}`; and any number of the run on that sentence, `{{number embed[2,1]}}`. What the
//! prose says besides is tested by `crates/page/tests/claims/`.

use crate::drawing::Example;
use anyhow::{Context, Result, bail};
use attnscope_page::SENTENCE;
use std::path::Path;

/// A chapter as HTML.
pub struct Chapter {
    /// `chapter-01-the-next-word`
    pub id: String,
    /// Its number.
    pub number: usize,
    /// Its title.
    pub title: String,
    /// What follows the title.
    pub body: String,
    /// How many words of prose it has.
    pub words: usize,
}

/// All chapters, in order.
pub fn chapters(folder: &Path, example: &Example) -> Result<Vec<Chapter>> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().strip_suffix(".md")?.to_owned()))
        .collect();
    names.sort();
    let read = |name: &String| {
        let path = folder.join(format!("{name}.md"));
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        chapter(name, &text, example).with_context(|| format!("in {}", path.display()))
    };
    names.iter().map(read).collect()
}

fn chapter(name: &str, text: &str, example: &Example) -> Result<Chapter> {
    let number = name.split('-').next().and_then(|n| n.parse().ok());
    let number = number.with_context(|| format!("expected a name such as 01-the-next-word, found {name}"))?;
    let (title, body) = text.split_once('\n').unwrap_or((text, ""));
    let title = title.strip_prefix("# ").context("expected a first line such as `# The next word`")?;
    // A number and its sign stay on one line.
    let filled = fill(&body.replace(" %", "\u{a0}%"), example)?;
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, pulldown_cmark::Parser::new(&filled));
    let words = body.split_whitespace().count();
    Ok(Chapter { id: format!("chapter-{name}"), number, title: title.trim().into(), body: html, words })
}

/// Replaces the placeholders by numbers that the model computes.
fn fill(text: &str, example: &Example) -> Result<String> {
    let mut parts = text.split("{{");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").context("a placeholder has no end")?;
        let value = match name.trim().split_once(' ') {
            Some(("figure", figure)) => example.figure(figure.trim())?,
            Some(("weight", edge)) => example.weight(edge.trim())?,
            Some(("number", named)) => example.number(named.trim())?,
            None if name.trim() == "n_vocab" => example.n_vocab()?.to_string(),
            None if name.trim() == "d_model" => example.d_model()?.to_string(),
            None if name.trim() == "sentence" => SENTENCE.to_owned(),
            _ => bail!("no placeholder {name:?}; there are figure, weight, number, n_vocab, d_model, sentence"),
        };
        out.push_str(&value);
        out.push_str(rest);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_unknown_ones_named() {
        let example = Example::new();
        let found = chapter("03-a-b", "# A *b*\n\nAfter *{{sentence}}* of {{n_vocab}}, 9 %.\n", &example).unwrap();
        assert_eq!((found.id.as_str(), found.number, found.title.as_str()), ("chapter-03-a-b", 3, "A *b*"));
        let expected = format!("<p>After <em>the hot dog was</em> of {}, 9\u{a0}%.</p>\n", example.n_vocab().unwrap());
        assert_eq!(found.body, expected);
        let error = chapter("03-a", "# A\n{{wight 1}}", &example).err().unwrap().to_string();
        assert!(error.contains("wight"), "{error}");
        assert!(chapter("a", "# A", &example).is_err() && chapter("01-a", "A", &example).is_err());
    }

    #[test]
    fn every_chapter_of_the_story_is_sound() {
        let folder = Path::new(crate::ROOT).join("story");
        let chapters = chapters(&folder, &Example::new()).unwrap();
        assert!(chapters.len() >= 2);
        assert!(chapters.iter().all(|chapter| chapter.body.contains(" data-figure=\"")));
        for figure in chapters.iter().flat_map(|chapter| chapter.body.split("<figure").skip(1)) {
            let inside = figure.split("</figure>").next().unwrap_or_default();
            assert!(!inside.contains("<p>") && inside.matches("</svg>").count() == 2, "Markdown broke into a figure");
        }
        assert!(chapters.windows(2).all(|pair| pair[0].number < pair[1].number));
    }
}
