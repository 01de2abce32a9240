//! # attnscope-words-macro
//!
//! The macro of `attnscope-words`, which exports it: use it from there.
#![forbid(unsafe_code)]

use proc_macro::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

/// What a reader reads, in the reader's language. It is written as in `format!`, in English: `words!("{n} of {total}")`,
/// `words!("{} of {}", a, b)`, `words!("{share:.1} MB")`. With holes it is a `String`, without any a `&'static str`.
///
/// A brace that is no hole cannot be written.
#[proc_macro]
pub fn words(input: TokenStream) -> TokenStream {
    expand(input).unwrap_or_else(|why| format!("compile_error!({why:?})").parse().unwrap_or_default())
}

/// A hole of the template: what stands before the colon, and what stands after it.
#[derive(Debug, PartialEq)]
struct Hole {
    name: String,
    form: String,
}

fn expand(input: TokenStream) -> Result<TokenStream, String> {
    let mut input = input.into_iter().peekable();
    let template = match input.next() {
        Some(TokenTree::Literal(literal)) => literal,
        // A literal that came through another macro is wrapped.
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::None => {
            match group.stream().into_iter().next() {
                Some(TokenTree::Literal(literal)) => literal,
                _ => return Err("expected the English text".into()),
            }
        }
        _ => return Err("expected the English text".into()),
    };
    let written = template.to_string();
    if !written.starts_with('"') {
        return Err("expected the English text between plain quotation marks".into());
    }
    let holes = holes(&written)?;
    let (mut positional, mut named) = (Vec::new(), Vec::new());
    for argument in arguments(input.skip(1)) {
        match &argument[..] {
            [TokenTree::Ident(name), TokenTree::Punct(is), rest @ ..] if is.as_char() == '=' && !rest.is_empty() => {
                named.push((name.to_string(), rest.iter().cloned().collect::<TokenStream>()));
            }
            _ => positional.push(argument.into_iter().collect::<TokenStream>()),
        }
    }
    let mut pairs = TokenStream::new();
    let (mut next, mut used) = (0, Vec::new());
    for hole in &holes {
        let (name, value) = if hole.name.is_empty() || hole.name.chars().all(|c| c.is_ascii_digit()) {
            let at = hole.name.parse().unwrap_or_else(|_| {
                next += 1;
                next - 1
            });
            (at.to_string(), positional.get(at).cloned().ok_or("a hole has no value")?)
        } else {
            let given = named.iter().find(|(name, _)| *name == hole.name).map(|(_, value)| value.clone());
            let here = || TokenTree::from(Ident::new(&hole.name, template.span())).into();
            (hole.name.clone(), given.unwrap_or_else(here))
        };
        if used.contains(&name) {
            continue;
        }
        pairs.extend(pair(&name, value, &hole.form)?);
        used.push(name);
    }
    if used.len() < positional.len() + named.len() {
        return Err("a value has no hole".into());
    }
    let (function, mut call) = if holes.is_empty() {
        ("::attnscope_words::text", TokenTree::from(template).into())
    } else {
        ("::attnscope_words::filled", TokenStream::from(TokenTree::from(template)))
    };
    if !holes.is_empty() {
        call.extend(parse(", &")?);
        call.extend([TokenTree::from(Group::new(Delimiter::Bracket, pairs))]);
    }
    let mut out = parse(function)?;
    out.extend([TokenTree::from(Group::new(Delimiter::Parenthesis, call))]);
    Ok(out)
}

/// `("name", &(value) as &dyn Display),`, the value in its form if it has one.
fn pair(name: &str, value: TokenStream, form: &str) -> Result<TokenStream, String> {
    let mut inner = parse(&format!("{name:?}, &"))?;
    if form.is_empty() {
        let mut group = Group::new(Delimiter::Parenthesis, value);
        group.set_span(Span::call_site());
        inner.extend([TokenTree::from(group)]);
    } else {
        let template = format!("\"{{:{form}}}\"");
        let mut values = parse(&format!("{template}, "))?;
        values.extend(value);
        inner.extend(parse("::core::format_args!")?);
        inner.extend([TokenTree::from(Group::new(Delimiter::Parenthesis, values))]);
    }
    inner.extend(parse("as &dyn ::core::fmt::Display")?);
    let mut pair = TokenStream::from(TokenTree::from(Group::new(Delimiter::Parenthesis, inner)));
    pair.extend(parse(",")?);
    Ok(pair)
}

fn parse(code: &str) -> Result<TokenStream, String> {
    code.parse().map_err(|error| format!("{code}: {error}"))
}

/// The holes of a literal, as it is written in the source.
fn holes(written: &str) -> Result<Vec<Hole>, String> {
    let mut holes = Vec::new();
    let mut rest = written;
    while let Some(at) = rest.find(['{', '}', '\\']) {
        let (sign, after) = (rest.as_bytes()[at], &rest[at + 1..]);
        if sign == b'\\' {
            // An escape such as \u{202f} is no hole.
            rest = match after.strip_prefix("u{") {
                Some(code) => code.split_once('}').map_or("", |(_, rest)| rest),
                None => after.get(1..).unwrap_or(""),
            };
            continue;
        }
        let (hole, more) = match after.split_once('}') {
            Some((hole, more)) if sign == b'{' && !hole.contains('{') => (hole, more),
            _ => return Err("a brace that is no hole cannot be written".into()),
        };
        let (name, form) = hole.split_once(':').unwrap_or((hole, ""));
        holes.push(Hole { name: name.trim().into(), form: form.into() });
        rest = more;
    }
    Ok(holes)
}

/// What stands between the commas.
fn arguments(tokens: impl Iterator<Item = TokenTree>) -> Vec<Vec<TokenTree>> {
    let mut all = vec![Vec::new()];
    for token in tokens {
        match &token {
            TokenTree::Punct(comma) if comma.as_char() == ',' => all.push(Vec::new()),
            _ => all.last_mut().into_iter().for_each(|last| last.push(token.clone())),
        }
    }
    all.retain(|argument| !argument.is_empty());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_found_and_escapes_are_none() {
        let hole = |name: &str, form: &str| Hole { name: name.into(), form: form.into() };
        let found = holes(r#""{a} of {}\u{202f}{0} {b:.1} \" {c:?}""#).unwrap();
        assert_eq!(found, [hole("a", ""), hole("", ""), hole("0", ""), hole("b", ".1"), hole("c", "?")]);
        assert_eq!(holes("\"no hole\"").unwrap(), []);
        assert!(holes("\"{{\"").is_err() && holes("\"a}\"").is_err() && holes("\"{a\"").is_err());
    }
}
