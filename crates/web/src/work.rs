//! Work that a figure starts and controls, apart from the page's questions: training, measuring.

use crate::app::App;
use attnscope_page::Event;
use attnscope_protocol::Request;
use futures_util::future::{AbortHandle, abortable};
use std::collections::BTreeMap;

/// What is under way, by figure.
#[derive(Default)]
pub struct Works {
    running: BTreeMap<usize, AbortHandle>,
}

impl Works {
    /// Starts work of the figure with this index, in place of what it had under way; `hear` gets its events.
    pub fn start(&mut self, app: App, figure: usize, request: Request, hear: impl Fn(Event) + 'static) {
        self.stop(figure);
        let client = app.client();
        let trains = matches!(request, Request::Train { .. });
        let (work, handle) = abortable(async move {
            let start = now();
            let told = |event: Event| {
                if trains {
                    app.note_training(&event);
                }
                hear(event);
            };
            let answer = client.work(&request, |progress| told(Event::Progress(progress))).await;
            told(answer.map_or_else(Event::Failed, |response| Event::Done(response, now() - start)));
        });
        self.running.insert(figure, handle);
        leptos::task::spawn_local(async move {
            // An abort is what the reader asked for.
            let _ = work.await;
        });
    }

    /// Stops it.
    pub fn stop(&mut self, figure: usize) {
        if let Some(handle) = self.running.remove(&figure) {
            handle.abort();
        }
    }
}

/// Milliseconds since the page began.
fn now() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or(0.0, |clock| clock.now())
}
