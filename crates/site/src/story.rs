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

    /// What a translation must share with the English text: placeholders and links, and all numbers.
    fn facts(text: &str) -> [Vec<String>; 3] {
        let between = |open: &str, close: char| -> Vec<String> {
            text.split(open).skip(1).filter_map(|rest| Some(rest.split_once(close)?.0.to_owned())).collect()
        };
        let links = [between("](", ')'), between("href=\"", '"')].concat();
        let placeholders = between("{{", '}');
        // Formulas are not counted: their numbers are not read as words are.
        let mut bare: String =
            text.split("<math").map(|part| part.split("</math>").last().unwrap_or_default()).collect();
        for mark in links.iter().chain(&placeholders) {
            bare = bare.replacen(mark, "", 1);
        }
        // A thousands separator is a comma in English, a narrow space elsewhere.
        let chars: Vec<char> = bare.chars().collect();
        let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
        let inside = |at: usize| at > 0 && digit(at - 1) && (1..=3).all(|n| digit(at + n)) && !digit(at + 4);
        let kept = (0..chars.len()).filter(|&at| !(matches!(chars[at], ',' | '\u{202f}') && inside(at)));
        let bare: String = kept.map(|at| chars[at]).collect();
        let numbers = bare.split(|c: char| !(c.is_ascii_digit() || c == '.')).map(|part| part.trim_matches('.'));
        let mut all = [placeholders, links, numbers.filter(|part| !part.is_empty()).map(str::to_owned).collect()];
        all.iter_mut().for_each(|facts| facts.sort());
        all
    }

    #[test]
    fn what_a_translation_must_share_is_found() {
        let english = facts("In {{weight 0.0 2>1}}, 2,048 of 3.5 %. [a](?q=1) <a href=\"#b-2\">c</a> 1,2");
        assert_eq!(english, facts("2\u{202f}048 [a](?q=1) 3.5\u{202f}% 1,2 {{weight 0.0 2>1}} <a href=\"#b-2\">c</a>"));
        assert_eq!(english[2], ["1", "2", "2048", "3.5"]);
        assert_ne!(english[2], facts("2,048 of 3,5 %. 1,2")[2], "the decimal point stays");
    }

    #[test]
    fn every_language_tells_the_same_story() {
        let folder = Path::new(crate::ROOT).join("story");
        let names = |folder: &Path| -> Vec<String> {
            let files =
                std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<String> = files.filter(|name| name.ends_with(".md")).collect();
            names.sort();
            names
        };
        let chapters = names(&folder);
        for (code, ..) in attnscope_words::LANGUAGES {
            assert_eq!(names(&folder.join(code)), chapters, "{code}");
            for name in &chapters {
                let [english, own] = [folder.join(name), folder.join(code).join(name)]
                    .map(|path| facts(&std::fs::read_to_string(path).unwrap()));
                for (what, (english, own)) in ["placeholders", "links", "numbers"].iter().zip(english.iter().zip(&own))
                {
                    assert_eq!(own, english, "{what} of {code}/{name}");
                }
            }
        }
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
