//! Chapter 9: the path of a word through the layers, among words whose kind is known.

use super::choose::{picked, position, token_picker};
use super::in_context::{after_layer, layers};
use super::reading::{ALONE, KINDS, Reading, left_out, listed, named, vectors};
use super::whose::Whose;
use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, LESSON, Missing, Open, Page};
use attnscope::analysis::explain::Between;
use attnscope::analysis::journey as place_between;
use attnscope::{Heads, Intervention};
use attnscope_figures::figure::journey::{Data, MAX_LANDMARKS, State, render};
use attnscope_figures::token::spoken;
use attnscope_figures::{Table, Target};
use attnscope_protocol::{Prompt, Spot, What};
use attnscope_words::words;

/// Milliseconds for which a layer is shown while it plays.
const PAUSE: u32 = 220;
/// The figure, with the layer that it shows and the words between which it places a word.
pub struct Journey {
    whose: Whose,
    kinds: [String; 2],
    step: Option<usize>,
}

impl Default for Journey {
    fn default() -> Self {
        Self { whose: Whose::default(), kinds: KINDS.map(|(_, words)| words.into()), step: None }
    }
}

/// All texts that are read: for the paths, and for the words of both kinds.
struct Readings {
    word: String,
    paths: Vec<Reading>,
    kinds: [Vec<Reading>; 2],
}

impl PageFigure for Journey {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let (data, (tokens, _)) = (self.data(page)?, page.tokens_in(&self.own(page))?);
        let last = data.depths().saturating_sub(1);
        let depth = self.step.unwrap_or(last).min(last);
        // Too fast for sentences.
        let steps = (0..=last).fold(layers().every(PAUSE), |steps, depth| after_layer(steps, depth, String::new()));
        let scene = render(&data, &State { canvas: page.paper.canvas(), depth: Some(depth) }, page.paper.theme());
        let mut controls: Vec<Control> = self.whose.control(page).into_iter().collect();
        controls.extend(token_picker("word", words!("word"), tokens, position(page, tokens)));
        let text = |id, label: &str, value: &str| Control::Text { id, label: label.into(), value: value.into() };
        controls.push(text("from", words!("words on the left"), &self.kinds[0]));
        controls.push(text("to", words!("words on the right"), &self.kinds[1]));
        let few = words!("The lesson model has few layers; with a real model here, all of its layers are shown.");
        let view = View::of(scene).with(controls).plays(steps);
        let view = view.note((page.paper.bare && page.real.is_none()).then_some(few), page.paper);
        Ok(view.note(left_out(&self.kinds, MAX_LANDMARKS / 2).as_deref(), page.paper))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data(page)?.table())
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Chosen(Target::Item { index }, _) => return self.choose(page, *index).unwrap_or_default(),
            _ if self.whose.hear(event, page) => {}
            Event::Set(id, value) if id == "from" => self.kinds[0].clone_from(value),
            Event::Set(id, value) if id == "to" => self.kinds[1].clone_from(value),
            Event::Set(id, value) => return picked(page, id, value),
            _ => return usual(event, page),
        }
        Vec::new()
    }

    fn at_step(&mut self, step: Option<usize>) {
        self.step = step;
    }

    fn step_of(&self, target: Target, page: &Page<'_>) -> Option<usize> {
        let Target::Item { index } = target else { return None };
        self.data(page).ok().map(|data| data.chosen(index).1)
    }

    fn model<'a>(&self, page: &Page<'a>) -> &'a str {
        self.whose.id(page)
    }

    fn is_heavy(&self, page: &Page<'_>) -> bool {
        self.whose.id(page) != LESSON
    }
}

impl Journey {
    /// The reader's sentence as it is.
    fn own(&self, page: &Page<'_>) -> Prompt {
        Prompt::plain(self.whose.id(page), &page.selection.text)
    }

    fn readings(&self, page: &Page<'_>) -> Result<Readings, Missing> {
        let (model, (tokens, _)) = (self.whose.id(page), page.tokens_in(&self.own(page))?);
        let at = position(page, tokens);
        let word = tokens.get(at).map(|token| spoken(&token.text)).ok_or(Missing::Waiting)?;
        let against =
            page.selection.against.as_ref().map(|text| Reading::same_word(page, model, text, &word)).transpose()?;
        let kinds = self.kinds.each_ref().map(|words| listed(words, MAX_LANDMARKS / 2));
        if let Some(few) = kinds.iter().find(|words| words.len() < 2) {
            return Err(Missing::Nothing(words!(
                "Two kinds of words are needed, at least 2 words each with commas between; found {}.",
                few.len()
            )));
        }
        let kinds = kinds.map(|words| words.iter().map(|word| Reading::alone(model, word)).collect());
        let alone = Reading::of_token(page, model, &tokens[at], at)?;
        Ok(Readings { paths: paths(page, self.own(page), at, [against, alone]), word, kinds })
    }

    fn data(&self, page: &Page<'_>) -> Result<Data, Missing> {
        let Readings { word, paths, kinds } = self.readings(page)?;
        let (found, [a, b]) = (vectors(page, &paths)?, kinds.each_ref().map(|kind| vectors(page, kind)));
        let none = || Missing::Nothing(words!("These words make no line between two kinds.").into());
        let found = place_between(&found, [&a?, &b?]).ok_or_else(none)?;
        // Two kinds of the same words lie in one point.
        if !found.paths.iter().flatten().all(|place| place.is_finite()) {
            return Err(none());
        }
        let names = |readings: &[Reading]| readings.iter().map(|reading| reading.name.clone()).collect::<Vec<_>>();
        let [a, b] = kinds.each_ref().map(|kind| names(kind));
        let poles = [self.pole(0, &a), self.pole(1, &b)];
        let poles = poles.each_ref().map(String::as_str);
        let model = &page.tokens_in(&self.own(page))?.1.name;
        Ok(Data::from_journey(found, &word, &names(&paths), [&a, &b], poles, ALONE, model))
    }

    /// The arithmetic of a word's place at a depth, if the item is a word's.
    fn choose(&self, page: &Page<'_>, item: usize) -> Result<Vec<Change>, Missing> {
        let (word, depth) = self.data(page)?.chosen(item);
        let (Some(word), Readings { paths, kinds, .. }) = (word, self.readings(page)?) else { return Ok(Vec::new()) };
        // The place of a kind's own word is computed from the other words.
        let others = |kind: &[Reading], first: usize| -> Result<Vec<Spot>, Missing> {
            let others = kind.iter().enumerate().filter(|(i, _)| first + i != word);
            others.map(|(_, reading)| reading.spot(page)).collect()
        };
        let first = paths.len();
        let between = [others(&kinds[0], first)?, others(&kinds[1], first + kinds[0].len())?];
        let Some(reading) = paths.iter().chain(kinds.iter().flatten()).nth(word) else { return Ok(Vec::new()) };
        let number = reading.number(page, depth)?;
        let what = What::Between { number, groups: between, which: Between::Place };
        Ok(vec![Change::Open(Open::of(reading.of.clone(), what))])
    }

    /// The name of a kind: its own, or, if the reader has chosen its words, the first of them.
    fn pole(&self, i: usize, words: &[String]) -> String {
        if self.kinds[i] == KINDS[i].1 { attnscope_words::text(KINDS[i].0).into() } else { words[0].clone() }
    }
}

/// The sentence as it is; as the reader changed it, or with the edge from the word to the one before it cut; a second
/// sentence, if there is one; and the word without its neighbours.
fn paths(page: &Page<'_>, own: Prompt, at: usize, [against, alone]: [Option<Reading>; 2]) -> Vec<Reading> {
    let mut paths = vec![Reading { name: named(&own.text), of: own.clone(), position: Some(at) }];
    // Edges to the first token are not cut: so much attention rests there that a cut breaks more than one edge.
    let changed = page.selection.prompt_for(&own.model);
    if !changed.interventions.is_empty() {
        let said: Vec<String> = changed.interventions.iter().map(ToString::to_string).collect();
        paths.push(Reading { name: said.join(", "), of: changed, position: Some(at) });
    } else if let Some(before) = at.checked_sub(1).filter(|before| *before > 0) {
        let cut = vec![Intervention::cut_edge(Heads::default(), at, before)];
        let of = Prompt { interventions: cut, ..own.clone() };
        paths.push(Reading { name: words!("its edge to the word before cut").into(), of, position: Some(at) });
    }
    paths.extend(against);
    let alone = alone.filter(|alone| alone.of.text != own.text.trim());
    paths.extend(alone.map(|alone| Reading { name: alone.of.text.clone(), ..alone }));
    paths
}
