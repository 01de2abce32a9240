//! Where a chapter is in the whole model: one small diagram above each, with the part that it is about lit.

use attnscope_figures::svg::escape;
use attnscope_words::{key, text, words};

/// The parts of a model, in the order in which a sentence passes them, and the chapter about each.
const PARTS: [(&str, usize); 7] = [
    (key!("words"), 1),
    (key!("vectors"), 2),
    ("q · k", 4),
    ("softmax", 6),
    (key!("values"), 7),
    ("MLP", 9),
    (key!("next word"), 1),
];
/// The chapter about layers.
const LAYERS: usize = 9;
/// Of those, the parts of attention.
const ATTENTION: std::ops::Range<usize> = 2..5;
/// Of those, the parts of a layer.
const LAYER: std::ops::Range<usize> = 2..6;

/// What a chapter is about.
enum About {
    /// Some of the parts.
    Parts(&'static [usize]),
    /// All of attention.
    Attention,
    /// All layers.
    Layers,
    /// The whole.
    Whole,
}

/// What chapter `number` is about.
fn about(number: usize) -> About {
    match number {
        1 => About::Parts(&[0, 6]),
        2 => About::Parts(&[1]),
        4 | 5 => About::Parts(&[2]),
        6 => About::Parts(&[3]),
        7 => About::Parts(&[4]),
        9 => About::Layers,
        3 | 8 | 10 | 12 => About::Attention,
        _ => About::Whole,
    }
}

/// The diagram as HTML. A part leads to the chapter about it, of which `id` is the id. The list of chapters is for the keyboard.
pub fn diagram(number: usize, id: impl Fn(usize) -> String) -> String {
    let about = about(number);
    let lit = |part: usize| match about {
        About::Parts(parts) => parts.contains(&part),
        About::Attention => ATTENTION.contains(&part),
        About::Layers => LAYER.contains(&part),
        About::Whole => true,
    };
    let mut html = String::from("<p class=\"place\" aria-hidden=\"true\">");
    let link = |class: &str, name: &str, chapter: usize| {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        format!("<a{class} href=\"#{}\" tabindex=\"-1\">{}</a>", escape(&id(chapter)), escape(name))
    };
    for (part, (name, chapter)) in PARTS.iter().enumerate() {
        if part == LAYER.start {
            html += "<span class=\"layer\"><span class=\"attention\">";
        }
        html += &link(if lit(part) { "lit" } else { "" }, text(name), *chapter);
        if part + 1 == ATTENTION.end {
            html += "</span>";
        }
        if part + 1 == LAYER.end {
            let class = if matches!(about, About::Layers | About::Whole) { "times lit" } else { "times" };
            html += &link(class, words!("× layers"), LAYERS);
            html += "</span>";
        }
    }
    html + "</p>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_that_a_chapter_is_about_is_lit() {
        let diagram = |number| diagram(number, |chapter| format!("chapter-{chapter}"));
        let lit = |number| diagram(number).matches("lit\" href").count();
        assert_eq!([1, 2, 6, 8, 9, 13].map(lit), [2, 1, 1, 3, 5, 8]);
        assert!(diagram(6).contains("<a class=\"lit\" href=\"#chapter-6\" tabindex=\"-1\">softmax</a>"));
        assert_eq!(diagram(7).matches("<span").count(), diagram(7).matches("</span>").count());
    }
}
