//! The loss of a model in training: how surprised it was by the sentences of a batch before it learned from them.

use super::explanation::{Explanation, Factor, Rule, Term};
use super::parts::Steps;
use crate::analysis::softmax;
use crate::{Capture, Error, Model, Site};

/// How many preceding words the name of a term shows.
const CONTEXT: usize = 3;

/// Explains the mean loss of several batches: of those at `earlier` steps, whose losses are given, and of the last one,
/// whose sentences are read by the model as it was before it learned from them. `step` is the number of the last one.
///
/// # Errors
/// No sentence from which anything could be learned, or a token that does not exist.
pub fn explain_loss(
    model: &Model,
    step: usize,
    batch: &[Vec<u32>],
    earlier: &[(usize, f32)],
) -> Result<Explanation, Error> {
    let mut words = Vec::new();
    for tokens in batch {
        words.extend(surprises(model, tokens)?);
    }
    if words.is_empty() {
        return Err(Error::usage("nothing has been learned from yet: there is no loss to explain"));
    }
    let count = words.len();
    let mut steps = Steps::default();
    let last = steps.add("loss of the last batch", "mean of −ln p(the word that came)", Rule::Surprise, words);
    let one = |step: usize, factor| Term::product(format!("step {step}"), vec![factor]);
    let mut terms: Vec<Term> =
        earlier.iter().map(|&(step, loss)| one(step, Factor::constant("loss of that batch", loss))).collect();
    terms.push(one(step, last));
    let mut remarks = vec![format!(
        "The last batch had {} sentences, {count} words to foresee. They are read here by the model as it was before it \
         learned from them.",
        batch.len(),
    )];
    if !earlier.is_empty() {
        remarks.push(
            "Batches differ in how hard they are: the line is a mean over several. The sentences of the earlier \
                      ones, and the models that read them, are gone."
                .into(),
        );
    }
    Ok(Explanation {
        name: "loss".into(),
        title: "how surprised the model is by the words that come, in nats a word".into(),
        formula: "loss = mean of the batches' losses".into(),
        value: Rule::Mean.combine(&terms),
        rule: Rule::Mean,
        terms,
        steps: steps.0,
        remarks,
    })
}

/// For each word of a sentence but the first: −ln of its probability after the words before it.
fn surprises(model: &Model, tokens: &[u32]) -> Result<Vec<Term>, Error> {
    let Some((_, read)) = tokens.split_last().filter(|(_, read)| !read.is_empty()) else { return Ok(Vec::new()) };
    model.check_tokens(tokens, 0)?;
    let trace = model.run(read, &Capture::of([Site::Logits]), &[])?;
    // The lesson's tokens are words.
    let word = |id: &u32| model.token(*id).text;
    let term = |at: usize| {
        let (before, next) = (&tokens[..=at], tokens[at + 1]);
        let logits = trace.get("logits").and_then(|all| all.row(&[at])).unwrap_or_default();
        let p = softmax(logits).get(next as usize).copied().unwrap_or(f32::NAN);
        let text = before.iter().map(word).collect::<Vec<_>>().join(" ");
        let number = Site::Probabilities.at([at, next as usize]);
        let shown: Vec<String> = before[before.len().saturating_sub(CONTEXT)..].iter().map(word).collect();
        let more = if before.len() > CONTEXT { "… " } else { "" };
        Term {
            name: format!("{more}{} *{}*", shown.join(" "), word(&next)),
            factors: vec![Factor::of_text("p", text, number, p)],
            value: -p.max(f32::MIN_POSITIVE).ln(),
        }
    };
    Ok((0..read.len()).map(term).collect())
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::super::explain;
    use super::*;
    use crate::lesson::{Settings, Trainer};

    #[test]
    fn the_loss_is_the_trainers_and_each_word_opens() {
        let mut trainer = Trainer::new(&Settings { batch: 5, ..Settings::default() }).unwrap();
        let first = trainer.step();
        let second = trainer.step();
        let model = trainer.before();
        let e = explain_loss(&model, 2, trainer.batch(), &[(1, first)]).unwrap();
        assert!((e.value - (first + second) / 2.0).abs() < 1e-5, "{} {first} {second}", e.value);
        assert!((e.steps[0].value - second).abs() < 1e-5 && e.terms[0].value == first);
        let words: usize = trainer.batch().iter().map(|tokens| tokens.len() - 1).sum();
        assert_eq!((e.terms.len(), e.steps[0].terms.len()), (2, words));
        for term in &e.steps[0].terms {
            let [Factor { source: Source::Text { text, number }, value, .. }] = &term.factors[..] else { panic!() };
            let capture = super::super::captures(*number, model.config());
            let trace = model.run(&model.encode(text).unwrap(), &capture, &[]).unwrap();
            assert!((explain(&model, &trace, *number).unwrap().value - value).abs() < 1e-6);
            assert!((term.value + value.ln()).abs() < 1e-6 && text.starts_with(|c: char| c.is_alphabetic()));
        }
    }

    #[test]
    fn what_has_no_loss_is_refused() {
        let trainer = Trainer::new(&Settings::default()).unwrap();
        let error = |batch: &[Vec<u32>]| explain_loss(&trainer.before(), 0, batch, &[]).unwrap_err().to_string();
        assert!(error(trainer.batch()).contains("nothing has been learned"));
        assert!(error(&[vec![], vec![3]]).contains("nothing has been learned"));
        assert!(error(&[vec![1, 1 << 20]]).contains("token"));
    }
}
