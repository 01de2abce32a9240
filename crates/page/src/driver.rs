//! Draws the page's figures without a page: for the site before it is live, and for files.

use crate::control::chosen;
use crate::{Answers, Change, Event, Missing, Page, PageFigure, Paper, Purpose, Selection};
use attnscope_protocol::limits::Limits;
use attnscope_protocol::{Event as Said, Failure, Request, Response, Session, Source};
use attnscope_words::{key, words};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Instant;

/// A selection, and an engine that answers at once whatever the figures ask.
pub struct Driver<S> {
    /// What is chosen.
    pub selection: Selection,
    /// Where work is done, in words for the reader.
    pub host: &'static str,
    /// Id of the model for the figures that need a real one.
    pub real: Option<String>,
    /// What figures are drawn for.
    pub purpose: Purpose,
    /// The area they are drawn on.
    pub paper: Paper,
    /// Whether layer and head were chosen, so that figures of all heads mark them.
    pub head_is_chosen: bool,
    session: Session<S>,
    answers: RefCell<Answers>,
}

impl<S: Source> Driver<S> {
    /// Nothing has been asked yet. Models come from `source`.
    pub fn new(selection: Selection, source: S) -> Self {
        Self::with_session(selection, Session::new(source))
    }

    fn with_session(selection: Selection, session: Session<S>) -> Self {
        let (host, purpose, answers) = (key!("in this browser"), Purpose::Page, RefCell::default());
        Self { selection, host, real: None, purpose, paper: Paper::default(), head_is_chosen: true, session, answers }
    }

    /// Draws for a file, on the user's own machine: with all of its memory, and each figure by itself.
    pub fn for_file(selection: Selection, source: S) -> Self {
        let session = Session::new(source).with_limits(Limits::ALONE);
        Self { host: key!("on this machine"), purpose: Purpose::File, ..Self::with_session(selection, session) }
    }

    /// The result of `f` on the page, once all questions of `f` are answered.
    ///
    /// # Errors
    /// A question has no answer, or there is nothing to show.
    pub fn with_page<T>(&self, f: impl Fn(&Page<'_>) -> Result<T, Missing>) -> Result<T, Failure> {
        self.on(self.paper, f)
    }

    /// The same on another paper.
    ///
    /// # Errors
    /// As [`Self::with_page`].
    pub fn on<T>(&self, paper: Paper, f: impl Fn(&Page<'_>) -> Result<T, Missing>) -> Result<T, Failure> {
        loop {
            let answers = self.answers.borrow();
            let mut page = self.page(&answers);
            page.paper = paper;
            let wanted = match f(&page) {
                Ok(done) => return Ok(done),
                Err(Missing::Waiting) => page.into_wanted(),
                Err(Missing::Failed(failure)) => return Err(failure),
                Err(Missing::Nothing(why) | Missing::TooLong(why)) => return Err(Failure::request(why)),
            };
            drop(answers);
            if wanted.is_empty() {
                return Err(Failure::lost(words!("a figure waits for something that it did not ask for")));
            }
            for request in wanted {
                let answer = self.answer(&request, |_| {});
                self.answers.borrow_mut().insert(&request, answer);
            }
        }
    }

    /// Sets a control of a figure, `NAME=VALUE`, as a reader would, and does what follows.
    ///
    /// # Errors
    /// The figure cannot be drawn, has no such control, or none that takes this.
    pub fn set(&mut self, figure: &mut dyn PageFigure, asked: &str) -> Result<(), Failure> {
        let controls = self.with_page(|page| figure.view(page))?.controls;
        let (id, value) = chosen(&controls, asked).map_err(Failure::request)?;
        match self.tell(figure, &Event::Set(id, value)) {
            // A picture of work that failed is no answer.
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    /// Tells a figure of an event, and does what follows: choices, and work to its end. Returns why that failed, if it did;
    /// the figure has heard of it.
    pub fn tell(&mut self, figure: &mut dyn PageFigure, event: &Event) -> Option<Failure> {
        let mut failed = None;
        let mut changes = VecDeque::from(self.hear(figure, event));
        while let Some(change) = changes.pop_front() {
            match change {
                Change::Select(selection) => self.selection = selection,
                Change::Forget(model) => self.answers.borrow_mut().forget_model(&model),
                Change::Work(request) => {
                    let start = Instant::now();
                    let answer = self.answer(&request, |progress| {
                        self.hear(figure, &progress);
                    });
                    let took = start.elapsed().as_secs_f64() * 1e3;
                    failed = answer.as_ref().err().cloned().or(failed);
                    let end = answer.map_or_else(Event::Failed, |response| Event::Done(response, took));
                    changes.extend(self.hear(figure, &end));
                }
                // There is no pointer and no panel.
                Change::Hover(_) | Change::Open(_) | Change::Stop => {}
            }
        }
        failed
    }

    fn hear(&self, figure: &mut dyn PageFigure, event: &Event) -> Vec<Change> {
        let answers = self.answers.borrow();
        figure.hear(event, &self.page(&answers))
    }

    fn page<'a>(&'a self, answers: &'a Answers) -> Page<'a> {
        let mut page = Page::new(&self.selection, answers);
        (page.host, page.real, page.purpose) = (attnscope_words::text(self.host), self.real.as_deref(), self.purpose);
        page.paper = self.paper;
        page.head_is_chosen = self.head_is_chosen;
        page
    }

    fn answer(&self, request: &Request, mut progress: impl FnMut(Event)) -> Result<Response, Failure> {
        let mut job = self.session.start(request.clone());
        while let Some(event) = job.step() {
            match event {
                Said::Done(response) => return Ok(response),
                Said::Failed(failure) => return Err(failure),
                Said::Progress(said) => progress(Event::Progress(said)),
            }
        }
        Err(Failure::lost(words!("a job ended without an answer")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure;
    use crate::figure::{FIGURES, Kind};
    use attnscope_protocol::LessonOnly;

    #[test]
    fn every_figure_is_drawn() {
        let driver = Driver::new(Selection::default(), LessonOnly);
        for Kind { name, .. } in FIGURES {
            let drawn = figure(name).unwrap();
            let scene = driver.with_page(|page| drawn.view(page)).unwrap().scene;
            assert!(scene.is_finite() && scene.width > 0.0 && !scene.caption.is_empty(), "{name}");
        }
        // A link may choose what a sentence has not.
        let beyond = Selection { q_idx: Some(99), k_idx: Some(99), layer: 99, head: 99, ..Selection::default() };
        let driver = Driver::new(beyond, LessonOnly);
        for kind in FIGURES.iter() {
            let drawn = kind.make();
            assert!(driver.with_page(|page| drawn.view(page)).is_ok(), "{}", kind.name);
        }
        assert!(figure("heat").is_none());
    }

    #[test]
    fn work_is_done_to_its_end() {
        let mut driver = Driver::new(Selection::default(), LessonOnly);
        let mut training = figure("training").unwrap();
        driver.tell(&mut *training, &Event::Set("step".into(), String::new()));
        let scene = driver.with_page(|page| training.view(page)).unwrap().scene;
        assert!(scene.caption.contains("after 1 step"), "{}", scene.caption);
    }

    #[test]
    fn what_cannot_be_drawn_says_why() {
        let unknown = Selection { text: "the dogg was".into(), ..Selection::default() };
        let drawn = figure("matrix").unwrap();
        let error = Driver::new(unknown, LessonOnly).with_page(|page| drawn.view(page)).unwrap_err();
        assert!(error.message.contains("dogg"), "{error}");
    }
}
