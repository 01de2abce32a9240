//! The state of the page: what is chosen, what is known, and what must be asked.

use crate::client::{Client, Place, place};
use crate::figures::Live;
use crate::work::Works;
use attnscope::analysis::Number;
use attnscope_page::selection::{LESSON, TRAINED};
use attnscope_page::{Answers, Page, Selection};
use attnscope_protocol::{Failure, FailureKind, ModelCard, Progress, Request, Response, Run, wire};
use futures_util::future::{AbortHandle, abortable};
use js_sys::Promise;
use leptos::prelude::*;
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use wasm_bindgen_futures::JsFuture;

/// Milliseconds after which a sentence that cannot be read is taken for finished.
const TYPING: i32 = 500;

/// What every part of the page can see and change.
#[derive(Clone, Copy)]
pub struct App {
    /// What is chosen.
    pub selection: RwSignal<Selection>,
    /// The row that the pointer rests on.
    pub hovered: RwSignal<Option<usize>>,
    /// The latest answer about the chosen model and sentence. It stays when a later question fails.
    pub run: RwSignal<Option<Arc<Answer>>>,
    /// Why the latest question has no answer.
    pub failure: RwSignal<Option<Failure>>,
    /// How far long work has come.
    pub progress: RwSignal<Option<Progress>>,
    /// Models of the server.
    pub cards: RwSignal<Vec<ModelCard>>,
    /// Whether figures are drawn light on dark.
    pub dark: RwSignal<bool>,
    /// The numbers that led to the one that is open, from the first one opened.
    pub opened: RwSignal<Vec<Number>>,
    /// Whether the next change of the address is a step of the browser's history.
    pub step: StoredValue<bool>,
    client: StoredValue<Client, LocalStorage>,
    answers: StoredValue<Answers, LocalStorage>,
    asking: StoredValue<Asking, LocalStorage>,
    works: StoredValue<Works, LocalStorage>,
}

/// An answer, and the question it answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What was chosen.
    pub selection: Selection,
    /// Tokens, arrays, next tokens.
    pub run: Run,
}

/// What figures want to know.
#[derive(Default)]
struct Asking {
    /// By the figure's place: how to tell it that an answer has come, and what it wants.
    figures: BTreeMap<usize, (RwSignal<u32>, Vec<Request>)>,
    /// The question under way.
    current: Option<(Vec<u8>, AbortHandle)>,
}

impl App {
    /// The page's state. `client` knows who answers.
    pub fn new(selection: Selection, dark: bool, client: Client) -> Self {
        Self {
            selection: RwSignal::new(selection),
            hovered: RwSignal::new(None),
            run: RwSignal::new(None),
            failure: RwSignal::new(None),
            progress: RwSignal::new(None),
            cards: RwSignal::new(Vec::new()),
            dark: RwSignal::new(dark),
            opened: RwSignal::new(Vec::new()),
            step: StoredValue::new(false),
            client: StoredValue::new_local(client),
            answers: StoredValue::new_local(Answers::default()),
            asking: StoredValue::new_local(Asking::default()),
            works: StoredValue::new_local(Works::default()),
        }
    }

    /// A figure, which is told by `changed` when something that it wanted is known.
    pub fn add_figure(self, at: usize, changed: RwSignal<u32>) {
        self.asking.update_value(|asking| {
            asking.figures.insert(at, (changed, Vec::new()));
        });
    }

    /// What a figure sees of the page.
    pub fn with_page<T>(self, f: impl FnOnce(Page<'_>) -> T) -> T {
        let selection = self.selection.get_untracked();
        let real = self.real_model();
        self.answers.with_value(|answers| {
            let mut page = Page::new(&selection, answers);
            (page.hovered, page.real) = (self.hovered.get_untracked(), real.as_deref());
            f(page)
        })
    }

    /// The model for the chapters that need a real one: the chosen one if it is, or one that the server has.
    fn real_model(self) -> Option<String> {
        let chosen = self.selection.with_untracked(|s| s.model.clone());
        if chosen != LESSON && chosen != TRAINED {
            return Some(chosen);
        }
        let cards = self.cards.get_untracked();
        let liked = cards.iter().find(|card| card.id == "smollm2-135m").or(cards.first());
        liked.map(|card| card.id.clone())
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
            // An abort is no failure: something newer is asked.
            if let Ok(answer) = work.await {
                self.take(&request, answer);
            }
        });
    }

    async fn ask(self, request: Request) -> Result<Response, Failure> {
        // What the page computes itself is there at once.
        let slow = request.model().is_some_and(|model| !matches!(place(model), Place::Page | Place::Trainer));
        let answer = self.client().ask(&request, |progress| self.progress.set(slow.then_some(progress))).await;
        if slow {
            self.progress.set(None);
        }
        if matches!(&answer, Err(Failure { kind: FailureKind::Text { .. }, .. })) {
            // Half a word is no mistake: who types on is not interrupted, since a new question drops this one.
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

    /// What the bar says of an answer.
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
            // Words of a figure's own are its to speak of.
            Err(Failure { kind: FailureKind::Text { .. }, .. }) if !selection.is_read_by(request) => {}
            Err(failure) => self.failure.set(Some(failure.clone())),
            Ok(_) => {}
        }
    }

    fn forget_unused(self) {
        let main = wire::encode_request(&self.selection.with_untracked(Selection::run_request));
        self.answers.update_value(|answers| answers.keep(&HashSet::from([main])));
    }

    /// What the reader chose now replaces what was chosen. A question that failed is asked again when it is chosen again.
    pub fn select(self, selection: Selection) {
        if self.selection.with_untracked(|now| *now == selection) {
            return;
        }
        self.answers.update_value(Answers::forget_failures);
        let shown = self.run.with_untracked(|run| {
            run.as_ref().is_some_and(|answer| answer.selection.run_request() == selection.run_request())
        });
        if shown {
            self.failure.set(None);
        }
        self.selection.set(selection);
    }

    /// The same, as a step that the browser's Back undoes.
    pub fn select_step(self, selection: Selection) {
        self.step.set_value(true);
        self.select(selection);
    }

    /// Another row is under the pointer.
    pub fn hover(self, row: Option<usize>) {
        if self.hovered.get_untracked() != row {
            self.hovered.set(row);
        }
    }

    /// Opens a number's arithmetic. Back closes it.
    pub fn open(self, number: Number) {
        let now = self.selection.get_untracked();
        if let Some(before) = now.number.filter(|before| *before != number) {
            self.opened.update(|opened| opened.push(before));
        }
        self.select_step(Selection { number: Some(number), ..now });
    }

    /// Back to the number that led here.
    pub fn back_number(self) {
        if let Some(before) = self.opened.try_update(Vec::pop).flatten() {
            self.selection.update(|s| s.number = Some(before));
        }
    }

    /// Closes the arithmetic.
    pub fn close_number(self) {
        self.opened.set(Vec::new());
        self.selection.update(|s| s.number = None);
    }

    /// Forgets what a model answered, so that every figure asks it anew.
    pub fn forget(self, model: &str) {
        self.answers.update_value(|answers| answers.forget_model(model));
        let all =
            self.asking.with_value(|asking| asking.figures.values().map(|(changed, _)| *changed).collect::<Vec<_>>());
        for changed in all {
            changed.update(|n| *n += 1);
        }
    }

    /// Starts work of a figure's own.
    pub fn work(self, figure: &Rc<Live>, request: Request) {
        self.works.update_value(|works| works.start(self, figure, request));
    }

    /// Stops it.
    pub fn stop_work(self, figure: usize) {
        self.works.update_value(|works| works.stop(figure));
    }

    /// Stops waiting, and goes back to the model that the figures show: what was stopped can be chosen again.
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

    /// Asks the server which models it has. A link to one of them is followed meanwhile.
    pub fn look_for_server(self) {
        leptos::task::spawn_local(async move { self.cards.set(self.client().server_models().await) });
    }

    /// Who answers.
    pub fn client(self) -> Client {
        self.client.get_value()
    }

    /// Chooses a model, with the head that is worth a first look.
    pub fn choose_model(self, id: &str) {
        let chosen = self.selection.with_untracked(|s| s.with_model(id));
        self.client().leave(place(&chosen.model));
        self.select_step(chosen);
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
