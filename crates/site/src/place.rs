//! Where a chapter is in the whole model: one small diagram above each, with the part that it is about lit.

use attnscope_figures::svg::escape;

/// The parts of a model, in the order in which a sentence passes them.
const PARTS: [&str; 7] = ["words", "vectors", "q · k", "softmax", "values", "MLP", "next word"];
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

/// The diagram as HTML.
pub fn diagram(number: usize) -> String {
    let about = about(number);
    let lit = |part: usize| match about {
        About::Parts(parts) => parts.contains(&part),
        About::Attention => ATTENTION.contains(&part),
        About::Layers => LAYER.contains(&part),
        About::Whole => true,
    };
    let mut html = String::from("<p class=\"place\" aria-hidden=\"true\">");
    for (part, name) in PARTS.iter().enumerate() {
        if part == LAYER.start {
            html += "<span class=\"layer\"><span class=\"attention\">";
        }
        let class = if lit(part) { " class=\"lit\"" } else { "" };
        html += &format!("<span{class}>{}</span>", escape(name));
        if part + 1 == ATTENTION.end {
            html += "</span>";
        }
        if part + 1 == LAYER.end {
            let class = if matches!(about, About::Layers | About::Whole) { " lit" } else { "" };
            html += &format!("<span class=\"times{class}\">× layers</span></span>");
        }
    }
    html + "</p>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_that_a_chapter_is_about_is_lit() {
        let lit = |number| diagram(number).matches("lit\">").count();
        assert_eq!([1, 2, 6, 8, 9, 13].map(lit), [2, 1, 1, 3, 5, 8]);
        assert!(diagram(6).contains("<span class=\"lit\">softmax</span>"));
        assert_eq!(diagram(7).matches("<span").count(), diagram(7).matches("</span>").count());
    }
}
