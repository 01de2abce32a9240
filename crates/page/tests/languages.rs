//! Figures in other languages. A language that is made for this writes every text of the tables in Greek letters: what is
//! still Latin in a drawing was never looked up, or is a word of the model.

use attnscope::Capture;
use attnscope_figures::svg::to_svg;
use attnscope_figures::text::runs_width;
use attnscope_figures::{Anchor, Scene, Shape};
use attnscope_page::{Driver, FIGURES, Paper, Selection, control};
use attnscope_protocol::LessonOnly;
use attnscope_words::{LANGUAGES, Language, language, speaking};
use std::collections::HashSet;

/// Names that are the same in every language: what formulas and arrays are called.
const SAME: &str = "softmax exp max acc attn out embed resid pre mid post QK kB MB ms ln nat MLP logit GGUF id sum inf";

/// The text with its letters in Greek, its holes as they are.
fn greek(text: &str) -> String {
    let mut in_hole = false;
    let letter = |c: char| {
        in_hole = (in_hole || c == '{') && c != '}';
        match c {
            'a'..='z' if !in_hole => char::from_u32('α' as u32 + (c as u32 - 'a' as u32) % 17).unwrap_or(c),
            'A'..='Z' if !in_hole => char::from_u32('α' as u32 + (c as u32 - 'A' as u32) % 17).unwrap_or(c),
            c => c,
        }
    };
    text.chars().map(letter).collect()
}

/// The language that says everything in Greek letters.
fn all_greek() -> &'static Language {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"));
    let (mut table, mut engine) = (String::new(), String::from("[engine]\n"));
    let german = language("de").unwrap().unwrap();
    for (english, _) in german.all() {
        let line = format!("{} = {}\n", quoted(english), quoted(&greek(english)));
        if german.is_heard(english) { engine += &line } else { table += &line }
    }
    Language::read("greek", &(table + &engine)).unwrap()
}

/// Everything that a reader sees or hears: the text between tags, and what labels say.
fn read(html: &str) -> Vec<String> {
    let shown = html.split('<').filter_map(|part| Some(part.split_once('>')?.1.to_owned()));
    let labels = ["aria-label=\"", "aria-valuetext=\"", "title=\""].into_iter().flat_map(|name| {
        html.split(name).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect::<Vec<_>>()
    });
    let plain =
        |text: String| text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    shown.chain(labels).map(plain).collect()
}

/// All that a figure says, drawn this wide: drawing, controls, table, steps.
fn said(driver: &Driver<LessonOnly>, kind: &'static attnscope_page::Kind, width: f32) -> Vec<String> {
    let (figure, paper) = (kind.make(), Paper { width, dark: false, bare: true });
    let view = driver.on(paper, |page| figure.view(page)).unwrap();
    let table = driver.on(paper, |page| figure.table(page)).unwrap();
    let mut all = read(&to_svg(&view.scene));
    all.extend([view.scene.caption.clone(), view.scene.title.clone(), view.scene.description.clone()]);
    all.extend(read(&control::html(kind.name, &view.controls, true)));
    all.extend(read(&table.to_html(&view.scene.title, 100, 100)));
    let steps = view.timeline.iter().flat_map(|timeline| timeline.said().into_iter().map(|said| said.to_string()));
    all.extend(steps.collect::<Vec<_>>());
    all
}

#[test]
fn nothing_that_a_figure_says_stays_english() {
    let model = attnscope::lesson::model();
    let mut known: HashSet<String> = SAME.split(' ').map(str::to_lowercase).collect();
    let trace = model.run(&model.encode("the").unwrap(), &Capture::none(), &[]).unwrap();
    known.extend(model.next_tokens(&trace, trace.model.n_vocab).into_iter().map(|next| next.text.to_lowercase()));
    // Words that its figures compare with, and names that are no words.
    known.extend(["puppy", "cat", "xml"].map(String::from));
    let greek = all_greek();
    let driver = Driver::new(Selection::default(), LessonOnly);
    let mut left = HashSet::new();
    for kind in &FIGURES {
        for width in [358.0, 688.0] {
            for text in speaking(Some(greek), || said(&driver, kind, width)) {
                let words = text.split(|c: char| !c.is_ascii_alphabetic());
                let strange = words.filter(|word| word.len() > 1 && !known.contains(&word.to_lowercase()));
                left.extend(strange.map(|word| format!("{}: {word:?} in {text:?}", kind.name)));
            }
        }
    }
    let mut left: Vec<_> = left.into_iter().collect();
    left.sort();
    assert!(left.is_empty(), "English in a drawing that speaks another language: {left:#?}");
}

/// Left and right end of a text that is not turned.
fn ends(shape: &Shape) -> Option<(f32, f32)> {
    let Shape::Text { x, runs, anchor, size, weight, rotate: 0.0, .. } = shape else { return None };
    let wide = runs_width(runs, *size, *weight);
    let left = match anchor {
        Anchor::Start => *x,
        Anchor::Middle => x - wide / 2.0,
        Anchor::End => x - wide,
    };
    Some((left, left + wide))
}

fn beyond(scene: &Scene) -> Vec<String> {
    let mut found = Vec::new();
    scene.visit(&mut |node| {
        if let Some((left, right)) = ends(&node.shape).filter(|(left, right)| *left < 0.0 || *right > scene.width) {
            found.push(format!("{left:.0} to {right:.0} of {:.0}: {:?}", scene.width, node.shape));
        }
    });
    found
}

#[test]
fn longer_words_stay_in_the_picture() {
    let driver = Driver::new(Selection::default(), LessonOnly);
    for (code, ..) in LANGUAGES {
        for kind in &FIGURES {
            for width in [358.0, 688.0, 1068.0] {
                let (figure, paper) = (kind.make(), Paper { width, dark: false, bare: true });
                let scene =
                    speaking(language(code).unwrap(), || driver.on(paper, |page| figure.view(page))).unwrap().scene;
                let beyond = beyond(&scene);
                assert!(beyond.is_empty(), "{} in {code}, {width} wide: {beyond:#?}", kind.name);
            }
        }
    }
}
