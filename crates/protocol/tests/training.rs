//! Models that a session trains: they go on where they stopped, answer as they are now, and are forgotten when closed.

use attnscope::Capture;
use attnscope::analysis::explain::Source as Explained;
use attnscope::lesson::{Settings, Trainer};
use attnscope_protocol::LESSON;
use attnscope_protocol::limits::MAX_TRAINED;
use attnscope_protocol::{BEFORE, Session, Source, What};
use attnscope_protocol::{
    Event, Failure, FailureKind, LessonOnly, ModelCard, Progress, Prompt, Request, Response, Run,
};

const TEXT: &str = "the hot dog on the rock was";
/// All words of the lesson model: reports name the likelihood of each.
const WORDS: usize = 218;
const ID: &str = "trained";

fn settings() -> Settings {
    Settings { batch: 8, ..Settings::default() }
}

/// So many more steps, with a report every other.
fn train(steps: usize) -> Request {
    Request::Train { model: ID.into(), settings: settings(), steps, every: 2, text: TEXT.into(), fresh: false }
}

/// The same with something changed.
fn train_with(steps: usize, change: impl FnOnce(&mut String, &mut Settings, &mut bool)) -> Request {
    let Request::Train { mut model, mut settings, steps, every, text, mut fresh } = train(steps) else {
        panic!("a training")
    };
    change(&mut model, &mut settings, &mut fresh);
    Request::Train { model, settings, steps, every, text, fresh }
}

fn session() -> Session<LessonOnly> {
    Session::new(LessonOnly)
}

fn trained(session: &Session<impl Source>, request: Request) -> (usize, Option<f32>, Run) {
    match session.start(request).finish() {
        Ok(Response::Trained { step, loss, run }) => (step, loss, run),
        other => panic!("{other:?}"),
    }
}

fn refused(session: &Session<impl Source>, request: Request) -> Failure {
    session.start(request.clone()).finish().expect_err(&format!("{request:?}"))
}

fn ask(session: &Session<impl Source>, id: &str) -> Result<Run, Failure> {
    let prompt = Prompt { model: id.into(), text: TEXT.into(), interventions: Vec::new() };
    let request = Request::Run { prompt, capture: "pattern".into(), layers: None, top: WORDS };
    session.start(request).finish().map(|answer| match answer {
        Response::Ran(run) => run,
        other => panic!("{other:?}"),
    })
}

/// The losses of a trainer alone, and what its model makes of the text.
fn alone(settings: &Settings, steps: usize) -> (Vec<f32>, Run) {
    let mut trainer = Trainer::new(settings).unwrap();
    let losses = (0..steps).map(|_| trainer.step()).collect();
    let model = trainer.model().named(&format!("Lesson model, trained {steps} steps"));
    let mut trace = model.run(&model.encode(TEXT).unwrap(), &"pattern".parse::<Capture>().unwrap(), &[]).unwrap();
    let next = model.next_tokens(&trace, model.config().n_vocab);
    trace.last_logits.clear();
    (losses, Run { trace, next, warning: None })
}

#[test]
fn training_reports_and_ends_where_the_trainer_does() {
    let (losses, expected) = alone(&settings(), 5);
    let session = session();
    let mut job = session.start(train(5));
    let events: Vec<Event> = std::iter::from_fn(|| job.step()).collect();
    let report = |event: &Event| match event {
        Event::Progress(Progress::Trained { step, loss, run }) => Some((*step, *loss, (**run).clone())),
        _ => None,
    };
    let reports: Vec<_> = events.iter().filter_map(report).collect();
    let numbers: Vec<_> = reports.iter().map(|(step, loss, _)| (*step, *loss)).collect();
    assert_eq!(numbers, [(2, losses[1]), (4, losses[3]), (5, losses[4])]);
    assert_eq!(reports[0].2, alone(&settings(), 2).1);
    let done = Response::Trained { step: 5, loss: Some(losses[4]), run: expected };
    assert_eq!(events.last(), Some(&Event::Done(done)));
}

#[test]
fn its_loss_opens_to_the_model_as_it_was_before() {
    let session = session();
    let explain = |back| {
        session
            .start(Request::Explain {
                prompt: Prompt { model: ID.into(), ..Prompt::default() },
                what: What::Loss { back },
            })
            .finish()
    };
    assert!(explain(1).unwrap_err().message.contains("no model \"trained\" is in training"));
    trained(&session, train(0));
    assert!(explain(1).unwrap_err().message.contains("nothing has been learned"));
    trained(&session, train(6));
    let losses = alone(&settings(), 6).0;
    // Reports come every other step.
    for (back, means) in [(0, &[6][..]), (1, &[6]), (2, &[4, 6]), (99, &[2, 4, 6])] {
        let Ok(Response::Explained(found)) = explain(back) else { panic!() };
        let expected = means.iter().map(|step| losses[step - 1]).sum::<f32>() / means.len() as f32;
        assert!((found.value - expected).abs() < 1e-5, "{back}: {} {expected}", found.value);
        assert_eq!(found.terms.len(), means.len());
    }
    let Ok(Response::Explained(found)) = explain(2) else { panic!() };
    assert!((found.steps[0].value - losses[5]).abs() < 1e-5);
    let factor = &found.steps[0].terms[3].factors[0];
    let Explained::Text { text, number } = &factor.source else { panic!("{factor:?}") };
    let ask = |id: &str| {
        let prompt = Prompt { model: id.into(), text: text.clone(), interventions: Vec::new() };
        let answer = session.start(Request::Explain { prompt, what: (*number).into() }).finish();
        if let Ok(Response::Explained(found)) = answer { found.value } else { panic!("{answer:?}") }
    };
    assert!((ask(&format!("{ID}{BEFORE}")) - factor.value).abs() < 1e-6);
    assert!((ask(ID) - factor.value).abs() > 1e-6, "it learned");
    let taken = refused(&session, train_with(1, |id, _, _| id.push_str(BEFORE)));
    assert!(taken.message.contains("take another id"), "{taken}");
}

#[test]
fn in_pieces_it_is_the_same_training() {
    let (losses, expected) = alone(&settings(), 7);
    let session = session();
    let before = trained(&session, train(0));
    assert_eq!(before, (0, None, alone(&settings(), 0).1));
    assert_eq!(trained(&session, train(3)).0, 3);
    // Stopped before it is done: the first report came after two steps.
    let mut job = session.start(train(100));
    assert!(matches!(job.step(), Some(Event::Progress(Progress::Trained { step: 5, .. }))));
    drop(job);
    assert_eq!(trained(&session, train(0)), (5, Some(losses[4]), alone(&settings(), 5).1));
    assert_eq!(trained(&session, train(2)), (7, Some(losses[6]), expected));
}

#[test]
fn it_answers_as_it_is_now() {
    let session = session();
    assert_eq!(ask(&session, ID).unwrap_err().kind, FailureKind::Model, "not yet there");
    let mut job = session.start(train(4));
    assert_eq!(ask(&session, ID), Ok(alone(&settings(), 0).1), "before the first step");
    job.step();
    assert_eq!(ask(&session, ID), Ok(alone(&settings(), 2).1), "between steps");
    job.step();
    drop(job);
    assert_eq!(ask(&session, ID), Ok(alone(&settings(), 4).1), "afterwards");
    // It is opened like any other, and not listed.
    let opened = session.start(Request::Open { model: ID.into() }).finish();
    assert!(matches!(&opened, Ok(Response::Opened(card)) if card.id == ID && card.info.is_some()), "{opened:?}");
    let listed = session.start(Request::Models).finish();
    assert!(matches!(&listed, Ok(Response::Models(cards)) if cards.len() == 1), "{listed:?}");
}

#[test]
fn it_starts_anew_when_told_to_and_with_other_settings() {
    let session = session();
    trained(&session, train(3));
    let fresh = |steps| train_with(steps, |_, _, fresh| *fresh = true);
    assert_eq!(trained(&session, fresh(2)).2, alone(&settings(), 2).1);
    let own = vec!["my cat was happy".to_owned()];
    let other = Settings { own: own.clone(), ..settings() };
    let with_own = train_with(4, |_, settings, _| settings.own = own);
    assert_eq!(trained(&session, with_own).2, alone(&other, 4).1);
    assert_ne!(alone(&other, 4).1.next, alone(&settings(), 4).1.next);
    // And back.
    assert_eq!(trained(&session, train(1)).0, 1);
}

#[test]
fn what_is_refused_changes_nothing() {
    struct WithOther;
    impl Source for WithOther {
        fn cards(&self) -> Vec<ModelCard> {
            vec![ModelCard { id: "other".into(), bytes: 0, gguf: false, info: None }]
        }
        fn open(&self, id: &str) -> Result<attnscope::Model, Failure> {
            Err(Failure::model(format!("{id:?} is not opened in this test")))
        }
    }
    let session = Session::new(WithOther);
    trained(&session, train(3));
    let own = |sentence: &str| {
        let own = vec![sentence.to_owned()];
        train_with(1, |_, settings, _| settings.own = own)
    };
    let Request::Train { model, settings, steps, every, .. } = train(1) else { panic!("a training") };
    let misread = Request::Train { model, settings, steps, every, text: "the hott dog".into(), fresh: true };
    for (request, word) in [(own("the catt was sad"), "catt"), (misread, "hott")] {
        let kind = refused(&session, request).kind;
        assert!(matches!(&kind, FailureKind::Text { word: Some(found), .. } if found == word), "{kind:?}");
    }
    let rate = train_with(1, |_, settings, _| settings.learning_rate = f32::NAN);
    let named = |id: &str| train_with(1, |model, _, _| *model = id.into());
    for request in [own("cat"), rate, named(LESSON), named("other"), named(""), named(&"x".repeat(1000))] {
        assert_eq!(refused(&session, request).kind, FailureKind::Request);
    }
    assert_eq!(trained(&session, train(0)).0, 3);
}

#[test]
fn closing_forgets_it_and_ends_its_training() {
    let session = session();
    let close = || assert_eq!(session.start(Request::Close { model: ID.into() }).finish(), Ok(Response::Closed));
    let mut job = session.start(train(100));
    job.step();
    close();
    let Some(Event::Failed(failure)) = job.step() else { panic!("a model that is gone was trained") };
    assert!(failure.message.contains("closed"), "{failure}");
    assert_eq!(ask(&session, ID).unwrap_err().kind, FailureKind::Model);
    assert_eq!(trained(&session, train(1)).0, 1, "from the beginning");
    // Starting anew ends an older training too.
    let mut job = session.start(train(100));
    trained(&session, train_with(2, |_, _, fresh| *fresh = true));
    assert!(matches!(job.step(), Some(Event::Failed(_))));
    assert_eq!(trained(&session, train(0)).0, 2);
}

#[test]
fn for_one_more_the_one_that_was_asked_least_lately_is_forgotten() {
    let session = session();
    let name = |id: usize| format!("model-{id}");
    let named = |id: usize| train_with(1, |model, _, _| *model = name(id));
    for id in 0..MAX_TRAINED {
        trained(&session, named(id));
    }
    ask(&session, &name(0)).unwrap();
    // The fifth is held; the second was asked least lately.
    assert_eq!(trained(&session, named(MAX_TRAINED)).0, 1);
    assert_eq!(trained(&session, named(0)).0, 2);
    for id in [name(1), format!("{}{BEFORE}", name(1))] {
        let failure = ask(&session, &id).unwrap_err();
        assert!(failure.message.contains("was forgotten") && failure.message.contains("train it again"), "{failure}");
    }
    let loss = session
        .start(Request::Explain {
            prompt: Prompt { model: name(1), ..Prompt::default() },
            what: What::Loss { back: 1 },
        })
        .finish()
        .unwrap_err();
    assert!(loss.message.contains("was forgotten"), "{loss}");
    // It begins anew.
    assert_eq!(trained(&session, named(1)).0, 1);
    assert!(ask(&session, &name(1)).is_ok());
}

#[test]
fn one_that_a_job_trains_is_kept_longest() {
    let session = session();
    let named = |id: &str| train_with(100, |model, _, _| *model = id.into());
    let mut job = session.start(named("at work"));
    for id in 0..2 * MAX_TRAINED {
        trained(&session, train_with(1, |model, _, _| *model = format!("model-{id}")));
    }
    assert!(matches!(job.step(), Some(Event::Progress(_))));
    // Where all are at work, the newcomer comes first all the same.
    let jobs: Vec<_> = (0..MAX_TRAINED).map(|id| session.start(named(&format!("busy-{id}")))).collect();
    let Some(Event::Failed(failure)) = job.step() else { panic!("it was forgotten") };
    assert!(failure.message.contains("forgotten for newer ones"), "{failure}");
    drop(jobs);
}

#[test]
fn two_jobs_take_turns() {
    let session = session();
    let mut jobs = [session.start(train(4)), session.start(train(4))];
    for (job, expected) in [(0, 2), (1, 4), (0, 6)] {
        let event = jobs[job].step();
        assert!(
            matches!(event, Some(Event::Progress(Progress::Trained { step, .. })) if step == expected),
            "{event:?}"
        );
    }
    let [_, two] = jobs;
    two.finish().unwrap();
    assert_eq!(trained(&session, train(0)).2, alone(&settings(), 8).1);
}

#[test]
fn threads_that_train_ask_and_close_do_not_wait_for_each_other() {
    let session = session();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| trained(&session, train(60)));
        }
        scope.spawn(|| {
            for _ in 0..40 {
                // Not there yet, or as it is now: each is an answer.
                let _ = ask(&session, ID);
                session.start(Request::Close { model: "another".into() }).finish().unwrap();
            }
        });
    });
    assert_eq!(trained(&session, train(0)).2, alone(&settings(), 120).1);
}
