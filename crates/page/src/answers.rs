//! The engine's answers, by question. A figure asks for what it needs while it draws; a question without an answer
//! is recorded as wanted, and the figure draws again when the answer has come.

use crate::Paper;
use crate::selection::{MOST_TOKENS, Selection, TRAINED};
use attnscope::{ModelInfo, Token};
use attnscope_figures::number::count;
use attnscope_protocol::{BEFORE, Failure, FailureKind, Prompt, Request, Response, Run, wire};
use attnscope_words::words;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

/// Why a figure cannot be drawn now.
#[derive(Clone, Debug, PartialEq)]
pub enum Missing {
    /// An answer is on its way: the current drawing stays.
    Waiting,
    /// The question failed: the current drawing stays, but pale.
    Failed(Failure),
    /// There is nothing to draw; the reason is shown in place of the drawing.
    Nothing(String),
    /// The text is too long for the figure, whatever is set in it; this is shown in place of drawing and controls.
    TooLong(String),
}

impl Missing {
    /// The text has so many tokens, more than figures read of it.
    pub(crate) fn too_long(n: usize) -> Self {
        Self::TooLong(words!("This figure reads up to {MOST_TOKENS} tokens; the text has {}: shorten it.", count(n)))
    }
}

impl From<attnscope_figures::figure::Error> for Missing {
    fn from(error: attnscope_figures::figure::Error) -> Self {
        use attnscope_figures::figure::Error::NotCaptured;
        Self::Nothing(match error {
            // The array's name says nothing to a reader.
            NotCaptured { .. } => {
                words!("This figure needs numbers that were not kept: of a long text only the attention patterns are.")
                    .into()
            }
            other => other.to_string(),
        })
    }
}

/// The engine's answers, by question.
#[derive(Debug, Default)]
pub struct Answers {
    known: HashMap<Vec<u8>, Result<Response, Failure>>,
}

impl Answers {
    /// Keeps an answer.
    pub fn insert(&mut self, request: &Request, answer: Result<Response, Failure>) {
        self.known.insert(wire::encode_request(request), answer);
    }

    /// The answer to a question, if it has come.
    pub fn get(&self, request: &Request) -> Option<&Result<Response, Failure>> {
        self.known.get(&wire::encode_request(request))
    }

    /// Forgets failures, so that they are asked again: the reader tries once more.
    pub fn forget_failures(&mut self) {
        self.known.retain(|_, answer| answer.is_ok());
    }

    /// Forgets all answers of a model, and those from the state before its last step, since the model has
    /// changed.
    pub fn forget_model(&mut self, model: &str) {
        // Requests are keyed by their bytes, in which the model's id follows its length.
        for id in [model.to_owned(), format!("{model}{BEFORE}")] {
            let id: Vec<u8> = std::iter::once(id.len() as u8).chain(id.bytes()).collect();
            self.known.retain(|key, _| !key.windows(id.len()).any(|part| part == id));
        }
    }

    /// Forgets all but the answers to these, when there are many.
    pub fn keep(&mut self, used: &HashSet<Vec<u8>>) {
        const MANY: usize = 200;
        if self.known.len() > MANY {
            self.known.retain(|key, _| used.contains(key));
        }
    }
}

/// What figures are drawn for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// For a page, whose figures share one run and its memory.
    #[default]
    Page,
    /// One figure for a file: it asks only for what it shows, however long the text is.
    File,
}

/// The page as a figure sees it while it draws.
pub struct Page<'a> {
    /// What is chosen.
    pub selection: &'a Selection,
    /// The row that the pointer rests on, in any figure.
    pub hovered: Option<usize>,
    /// Where the page's own work is done, in words for the reader.
    pub host: &'a str,
    /// Id of a real model for the chapters that need one, if there is any.
    pub real: Option<&'a str>,
    /// What figures are drawn for.
    pub purpose: Purpose,
    /// The area that the figure is drawn on.
    pub paper: Paper,
    /// Whether layer and head were chosen, so that figures of all heads mark them.
    pub head_is_chosen: bool,
    /// Why the model that the reader trained cannot be asked now, if so: figures say it in its place.
    pub away: Option<String>,
    answers: &'a Answers,
    wanted: RefCell<Vec<Request>>,
}

impl<'a> Page<'a> {
    /// A page in which nothing is hovered.
    pub fn new(selection: &'a Selection, answers: &'a Answers) -> Self {
        let (host, purpose, wanted) = (words!("in this browser"), Purpose::default(), RefCell::default());
        Self {
            selection,
            hovered: None,
            host,
            real: None,
            purpose,
            paper: Paper::default(),
            head_is_chosen: true,
            away: None,
            answers,
            wanted,
        }
    }

    /// The answer to a question; a question without an answer is recorded as wanted.
    ///
    /// # Errors
    /// It has not come yet, or it failed.
    pub fn ask(&self, request: &Request) -> Result<&'a Response, Missing> {
        let of_trained = request.model().is_some_and(|id| id.strip_suffix(BEFORE).unwrap_or(id) == TRAINED);
        if let Some(why) = self.away.as_ref().filter(|_| of_trained) {
            return Err(Missing::Nothing(why.clone()));
        }
        match self.answers.get(request) {
            Some(Ok(response)) => Ok(response),
            // An error in a figure's own text is shown in the figure.
            Some(Err(Failure { kind: FailureKind::Text { .. }, message })) if !self.selection.is_read_by(request) => {
                Err(Missing::Nothing(message.clone()))
            }
            Some(Err(failure)) => Err(Missing::Failed(failure.clone())),
            None => {
                self.wanted.borrow_mut().push(request.clone());
                Err(Missing::Waiting)
            }
        }
    }

    /// The run that most figures show: the chosen model on the reader's sentence.
    ///
    /// # Errors
    /// It has not come yet, or it failed.
    pub fn run(&self) -> Result<&'a Run, Missing> {
        self.run_of(&self.selection.run_request())
    }

    /// A run of the reader's sentence with the arrays of `capture` in the chosen layer. On a page it is one that all
    /// figures share.
    ///
    /// # Errors
    /// It has not come yet, or it failed, or more than the pattern is needed of a text that is too long for that.
    pub fn run_with(&self, capture: &str) -> Result<&'a Run, Missing> {
        match self.purpose {
            Purpose::Page if ["", "pattern"].contains(&capture) => self.run(),
            Purpose::Page => {
                let run = self.run()?;
                match run.trace.tokens.len() {
                    n if n > MOST_TOKENS => Err(Missing::too_long(n)),
                    // Few tokens of many bytes each.
                    _ if self.selection.is_long() => self.run_of(&self.selection.whole_request()),
                    _ => Ok(run),
                }
            }
            Purpose::File => {
                let layers = Some(self.selection.layer..self.selection.layer + 1);
                let (prompt, top) = (self.selection.prompt(), self.selection.top);
                self.run_of(&Request::Run { prompt, capture: capture.into(), layers, top })
            }
        }
    }

    /// The reader's sentence in tokens, and the chosen model.
    ///
    /// # Errors
    /// It has not come yet, or it failed.
    pub fn tokens(&self) -> Result<(&'a [Token], &'a ModelInfo), Missing> {
        if self.purpose == Purpose::Page && !self.selection.is_long() {
            match self.run() {
                // A run may need more memory than there is; the tokens alone do not.
                Err(Missing::Failed(Failure { kind: FailureKind::Request, .. })) => {}
                run => return run.map(|run| (run.trace.tokens.as_slice(), &run.trace.model)),
            }
        }
        self.tokens_of(self.selection.prompt())
    }

    /// A text in tokens, whatever is changed in its run, and its model.
    ///
    /// # Errors
    /// It has not come yet, or it failed.
    pub(crate) fn tokens_in(&self, prompt: &Prompt) -> Result<(&'a [Token], &'a ModelInfo), Missing> {
        let Prompt { model, text, .. } = prompt;
        if *model == self.selection.model && *text == self.selection.text {
            return self.tokens();
        }
        self.tokens_of(Prompt::plain(model, text))
    }

    fn tokens_of(&self, prompt: Prompt) -> Result<(&'a [Token], &'a ModelInfo), Missing> {
        match self.ask(&Request::Tokens { prompt })? {
            Response::Tokens { tokens, model, .. } => Ok((tokens, model)),
            _ => Err(Missing::Waiting),
        }
    }

    /// A run.
    ///
    /// # Errors
    /// It has not come yet, or it failed.
    pub fn run_of(&self, request: &Request) -> Result<&'a Run, Missing> {
        match self.ask(request)? {
            Response::Ran(run) => Ok(run),
            _ => Err(Missing::Waiting),
        }
    }

    /// The questions that were asked and have no answer.
    pub fn into_wanted(self) -> Vec<Request> {
        self.wanted.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_wanted_and_then_known() {
        let (selection, mut answers) = (Selection::default(), Answers::default());
        let page = Page::new(&selection, &answers);
        assert_eq!(page.ask(&Request::Models), Err(Missing::Waiting));
        assert_eq!(page.into_wanted(), [Request::Models]);
        answers.insert(&Request::Models, Ok(Response::Models(Vec::new())));
        let page = Page::new(&selection, &answers);
        assert_eq!(page.ask(&Request::Models), Ok(&Response::Models(Vec::new())));
        assert!(page.into_wanted().is_empty());
    }

    #[test]
    fn an_unknown_word_is_said_where_it_was_written() {
        let (selection, mut answers) = (Selection::default(), Answers::default());
        let kind = FailureKind::Text { word: Some("dogg".into()), near: Vec::new() };
        let failure = Failure { kind, message: "no word dogg".into() };
        let other = Selection { text: "the dogg was".into(), ..selection.clone() }.run_request();
        for request in [&selection.run_request(), &other] {
            answers.insert(request, Err(failure.clone()));
        }
        let page = Page::new(&selection, &answers);
        assert_eq!(page.run(), Err(Missing::Failed(failure)), "the bar says it");
        assert_eq!(page.run_of(&other), Err(Missing::Nothing("no word dogg".into())), "the figure says it");
    }

    #[test]
    fn a_model_that_is_away_is_not_asked_and_no_other_takes_its_place() {
        let answers = Answers::default();
        let trained = Selection { model: TRAINED.into(), ..Selection::default() };
        let before = Request::Neighbours { model: format!("{TRAINED}{BEFORE}"), token: 0, top: 1 };
        let mut page = Page::new(&trained, &answers);
        page.away = Some("it is being trained again".into());
        let why = || Missing::Nothing("it is being trained again".into());
        assert_eq!((page.run(), page.ask(&before)), (Err(why()), Err(why())));
        assert_eq!(
            page.run_of(&Selection::default().run_request()),
            Err(Missing::Waiting),
            "the lesson model is there"
        );
        assert_eq!(page.into_wanted(), [Selection::default().run_request()]);
    }

    #[test]
    fn a_word_that_two_models_of_one_vocabulary_do_not_know_is_said_once() {
        let (mut answers, text) = (Answers::default(), "the dogg was".to_owned());
        let trained = Selection { model: TRAINED.into(), text: text.clone(), ..Selection::default() };
        let kind = FailureKind::Text { word: Some("dogg".into()), near: vec!["dog".into()] };
        let failure = Failure { kind, message: "no word dogg; near: dog".into() };
        let lesson = Selection { model: "lesson".into(), ..trained.clone() };
        let twin = Request::Twin { text, top: 10 };
        answers.insert(&twin, Err(failure.clone()));
        answers.insert(&lesson.run_request(), Err(failure.clone()));
        for (selection, in_bar) in
            [(&trained, true), (&lesson, true), (&Selection { model: "a.gguf".into(), ..trained.clone() }, false)]
        {
            let page = Page::new(selection, &answers);
            let said =
                if in_bar { Missing::Failed(failure.clone()) } else { Missing::Nothing(failure.message.clone()) };
            assert_eq!(page.ask(&twin), Err(said.clone()), "{}", selection.model);
            assert_eq!(page.run_of(&lesson.run_request()), Err(said), "{}", selection.model);
        }
    }

    #[test]
    fn a_figure_that_lacks_numbers_says_so_in_words() {
        let error = attnscope_figures::figure::Error::NotCaptured { key: "blocks.0.attn.q".into() };
        let Missing::Nothing(why) = Missing::from(error) else { panic!() };
        assert!(why.contains("of a long text") && !why.contains("blocks"), "{why}");
    }

    #[test]
    fn a_model_that_changed_is_asked_anew() {
        let mut answers = Answers::default();
        let ask = |model: &str| Selection { model: model.into(), ..Default::default() }.run_request();
        for model in ["trained", "lesson"] {
            answers.insert(&ask(model), Err(Failure::request("x")));
        }
        answers.forget_model("trained");
        assert!(answers.get(&ask("trained")).is_none() && answers.get(&ask("lesson")).is_some());
        answers.forget_failures();
        assert!(answers.get(&ask("lesson")).is_none());
    }
}
