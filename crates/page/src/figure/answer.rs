//! Next words under several runs, for the figures that compare them: a bar opens its word's probability in its run.

use crate::{Change, Open};
use attnscope::NextToken;
use attnscope::Site;
use attnscope_figures::figure::compare::{Column, Data};
use attnscope_protocol::{Prompt, Run};
use std::borrow::Cow;

/// The next tokens that one run predicts.
#[derive(Clone)]
pub struct Answer<'a> {
    /// The name of the run.
    pub column: Column,
    /// The likeliest next tokens.
    pub next: Cow<'a, [NextToken]>,
    /// How many tokens precede them; of a masked word, with itself.
    pub after: usize,
    /// The run.
    pub of: Prompt,
}

impl<'a> Answer<'a> {
    /// The answer of a run over a whole text.
    pub fn of_run(column: Column, run: &'a Run, of: Prompt) -> Self {
        let after = run.trace.predicts_at().map_or(0, |at| at + 1);
        Self { column, next: run.next.as_slice().into(), after, of }
    }
}

/// The likeliest words of all answers.
pub fn compared<'a>(answers: impl IntoIterator<Item = Answer<'a>>, most: usize, model: String) -> Data {
    let lists = answers.into_iter().map(|answer| (answer.column, answer.next.into_owned())).collect();
    Data::from_next(lists, most, model)
}

/// Opens the bar that is this item of [`compared`].
pub fn open<'a>(answers: impl IntoIterator<Item = Answer<'a>>, most: usize, item: usize) -> Option<Change> {
    let answers: Vec<Answer<'_>> = answers.into_iter().collect();
    let data = compared(answers.iter().cloned(), most, String::new());
    let (column, word) = data.bar(item)?;
    let (answer, word) = (answers.get(column)?, data.words.get(word)?);
    // Of two tokens with the same text, the likelier one has the bar.
    let alike = answer.next.iter().filter(|next| next.text == *word);
    let next = alike.max_by(|a, b| a.p.total_cmp(&b.p))?;
    let number = Site::Probabilities.at([answer.after.checked_sub(1)?, next.id as usize]);
    Some(Change::Open(Open::of(answer.of.clone(), number)))
}
