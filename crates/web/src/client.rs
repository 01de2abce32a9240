//! Who answers: the page's own engine (the lesson model), the server, or a worker with a real model. A figure does
//! not know which.

use crate::engine_worker::{EngineWorker, ModelFile};
use crate::server;
use attnscope_page::Trained;
use attnscope_page::selection::{LESSON, TRAINED};
use attnscope_protocol::{
    BEFORE, Event, Failure, FailureKind, LessonOnly, ModelCard, Progress, Request, Response, Session, TWIN,
};
use attnscope_words::words;
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
    /// In the worker that trains the lesson model.
    Trainer,
}

/// Where the model of this id is computed.
pub fn place(model: &str) -> Place {
    match model {
        LESSON | TWIN => Place::Page,
        id if id.strip_suffix(BEFORE).unwrap_or(id) == TRAINED => Place::Trainer,
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
    trainer: Rc<RefCell<Option<Rc<EngineWorker>>>>,
    /// The model that the trainer holds.
    trained: Rc<RefCell<Option<Trained>>>,
    files: Rc<RefCell<HashMap<String, File>>>,
    scripts: Scripts,
}

/// Addresses of the workers' scripts.
#[derive(Clone)]
pub struct Scripts {
    /// Of the engine for real models.
    pub engine: Rc<str>,
    /// Of the one that trains the lesson model.
    pub lesson: Rc<str>,
}

impl Client {
    /// Nothing is started yet.
    pub fn new(scripts: Scripts) -> Self {
        let lesson = Rc::new(Session::new(LessonOnly));
        let (worker, trainer, trained, files) = Default::default();
        Self { lesson, worker, trainer, trained, files, scripts }
    }

    /// The models that the server offers; empty if there is no server.
    pub async fn server_models(&self) -> Vec<ModelCard> {
        match server::ask(&Request::Models, |_| ()).await {
            Ok(Response::Models(cards)) => cards.into_iter().filter(|card| card.id != LESSON).collect(),
            _ => Vec::new(),
        }
    }

    /// Keeps a file that the reader gave; returns the id of its model. Another file of the same name is another model, with
    /// a number behind its name.
    pub fn add_file(&self, file: File) -> String {
        let mut files = self.files.borrow_mut();
        let is_other = |held: &File| held.size() != file.size() || held.last_modified() != file.last_modified();
        let mut id = format!("{FROM_FILE}{}", file.name());
        for n in 2.. {
            if !files.get(&id).is_some_and(is_other) {
                break;
            }
            id = format!("{FROM_FILE}{} ({n})", file.name());
        }
        files.insert(id.clone(), file);
        id
    }

    /// Asks. Dropping the future cancels.
    pub async fn ask(&self, request: &Request, on: impl Fn(Progress)) -> Result<Response, Failure> {
        let model = request.model().unwrap_or(LESSON);
        match place(model) {
            Place::Page => self.ask_here(request, on).await,
            Place::Server => server::ask(request, on).await,
            Place::Worker => self.worker_with(model, &on).await?.ask(request, on).await,
            Place::Trainer => self.trainer()?.ask(request, on).await.map_err(|failure| self.untrained(failure)),
        }
    }

    /// A failure, in words for who opens a number of a trained model that is not there any more.
    fn untrained(&self, failure: Failure) -> Failure {
        match failure.kind {
            FailureKind::Model if self.trained().is_none() => {
                Failure::model(words!("the model that you trained is not here any more; train one in chapter 11"))
            }
            _ => failure,
        }
    }

    /// Asks for what takes long on the lesson model. Dropping the future cancels.
    pub async fn work(&self, request: &Request, on: impl Fn(Progress)) -> Result<Response, Failure> {
        let note = |step: usize| {
            if let Request::Train { model, settings, .. } = request
                && model == TRAINED
            {
                let (settings, steps) = (settings.clone(), step);
                *self.trained.borrow_mut() = Some(Trained { settings, steps });
            }
        };
        let noted = |progress: Progress| {
            if let Progress::Trained { step, .. } = &progress {
                note(*step);
            }
            on(progress);
        };
        let answer = self.trainer()?.ask(request, noted).await;
        if let Ok(Response::Trained { step, .. }) = &answer {
            note(*step);
        }
        answer
    }

    /// The model that the reader trained, as far as it has come; `None` if there is none, or its worker died.
    pub fn trained(&self) -> Option<Trained> {
        let lives = self.trainer.borrow().as_ref().is_some_and(|trainer| !trainer.is_dead());
        self.trained.borrow().clone().filter(|_| lives)
    }

    /// A model at another place was chosen: ends the worker, if there is one, to free its memory.
    pub fn leave(&self, chosen: Place) {
        if chosen != Place::Worker {
            self.worker.borrow_mut().take();
        }
    }

    fn trainer(&self) -> Result<Rc<EngineWorker>, Failure> {
        let mut trainer = self.trainer.borrow_mut();
        if let Some(trainer) = trainer.as_ref().filter(|trainer| !trainer.is_dead()) {
            return Ok(trainer.clone());
        }
        let fresh = Rc::new(EngineWorker::start(&self.scripts.lesson)?);
        *trainer = Some(fresh.clone());
        self.trained.borrow_mut().take();
        Ok(fresh)
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
        Err(Failure::lost(words!("the engine of this page ended without an answer; reload the page")))
    }

    /// The worker with this model; it is started and loaded if there is none.
    async fn worker_with(&self, model: &str, on: &impl Fn(Progress)) -> Result<Rc<EngineWorker>, Failure> {
        if let Some((held, worker)) = &*self.worker.borrow()
            && held == model
            && !worker.is_dead()
        {
            return Ok(worker.clone());
        }
        self.worker.borrow_mut().take();
        let file = match model.strip_prefix(IN_BROWSER) {
            Some(id) => ModelFile::Url(server::from_root(&format!("models/{id}/model.gguf"))),
            None => ModelFile::File(self.files.borrow().get(model).cloned().ok_or_else(|| {
                let name = model.trim_start_matches(FROM_FILE);
                let message = words!("the file {name} is no longer at hand; drop it on the page once more");
                Failure::model(message)
            })?),
        };
        let worker = Rc::new(EngineWorker::start(&self.scripts.engine)?);
        worker.load(model, &file, on).await?;
        *self.worker.borrow_mut() = Some((model.to_owned(), worker.clone()));
        Ok(worker)
    }
}
