//! `attnscope heads`

use crate::model_args::{ModelArgs, Opened};
use crate::output::{print, print_json};
use crate::place::place;
use crate::terminal::{Terminal, bar};
use anyhow::Result;
use attnscope::analysis::{EdgeWeight, HeadScore, edge_weights, head_scores};
use attnscope::{Capture, Heads, Intervention, Site, Token};
use attnscope_figures::Theme;
use attnscope_figures::number::percent;
use attnscope_figures::token::shown;
use unicode_width::UnicodeWidthStr;

/// Show which heads do what, or which heads attend from one token to another
#[derive(Debug, clap::Args)]
pub struct HeadsArgs {
    /// Model and text.
    #[command(flatten)]
    pub input: ModelArgs,
    /// The token that attends (the query): its position, counted from 0, or its text
    #[arg(long, allow_hyphen_values = true, requires = "to", value_name = "TOKEN")]
    pub from: Option<String>,
    /// The token that is attended to (the key): its position or its text
    #[arg(long, allow_hyphen_values = true, requires = "from", value_name = "TOKEN")]
    pub to: Option<String>,
    /// How many heads to list; JSON always has all
    #[arg(long, allow_hyphen_values = true, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,
    /// As JSON (docs/json.md)
    #[arg(long)]
    pub json: bool,
}

#[derive(serde::Serialize)]
struct Scores<'a> {
    tokens: &'a [Token],
    heads: &'a [HeadScore],
}

#[derive(serde::Serialize)]
struct OfEdge<'a> {
    tokens: &'a [Token],
    from: usize,
    to: usize,
    heads: &'a [EdgeWeight],
}

/// Runs the model and prints the heads.
pub fn run(args: &HeadsArgs) -> Result<()> {
    let opened = args.input.open()?;
    // Token texts are cheap to look up, so wrong positions are refused before the long run.
    let tokens: Vec<Token> = opened.tokens.iter().map(|&id| opened.model.token(id)).collect();
    let terminal = Terminal::of_stdout();
    if let (Some(from), Some(to)) = (&args.from, &args.to) {
        let (from, to) = (place(from, &tokens)?, place(to, &tokens)?);
        require_edge(&opened, from, to)?;
        let mut found = Vec::new();
        opened.each_layer(Capture::of([Site::Pattern]), |trace| found.extend(edge_weights(&trace, from, to)))?;
        found.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        if args.json {
            return print_json(&OfEdge { tokens: &tokens, from, to, heads: &found });
        }
        let title =
            format!("Who attends from {} ({from}) to {} ({to})?", shown(&tokens[from].text), shown(&tokens[to].text));
        let rows = found.iter().map(|one| (one.layer, one.head, one.weight));
        return print(lines(&terminal, &tokens) + &list(&terminal, &title, rows, args.top as usize));
    }
    let mut scores = Vec::new();
    opened.each_layer(Capture::of([Site::Pattern]), |trace| scores.extend(head_scores(&trace)))?;
    if args.json {
        return print_json(&Scores { tokens: &tokens, heads: &scores });
    }
    print(lines(&terminal, &tokens) + &questions(&terminal, &scores, args.top as usize))
}

/// An error for a key that the mask hides from the query: its weights would all be 0.
fn require_edge(opened: &Opened, from: usize, to: usize) -> Result<()> {
    let cut = Intervention::SetEdge { heads: Heads::default(), q: from, k: to, weight: 0.0 };
    Ok(opened.model.check_changes(&[cut], opened.tokens.len())?)
}

fn lines(terminal: &Terminal, tokens: &[Token]) -> String {
    terminal.tokens(tokens.iter().map(|token| token.text.as_str())) + "\n"
}

type Question = (&'static str, fn(&HeadScore) -> Option<f32>);

const QUESTIONS: [Question; 5] = [
    ("Who attends to the token before?", |s| s.previous),
    ("Who attends to earlier tokens equal to its own? (duplicate)", |s| s.duplicate),
    ("Who attends to what came after them? (induction)", |s| s.induction),
    ("Who attends to itself?", |s| s.own),
    ("Who rests on the first token?", |s| s.first),
];

fn questions(terminal: &Terminal, scores: &[HeadScore], top: usize) -> String {
    let blocks = QUESTIONS.map(|(question, score)| {
        let mut rows: Vec<_> = scores.iter().filter_map(|s| Some((s.layer, s.head, score(s)?))).collect();
        if rows.is_empty() {
            let alone = scores.iter().all(|score| score.previous.is_none());
            let why =
                if alone { "  one token has no other to attend to" } else { "  no token of this text is repeated" };
            let none = terminal.dim(why);
            return format!("{}\n{none}\n", terminal.bold(question));
        }
        rows.sort_by(|a, b| b.2.total_cmp(&a.2));
        list(terminal, question, rows.into_iter(), top)
    });
    blocks.join("\n")
}

/// Heads with their weights as bars; a full bar is all of a token's attention.
fn list(terminal: &Terminal, title: &str, rows: impl Iterator<Item = (usize, usize, f32)>, top: usize) -> String {
    let mut out = terminal.bold(title) + "\n";
    let width = terminal.width.saturating_sub(28).clamp(8, 50);
    for (layer, head, weight) in rows.take(top) {
        let name = format!("layer {layer}, head {head}");
        let number = percent(weight);
        let pad = " ".repeat(8usize.saturating_sub(number.width()));
        let bar = terminal.paint(bar(weight, width), Theme::DARK.query);
        out.push_str(&format!("  {name:<17}{pad}{number}  {bar}\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Colors;

    #[test]
    fn every_question_names_its_best_head() {
        let score = |head, previous| HeadScore {
            layer: 0,
            head,
            previous: Some(previous),
            duplicate: None,
            induction: None,
            first: Some(0.5),
            own: Some(0.1),
            entropy: 1.0,
        };
        let terminal = Terminal { colors: Colors::None, width: 48 };
        let text = questions(&terminal, &[score(0, 0.1), score(1, 0.9)], 1);
        assert!(text.starts_with("Who attends to the token before?\n  layer 0, head 1"), "{text}");
        assert!(!text.contains("layer 0, head 0    10"), "{text}");
        assert_eq!(text.matches("no token of this text is repeated").count(), 2);
        assert!(text.lines().all(|line| line.starts_with("Who") || line.width() <= 48), "{text}");
    }
}
