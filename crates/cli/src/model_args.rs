//! The arguments that every command with a model has: which model, which text, and what to change in the run.

use crate::failure::usage;
use anyhow::{Context, Result};
use attnscope::{Capture, Intervention, Model, ModelInfo, Run, Trace};
use std::io::Read;

/// A model and a text.
#[derive(Clone, Debug, clap::Args)]
pub struct ModelArgs {
    /// A name that `attnscope models` lists (lesson is built in), a Hub id, or a path to a .gguf file or a model's folder
    #[arg(long, short, default_value = attnscope_hub::LESSON)]
    pub model: String,
    /// The text; - reads it from stdin (one line break at the end is left away)
    #[arg(long, short, allow_hyphen_values = true)]
    pub text: Option<String>,
    /// Token ids instead of a text: 1,2,3 (nothing is put around them)
    #[arg(long, allow_hyphen_values = true, value_name = "IDS", conflicts_with_all = ["text", "bos", "no_bos"])]
    pub ids: Option<String>,
    /// A second text, read together with the first as a pair of sentences: for encoders (BERT, RoBERTa)
    #[arg(long, allow_hyphen_values = true, value_name = "TEXT", conflicts_with_all = ["ids", "bos", "no_bos"])]
    pub pair: Option<String>,
    /// Put BOS before the text, whatever the model's files say
    #[arg(long, conflicts_with = "no_bos")]
    pub bos: bool,
    /// Put no BOS before the text
    #[arg(long)]
    pub no_bos: bool,
    /// What to change in the run.
    #[command(flatten)]
    pub changes: ChangeArgs,
}

/// What to change in a run. Each may be given several times.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Changes to the run (each may be repeated)")]
pub struct ChangeArgs {
    /// Switch off a head (16.0) or all heads of a layer (16)
    #[arg(long, allow_hyphen_values = true, value_name = "HEAD")]
    pub ablate: Vec<String>,
    /// Replace a head's output by its mean over the text
    #[arg(long, allow_hyphen_values = true, value_name = "HEAD")]
    pub mean_ablate: Vec<String>,
    /// Keep query 2 from seeing key 1: '2>1', in one layer '16:2>1', in one head '16.0:2>1'
    #[arg(long, allow_hyphen_values = true, value_name = "EDGE")]
    pub cut: Vec<String>,
    /// Give an edge this weight: '16.0:2>1=0.5'
    #[arg(long, allow_hyphen_values = true, value_name = "EDGE=WEIGHT")]
    pub set: Vec<String>,
}

impl ChangeArgs {
    /// Whether the run is not changed.
    pub fn is_empty(&self) -> bool {
        [&self.ablate, &self.mean_ablate, &self.cut, &self.set].iter().all(|changes| changes.is_empty())
    }

    /// The interventions of the run.
    pub fn interventions(&self) -> Result<Vec<Intervention>> {
        let mut all = Vec::new();
        for head in &self.ablate {
            all.push(Intervention::ablate(head.as_str())?);
        }
        for head in &self.mean_ablate {
            all.push(Intervention::mean_ablate(head.as_str())?);
        }
        for edge in &self.cut {
            all.push(Intervention::cut(edge)?);
        }
        for edge in &self.set {
            all.push(Intervention::set(edge)?);
        }
        refuse_twice(&all)?;
        Ok(all)
    }
}

/// Refuses changes of which one would undo another, since it is unclear which of them is meant.
fn refuse_twice(all: &[Intervention]) -> Result<()> {
    let place = |change: &Intervention| match change {
        Intervention::SetEdge { heads, q, k, .. } => Some((*heads, Some((*q, *k)))),
        Intervention::ScaleHead { heads, .. } | Intervention::MeanHead { heads } => Some((*heads, None)),
        Intervention::Patch { .. } | Intervention::Apply { .. } => None,
    };
    for (i, a) in all.iter().enumerate() {
        let Some((heads, edge)) = place(a) else { continue };
        let differs = |b: &&Intervention| place(b) == Some((heads, edge)) && *b != a;
        if all[i + 1..].iter().any(|b| differs(&b)) {
            let what = match edge {
                Some((q, k)) => format!("the edge {q}>{k}"),
                None => "the head".to_owned(),
            };
            return Err(usage(format!("{what} ({heads}) is changed in two ways: give one of them")));
        }
    }
    Ok(())
}

/// A model that is open, with the text as its tokens.
pub struct Opened {
    /// The model.
    pub model: Model,
    /// The text's token ids.
    pub tokens: Vec<u32>,
    interventions: Vec<Intervention>,
}

impl ModelArgs {
    /// Opens the model and encodes the text. Whatever can be checked without the model is checked first.
    pub fn open(&self) -> Result<Opened> {
        self.open_on(&self.read_text()?)
    }

    /// The same with this text.
    pub fn open_on(&self, text: &str) -> Result<Opened> {
        let interventions = self.changes.interventions()?;
        let model = self.open_model()?;
        let tokens = model.encode(text)?;
        if let Some(warning) = model.warning(&tokens) {
            crate::failure::warn(&warning);
        }
        Ok(Opened { model, tokens, interventions })
    }

    /// The model, which reads texts as the options say.
    pub fn open_model(&self) -> Result<Model> {
        let model = attnscope_hub::open(&self.model)?;
        let bos = (self.bos || self.no_bos).then_some(self.bos);
        let model = model.with_bos(bos);
        match (&self.ids, &self.pair) {
            (Some(text), _) => Ok(model.with_ids(&self.read_text()?, ids(text)?)?),
            (None, Some(_)) if self.text.as_deref() == Some("-") => {
                Err(usage("--pair: give the first text with --text, not on stdin"))
            }
            (None, Some(second)) => Ok(model.with_pair(&self.read_text()?, second)?),
            (None, None) => Ok(model),
        }
    }

    /// Whether a text or ids are given.
    pub fn has_text(&self) -> bool {
        self.text.is_some() || self.ids.is_some()
    }

    /// The text from the option or from stdin; for ids, what is shown as one.
    pub fn read_text(&self) -> Result<String> {
        if self.bos && attnscope_hub::is_lesson(&self.model) {
            return Err(usage("--bos: the lesson model has no token that begins a text"));
        }
        if let Some(text) = &self.ids {
            let ids = ids(text)?;
            // The lesson model's words are its ids, so that their text can stand for them.
            if attnscope_hub::is_lesson(&self.model) {
                let model = attnscope::lesson::model();
                let known = |id: &&u32| (**id as usize) < model.config().n_vocab;
                let words: Vec<String> = ids.iter().filter(known).map(|id| model.token(*id).text).collect();
                if words.len() == ids.len() {
                    return Ok(words.join(" "));
                }
            }
            let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
            return Ok(format!("ids {}", ids.join(",")));
        }
        let text = match self.text.as_deref() {
            Some("-") => read_stdin()?,
            Some(text) => text.to_owned(),
            None => return Err(usage("a text is needed: --text \"the hot dog was\", or --text - to read stdin")),
        };
        if text.is_empty() {
            return Err(usage("the text is empty: give at least one word with --text, or --text - to read stdin"));
        }
        Ok(text)
    }
}

/// Token ids from an option: numbers with commas or spaces between.
fn ids(text: &str) -> Result<Vec<u32>> {
    if text.len() > attnscope::MAX_TEXT {
        return Err(usage(format!("--ids has {} bytes; at most {} are read", text.len(), attnscope::MAX_TEXT)));
    }
    let words = text.split([',', ' ']).filter(|word| !word.is_empty());
    let one = |word: &str| {
        let shown: String = word.chars().take(40).collect();
        word.parse().map_err(|_| usage(format!("--ids: {shown:?} is no token id: give numbers, as 1,2,3")))
    };
    let ids: Vec<u32> = words.map(one).collect::<Result<_>>()?;
    if ids.is_empty() { Err(usage("--ids is empty: give numbers, as 1,2,3")) } else { Ok(ids) }
}

fn read_stdin() -> Result<String> {
    let mut bytes = Vec::new();
    // A pipe without an end must not fill the memory. The final line break, which is removed, does not count.
    let most = attnscope::MAX_TEXT + 2;
    std::io::stdin().lock().take(most as u64 + 1).read_to_end(&mut bytes).context("cannot read stdin")?;
    if bytes.len() > most {
        let most = attnscope::MAX_TEXT;
        return Err(usage(format!(
            "the text on stdin is longer than {most} bytes, which is as much as is read: shorten it"
        )));
    }
    let mut text = String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        usage(format!("the text on stdin is not UTF-8 (byte {at}): convert it first, for example with iconv"))
    })?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

impl Opened {
    /// Runs the model, changed as the user asked.
    pub fn run(&self, capture: &Capture) -> Result<Trace> {
        Ok(self.model.run(&self.tokens, capture, &self.interventions)?)
    }

    /// The same up to and including `layer`; the trace has no logits.
    pub fn run_through(&self, layer: usize, capture: Capture) -> Result<Trace> {
        let (model, changes) = (&self.model, self.interventions.clone());
        let mut run = Run::start(model, self.tokens.clone(), capture, changes, model.new_cache())?;
        while run.layers_done() <= layer && run.step()? {}
        Ok(run.drain())
    }

    /// Runs the model and passes on each layer's arrays when it has been computed.
    pub fn each_layer(&self, capture: Capture, mut each: impl FnMut(Trace)) -> Result<()> {
        let (model, changes) = (&self.model, self.interventions.clone());
        let mut run = Run::start(model, self.tokens.clone(), capture, changes, model.new_cache())?;
        while run.layers_done() < model.config().n_layers {
            run.step()?;
            each(run.drain());
        }
        Ok(())
    }

    /// An error for a model that does not predict next tokens.
    pub fn require_vocab_head(&self) -> Result<()> {
        self.model.require_vocab_head().map_err(|e| usage(format!("{e}; try `attnscope heads` or `render matrix`")))
    }

    /// An error for a layer or head that the model does not have.
    pub fn require_head(&self, layer: usize, head: usize) -> Result<()> {
        require_head(&self.model.info(), layer, head)
    }
}

/// An error for a layer or head that a model does not have.
pub fn require_head(info: &ModelInfo, layer: usize, head: usize) -> Result<()> {
    for (what, index, n) in [("layer", layer, info.n_layers), ("head", head, info.n_heads)] {
        if index >= n {
            let last = n.saturating_sub(1);
            return Err(usage(format!("there is no {what} {index}: {} has {what}s 0 to {last}", info.name)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use attnscope::Heads;

    #[test]
    fn ids_are_numbers() {
        assert_eq!(ids("1,2, 3").unwrap(), [1, 2, 3]);
        for (wrong, said) in
            [("", "is empty"), ("1,x", "\"x\" is no token id"), ("-1", "\"-1\""), ("4294967296", "no token id")]
        {
            assert!(ids(wrong).unwrap_err().to_string().contains(said), "{wrong}");
        }
    }

    #[test]
    fn changes_come_in_the_order_of_their_kinds() {
        let args = ChangeArgs {
            ablate: vec!["3.1".into()],
            mean_ablate: vec!["2".into()],
            cut: vec!["2>1".into()],
            set: vec!["1.0:2>1=0.5".into()],
        };
        let all = args.interventions().unwrap();
        let heads = |layer, head| Heads { layer, head };
        let edge = |heads, weight| Intervention::SetEdge { heads, q: 2, k: 1, weight };
        let expected = [
            Intervention::ScaleHead { heads: heads(Some(3), Some(1)), factor: 0.0 },
            Intervention::MeanHead { heads: heads(Some(2), None) },
            edge(heads(None, None), 0.0),
            edge(heads(Some(1), Some(0)), 0.5),
        ];
        assert_eq!(all, expected);
        let wrong = ChangeArgs { set: vec!["2>1".into()], ..ChangeArgs::default() };
        assert!(wrong.interventions().is_err());
    }
}
