//! The state of the page: the selection, the answers, and the questions.

mod again;
mod asking;

use crate::client::{Client, place};
use crate::live::Live;
use crate::settings::Settings;
use crate::work::Works;
use again::Again;
pub use again::Away;
use asking::Asking;
use attnscope::analysis::explain::{Explanation, Source};
use attnscope_page::selection::{LESSON, TRAINED};
use attnscope_page::{Answers, Open, Page, Selection};
use attnscope_protocol::{Failure, ModelCard, Progress, Request, Run};
use leptos::prelude::*;
use std::rc::Rc;
use std::sync::Arc;

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
    /// What the page's address asked for and cannot be done.
    pub refused: RwSignal<Vec<String>>,
    /// How far long work has come.
    pub progress: RwSignal<Option<Progress>>,
    /// The model that is trained again, if the chosen one was away.
    pub again: RwSignal<Again>,
    /// Models of the server.
    pub cards: RwSignal<Vec<ModelCard>>,
    /// Whether figures are drawn light on dark.
    pub dark: RwSignal<bool>,
    /// The numbers that led to the one that is open, from the first one opened.
    pub opened: RwSignal<Vec<Open>>,
    /// A number that is a figure's own, with its arithmetic.
    pub own: RwSignal<Option<(Open, Explanation)>>,
    /// Whether the next change of the address is a step of the browser's history.
    pub step: StoredValue<bool>,
    /// The settings of figures, as in the address.
    pub settings: RwSignal<Settings>,
    /// Whether the address will soon be updated to them.
    pub address_is_due: StoredValue<bool>,
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

impl App {
    /// The page's state. `settings` are those of its address; `client` knows who answers.
    pub fn new(selection: Selection, settings: Settings, dark: bool, client: Client) -> Self {
        Self {
            selection: RwSignal::new(selection),
            hovered: RwSignal::new(None),
            run: RwSignal::new(None),
            failure: RwSignal::new(None),
            refused: RwSignal::new(Vec::new()),
            progress: RwSignal::new(None),
            again: RwSignal::new(Again::default()),
            cards: RwSignal::new(Vec::new()),
            dark: RwSignal::new(dark),
            opened: RwSignal::new(Vec::new()),
            own: RwSignal::new(None),
            step: StoredValue::new(false),
            settings: RwSignal::new(settings),
            address_is_due: StoredValue::new(false),
            client: StoredValue::new_local(client),
            answers: StoredValue::new_local(Answers::default()),
            asking: StoredValue::new_local(Asking::default()),
            works: StoredValue::new_local(Works::default()),
        }
    }

    /// The page as a figure sees it.
    pub fn with_page<T>(self, f: impl FnOnce(Page<'_>) -> T) -> T {
        let selection = self.selection.get_untracked();
        let (real, away) = (self.real_model(), untrack(|| self.away()));
        self.answers.with_value(|answers| {
            let mut page = Page::new(&selection, answers);
            (page.hovered, page.real) = (self.hovered.get_untracked(), real.as_deref());
            page.away = away.map(|away| away.said());
            f(page)
        })
    }

    /// The model for the chapters that need a real one: the chosen one if it is real, or one that the server has.
    fn real_model(self) -> Option<String> {
        let chosen = self.selection.with_untracked(|s| s.model.clone());
        if chosen != LESSON && chosen != TRAINED {
            return Some(chosen);
        }
        let cards = self.cards.get_untracked();
        let liked = cards.iter().find(|card| card.id == "smollm2-135m").or(cards.first());
        liked.map(|card| card.id.clone())
    }

    /// Replaces the selection. A question that failed is asked again when it is chosen again.
    pub fn select(self, selection: Selection) {
        if self.selection.with_untracked(|now| *now == selection) {
            return;
        }
        self.answers.update_value(Answers::forget_failures);
        self.selection.set(selection);
    }

    /// The reader goes on from what the page's address asked for: what of it could not be done is no longer said.
    pub fn forget_link(self) {
        if self.refused.with_untracked(|refused| !refused.is_empty()) {
            self.refused.set(Vec::new());
        }
    }

    /// Compares with no second sentence.
    pub fn undo_comparison(self) {
        let now = self.selection.get_untracked();
        self.select_step(Selection { against: None, ..now });
    }

    /// Reads the sentence as it is, with nothing changed.
    pub fn undo_changes(self) {
        let now = self.selection.get_untracked();
        self.select_step(Selection { changes: Vec::new(), ..now });
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

    /// Opens a number's arithmetic. The browser's Back closes it.
    pub fn open(self, open: Open) {
        let now = self.selection.get_untracked();
        if let Some(before) = now.open.clone().filter(|before| *before != open) {
            self.opened.update(|opened| opened.push(before));
        }
        self.select_step(Selection { open: Some(open), ..now });
    }

    /// Opens a part of the open number.
    pub fn open_part(self, source: &Source) {
        if let Some(open) = self.selection.with_untracked(|selection| selection.part(source)) {
            self.open(open);
        }
    }

    /// Returns to the number from which this one was opened.
    pub fn back_number(self) {
        if let Some(open) = self.opened.try_update(Vec::pop).flatten() {
            self.selection.update(|s| s.open = Some(open));
        }
    }

    /// Closes the arithmetic.
    pub fn close_number(self) {
        self.opened.set(Vec::new());
        self.selection.update(|s| s.open = None);
    }

    /// A figure's explanation of the open number, if that is its own; `None` if there is no such number now.
    pub fn tell_own(self, open: Open, explanation: Option<Explanation>) {
        let own = explanation.map(|explanation| (open, explanation));
        if self.own.with_untracked(|before| *before != own) {
            self.own.set(own);
        }
    }

    /// Starts work of a figure's own.
    pub fn work(self, figure: &Rc<Live>, request: Request) {
        let live = figure.clone();
        self.works.update_value(|works| works.start(self, figure.index(), request, move |event| live.hear(event)));
    }

    /// Starts work of no figure.
    pub fn work_alone(self, request: Request) {
        self.works.update_value(|works| works.start(self, usize::MAX, request, |_| ()));
    }

    /// Stops it.
    pub fn stop_work(self, figure: usize) {
        self.works.update_value(|works| works.stop(figure));
    }

    /// Asks the server which models it has. A link to one of them is followed meanwhile.
    pub fn look_for_server(self) {
        leptos::task::spawn_local(async move { self.cards.set(self.client().server_models().await) });
    }

    /// The client, which knows who answers.
    pub fn client(self) -> Client {
        self.client.get_value()
    }

    /// Chooses a model, with the head that is shown first.
    pub fn choose_model(self, id: &str) {
        self.forget_link();
        let chosen = self.selection.with_untracked(|s| s.with_model(id));
        self.client().leave(place(&chosen.model));
        self.select_step(chosen);
    }
}
