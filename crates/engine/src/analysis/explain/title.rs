//! What a number is, in words.

use super::super::Number;
use super::held::Held;
use crate::site::Axis;

/// A title for a reader; tokens stand between asterisks. The wording comes from the table of sites.
pub(super) fn title(held: &Held<'_>, number: Number) -> String {
    let mut title = number.site().words().to_owned();
    if held.model.fills_masks() {
        // The head says what stands at a place, and not what comes next.
        title = title.replace("{word} after {token}", "{word} in place of {token}");
    }
    let mut put = |name: &str, value: String| title = title.replace(name, &value);
    put("{layer}", number.layer().unwrap_or(0).to_string());
    put("{head}", number.head().to_string());
    put("{n}", number.last().to_string());
    // Tokens are inserted last, so that braces in their text are not replaced.
    let mut tokens = Vec::new();
    for (axis, &at) in number.site().axes().iter().zip(number.indices()) {
        match axis {
            Axis::Token => tokens.push(("{word}", format!("*{}*", held.word(at)))),
            Axis::Position => tokens.push(("{token}", held.token(at))),
            Axis::Key if number.site().axes().contains(&Axis::Position) => tokens.push(("{key}", held.token(at))),
            Axis::Key => tokens.push(("{token}", held.token(at))),
            _ => {}
        }
    }
    fill(&title, &tokens)
}

/// Replaces names by their values, each once; an inserted value is not searched again.
fn fill(words: &str, values: &[(&str, String)]) -> String {
    let mut out = String::new();
    let mut rest = words;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        out.push_str(before);
        match values.iter().find(|(name, _)| after.starts_with(name)) {
            Some((name, value)) => {
                out.push_str(value);
                rest = &after[name.len()..];
            }
            None => {
                out.push('{');
                rest = &after[1..];
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn what_a_token_holds_is_not_replaced() {
        let values = [("{token}", "*{key}*".to_owned()), ("{key}", "*{*".to_owned())];
        assert_eq!(fill("how {token} {fits} {key}", &values), "how *{key}* {fits} *{*");
    }
}
