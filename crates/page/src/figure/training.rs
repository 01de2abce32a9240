//! Chapter 11: the lesson model learns, here and now.

use super::{PageFigure, View, usual};
use crate::selection::TRAINED;
use crate::trained::{EVERY, Trained, sentences, written};
use crate::{Change, Control, Event, LESSON, Missing, Open, Page, Purpose, SENTENCE};
use attnscope::Site;
use attnscope::analysis::explain::Explanation;
use attnscope::lesson::{self, Settings};
use attnscope_figures::figure::training::{Data, Measure, Record, Series, State, render};
use attnscope_figures::number::plural;
use attnscope_figures::token::{excerpt, shown};
use attnscope_figures::{Table, Target};
use attnscope_protocol::{Progress, Prompt, Request, Response, Run, What};
use attnscope_words::words;

/// The table of this figure at the end of the training with its usual settings, which is that of the built-in model. `cargo
/// xtask lesson` writes it.
const RECORD: &str = include_str!("training.csv");
/// Words that show that *dog* was read as food.
const FOODS: [&str; 6] = ["delicious", "tasty", "salty", "served", "cooked", "fresh"];

/// The attention edges that are tracked in [`SENTENCE`]: layer, query, key.
const EDGES: [(usize, usize, usize); 2] = [(0, 2, 1), (1, 3, 2)];
/// The most steps that the button trains at once.
const MOST_STEPS: usize = 10_000;
/// Position of [`SENTENCE`]'s last word.
const LAST: usize = 3;

/// The figure, with what has been learned so far.
#[derive(Default)]
pub struct Training {
    settings: Settings,
    own: String,
    losses: Vec<(usize, f32)>,
    tracks: [Vec<(usize, f32)>; 3],
    /// Token ids of [`FOODS`].
    foods: Vec<usize>,
    step: usize,
    running: bool,
    fresh: bool,
    /// Whether it trains the model of the address again: until it is done, that model stays the chosen one.
    again: bool,
    failed: Option<String>,
    /// The content of the seed's field, if it is not a valid seed.
    wrong_seed: Option<String>,
    /// How many steps the button trains, as the reader wrote it; empty for all that are planned.
    many: String,
}

impl PageFigure for Training {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        let wrong = self.wrong_seed();
        if let Some(wrong) = wrong.as_ref().filter(|_| page.purpose == Purpose::File) {
            return Err(Missing::Nothing(wrong.clone()));
        }
        let wrong = wrong.map(|wrong| words!("Note: {wrong}. The seed is still {}.", self.settings.seed));
        let scene = render(&self.data(page)?, &State { canvas: page.paper.canvas(), step: None }, page.paper.theme());
        Ok(View::of(scene)
            .with(self.controls(page))
            .note(wrong.as_deref(), page.paper)
            .note(self.wrong_many().as_deref(), page.paper)
            .note(self.failed.as_deref(), page.paper))
    }

    fn table(&self, page: &Page<'_>) -> Result<Table, Missing> {
        Ok(self.data(page)?.table())
    }

    fn explain(&self, mark: &str, page: &Page<'_>) -> Option<Explanation> {
        self.data(page).ok()?.explain(mark)
    }

    fn hear(&mut self, event: &Event, page: &Page<'_>) -> Vec<Change> {
        match event {
            Event::Set(id, value) => self.set(id, value, page),
            Event::Progress(Progress::Trained { step, loss, run }) => {
                self.report(*step, *loss, run);
                // If the trained model is the chosen one, the reader sees it learn.
                if page.selection.model == TRAINED && !self.again { self.changed(page) } else { Vec::new() }
            }
            Event::Done(Response::Trained { step, loss, run }, _) => {
                (self.running, self.again) = (false, false);
                if let Some(loss) = loss.filter(|_| *step > self.step) {
                    self.report(*step, loss, run);
                }
                self.changed(page)
            }
            Event::Failed(failure) => {
                (self.running, self.again) = (false, false);
                self.failed = Some(words!("The training stopped: {}.", failure.message));
                Vec::new()
            }
            Event::Restore => self.restore(page),
            Event::Chosen(Target::Item { index }, _) => self.open(*index, page).into_iter().collect(),
            _ => usual(event, page),
        }
    }
}

impl Training {
    fn data(&self, page: &Page<'_>) -> Result<Data, Missing> {
        let n_vocab = page.run_of(&lesson_run())?.trace.model.n_vocab;
        let names = [
            (words!("*dog* attends to *hot* (layer 0)"), Measure::Weight),
            (words!("*was* attends to *dog* (layer 1)"), Measure::Weight),
            (words!("a food comes next"), Measure::Probability),
        ];
        let series = names.into_iter().zip(&self.tracks);
        let steps = if self.step == 1 { words!("step") } else { words!("steps") };
        Ok(Data {
            losses: self.losses.clone(),
            steps: self.settings.steps,
            n_vocab,
            record: if self.settings.own.is_empty() { Record::from_csv(RECORD) } else { Record::default() },
            // With the reader's own sentences it is a different task.
            reference: self.settings.own.is_empty().then(lesson::loss),
            series: series
                .map(|((name, measure), points)| Series { name: name.into(), measure, points: points.clone() })
                .collect(),
            model: words!("Lesson model, seed {}, after {} {steps}, on “{SENTENCE}”", self.settings.seed, self.step),
        })
    }

    /// How many steps the button trains, if the reader set a number.
    fn many(&self) -> Option<usize> {
        self.many.parse().ok().filter(|steps| (1..=MOST_STEPS).contains(steps))
    }

    /// What is wrong with the field of steps, if it holds no number of steps.
    fn wrong_many(&self) -> Option<String> {
        let wrong = !self.many.is_empty() && self.many().is_none();
        let found = excerpt(&shown(&self.many), 24);
        wrong.then(|| {
            words!("Note: the number of steps is \"{found}\", expected a whole number from 1 to {MOST_STEPS}.")
        })
    }

    /// What is wrong with the seed's field, if it holds no valid seed.
    fn wrong_seed(&self) -> Option<String> {
        let found = excerpt(&shown(self.wrong_seed.as_ref()?), 24);
        Some(words!("the seed is \"{found}\", expected a whole number from 0 to {}", u64::MAX))
    }

    /// The model in its current state.
    fn trained(&self) -> Trained {
        Trained { settings: self.settings.clone(), steps: self.step }
    }

    /// The model has changed: figures ask it again, and the address says how it was trained, if it is the chosen one.
    fn changed(&self, page: &Page<'_>) -> Vec<Change> {
        let chosen = page.selection.model == TRAINED;
        let select = chosen.then(|| Change::Select(page.selection.with_trained(self.trained())));
        select.into_iter().chain([Change::Forget(TRAINED.into())]).collect()
    }

    /// Trains the model of the address again, from its first step.
    fn restore(&mut self, page: &Page<'_>) -> Vec<Change> {
        let Some(trained) = page.selection.trained.clone() else { return Vec::new() };
        let own = written(&trained.settings.own);
        *self = Self { settings: trained.settings.clone(), own, running: true, again: true, ..Self::default() };
        vec![Change::Work(trained.request())]
    }

    fn set(&mut self, id: &str, value: &str, page: &Page<'_>) -> Vec<Change> {
        if self.again && !["train", "use", "steps"].contains(&id) {
            self.failed =
                Some(words!("The model is being trained again: pause first, or wait until it is done.").into());
            return Vec::new();
        }
        match id {
            // It counts as running until its last step is known: a report may have been on its way.
            "train" if self.running => return vec![Change::Stop, self.ask(0, 1, false)],
            "train" => {
                let left = self.settings.steps.saturating_sub(self.step).max(EVERY);
                let steps = self.many().unwrap_or(left);
                return self.train(steps, EVERY.min(steps));
            }
            "steps" => {
                value.trim().clone_into(&mut self.many);
                return Vec::new();
            }
            "step" => return self.train(1, 1),
            "reset" => {
                self.forget();
                return vec![Change::Stop, Change::Forget(TRAINED.into())];
            }
            "use" => {
                let selection = match page.selection.model == TRAINED {
                    true => page.selection.with_model(LESSON),
                    false => page.selection.with_trained(self.trained()),
                };
                return vec![Change::Forget(TRAINED.into()), Change::Select(selection)];
            }
            _ => {}
        }
        let before = self.settings.clone();
        match id {
            "seed" => match value.trim().parse() {
                Ok(seed) => (self.settings.seed, self.wrong_seed) = (seed, None),
                // The last good one stays.
                Err(_) => self.wrong_seed = Some(value.into()),
            },
            "rate" => self.settings.learning_rate = value.parse().unwrap_or(before.learning_rate),
            "own" => (self.own, self.settings.own) = (value.into(), sentences(value)),
            _ => return Vec::new(),
        }
        if self.settings == before {
            return Vec::new();
        }
        // Results of the old settings must not be shown as those of the new ones.
        self.forget();
        vec![Change::Stop]
    }

    /// Forgets what was learned, but not the settings.
    fn forget(&mut self) {
        let Self { settings, own, wrong_seed, many, .. } = std::mem::take(self);
        *self = Self { settings, own, wrong_seed, many, fresh: true, ..Self::default() };
    }

    fn train(&mut self, steps: usize, every: usize) -> Vec<Change> {
        let fresh = std::mem::take(&mut self.fresh) || self.step == 0;
        (self.running, self.failed) = (steps > 1, None);
        vec![self.ask(steps, every, fresh)]
    }

    fn ask(&self, steps: usize, every: usize, fresh: bool) -> Change {
        let (settings, text) = (self.settings.clone(), SENTENCE.to_owned());
        Change::Work(Request::Train { model: TRAINED.into(), settings, steps, every, text, fresh })
    }

    fn report(&mut self, step: usize, loss: f32, run: &Run) {
        self.step = step;
        self.losses.push((step, loss));
        let weight = |(layer, q, k): (usize, usize, usize)| {
            run.trace.layer(layer, Site::Pattern).and_then(|p| p.row(&[0, q])).and_then(|row| row.get(k)).copied()
        };
        let foods = || run.next.iter().filter(|next| FOODS.contains(&next.text.as_str()));
        self.foods = foods().map(|next| next.id as usize).collect();
        let [first, second] = EDGES.map(weight);
        for (points, value) in self.tracks.iter_mut().zip([first, second, Some(foods().map(|next| next.p).sum())]) {
            points.extend(value.map(|value| (step, value)));
        }
    }

    /// Opens the arithmetic of a tracked number in the current model: those of earlier steps no longer exist.
    fn open(&self, item: usize, page: &Page<'_>) -> Option<Change> {
        let data = self.data(page).ok()?;
        let of = |what: What| Some(Change::Open(Open::of(Prompt::plain(TRAINED, SENTENCE), what)));
        if data.is_loss(item) {
            return of(What::Loss { back: data.back() });
        }
        self.tracks.get(item)?.last()?;
        of(match EDGES.get(item) {
            Some(&(layer, q_idx, k_idx)) => Site::Pattern.in_layer(layer, [0, q_idx, k_idx]).into(),
            None => What::AnyOf { position: LAST, tokens: self.foods.clone() },
        })
    }

    fn controls(&self, page: &Page<'_>) -> Vec<Control> {
        let train = match (self.running, self.step, self.many()) {
            (true, ..) => words!("pause").into(),
            (false, _, Some(steps)) => words!("train {}", plural(steps, "step")),
            (false, 0, None) => words!("train").into(),
            (false, _, None) => words!("go on").into(),
        };
        let used = page.selection.model == TRAINED;
        let button = |id, label: &str, disabled| Control::Button { id, label: label.into(), disabled };
        let rate = self.settings.learning_rate;
        let seed = self.wrong_seed.clone().unwrap_or_else(|| self.settings.seed.to_string());
        vec![
            button("train", &train, false),
            button("step", words!("one step"), self.running),
            button("reset", words!("reset"), self.step == 0),
            Control::Text {
                id: "steps",
                label: words!("steps at a time (empty: all)").into(),
                value: self.many.clone(),
            },
            Control::Text { id: "seed", label: words!("seed").into(), value: seed },
            Control::Slider {
                id: "rate",
                label: words!("learning rate").into(),
                min: 0.001,
                max: 0.03,
                step: 0.001,
                value: rate,
                shown: format!("{rate:.3}"),
            },
            Control::Text {
                id: "own",
                label: words!("own sentences, with a dot between").into(),
                value: self.own.clone(),
            },
            button(
                "use",
                if used { words!("use the built-in model again") } else { words!("use this model in all chapters") },
                self.step == 0 && !used,
            ),
        ]
    }
}

/// A run that tells how many words the model knows.
fn lesson_run() -> Request {
    crate::Selection::default().run_request()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Answers, Selection};
    use attnscope_protocol::{LessonOnly, Session};

    /// The model may have gone on while the reader pressed pause: the step that it reached is shown.
    #[test]
    fn a_pause_shows_how_far_it_came() {
        let (selection, answers) = (Selection::default(), Answers::default());
        let page = Page::new(&selection, &answers);
        let mut figure = Training::default();
        let press = |figure: &mut Training| figure.hear(&Event::Set("train".into(), String::new()), &page);
        let [Change::Work(Request::Train { .. })] = &press(&mut figure)[..] else { panic!("it begins") };
        let session = Session::new(LessonOnly);
        let train = |steps, every| match figure_ask(steps, every) {
            Change::Work(request) => session.start(request).finish().unwrap(),
            other => panic!("{other:?}"),
        };
        let Response::Trained { step, loss, run } = train(2, 2) else { panic!() };
        let report = Progress::Trained { step, loss: loss.unwrap(), run: Box::new(run) };
        figure.hear(&Event::Progress(report), &page);
        assert_eq!((figure.step, figure.losses.len()), (2, 1));
        train(2, 2);
        let [Change::Stop, Change::Work(ask)] = &press(&mut figure)[..] else { panic!("it asks how far it came") };
        assert!(figure.running);
        let answer = session.start(ask.clone()).finish().unwrap();
        figure.hear(&Event::Done(answer.clone(), 1.0), &page);
        assert_eq!((figure.step, figure.losses.len(), figure.running), (4, 2, false));
        figure.hear(&Event::Done(answer, 1.0), &page);
        assert_eq!(figure.losses.len(), 2, "it is told once");
    }

    /// What is drawn behind the reader's training is what the usual settings give.
    #[test]
    fn the_record_is_the_training_with_the_usual_settings() {
        let record = Record::from_csv(RECORD);
        assert_eq!((record.losses.len(), record.series.len()), (2000 / EVERY, 3));
        let Change::Work(request) = Training::default().ask(3 * EVERY, EVERY, true) else { panic!() };
        let session = Session::new(LessonOnly);
        let mut job = session.start(request);
        let mut figure = Training::default();
        while let Some(event) = job.step() {
            if let attnscope_protocol::Event::Progress(Progress::Trained { step, loss, run }) = event {
                figure.report(step, loss, &run);
            }
        }
        assert!(figure.losses.len() >= 2, "{:?}", figure.losses);
        let near = |a: &[(usize, f32)], b: &[(usize, f32)]| {
            assert!(a.iter().zip(b).all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() < 1e-4), "{a:?} {b:?}");
        };
        near(&figure.losses, &record.losses);
        figure.tracks.iter().zip(&record.series).for_each(|(own, recorded)| near(own, recorded));
        let end = record.series.iter().map(|points| points.last().unwrap().1).collect::<Vec<_>>();
        assert!(end[0] > 0.7 && end[1] > 0.9 && end[2] > 0.7, "the circuit is there: {end:?}");
    }

    /// The model that the reader trained is trained again from what the address says, and is the same.
    #[test]
    fn an_address_leads_back_to_the_model() {
        let session = || Session::new(LessonOnly);
        let work = |session: &Session<LessonOnly>, figure: &mut Training, changes: &[Change], page: &Page<'_>| {
            let Some(Change::Work(request)) = changes.last() else { panic!("{changes:?}") };
            let mut job = session.start(request.clone());
            let mut heard = Vec::new();
            while let Some(event) = job.step() {
                heard = match event {
                    attnscope_protocol::Event::Progress(progress) => figure.hear(&Event::Progress(progress), page),
                    attnscope_protocol::Event::Done(done) => return figure.hear(&Event::Done(done, 1.0), page),
                    attnscope_protocol::Event::Failed(failure) => panic!("{failure}"),
                };
            }
            heard
        };
        let (first, answers) = (session(), Answers::default());
        let (selection, mut figure) = (Selection::default(), Training::default());
        let page = Page::new(&selection, &answers);
        let set =
            |figure: &mut Training, id: &str, value: &str| figure.hear(&Event::Set(id.into(), value.into()), &page);
        set(&mut figure, "seed", "7");
        set(&mut figure, "rate", "0.012");
        set(&mut figure, "own", "the cat was hungry. the dog was tasty");
        for _ in 0..3 {
            let changes = set(&mut figure, "step", "");
            assert_eq!(work(&first, &mut figure, &changes, &page), [Change::Forget(TRAINED.into())]);
        }
        let [_, Change::Select(chosen)] = &set(&mut figure, "use", "")[..] else { panic!() };
        let reloaded = Selection::from_query(&chosen.to_query());
        assert_eq!((&reloaded, reloaded.trained.as_ref().map(|t| t.steps)), (chosen, Some(3)));

        let (second, mut again) = (session(), Training::default());
        let page = Page::new(&reloaded, &answers);
        let changes = again.hear(&Event::Restore, &page);
        assert!(again.hear(&Event::Set("seed".into(), "8".into()), &page).is_empty(), "not while it is trained again");
        let done = work(&second, &mut again, &changes, &page);
        assert_eq!(done, [Change::Select(reloaded.clone()), Change::Forget(TRAINED.into())]);
        assert_eq!(
            (again.step, again.settings.seed, again.own.as_str()),
            (3, 7, "the cat was hungry. the dog was tasty")
        );
        let read = |session: &Session<LessonOnly>| session.start(reloaded.run_request()).finish().unwrap();
        assert_eq!(read(&first), read(&second));
        // One step more, and the address says so.
        let changes = again.hear(&Event::Set("step".into(), String::new()), &page);
        let [Change::Select(now), _] = &work(&second, &mut again, &changes, &page)[..] else { panic!() };
        assert_eq!(now.trained.as_ref().map(|t| t.steps), Some(4));
    }

    #[test]
    fn a_wrong_seed_is_said_and_the_last_good_one_stays() {
        let (selection, mut answers) = (Selection::default(), Answers::default());
        let mut figure = Training::default();
        answers.insert(&lesson_run(), Session::new(LessonOnly).start(lesson_run()).finish());
        let mut page = Page::new(&selection, &answers);
        let set = |figure: &mut Training, page: &Page<'_>, value: &str| {
            figure.hear(&Event::Set("seed".into(), value.into()), page)
        };
        set(&mut figure, &page, "7");
        figure.step = 20;
        assert!(set(&mut figure, &page, "abc").is_empty(), "what was learned stays");
        let view = figure.view(&page).unwrap();
        let caption = &view.scene.caption;
        let said = "the seed is \"abc\", expected a whole number from 0 to 18446744073709551615. The seed is still 7.";
        assert!(caption.contains(said) && caption.contains("seed 7, after 20 steps"), "{caption}");
        assert!(view.controls.iter().any(|control| control.id() == "seed" && control.value() == "abc"));
        page.purpose = Purpose::File;
        assert!(
            matches!(figure.view(&page), Err(Missing::Nothing(why)) if why.contains("abc")),
            "a file has no field to mend it"
        );
        set(&mut figure, &page, " 7 ");
        assert!(figure.view(&page).unwrap().scene.caption.contains("after 20 steps"));
        set(&mut figure, &page, "8");
        assert_eq!((figure.settings.seed, figure.step), (8, 0));
    }

    fn figure_ask(steps: usize, every: usize) -> Change {
        Training::default().ask(steps, every, false)
    }
}
