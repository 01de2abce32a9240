//! Positions in the text, given as a number or as a token's text.

use crate::failure::{quoted, usage};
use anyhow::Result;
use attnscope::Token;
use attnscope_figures::token::{excerpt, shown};

/// The position that the user means: a number, or a token's text (`dog` finds ` dog` as well). Numbers are positions,
/// even where a token has the same text.
pub fn place(named: &str, tokens: &[Token]) -> Result<usize> {
    if let Ok(position) = named.parse::<usize>() {
        if position < tokens.len() {
            return Ok(position);
        }
        let last = tokens.len().saturating_sub(1);
        return Err(usage(format!("there is no token {position}: the text has positions 0 to {last}")));
    }
    let find = |alike: &dyn Fn(&str) -> bool| -> Vec<usize> {
        tokens.iter().enumerate().filter(|(_, token)| alike(&token.text)).map(|(i, _)| i).collect()
    };
    let exact = find(&|text| text == named);
    let found = if exact.is_empty() { find(&|text| text.trim() == named.trim()) } else { exact };
    match *found {
        [only] => Ok(only),
        [] => {
            let all: Vec<String> = tokens.iter().take(20).map(|token| excerpt(&shown(&token.text), 24)).collect();
            let more = if tokens.len() > 20 { " …" } else { "" };
            Err(usage(format!("no token reads {}; the tokens are {}{more}", quoted(named), all.join(" "))))
        }
        _ => {
            let all: Vec<String> = found.iter().take(20).map(usize::to_string).collect();
            let more = if found.len() > 20 { " …" } else { "" };
            let (named, all) = (quoted(named), all.join(", "));
            Err(usage(format!("{named} stands at positions {all}{more}: give one of them instead")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Vec<Token> {
        ["the", " dog", " and", " the", "dog", " cat"]
            .into_iter()
            .map(|text| Token { id: 0, text: text.into() })
            .collect()
    }

    #[test]
    fn by_position_by_text_and_by_text_without_its_space() {
        assert_eq!(place("2", &tokens()).unwrap(), 2);
        assert_eq!(place("dog", &tokens()).unwrap(), 4);
        assert_eq!(place(" dog", &tokens()).unwrap(), 1);
        assert_eq!(place("cat", &tokens()).unwrap(), 5);
    }

    #[test]
    fn what_an_error_quotes_is_plain_and_short() {
        let tokens = [Token { id: 0, text: "\u{1b}[31m".into() }, Token { id: 1, text: "x".repeat(10_000) }];
        let error = place(&"\u{202e}y".repeat(10_000), &tokens).unwrap_err().to_string();
        assert!(error.contains("<0x1B>[31m xxx") && error.contains("\"<U+202E>y<U+202E>y"), "{error}");
        assert!(error.len() < 1000 && !error.contains(['\u{1b}', '\u{202e}']), "{error}");
        let many = vec![Token { id: 0, text: " a".into() }; 10_000];
        assert!(place("a", &many).unwrap_err().to_string().len() < 300);
    }

    #[test]
    fn errors_say_what_there_is() {
        let error = |named| place(named, &tokens()).unwrap_err().to_string();
        assert_eq!(error("6"), "there is no token 6: the text has positions 0 to 5");
        assert_eq!(error("bird"), "no token reads \"bird\"; the tokens are the ␣dog ␣and ␣the dog ␣cat");
        let twice = [Token { id: 0, text: " a".into() }, Token { id: 0, text: " a".into() }];
        let error = place("a", &twice).unwrap_err().to_string();
        assert_eq!(error, "\"a\" stands at positions 0, 1: give one of them instead");
    }
}
