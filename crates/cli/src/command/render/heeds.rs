//! Which options a figure takes: one that would change nothing is refused, so that nobody believes that it did.

use super::RenderArgs;
use crate::failure::usage;
use crate::pull::is_lesson;
use anyhow::Result;

const NONE: &[&str] = &[];
const TEXT: &[&str] = &["model", "text"];
const TOKEN: &[&str] = &["model", "text", "query"];
const HEAD: &[&str] = &["model", "text", "layer", "head"];
const ROW: &[&str] = &["model", "text", "layer", "head", "query"];

/// Figures and what they take beside what is for every file: theme, width, scale, output.
const TAKES: [(&str, &[&str]); 23] = [
    ("next-tokens", &["model", "text", "top"]),
    ("matrix", ROW),
    ("arcs", ROW),
    ("map", HEAD),
    ("head-grid", HEAD),
    ("vector-strip", &["model", "text", "layer", "query"]),
    ("components", ROW),
    ("logit-lens", TEXT),
    ("tokens", TOKEN),
    ("embeddings", TOKEN),
    ("neighbours", TOKEN),
    // The lesson model on sentences of its own.
    ("two-answers", NONE),
    ("training", NONE),
    // No model.
    ("dot-product", NONE),
    ("root-d", NONE),
    ("cost", NONE),
    ("projection", ROW),
    ("softmax", ROW),
    ("weighted-sum", ROW),
    ("attention-steps", ROW),
    ("running-softmax", ROW),
    ("journey", TOKEN),
    ("cut-edge", TEXT),
];

/// An error for an option that the figure does not take.
pub(super) fn check(args: &RenderArgs) -> Result<()> {
    let figure = args.figure.as_str();
    let takes = TAKES.iter().find(|(name, _)| *name == figure).map_or(NONE, |(_, takes)| *takes);
    let given = [
        ("model", !is_lesson(&args.input.model)),
        ("text", args.input.text.is_some()),
        ("layer", args.layer.is_some()),
        ("head", args.head.is_some()),
        ("query", !args.query.is_empty()),
        ("top", args.top.is_some()),
    ];
    let Some((option, _)) = given.iter().find(|(option, given)| *given && !takes.contains(option)) else {
        return Ok(());
    };
    let takes: Vec<String> = takes.iter().map(|option| format!("--{option}")).collect();
    let takes = if takes.is_empty() { "none of the options of a run".into() } else { takes.join(", ") };
    Err(usage(format!("{figure} does not depend on --{option}; it takes {takes}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use attnscope_figures::Figure;
    use attnscope_page::FIGURES;

    #[test]
    fn every_figure_stands_in_the_table() {
        let named = |name: &str| TAKES.iter().filter(|(known, _)| *known == name).count() == 1;
        let traces = Figure::ALL.map(Figure::name);
        let missing: Vec<&str> =
            FIGURES.iter().map(|(name, _)| *name).chain(traces).filter(|name| !named(name)).collect();
        assert_eq!(missing, [""; 0]);
    }
}
