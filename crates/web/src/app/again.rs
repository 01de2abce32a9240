//! A model that the reader trained and that is not there any more (the page was loaded again, or its address was sent to
//! somebody else) is trained again, as the address says.

use super::App;
use attnscope_page::selection::TRAINED;
use attnscope_page::{Event, Trained};
use attnscope_protocol::Progress;
use attnscope_words::words;
use leptos::prelude::*;

/// How far that has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Again {
    /// The model that is trained again, or was to be.
    of: Option<Trained>,
    /// Steps that are done.
    done: usize,
    /// Why it failed.
    failed: Option<String>,
}

/// Why the chosen model, which the reader trained, cannot be asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Away {
    /// It is being trained again: steps done, and all.
    Under(usize, usize),
    /// That failed.
    Failed(String),
    /// The address does not say how it was trained.
    NotSaid,
}

impl Away {
    /// What figures say in its place.
    pub fn said(&self) -> String {
        match self {
            Self::Under(..) => words!(
                "The model that you trained is being trained again, step by step from the same seed. \
                This figure shows it when that is done."
            )
            .into(),
            Self::Failed(why) => words!("The model that you trained could not be trained again: {why}."),
            Self::NotSaid => words!(
                "This address shows a model that a reader trained, but does not say how it was trained. \
                Train one in chapter 11, or use the lesson model."
            )
            .into(),
        }
    }
}

impl App {
    /// Why the chosen model cannot be asked, if it is one that the reader trained and is not there.
    pub fn away(self) -> Option<Away> {
        let chosen = self.selection.with(|s| (s.model == TRAINED).then(|| s.trained.clone()))?;
        let again = self.again.get();
        let Some(wanted) = chosen else { return Some(Away::NotSaid) };
        if self.client().trained().as_ref() == Some(&wanted) {
            return None;
        }
        Some(match again.of == Some(wanted.clone()) {
            true => again.failed.map_or(Away::Under(again.done, wanted.steps), Away::Failed),
            false => Away::Under(0, wanted.steps),
        })
    }

    /// Begins to train the chosen model again by `start`, if it is away and that has not been tried.
    pub fn train_again(self, start: impl FnOnce(&Trained)) {
        let away = self.away();
        let wanted = self.selection.with_untracked(|s| s.trained.clone());
        let Some(wanted) = wanted.filter(|_| matches!(away, Some(Away::Under(..)))) else { return };
        if self.again.with_untracked(|again| again.of.as_ref() == Some(&wanted)) {
            return;
        }
        self.again.set(Again { of: Some(wanted.clone()), ..Again::default() });
        start(&wanted);
    }

    /// Notes an event of training: how far it has come, or that it failed.
    pub fn note_training(self, event: &Event) {
        if self.again.with_untracked(|again| again.of.is_none() || again.failed.is_some()) {
            return;
        }
        match event {
            Event::Progress(Progress::Trained { step, .. }) => self.again.update(|again| again.done = *step),
            Event::Done(..) => self.again.set(Again::default()),
            Event::Failed(failure) => self.again.update(|again| again.failed = Some(failure.message.clone())),
            _ => {}
        }
        if matches!(event, Event::Done(..) | Event::Failed(_)) {
            self.forget(TRAINED);
        }
    }

    /// Tries once more.
    pub fn try_again(self) {
        self.again.set(Again::default());
        self.forget(TRAINED);
    }
}
