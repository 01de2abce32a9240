//! Places a token between two groups of words, or compares it with one word, as a job: each step passes one layer of one text. First the texts of the
//! groups' words are read, each for one vector, then the prompt.

use crate::job::{Step, Work};
use crate::limits::{MAX_SPOTS, within};
use crate::session::Text;
use crate::{Failure, Progress, Prompt, Response, Session, Source, Spot};
use attnscope::Number;
use attnscope::analysis::explain::{Between, Word, captures, check_place, depth, explain_place};
use attnscope::{Intervention, Model, Run, Trace};
use std::collections::VecDeque;
use std::sync::Arc;

pub(crate) struct Placing {
    pub model: Arc<Model>,
    /// Names the vector to be placed, in the prompt's run.
    pub number: Number,
    /// What is explained: the place, or a component of what defines it.
    pub which: Between,
    /// The texts still to be read, the prompt last.
    pub texts: VecDeque<ToRead>,
    /// Number of layers of all texts.
    pub total: usize,
    pub done: usize,
    pub now: Option<(ToRead, Run<Arc<Model>>)>,
    /// The groups' words that have been read.
    pub groups: [Vec<Word>; 2],
}

/// A text, and what it is read for.
pub(crate) struct ToRead {
    pub text: String,
    pub tokens: Vec<u32>,
    pub interventions: Vec<Intervention>,
    pub position: usize,
    /// The group to which its word belongs; `None` for the prompt.
    pub group: Option<usize>,
}

impl Placing {
    pub fn new(model: Arc<Model>, number: Number, which: Between, texts: VecDeque<ToRead>) -> Self {
        let total = texts.len() * depth(number).unwrap_or(model.config().n_layers);
        Self { model, number, which, texts, total, done: 0, now: None, groups: Default::default() }
    }

    /// Continues a run until it has reached the depth of the number.
    fn read(&mut self, text: ToRead, mut run: Run<Arc<Model>>) -> Result<Option<Response>, Failure> {
        if Some(run.layers_done()) != depth(self.number) {
            run.step()?;
            self.done += 1;
            self.now = Some((text, run));
            return Ok(None);
        }
        let trace = run.drain();
        let Some(group) = text.group else {
            let groups = [&*self.groups[0], &*self.groups[1]];
            let explained = explain_place(&self.model, &trace, self.number, groups, self.which)?;
            return Ok(Some(Response::Explained(explained)));
        };
        let vector = vector(&trace, self.number, text.position)?;
        self.groups[group].push(Word { text: text.text, position: text.position, vector });
        Ok(None)
    }

    /// Begins the run over the next text.
    fn next(&mut self) -> Result<(ToRead, Run<Arc<Model>>), Failure> {
        let mut text = self.texts.pop_front().ok_or_else(|| Failure::request("there is nothing left to read"))?;
        let (tokens, changes) = (std::mem::take(&mut text.tokens), std::mem::take(&mut text.interventions));
        let capture = captures(self.number, self.model.config());
        let run = Run::start(self.model.clone(), tokens, capture, changes, self.model.new_cache())?;
        Ok((text, run))
    }
}

impl<S: Source> Session<S> {
    /// Prepares runs over the groups' texts and then the prompt, all as deep as the number.
    pub(crate) fn place(
        &self,
        prompt: Prompt,
        number: Number,
        groups: [Vec<Spot>; 2],
        which: Between,
    ) -> Result<Box<dyn Work>, Failure> {
        let (least, most) = if which == Between::Cosine { (1, 1) } else { (2, MAX_SPOTS) };
        within("the number of words to compare with", groups.iter().map(Vec::len).sum(), least, most)?;
        let model = self.open(&prompt.model)?;
        let own = self.to_read(prompt.clone(), number, None)?;
        let mut texts = VecDeque::new();
        for (group, spots) in groups.into_iter().enumerate() {
            for Spot { text, position } in spots {
                let prompt = Prompt { model: prompt.model.clone(), text, interventions: Vec::new() };
                texts.push_back(self.to_read(prompt, number, Some((group, position)))?);
            }
        }
        texts.push_back(own);
        Ok(Box::new(Placing::new(model, number, which, texts)))
    }

    /// A text to be read for one vector; an error if it has no such position.
    fn to_read(&self, prompt: Prompt, number: Number, spot: Option<(usize, usize)>) -> Result<ToRead, Failure> {
        let text = prompt.text.clone();
        let Text { model, tokens, interventions, limits } = self.read(prompt)?;
        match spot {
            Some((_, position)) => within("the word's position", position, 0, tokens.len() - 1)?,
            None => _ = check_place(&model, number, tokens.len())?,
        }
        let capture = captures(number, model.config());
        limits.check_run(model.config(), &capture, &interventions, tokens.len())?;
        let (group, position) = spot.map_or((None, 0), |(group, position)| (Some(group), position));
        Ok(ToRead { text, tokens, interventions, position, group })
    }
}

impl Work for Placing {
    fn step(mut self: Box<Self>) -> Result<Step, Failure> {
        let (text, run) = self.now.take().map_or_else(|| self.next(), Ok)?;
        Ok(match self.read(text, run)? {
            Some(response) => Step::Done(response.into()),
            None => Step::More(Progress::Layers { done: self.done, total: self.total }, self),
        })
    }

    fn bytes(&self) -> u64 {
        // The texts are read one after the other.
        let capture = captures(self.number, self.model.config());
        let bytes = |text: &ToRead| {
            let (config, seq) = (self.model.config(), text.tokens.len());
            capture.bytes(config, seq, seq).saturating_add(config.run_bytes(seq, seq))
        };
        self.texts.iter().map(bytes).max().unwrap_or(0)
    }
}

/// The vector that contains `number`, at another position of another run.
fn vector(trace: &Trace, number: Number, position: usize) -> Result<Vec<f32>, Failure> {
    let row = trace.get(&number.key()).and_then(|array| array.row(&[position]));
    Ok(row.ok_or_else(|| Failure::request(format!("this model does not keep {}", number.key())))?.to_vec())
}
