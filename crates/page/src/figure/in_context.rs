//! Chapter 7: what a word is like in its sentence. Other words are ordered by how near they are to it, layer by layer.

use super::choose::{picked, position, token_picker};
use super::reading::{ALONE, KINDS, Reading, left_out, listed, named, vectors};
use super::{PageFigure, View, usual};
use crate::{Change, Control, Event, Missing, Open, Page};
use attnscope::analysis::cosine;
use attnscope::analysis::explain::Between;
use attnscope_figures::figure::in_context::{self, Data, MAX_WORDS, State, Word, render};
use attnscope_figures::token::spoken;
use attnscope_figures::{Table, Target, Timeline};
use attnscope_protocol::What;
use attnscope_words::words;

/// Milliseconds for which a layer is shown while it plays: the words need time to move.
const PAUSE: u32 = 1200;

/// Words that come to mind, of which the lesson model does not know all.
const OF_REAL_MODELS: [&str; 2] = ["puppy, cat, horse, cow, wolf", "sausage, sandwich, pizza, soup, cheese"];

/// The figure, with the layer that it shows and the words with which it compares.
#[derive(Default)]
pub struct InContext {
    /// The words of both kinds, where the reader has chosen them.
    kinds: [Option<String>; 2],
    step: Option<usize>,
}

/// All texts that are read.
struct Readings {
    word: String,
    /// The word by itself (or in the second sentence), and in the sentence.
    of_word: Vec<Reading>,
    /// The words that it is compared with.
    others: Vec<Reading>,
    /// How many of those are of the first kind.
    first: usize,
}

impl PageFigure for InContext {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let (data, parts) = self.data(page)?;
        let (tokens, _) = page.tokens()?;
        let last = data.depths().saturating_sub(1);
        let depth = self.step.unwrap_or(last).min(last);
        let mut controls = Vec::from_iter(token_picker("word", words!("word"), tokens, position(page, tokens)));
        let text = |id, label: &str, value: &str| Control::Text { id, label: label.into(), value: value.into() };
        controls.push(text("first", words!("words of one kind"), self.words(page, 0)));
        controls.push(text("second", words!("of another"), self.words(page, 1)));
        let state = State { canvas: page.paper.canvas(), depth: Some(depth) };
        let steps = (0..=last).fold(layers().every(PAUSE), |steps, depth| after_layer(steps, depth, data.said(depth)));
        let lists = [self.words(page, 0), self.words(page, 1)];
        let view = View::of(render(&data, &state, page.paper.theme())).with(controls).plays(steps);
        let several = parts.then_some(words!("Words of several tokens are compared by their last token."));
        let view = view.note(several, page.paper);
        Ok(view.note(left_out(&lists, MAX_WORDS / 2).as_deref(), page.paper))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data(page)?.0.table())
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Chosen(Target::Item { index }, _) => return self.choose(page, *index).unwrap_or_default(),
            Event::Set(id, value) if id == "first" => self.kinds[0] = Some(value.clone()),
            Event::Set(id, value) if id == "second" => self.kinds[1] = Some(value.clone()),
            Event::Set(id, value) => return picked(page, id, value),
            _ => return usual(event, page),
        }
        Vec::new()
    }

    fn at_step(&mut self, step: Option<usize>) {
        self.step = step;
    }

    fn is_heavy(&self, page: &Page<'_>) -> bool {
        page.selection.is_real()
    }
}

impl InContext {
    /// The words of a kind, with commas between.
    fn words(&self, page: &Page<'_>, kind: usize) -> &str {
        let usual = if page.selection.is_real() { OF_REAL_MODELS[kind] } else { KINDS[kind].1 };
        self.kinds[kind].as_deref().unwrap_or(usual)
    }

    /// The name of a kind: its own, or, if the reader has chosen its words, the first of them.
    fn name(&self, kind: usize, words: &[String]) -> String {
        match (&self.kinds[kind], words) {
            (None, _) => attnscope_words::text(KINDS[kind].0).into(),
            (Some(_), [one]) => one.clone(),
            (Some(_), [first, ..]) => format!("{first}, …"),
            (Some(_), []) => "none".into(),
        }
    }

    fn readings(&self, page: &Page<'_>) -> Result<Readings, Missing> {
        let (own, model) = (page.selection.prompt(), &page.selection.model);
        let (tokens, _) = page.tokens()?;
        let at = position(page, tokens);
        let word = tokens.get(at).map(|token| spoken(&token.text)).ok_or(Missing::Waiting)?;
        let [first, second] = [0, 1].map(|kind| listed(self.words(page, kind), MAX_WORDS / 2));
        if first.len() + second.len() < 2 {
            return Err(Missing::Nothing(
                words!("At least 2 words to compare with are needed, with commas between.").into(),
            ));
        }
        let before = match &page.selection.against {
            Some(text) => Reading::same_word(page, model, text, &word)?,
            None => Reading::of_token(page, model, &tokens[at], at)?.ok_or_else(|| {
                let why = words!("is no word of its own that could be read by itself: choose another one");
                Missing::Nothing(words!("{word:?} {why}, or compare with a second sentence that has it."))
            })?,
        };
        let before = Reading { name: named(&before.of.text), ..before };
        let changed = if own.interventions.is_empty() { "" } else { words!(", changed") };
        let of_word =
            vec![before, Reading { name: format!("{}{changed}", named(&own.text)), of: own, position: Some(at) }];
        let others = first.iter().chain(&second).map(|word| Reading::alone(model, word)).collect();
        Ok(Readings { word, of_word, others, first: first.len() })
    }

    /// What is drawn, and whether one of the words is more than one token.
    fn data(&self, page: &Page<'_>) -> Result<(Data, bool), Missing> {
        let Readings { word, of_word, others, first } = self.readings(page)?;
        let (own, found) = (vectors(page, &of_word), vectors(page, &others));
        let (own, found) = (own?, found?);
        let names: Vec<String> = others.iter().map(|other| other.name.clone()).collect();
        let mut readings = of_word.iter().zip(&own).map(|(reading, depths)| in_context::Reading {
            name: reading.name.clone(),
            cosines: (0..depths.len())
                .map(|depth| found.iter().map(|other| cosine(&depths[depth], &other[depth])).collect())
                .collect(),
        });
        let readings = std::array::from_fn(|_| readings.next().unwrap_or_default());
        let lengths = others.iter().map(|other| other.length(page));
        let lengths = lengths.collect::<Result<Vec<_>, Missing>>()?;
        let data = Data {
            word,
            readings,
            kinds: [self.name(0, &names[..first]), self.name(1, &names[first..])],
            words: names
                .into_iter()
                .enumerate()
                .map(|(i, name)| Word { name, kind: usize::from(i >= first) })
                .collect(),
            template: ALONE.into(),
            model: page.tokens()?.1.name.clone(),
        };
        Ok((data, lengths.iter().min() != lengths.iter().max()))
    }

    /// The arithmetic of a cosine.
    fn choose(&self, page: &Page<'_>, item: usize) -> Result<Vec<Change>, Missing> {
        let (reading, depth, word) = self.data(page)?.0.chosen(item);
        let Readings { of_word, others, .. } = self.readings(page)?;
        let (Some(reading), Some(other)) = (of_word.get(reading), others.get(word)) else { return Ok(Vec::new()) };
        let groups = [vec![other.spot(page)?], Vec::new()];
        let what = What::Between { number: reading.number(page, depth)?, groups, which: Between::Cosine };
        Ok(vec![Change::Open(Open::of(reading.of.clone(), what))])
    }
}

/// A timeline of layers: step 0 is before the first.
pub(super) fn layers() -> Timeline {
    Timeline::new().counts(words!("after layer"), 0)
}

/// One more step of [`layers`], with its sentence.
pub(super) fn after_layer(steps: Timeline, depth: usize, said: String) -> Timeline {
    steps.step(said).named(depth.checked_sub(1).map_or(words!("none yet").into(), |layer| layer.to_string()))
}
