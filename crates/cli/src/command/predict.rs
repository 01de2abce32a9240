//! `attnscope predict`

use crate::failure::usage;
use crate::model_args::{ModelArgs, Opened};
use crate::output::{print, print_json};
use crate::terminal::{Terminal, bar, fit};
use anyhow::Result;
use attnscope::{Capture, ModelInfo, NextToken, Site, Token, Trace};
use attnscope_figures::Theme;
use attnscope_figures::number::{count, percent, plural};
use attnscope_figures::token::{plain, shown};
use unicode_width::UnicodeWidthStr;

/// Show the likeliest next tokens
#[derive(Debug, clap::Args)]
pub struct PredictArgs {
    /// Model and text.
    #[command(flatten)]
    pub input: ModelArgs,
    /// How many tokens to show
    #[arg(long, allow_hyphen_values = true, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,
    /// Predict from the token at this position, counted from 0 (without it from the last one, or for the mask)
    #[arg(long, value_name = "POSITION", allow_hyphen_values = true)]
    pub at: Option<usize>,
    /// As JSON (docs/json.md)
    #[arg(long)]
    pub json: bool,
}

#[derive(serde::Serialize)]
struct Prediction<'a> {
    tokens: &'a [Token],
    next: &'a [NextToken],
    /// The probability of all other tokens together.
    rest: f64,
}

/// Runs the model and prints what may come next.
pub fn run(args: &PredictArgs) -> Result<()> {
    let opened = args.input.open()?;
    opened.require_vocab_head()?;
    let trace = match args.at {
        None => opened.run(&Capture::none())?,
        Some(at) => run_at(&opened, at)?,
    };
    if args.at.is_none() {
        require_mask(&trace)?;
    }
    let next = opened.model.next_tokens(&trace, args.top as usize);
    require_numbers(&trace.model, &next)?;
    if args.json {
        return print_json(&Prediction { tokens: &trace.tokens, next: &next, rest: rest(&next) });
    }
    print(picture(&Terminal::of_stdout(), &trace.model, &trace.tokens, &next))
}

/// A run whose logits are those of the token at a position.
fn run_at(opened: &Opened, at: usize) -> Result<Trace> {
    let mut trace = opened.run(&Capture::of([Site::Logits]))?;
    let n = trace.tokens.len();
    let row = trace.get("logits").and_then(|logits| logits.index(at)).map(<[f32]>::to_vec);
    trace.last_logits =
        row.ok_or_else(|| usage(format!("--at {at}: the text has tokens 0 to {}", n.saturating_sub(1))))?;
    Ok(trace)
}

/// An error if a model for masked words is given a text without one.
fn require_mask(trace: &Trace) -> Result<()> {
    let model = &trace.model;
    let is_masked = trace.tokens.iter().any(|token| Some(token.id) == model.mask_token);
    if !model.masked || is_masked {
        return Ok(());
    }
    let name = plain(&model.name);
    Err(usage(format!(
        "{name} fills masked words in, and the text has none: put [MASK] (or <mask>) where a word is wanted, or name a \
         token with --at"
    )))
}

/// An error if a probability is not a number: a ranking would be meaningless.
pub fn require_numbers(model: &ModelInfo, next: &[NextToken]) -> Result<()> {
    if next.iter().all(|next| next.p.is_finite()) {
        return Ok(());
    }
    anyhow::bail!(
        "{}: the probabilities are not numbers (NaN): its weights are damaged, or too large; download it again",
        model.name
    )
}

/// The probability of all other tokens together; rounding never makes it negative.
fn rest(next: &[NextToken]) -> f64 {
    (1.0 - next.iter().map(|next| f64::from(next.p)).sum::<f64>()).max(0.0)
}

/// The tokens as a line, and a bar for each next token. The longest bar fills the line: bars compare tokens with each
/// other, the numbers give the probabilities.
pub fn picture(terminal: &Terminal, model: &ModelInfo, tokens: &[Token], next: &[NextToken]) -> String {
    let theme = &Theme::DARK;
    let words: Vec<String> = next.iter().map(|next| shown(&next.text)).collect();
    let word_width = words.iter().map(|word| word.width()).max().unwrap_or(0).clamp(5, 24);
    let rest = rest(next);
    let others = format!("{} others", count(model.n_vocab.saturating_sub(next.len())));
    let numbers: Vec<String> = next.iter().map(|next| percent(next.p)).collect();
    let number_width = numbers.iter().map(|n| n.width()).max().unwrap_or(0).max(percent(rest as f32).width());
    let bar_width = terminal.width.saturating_sub(2 + word_width + 2 + number_width + 2).clamp(8, 50);
    let longest = next.iter().map(|next| next.p).fold(0.0, f32::max);

    let mut out = terminal.tokens(tokens.iter().map(|token| token.text.as_str()));
    out.push_str(&terminal.dim(format!("{}, {}", plain(&model.name), plural(tokens.len(), "token"))));
    out.push_str("\n\n");
    let pad = |number: &str| " ".repeat(number_width.saturating_sub(number.width())) + number;
    for ((next, word), number) in next.iter().zip(&words).zip(&numbers) {
        let share = if longest > 0.0 { next.p / longest } else { 0.0 };
        let word = terminal.bold(fit(word, word_width));
        let bar = terminal.paint(bar(share, bar_width), theme.output);
        out.push_str(&format!("  {word}  {}  {bar}\n", pad(number)));
    }
    let line = format!("  {}  {}  {others}", " ".repeat(word_width), pad(&percent(rest as f32)));
    out.push_str(&terminal.dim(line));
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Colors;

    #[test]
    fn bars_are_aligned() {
        let token = |text: &str| Token { id: 0, text: text.into() };
        let next = |text: &str, p| NextToken { id: 0, text: text.into(), p };
        let model = ModelInfo { name: "tiny".into(), n_vocab: 1002, ..ModelInfo::default() };
        let text = picture(
            &Terminal { colors: Colors::None, width: 40 },
            &model,
            &[token("hot"), token(" dog")],
            &[next(" served", 0.5), next("\n", 0.05)],
        );
        let expected = "\
hot│␣dog
tiny, 2 tokens

  ␣served   50\u{202f}%  ██████████████████████
  ↵        5.0\u{202f}%  ██▎
            45\u{202f}%  1,000 others
";
        assert_eq!(text.replace('\u{a0}', "\u{202f}"), expected);
    }

    #[test]
    fn what_a_model_calls_itself_and_its_tokens_is_plain() {
        let evil = "\u{1b}]0;x\u{7}\u{9b}2J\u{202e}\n";
        let model = ModelInfo { name: evil.into(), ..ModelInfo::default() };
        let next = [NextToken { id: 0, text: evil.into(), p: 0.5 }];
        let text = picture(
            &Terminal { colors: Colors::None, width: 80 },
            &model,
            &[Token { id: 0, text: evil.into() }],
            &next,
        );
        assert!(!text.replace('\n', "").chars().any(attnscope_figures::token::is_hidden), "{text:?}");
        assert_eq!(text.matches("<0x1B>]0;x<0x07><0x9B>2J<U+202E>↵").count(), 2, "the next token is cut: {text}");
    }

    #[test]
    fn the_rest_is_never_negative() {
        assert_eq!(rest(&[NextToken { id: 0, text: String::new(), p: 1.000_001 }]), 0.0);
    }
}
