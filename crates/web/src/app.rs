//! The state of the page, and the one question that it asks: what does this model make of this sentence?

use crate::client::Client;
use crate::selection::{LESSON, Selection};
use attnscope_protocol::{Failure, FailureKind, ModelCard, Progress, Prompt, Request, Response, Run};
use futures_util::future::{AbortHandle, abortable};
use js_sys::Promise;
use leptos::prelude::*;
use std::sync::Arc;
use wasm_bindgen_futures::JsFuture;

/// How many likeliest tokens are shown.
pub const TOP: usize = 10;

/// Milliseconds after which a sentence that cannot be read is taken for finished.
const TYPING: i32 = 500;

/// What every part of the page can see and change.
#[derive(Clone, Copy)]
pub struct App {
    /// What is chosen.
    pub selection: RwSignal<Selection>,
    /// The row that the pointer rests on.
    pub hovered: RwSignal<Option<usize>>,
    /// The latest answer. It stays when a later question fails.
    pub run: RwSignal<Option<Arc<Answer>>>,
    /// Why the latest question has no answer.
    pub failure: RwSignal<Option<Failure>>,
    /// How far long work has come.
    pub progress: RwSignal<Option<Progress>>,
    /// Models of the server.
    pub cards: RwSignal<Vec<ModelCard>>,
    /// Whether figures are drawn light on dark.
    pub dark: RwSignal<bool>,
    client: StoredValue<Client, LocalStorage>,
    ongoing: StoredValue<Option<AbortHandle>>,
}

/// An answer, and the question it answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Id of the model.
    pub model: String,
    /// The sentence, as it was asked.
    pub text: String,
    /// Layer whose pattern was kept.
    pub layer: usize,
    /// Tokens, pattern, next tokens.
    pub run: Run,
}

impl App {
    /// The page's state. `script` is the address of the worker's script.
    pub fn new(selection: Selection, dark: bool, script: &str) -> Self {
        Self {
            selection: RwSignal::new(selection),
            hovered: RwSignal::new(None),
            run: RwSignal::new(None),
            failure: RwSignal::new(None),
            progress: RwSignal::new(None),
            cards: RwSignal::new(Vec::new()),
            dark: RwSignal::new(dark),
            client: StoredValue::new_local(Client::new(script)),
            ongoing: StoredValue::new(None),
        }
    }

    /// Asks again whenever the question changes; only the newest question is waited for.
    pub fn follow(self) {
        let question = Memo::new(move |_| {
            let Selection { text, model, layer, .. } = self.selection.get();
            (text, model, layer)
        });
        Effect::new(move || {
            let (text, model, layer) = question.get();
            self.stop();
            let (work, handle) = abortable(self.ask(text, model, layer));
            self.ongoing.set_value(Some(handle));
            leptos::task::spawn_local(async move {
                // An abort is no failure: something newer is asked.
                let _ = work.await;
            });
        });
    }

    /// Stops waiting for an answer.
    pub fn stop(self) {
        if let Some(handle) = self.ongoing.try_update_value(Option::take).flatten() {
            handle.abort();
        }
        self.progress.set(None);
    }

    /// Stops, and goes back to the model that the figures show: what was stopped can be chosen again.
    pub fn give_up(self) {
        self.stop();
        if let Some(answer) = self.run.get_untracked() {
            self.selection.update(|s| (s.model, s.layer) = (answer.model.clone(), answer.layer));
        }
    }

    async fn ask(self, text: String, model: String, layer: usize) {
        let request = Request::Run {
            prompt: Prompt { model: model.clone(), text: text.clone(), interventions: Vec::new() },
            capture: "pattern".into(),
            layers: Some(layer..layer + 1),
            top: TOP,
        };
        let answer = self.client().ask(&model, &request, |progress| self.progress.set(Some(progress))).await;
        self.progress.set(None);
        match answer {
            Ok(Response::Ran(run)) => self.take(Answer { model, text, layer, run }),
            Ok(_) => {}
            Err(failure) => {
                if matches!(failure.kind, FailureKind::Text { .. }) {
                    // Half a word is no mistake: who types on is not interrupted, since a new question drops this one.
                    pause(TYPING).await;
                }
                self.failure.set(Some(failure));
            }
        }
    }

    fn take(self, answer: Answer) {
        let info = &answer.run.trace.model;
        let (layers, heads) = (info.n_layers, info.n_heads);
        self.failure.set(None);
        let chosen = self.selection.get_untracked();
        if chosen.layer >= layers || chosen.head >= heads {
            // A link may name what is not there.
            self.selection.update(|s| {
                s.layer = s.layer.min(layers.saturating_sub(1));
                s.head = s.head.min(heads.saturating_sub(1));
            });
        }
        if answer.layer < layers {
            self.run.set(Some(Arc::new(answer)));
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
    pub fn choose_model(self, id: String) {
        let (layer, head) = if id.ends_with("smollm2-135m") { (16, 0) } else { (0, 0) };
        self.selection.update(|s| (s.model, s.layer, s.head) = (id, layer, head));
    }

    /// Goes back to the model that is always there.
    pub fn choose_lesson(self) {
        self.choose_model(LESSON.into());
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
