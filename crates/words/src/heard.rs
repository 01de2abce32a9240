//! What the engine says, in the reader's language. The engine writes English, often in a worker or on a server; its
//! sentences are known by their templates, which stand in the table below `[engine]`.

use std::borrow::Cow;

/// An English sentence of the engine in the language of this thread. A sentence that no template fits stays as it is.
pub fn heard(sentence: &str) -> Cow<'_, str> {
    let Some(language) = crate::spoken() else { return sentence.into() };
    if let Some(own) = language.get(sentence) {
        return own.into();
    }
    // The template of which most letters are there says most.
    let fits = language.heard.iter().filter_map(|(key, own)| Some((key, own, values(key, sentence)?)));
    let best = fits.max_by_key(|(key, _, values)| (key.len(), std::cmp::Reverse(values.len())));
    best.map_or(sentence.into(), |(_, own, values)| put(own, &values).into())
}

/// The values that a sentence has in the holes of a template, by the hole's name or place; `None` if it does not fit.
fn values<'a>(template: &'a str, sentence: &'a str) -> Option<Vec<(Cow<'a, str>, &'a str)>> {
    let (first, holes) = template.split_once('{')?;
    let mut rest = sentence.strip_prefix(first)?;
    let mut found = Vec::new();
    for (at, piece) in holes.split('{').enumerate() {
        let (hole, after) = piece.split_once('}')?;
        let name = hole.split(':').next().unwrap_or(hole);
        let is_last = at + 1 == holes.split('{').count();
        let end = if is_last { rest.len().checked_sub(after.len())? } else { rest.find(after)? };
        let value = rest.get(..end)?;
        rest = rest[end..].strip_prefix(after)?;
        found.push((if name.is_empty() { at.to_string().into() } else { name.into() }, value));
    }
    rest.is_empty().then_some(found)
}

/// A template with its holes filled by what was heard, which may be a text of the engine itself.
fn put(template: &str, values: &[(Cow<'_, str>, &str)]) -> String {
    let mut pieces = template.split('{');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    let mut next = 0;
    for piece in pieces {
        let (hole, after) = piece.split_once('}').unwrap_or((piece, ""));
        let place = next.to_string();
        let name = if hole.is_empty() { place.as_str() } else { hole.split(':').next().unwrap_or(hole) };
        next += usize::from(hole.is_empty());
        if let Some((_, value)) = values.iter().find(|(of, _)| of == name) {
            out += &heard(value);
        }
        out += after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Language, speaking};

    #[test]
    fn a_sentence_is_known_by_its_template() {
        let table = "[engine]\n\"the score of {q} with {k}\" = \"Score von {k} für {q}\"\n\"the {}\" = \"das {}\"\n\
                     \"{title} (layer {l})\" = \"{title} (Schicht {l})\"\n\"the embedding\" = \"das Embedding\"";
        let german = Language::read("de", table).unwrap();
        let heard = |sentence: &'static str| speaking(Some(german), || heard(sentence).into_owned());
        assert_eq!(heard("the score of *a* with *b*"), "Score von *b* für *a*");
        assert_eq!(heard("the embedding"), "das Embedding");
        assert_eq!(heard("the embedding (layer 3)"), "das Embedding (Schicht 3)");
        assert_eq!(heard("something else"), "something else");
        assert_eq!(super::heard("the embedding"), "the embedding", "in English all stays");
    }
}
