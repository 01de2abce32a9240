//! Chapter 9: the path of a word through the layers, among words whose kind is known.

use super::choose::{picked, position, token_picker};
use super::player::Player;
use super::{LONG_FOR_ALL_LAYERS, PageFigure, View, usual};
use crate::{Change, Control, Event, LESSON, Missing, Page, Paper};
use attnscope::Intervention;
use attnscope::analysis::journey as place_between;
use attnscope::analysis::journey::{Depths, depths};
use attnscope_figures::Table;
use attnscope_figures::figure::journey::{Data, MAX_LANDMARKS, State, render};
use attnscope_figures::token::spoken;
use attnscope_protocol::{Prompt, Request, Run};

/// Milliseconds that a layer is looked at while it plays.
const PAUSE: u32 = 220;
/// Words of each kind that both models know as one of it.
const KINDS: [(&str, &str); 2] =
    [("animal", "cat, cow, rabbit, fox, wolf"), ("food", "pizza, bread, soup, cheese, cake")];

/// The figure, with the layer that it shows and the words between which it looks.
pub struct Journey {
    kinds: [String; 2],
    player: Player,
}

impl Default for Journey {
    fn default() -> Self {
        Self { kinds: KINDS.map(|(_, words)| words.into()), player: Player::END }
    }
}

/// One reading of a text: its name in the figure, and the position that is followed.
struct Reading {
    name: String,
    text: String,
    position: Option<usize>,
    cut: Vec<Intervention>,
}

impl PageFigure for Journey {
    fn view(&self, page: &Page<'_>, paper: Paper) -> Result<View, Missing> {
        let (data, trace) = (self.data(page)?, &ask(page, &page.selection.text, Vec::new())?.trace);
        let last = data.depths().saturating_sub(1);
        let depth = self.player.step(last);
        let scene = render(&data, &State { canvas: paper.canvas(), depth: Some(depth) }, paper.theme());
        let shown = depth.checked_sub(1).map_or("none yet".into(), |layer| layer.to_string());
        let mut controls = self.player.controls("after layer", last, shown);
        controls.extend(token_picker("word", "word", &trace.tokens, position(page, trace)));
        let text = |id, label: &str, value: &str| Control::Text { id, label: label.into(), value: value.into() };
        controls.push(text("from", "words on the left", &self.kinds[0]));
        controls.push(text("to", "words on the right", &self.kinds[1]));
        let few = "The lesson model has few layers; with a real model here, all of its layers are shown.";
        Ok(View { controls, scene }.note(page.real.is_none().then_some(few), paper))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data(page)?.table())
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            _ if self.player.hear(event, last(page)) => {}
            Event::Set(id, value) if id == "from" => self.kinds[0].clone_from(value),
            Event::Set(id, value) if id == "to" => self.kinds[1].clone_from(value),
            Event::Set(id, value) => return picked(page, id, value),
            _ => return usual(event, page),
        }
        Vec::new()
    }

    fn plays(&self) -> Option<u32> {
        self.player.plays(PAUSE)
    }

    fn is_heavy(&self, page: &Page<'_>) -> bool {
        page.real.is_some()
    }
}

impl Journey {
    fn data(&self, page: &Page<'_>) -> Result<Data, Missing> {
        let text = &page.selection.text;
        if text.len() > LONG_FOR_ALL_LAYERS {
            return Err(Missing::Nothing("The sentence is too long to follow a word in it: shorten it.".into()));
        }
        let trace = &ask(page, text, Vec::new())?.trace;
        let at = position(page, trace);
        let word = trace.tokens.get(at).map(|token| spoken(&token.text)).ok_or(Missing::Waiting)?;
        let readings = readings(text, &word, at)?;
        let kinds = self.kinds.each_ref().map(|words| listed(words));
        if let Some(few) = kinds.iter().find(|words| words.len() < 2) {
            return Err(Missing::Nothing(format!(
                "Two kinds of words are needed, at least 2 words each with commas between; found {}.",
                few.len()
            )));
        }
        let paths = all(readings.iter().map(|reading| followed(page, reading)))?;
        let [a, b] = kinds.each_ref().map(|words| all(words.iter().map(|word| followed(page, &landmark(word)))));
        let none = || Missing::Nothing("These words make no line between two kinds.".into());
        let found = place_between(&paths, [&a?, &b?]).ok_or_else(none)?;
        let names: Vec<String> = readings.into_iter().map(|reading| reading.name).collect();
        let poles = [0, 1].map(|i| self.pole(i, &kinds[i]));
        Ok(Data::from_journey(
            found,
            &word,
            &names,
            [&kinds[0], &kinds[1]],
            poles.each_ref().map(String::as_str),
            "the … was",
            &trace.model.name,
        ))
    }

    /// What a kind is called: by its name, or when the reader has chosen its words, by the first of them.
    fn pole(&self, i: usize, words: &[String]) -> String {
        if self.kinds[i] == KINDS[i].1 { KINDS[i].0.into() } else { words[0].clone() }
    }
}

/// The sentence as it is, with the word's look at the one before it cut, and the word without its neighbours.
fn readings(text: &str, word: &str, at: usize) -> Result<Vec<Reading>, Missing> {
    let reading = |name: &str, position, cut| Reading { name: name.into(), text: text.into(), position, cut };
    let mut readings = vec![reading(text, Some(at), Vec::new())];
    // The first token stays: where so much attention rests, a cut breaks more than one look.
    if let Some(before) = at.checked_sub(1).filter(|before| *before > 0) {
        let cut = Intervention::cut(&format!("{at}>{before}")).map_err(|error| Missing::Nothing(error.to_string()))?;
        readings.push(reading("its look at the word before cut", Some(at), vec![cut]));
    }
    let alone = landmark(word);
    if alone.text != text.trim() && word.chars().all(char::is_alphabetic) {
        readings.push(alone);
    }
    Ok(readings)
}

/// A word where nothing stands beside it that says more of it.
fn landmark(word: &str) -> Reading {
    let text = format!("the {word} was");
    Reading { name: text.clone(), text, position: None, cut: Vec::new() }
}

/// Words of a list with commas.
fn listed(words: &str) -> Vec<String> {
    words.split(',').map(str::trim).filter(|w| !w.is_empty()).take(MAX_LANDMARKS / 2).map(str::to_owned).collect()
}

/// One word at every depth: at the position, or last of the tokens before the end's `was`.
fn followed(page: &Page<'_>, reading: &Reading) -> Result<Depths, Missing> {
    let trace = &ask(page, &reading.text, reading.cut.clone())?.trace;
    // After the last word an encoder reads one token more, its separator.
    let after = if trace.model.causal { 2 } else { 3 };
    let position = reading.position.unwrap_or(trace.tokens.len().saturating_sub(after));
    depths(trace, position).ok_or_else(|| Missing::Nothing("This model does not keep what each layer leaves.".into()))
}

/// All of them; what several lack is wanted at once.
fn all(found: impl Iterator<Item = Result<Depths, Missing>>) -> Result<Vec<Depths>, Missing> {
    found.collect::<Vec<_>>().into_iter().collect()
}

fn ask<'a>(page: &Page<'a>, text: &str, interventions: Vec<Intervention>) -> Result<&'a Run, Missing> {
    let prompt = Prompt { model: page.real.unwrap_or(LESSON).into(), text: text.into(), interventions };
    page.run_of(&Request::Run { prompt, capture: "embed,resid_post".into(), layers: None, top: 0 })
}

/// The last depth of the model that is followed.
fn last(page: &Page<'_>) -> usize {
    ask(page, &page.selection.text, Vec::new()).map_or(0, |run| run.trace.model.n_layers)
}
