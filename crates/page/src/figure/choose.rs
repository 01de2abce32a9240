//! Controls that several figures have: which token, layer and head.

use super::select_row;
use crate::{Change, Control, Missing, Page, Selection};
use attnscope::{ModelInfo, Token, Trace};
use attnscope_figures::token::spoken;
use attnscope_words::key;

/// With more tokens than this a list of them is no help: the reader then chooses among the rows of a matrix.
const MANY: usize = 128;

/// The run of the reader's sentence with at least these arrays, and the selection with its layer and head limited to
/// that run's model.
pub fn chosen<'a>(page: &Page<'a>, capture: &str) -> Result<(&'a Trace, Selection), Missing> {
    let trace = &page.run_with(capture)?.trace;
    Ok((trace, page.selection.within(&trace.model)))
}

/// Layer and head.
pub fn head_picker(chosen: &Selection, model: &ModelInfo) -> Vec<Control> {
    let choice = |id: &'static str, n: usize, value: usize| Control::Choice {
        id,
        label: attnscope_words::text(id).into(),
        options: (0..n).map(|i| (i.to_string(), i.to_string())).collect(),
        value: value.to_string(),
    };
    let mut controls = vec![choice(key!("layer"), model.n_layers, chosen.layer)];
    if model.n_heads > 1 {
        controls.push(choice(key!("head"), model.n_heads, chosen.head));
    }
    controls
}

/// The position of the chosen token: the last one where the sentence is shorter.
pub fn position(page: &Page<'_>, tokens: &[Token]) -> usize {
    page.selection.q_idx.unwrap_or(usize::MAX).min(tokens.len().saturating_sub(1))
}

/// A token of the sentence, by its position.
pub fn token_picker(id: &'static str, label: &str, tokens: &[Token], chosen: usize) -> Option<Control> {
    if tokens.len() > MANY {
        return None;
    }
    // Words that look the same are told apart by their positions.
    let twice = |text: &str| tokens.iter().filter(|token| spoken(&token.text) == text).count() > 1;
    let named = |(i, token): (usize, &Token)| {
        let text = spoken(&token.text);
        let name = if twice(&text) { format!("{text} ({i})") } else { text };
        (i.to_string(), name)
    };
    let options: Vec<_> = tokens.iter().enumerate().map(named).collect();
    let value = chosen.to_string();
    Some(Control::Choice { id, label: label.into(), options, value })
}

/// Applies a value of [`head_picker`], or of a [`token_picker`] called `word`.
pub fn picked(page: &Page<'_>, id: &str, value: &str) -> Vec<Change> {
    let mut chosen = page.selection.clone();
    match (id, value.parse()) {
        ("layer", Ok(layer)) => chosen.layer = layer,
        ("head", Ok(head)) => chosen.head = head,
        ("word", Ok(q_idx)) => return vec![select_row(page, q_idx)],
        _ => return Vec::new(),
    }
    vec![Change::Select(chosen)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_look_the_same_are_told_apart() {
        let token = |text: &str| Token { id: 0, text: text.into() };
        let tokens = ["the", "dog", "the"].map(token);
        let Some(Control::Choice { options, value, .. }) = token_picker("word", "word", &tokens, 2) else { panic!() };
        let names: Vec<&str> = options.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!((names, value.as_str()), (vec!["the (0)", "dog", "the (2)"], "2"));
    }
}
