//! The questions of the figures: they are asked one at a time, the first figure's first; one that no figure wants any
//! more is dropped.

use super::{Answer, App};
use crate::client::{Place, place};
use attnscope_page::Selection;
use attnscope_protocol::{Failure, FailureKind, Request, Response, wire};
use futures_util::future::{AbortHandle, abortable};
use js_sys::Promise;
use leptos::prelude::*;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use wasm_bindgen_futures::JsFuture;

/// Milliseconds after which a sentence that cannot be read is assumed to be finished.
const TYPING: i32 = 500;

/// The questions of figures.
#[derive(Default)]
pub struct Asking {
    /// By the figure's index: the signal that tells it that an answer has come, and its questions.
    figures: BTreeMap<usize, (RwSignal<u32>, Vec<Request>)>,
    /// The question under way.
    current: Option<(Vec<u8>, AbortHandle)>,
}

impl App {
    /// Adds a figure; `changed` tells it that an answer it wanted has come.
    pub fn add_figure(self, at: usize, changed: RwSignal<u32>) {
        self.asking.update_value(|asking| {
            asking.figures.insert(at, (changed, Vec::new()));
        });
    }

    /// A figure wants answers to these, and to no others.
    pub fn want(self, at: usize, requests: Vec<Request>) {
        self.asking.update_value(|asking| {
            if let Some((_, wanted)) = asking.figures.get_mut(&at) {
                *wanted = requests;
            }
        });
        self.drop_unwanted();
        self.ask_next();
    }

    /// Stops the question under way if nobody waits for it any more.
    fn drop_unwanted(self) {
        self.asking.update_value(|asking| {
            let wanted = asking.wanted();
            if let Some((_, handle)) = asking.current.take_if(|(key, _)| !wanted.contains(key)) {
                handle.abort();
                self.progress.set(None);
            }
        });
    }

    /// Asks the first of the questions that are open; one at a time, the first figure's first.
    fn ask_next(self) {
        let next = self.asking.with_value(|asking| {
            if asking.current.is_some() {
                return None;
            }
            asking.figures.values().flat_map(|(_, wanted)| wanted).next().cloned()
        });
        let Some(request) = next else { return };
        let (work, handle) = abortable(self.ask(request.clone()));
        self.asking.update_value(|asking| asking.current = Some((wire::encode_request(&request), handle)));
        leptos::task::spawn_local(async move {
            // An abort is not a failure: a newer question replaces this one.
            if let Ok(answer) = work.await {
                self.take(&request, answer);
            }
        });
    }

    async fn ask(self, request: Request) -> Result<Response, Failure> {
        // Answers that the page computes itself come at once.
        let slow = request.model().is_some_and(|model| !matches!(place(model), Place::Page | Place::Trainer));
        let answer = self.client().ask(&request, |progress| self.progress.set(slow.then_some(progress))).await;
        if slow {
            self.progress.set(None);
        }
        if matches!(&answer, Err(Failure { kind: FailureKind::Text { .. }, .. })) {
            // Half a word is not an error: a reader who types on is not interrupted: a new question drops this one.
            pause(TYPING).await;
        }
        answer
    }

    fn take(self, request: &Request, answer: Result<Response, Failure>) {
        self.note(request, &answer);
        self.answers.update_value(|answers| answers.insert(request, answer));
        let waiting = self.asking.try_update_value(|asking| {
            asking.current = None;
            let mut told = Vec::new();
            for (changed, wanted) in asking.figures.values_mut().filter(|(_, wanted)| wanted.contains(request)) {
                wanted.retain(|wanted| wanted != request);
                told.push(*changed);
            }
            told
        });
        for changed in waiting.unwrap_or_default() {
            changed.update(|n| *n += 1);
        }
        self.forget_unused();
        self.ask_next();
    }

    /// Reports what is already known of the chosen sentence, since it will not be asked again.
    pub fn say_known(self) {
        let request = self.selection.with(Selection::run_request);
        let shown =
            self.run.with_untracked(|run| run.as_ref().is_some_and(|answer| answer.selection.run_request() == request));
        if shown {
            self.failure.set(None);
        } else if let Some(answer) = self.answers.with_value(|answers| answers.get(&request).cloned()) {
            self.note(&request, &answer);
        }
    }

    /// Shows an answer in the bar.
    fn note(self, request: &Request, answer: &Result<Response, Failure>) {
        let selection = self.selection.get_untracked();
        let is_main = *request == selection.run_request();
        match answer {
            Ok(Response::Ran(run)) if is_main => {
                self.failure.set(None);
                let chosen = selection.within(&run.trace.model);
                if chosen != selection {
                    self.selection.set(chosen.clone());
                }
                if chosen.run_request() == *request {
                    self.run.set(Some(Arc::new(Answer { selection: chosen, run: run.clone() })));
                }
            }
            // An error in a figure's own text is shown in the figure.
            Err(Failure { kind: FailureKind::Text { .. }, .. }) if !selection.is_read_by(request) => {}
            Err(failure) => self.failure.set(Some(failure.clone())),
            Ok(_) => {}
        }
    }

    fn forget_unused(self) {
        let main = wire::encode_request(&self.selection.with_untracked(Selection::run_request));
        self.answers.update_value(|answers| answers.keep(&HashSet::from([main])));
    }

    /// Forgets a model's answers, so that every figure asks again.
    pub fn forget(self, model: &str) {
        self.answers.update_value(|answers| answers.forget_model(model));
        let all =
            self.asking.with_value(|asking| asking.figures.values().map(|(changed, _)| *changed).collect::<Vec<_>>());
        for changed in all {
            changed.update(|n| *n += 1);
        }
    }

    /// Stops waiting, and returns to the model that the figures show, so that the other one can be chosen again.
    pub fn give_up(self) {
        self.asking.update_value(|asking| {
            asking.figures.values_mut().for_each(|(_, wanted)| wanted.clear());
            if let Some((_, handle)) = asking.current.take() {
                handle.abort();
            }
        });
        self.progress.set(None);
        if let Some(answer) = self.run.get_untracked() {
            self.selection.set(answer.selection.clone());
        }
    }
}

impl Asking {
    /// The keys of all that is wanted.
    fn wanted(&self) -> HashSet<Vec<u8>> {
        self.figures.values().flat_map(|(_, wanted)| wanted.iter().map(wire::encode_request)).collect()
    }
}

async fn pause(milliseconds: i32) {
    let over = Promise::new(&mut |resolve, _| {
        let window = web_sys::window();
        let _ =
            window.map(|window| window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds));
    });
    let _ = JsFuture::from(over).await;
}
