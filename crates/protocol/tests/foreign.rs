//! What comes from outside a session: model files that change under it, and names without end.

use attnscope::{Array, Intervention, Model};
use attnscope_protocol::LESSON;
use attnscope_protocol::{Failure, LessonOnly, ModelCard, Prompt, Request, Session, Source, What};
use std::sync::Arc;

const TEXT: &str = "the hot dog on the rock was";

fn prompt(text: &str) -> Prompt {
    Prompt { model: LESSON.into(), text: text.into(), interventions: Vec::new() }
}

fn run(prompt: Prompt, capture: &str) -> Request {
    Request::Run { prompt, capture: capture.into(), layers: None, top: 5 }
}

fn refused(request: Request) -> Failure {
    Session::new(LessonOnly).start(request).finish().expect_err("it is refused")
}

#[test]
fn a_model_that_changed_is_opened_anew() {
    use std::sync::atomic::{AtomicU64, Ordering};
    /// Opens as many models as it has versions.
    struct Changing {
        version: AtomicU64,
        opened: AtomicU64,
        /// Whether to open it changes it.
        restless: bool,
    }
    impl Source for Changing {
        fn cards(&self) -> Vec<ModelCard> {
            Vec::new()
        }
        fn open(&self, _: &str) -> Result<Model, Failure> {
            self.opened.fetch_add(1, Ordering::Relaxed);
            if self.restless {
                self.version.fetch_add(1, Ordering::Relaxed);
            }
            Ok(attnscope::lesson::model())
        }
        fn version(&self, id: &str) -> Option<u64> {
            (id == "other").then(|| self.version.load(Ordering::Relaxed))
        }
    }
    let source = |restless| Changing { version: 0.into(), opened: 0.into(), restless };
    let session = Session::new(source(false));
    let opened = || session.source().opened.load(Ordering::Relaxed);
    let first = session.open("other").unwrap();
    assert!(Arc::ptr_eq(&first, &session.open("other").unwrap()));
    assert_eq!(opened(), 1);
    session.source().version.store(7, Ordering::Relaxed);
    assert!(!Arc::ptr_eq(&first, &session.open("other").unwrap()));
    session.open("other").unwrap();
    assert_eq!(opened(), 2);
    let restless = Session::new(source(true)).open("other").map(drop).unwrap_err();
    assert!(restless.message.contains("was changed while it was opened"), "{restless}");
}

#[test]
fn no_answer_repeats_a_request_without_end() {
    let long = "x".repeat(100_000);
    let patch = |key: &str, rank: usize| {
        let value = Array::zeros(vec![1; rank]);
        let change = Intervention::Patch { key: key.into(), value, head: None, positions: None };
        run(Prompt { interventions: vec![change], ..prompt(TEXT) }, "")
    };
    let failures = [
        refused(Request::Open { model: long.clone() }),
        refused(run(Prompt { model: long.clone(), ..prompt(TEXT) }, "")),
        refused(run(prompt(TEXT), &long)),
        refused(run(prompt(TEXT), &format!("pattern,\u{202e}{}", &long[..150]))),
        refused(run(prompt(&format!("the {long}")), "")),
        refused(Request::Twin { text: long.clone(), top: 1 }),
        refused(Request::Explain {
            prompt: Prompt { model: long.clone(), ..Prompt::default() },
            what: What::Loss { back: 1 },
        }),
        refused(patch(&long, 1)),
        refused(patch("embed", 100_000)),
    ];
    for failure in failures {
        let message = &failure.message;
        assert!(!message.contains(&long[..201]) && message.chars().count() <= 1001, "{message}");
        assert!(!message.contains('\u{202e}') && message.lines().count() == 1, "{message}");
    }
}
