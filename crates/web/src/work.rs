//! Work that a figure starts and controls, apart from the page's questions: training, measuring.

use crate::app::App;
use crate::live::Live;
use attnscope_page::Event;
use attnscope_protocol::Request;
use futures_util::future::{AbortHandle, abortable};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What is under way, by figure.
#[derive(Default)]
pub struct Works {
    running: BTreeMap<usize, AbortHandle>,
}

impl Works {
    /// Starts work for a figure, in place of what it had under way.
    pub fn start(&mut self, app: App, figure: &Rc<Live>, request: Request) {
        self.stop(figure.index());
        let client = app.client();
        let live = figure.clone();
        let (work, handle) = abortable(async move {
            let start = now();
            let hears = live.clone();
            let answer = client.work(&request, move |progress| hears.hear(Event::Progress(progress))).await;
            let event = match answer {
                Ok(response) => Event::Done(response, now() - start),
                Err(failure) => Event::Failed(failure),
            };
            live.hear(event);
        });
        self.running.insert(figure.index(), handle);
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
