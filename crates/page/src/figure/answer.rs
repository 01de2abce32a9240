//! Next words under several runs, as the figures that compare them hold them: a bar opens its probability in its run.

use crate::{Change, Open};
use attnscope::NextToken;
use attnscope::Site;
use attnscope_figures::figure::compare::{Column, Data};
use attnscope_protocol::{Prompt, Run};
use std::borrow::Cow;

/// What one run says comes next.
#[derive(Clone)]
pub struct Answer<'a> {
    /// How the run is called.
    pub column: Column,
    /// The likeliest next tokens.
    pub next: Cow<'a, [NextToken]>,
    /// After how many tokens.
    pub after: usize,
    /// Which run it is.
    pub of: Prompt,
}

impl<'a> Answer<'a> {
    /// Of a run over a whole text.
    pub fn of_run(column: Column, run: &'a Run, of: Prompt) -> Self {
        Self { column, next: run.next.as_slice().into(), after: run.trace.tokens.len(), of }
    }
}

/// The likeliest words of all answers.
pub fn compared<'a>(answers: impl IntoIterator<Item = Answer<'a>>, most: usize, model: String) -> Data {
    let lists = answers.into_iter().map(|answer| (answer.column, answer.next.into_owned())).collect();
    Data::from_next(lists, most, model)
}

/// The bar that is this item of [`compared`], opened.
pub fn open<'a>(answers: impl IntoIterator<Item = Answer<'a>>, most: usize, item: usize) -> Option<Change> {
    let answers: Vec<Answer<'_>> = answers.into_iter().collect();
    let data = compared(answers.iter().cloned(), most, String::new());
    let (column, word) = data.bar(item)?;
    let (answer, word) = (answers.get(column)?, data.words.get(word)?);
    // Of two tokens that read alike the likelier one has the bar.
    let alike = answer.next.iter().filter(|next| next.text == *word);
    let next = alike.max_by(|a, b| a.p.total_cmp(&b.p))?;
    let number = Site::Probabilities.at([answer.after.checked_sub(1)?, next.id as usize]);
    Some(Change::Open(Open::of(answer.of.clone(), number)))
}
