//! Chapter 10: cut one attention edge, and see what the model predicts then.

use super::answer::{Answer, compared, open};
use super::choose::token_picker;
use super::next_tokens::needs_next;
use super::reading::named;
use super::whose::Whose;
use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, LESSON, Missing, Page};
use attnscope::{Heads, Intervention, ModelInfo, Token};
use attnscope_figures::figure::compare::{Column, Data, State, render};
use attnscope_figures::token::spoken;
use attnscope_figures::{Table, Target};
use attnscope_protocol::{Prompt, Request, Run};
use attnscope_words::words;
use std::collections::{HashMap, HashSet};

const MOST: usize = 10;
/// Enough of a large vocabulary that a word likely in one run is found in the others.
const TOP: usize = 1000;

/// The figure, with the edge that is cut; `None` for the one that the story cuts.
#[derive(Default)]
pub struct CutEdge {
    whose: Whose,
    edge: Option<(usize, usize)>,
    /// Where it is cut, as the reader wrote it: `16.0` a head, `16` a layer; empty for all heads.
    heads: String,
}

impl PageFigure for CutEdge {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let (data, tokens) = (self.data(page)?, &self.whole(page)?.trace.tokens);
        let (q, k) = self.edge(tokens);
        let scene = render(&data, &State { canvas: page.paper.canvas(), ..Default::default() }, page.paper.theme());
        // Where the reader's own changes are shown, no edge is cut: only the word to leave out is chosen.
        let own = page.selection.prompt_for(self.whose.id(page)).interventions.is_empty();
        let mut controls = vec![self.whose.control(page)];
        if own {
            controls.extend([
                token_picker("from", words!("query"), tokens, q),
                token_picker("to", words!("key"), tokens, k),
            ]);
            let (label, value) = (words!("only in head (as 16.0)").into(), self.heads.clone());
            controls.push(Some(Control::Text { id: "heads", label, value }));
        } else {
            controls.push(token_picker("to", words!("without"), tokens, k));
        }
        let view = View::of(scene).with(controls.into_iter().flatten().collect());
        let alone = words!("The first token attends only to itself: there is no edge to cut.");
        let view = view.note((own && q == 0).then_some(alone), page.paper);
        let several = data.columns.len() > 1;
        Ok(view.note(several.then_some(words!("Shown are the words that change most.")), page.paper))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data(page)?.table())
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        if let Event::Chosen(Target::Item { index }, _) = event {
            return self.answers(page).ok().and_then(|answers| open(answers, MOST, *index)).into_iter().collect();
        }
        if self.whose.hear(event, page) {
            // It named a head of the other model.
            self.heads.clear();
            return Vec::new();
        }
        let Event::Set(id, value) = event else { return usual(event, page) };
        if id == "heads" {
            self.heads = value.trim().to_owned();
            return Vec::new();
        }
        let Ok(run) = self.whole(page) else { return Vec::new() };
        let (q, k) = self.edge(&run.trace.tokens);
        let Ok(at) = value.parse::<usize>() else { return Vec::new() };
        // A token attends only to itself and to earlier tokens.
        self.edge = Some(if id == "from" { (at, k.min(at)) } else { (q.max(at), at) });
        Vec::new()
    }

    fn model<'a>(&self, page: &Page<'a>) -> &'a str {
        self.whose.id(page)
    }

    fn is_heavy(&self, page: &Page<'_>) -> bool {
        self.whose.id(page) != LESSON
    }
}

impl CutEdge {
    /// The sentence as it is.
    fn whole<'a>(&self, page: &Page<'a>) -> Result<&'a Run, Missing> {
        run(page, &Prompt::plain(self.whose.id(page), &page.selection.text))
    }

    /// The heads in which the edge is cut, and where that is in words.
    fn heads(&self, model: &ModelInfo) -> Result<(Heads, String), Missing> {
        if self.heads.is_empty() {
            return Ok((Heads::default(), String::new()));
        }
        let heads = Heads::try_from(self.heads.as_str()).map_err(|error| Missing::Nothing(format!("{error}.")))?;
        let (layers, each) = (model.n_layers, model.n_heads);
        if heads.layer.is_some_and(|layer| layer >= layers) || heads.head.is_some_and(|head| head >= each) {
            let last = (layers.saturating_sub(1), each.saturating_sub(1));
            let there = words!("{} has layers 0 to {} with heads 0 to {} each", model.name, last.0, last.1);
            return Err(Missing::Nothing(words!("There is no {}: {there}.", self.heads)));
        }
        let what = if heads.head.is_some() { words!("head") } else { words!("layer") };
        Ok((heads, words!(" in {what} {heads}")))
    }

    fn data(&self, page: &Page<'_>) -> Result<Data, Missing> {
        Ok(compared(self.answers(page)?, MOST, self.whole(page)?.trace.model.name.clone()))
    }

    /// The sentence as it is, with the edge cut, and without the word of the edge's key.
    fn answers<'a>(&self, page: &Page<'a>) -> Result<Vec<Answer<'a>>, Missing> {
        let (whole, model) = (self.whole(page)?, self.whose.id(page));
        needs_next(whole)?;
        let (text, tokens) = (&page.selection.text, &whole.trace.tokens);
        let ((q, k), (heads, place)) = (self.edge(tokens), self.heads(&whole.trace.model)?);
        let shorter = without(text, tokens, k, whole.trace.model.word_level);
        let name = |i: usize| tokens.get(i).map(|t| spoken(&t.text)).unwrap_or_default();
        let asked = |name: String, detail: String, of: Prompt| {
            let run = run(page, &of)?;
            Ok(Answer::of_run(Column { name: named(&name), detail }, run, of))
        };
        let plain = |text: &str| Prompt::plain(model, text);
        let mut answers = vec![asked(text.clone(), words!("as it is").into(), plain(text))];
        // The reader's changes, if any, are shown in place of the edge that the story cuts.
        let changed = page.selection.prompt_for(model);
        if !changed.interventions.is_empty() {
            let said: Vec<String> = changed.interventions.iter().map(ToString::to_string).collect();
            answers.push(asked(words!("changed").into(), said.join(", "), changed));
        } else if q > 0 {
            let whom = if q == k { words!("itself").into() } else { name(k) };
            let detail = words!("{} may not attend to {whom}{place}", name(q));
            let cut = vec![Intervention::cut_edge(heads, q, k)];
            answers.push(asked(words!("one edge cut").into(), detail, Prompt { interventions: cut, ..plain(text) }));
        }
        if let Some(text) = shorter {
            answers.push(asked(text.clone(), words!("without {}", name(k)), plain(&text)));
        }
        // All are requested before waiting for one.
        Ok(most_changed(answers.into_iter().collect::<Result<_, Missing>>()?))
    }

    /// The edge, within the sentence: at first from the last token but one to the one before it, dog→hot.
    fn edge(&self, tokens: &[Token]) -> (usize, usize) {
        let last = tokens.len().saturating_sub(1);
        let (q, k) = self.edge.unwrap_or((last.saturating_sub(1), last.saturating_sub(2)));
        (q.min(last), k.min(q.min(last)))
    }
}

fn run<'a>(page: &Page<'a>, prompt: &Prompt) -> Result<&'a Run, Missing> {
    page.run_of(&Request::Run { prompt: prompt.clone(), capture: String::new(), layers: None, top: TOP })
}

/// Only the words whose probability the change moved most.
fn most_changed(mut answers: Vec<Answer<'_>>) -> Vec<Answer<'_>> {
    let mut moved: HashMap<u32, (f32, f32)> = HashMap::new();
    for next in answers.iter().flat_map(|answer| answer.next.iter()) {
        let (low, high) = moved.entry(next.id).or_insert((next.p, next.p));
        (*low, *high) = (low.min(next.p), high.max(next.p));
    }
    // A word that a list lacks is less likely there than all words in it.
    let lacking = |id: u32| answers.iter().any(|answer| !answer.next.iter().any(|n| n.id == id));
    let change = |(id, (low, high)): (u32, (f32, f32))| (if lacking(id) { high } else { high - low }, high, id);
    let mut order: Vec<(f32, f32, u32)> = moved.into_iter().map(change).collect();
    // Where nothing changes, the likeliest.
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(&b.2)));
    let kept: HashSet<u32> = order.into_iter().take(MOST).map(|(.., id)| id).collect();
    answers.iter_mut().for_each(|answer| answer.next.to_mut().retain(|n| kept.contains(&n.id)));
    answers
}

/// The sentence without one of its tokens, if anything is left. `None` also where the tokens' texts do not make up the
/// sentence, as where a character is split into bytes: what is left of it could not be written.
fn without(text: &str, tokens: &[Token], at: usize, word_level: bool) -> Option<String> {
    let between = if word_level { " " } else { "" };
    let join = |tokens: Vec<&str>| tokens.join(between).trim().to_owned();
    let all = join(tokens.iter().map(|token| token.text.as_str()).collect());
    if all.split_whitespace().ne(text.split_whitespace()) {
        return None;
    }
    let left = tokens.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, token)| token.text.as_str());
    Some(join(left.collect())).filter(|left| !left.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_that_its_tokens_do_not_make_up_is_not_shortened() {
        let tokens =
            |texts: &[&str]| texts.iter().map(|text| Token { id: 0, text: (*text).into() }).collect::<Vec<_>>();
        let dog = tokens(&["the", " hot", " dog"]);
        assert_eq!(without("the hot dog", &dog, 1, false).as_deref(), Some("the dog"));
        assert_eq!(without("the hot dog", &tokens(&["the", "hot", "dog"]), 1, true).as_deref(), Some("the dog"));
        assert_eq!(without("dog", &tokens(&["dog"]), 0, false), None, "nothing is left");
        let bytes = tokens(&["the", "<0x20><0xF0>", "<0x9F>", "<0x90>", "<0x95>", " was"]);
        assert_eq!(without("the 🐕 was", &bytes, 5, false), None, "what stands for bytes is no text");
    }
}
