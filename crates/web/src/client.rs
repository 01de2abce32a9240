//! Who answers: the page's own engine (the lesson model), the server, or a worker with a real model. A figure does
//! not know which.

use crate::engine_worker::{EngineWorker, ModelFile};
use crate::selection::LESSON;
use crate::server;
use attnscope_protocol::{Event, Failure, LessonOnly, ModelCard, Progress, Request, Response, Session};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use web_sys::File;

/// Ids of models that are read in this browser, from the server's files.
pub const IN_BROWSER: &str = "browser/";
/// Ids of models that the reader opened from a file.
pub const FROM_FILE: &str = "file/";

/// Where a model is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the page itself.
    Page,
    /// In the server.
    Server,
    /// In a worker of this browser.
    Worker,
}

/// Where the model of this id is computed.
pub fn place(model: &str) -> Place {
    match model {
        LESSON => Place::Page,
        id if id.starts_with(IN_BROWSER) || id.starts_with(FROM_FILE) => Place::Worker,
        _ => Place::Server,
    }
}

/// A worker, and the id of the model that it holds.
type Held = (String, Rc<EngineWorker>);

/// All that can answer.
#[derive(Clone)]
pub struct Client {
    lesson: Rc<Session<LessonOnly>>,
    worker: Rc<RefCell<Option<Held>>>,
    files: Rc<RefCell<HashMap<String, File>>>,
    script: Rc<str>,
}

impl Client {
    /// `script` is the address of the worker's script.
    pub fn new(script: &str) -> Self {
        let lesson = Rc::new(Session::new(LessonOnly));
        Self { lesson, worker: Rc::default(), files: Rc::default(), script: script.into() }
    }

    /// The models that the server offers; none where there is no server.
    pub async fn server_models(&self) -> Vec<ModelCard> {
        match server::ask(&Request::Models, |_| ()).await {
            Ok(Response::Models(cards)) => cards.into_iter().filter(|card| card.id != LESSON).collect(),
            _ => Vec::new(),
        }
    }

    /// Keeps a file that the reader gave; returns the id of its model.
    pub fn add_file(&self, file: File) -> String {
        let id = format!("{FROM_FILE}{}", file.name());
        self.files.borrow_mut().insert(id.clone(), file);
        id
    }

    /// Asks about `model`. Dropping the future cancels.
    pub async fn ask(&self, model: &str, request: &Request, on: impl Fn(Progress)) -> Result<Response, Failure> {
        if place(model) != Place::Worker {
            // Another model was chosen: the worker, if there is one, gives its memory back.
            self.worker.borrow_mut().take();
        }
        match place(model) {
            Place::Page => self.ask_here(request, on).await,
            Place::Server => server::ask(request, on).await,
            Place::Worker => self.worker_with(model, &on).await?.ask(request, on).await,
        }
    }

    /// The lesson model answers in a moment.
    async fn ask_here(&self, request: &Request, on: impl Fn(Progress)) -> Result<Response, Failure> {
        let mut job = self.lesson.start(request.clone());
        while let Some(event) = job.step() {
            match event {
                Event::Progress(progress) => on(progress),
                Event::Done(response) => return Ok(response),
                Event::Failed(failure) => return Err(failure),
            }
        }
        Err(Failure::lost("the engine of this page ended without an answer; reload the page"))
    }

    /// The worker that holds this model; started and filled if it is not there.
    async fn worker_with(&self, model: &str, on: &impl Fn(Progress)) -> Result<Rc<EngineWorker>, Failure> {
        if let Some((held, worker)) = &*self.worker.borrow()
            && held == model
        {
            return Ok(worker.clone());
        }
        self.worker.borrow_mut().take();
        let file = match model.strip_prefix(IN_BROWSER) {
            Some(id) => ModelFile::Url(format!("models/{id}/model.gguf")),
            None => ModelFile::File(self.files.borrow().get(model).cloned().ok_or_else(|| {
                let name = model.trim_start_matches(FROM_FILE);
                let message = format!("the file {name} is no longer at hand; drop it on the page once more");
                Failure::model(message)
            })?),
        };
        let worker = Rc::new(EngineWorker::start(&self.script)?);
        worker.load(model, &file, on).await?;
        *self.worker.borrow_mut() = Some((model.to_owned(), worker.clone()));
        Ok(worker)
    }
}
