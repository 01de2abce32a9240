//! Chapter 11: the lesson model learns, here and now.

use super::{PageFigure, View, usual};
use crate::selection::TRAINED;
use crate::{Change, Control, Event, LESSON, Missing, Open, Page, SENTENCE};
use attnscope::Site;
use attnscope::analysis::explain::Explanation;
use attnscope::lesson::{self, Settings};
use attnscope_figures::figure::training::{Data, Measure, Record, Series, State, render};
use attnscope_figures::token::{excerpt, shown};
use attnscope_figures::{Table, Target};
use attnscope_protocol::{Progress, Prompt, Request, Response, Run, What};

/// The table of this figure at the end of the training with its usual settings, which is that of the built-in model. `cargo
/// xtask lesson` writes it.
const RECORD: &str = include_str!("training.csv");
/// Steps between two reports.
const EVERY: usize = 20;
/// Words that show that *dog* was read as food.
const FOODS: [&str; 6] = ["delicious", "tasty", "salty", "served", "cooked", "fresh"];

/// The attention edges that are tracked in [`SENTENCE`]: layer, query, key.
const EDGES: [(usize, usize, usize); 2] = [(0, 2, 1), (1, 3, 2)];
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
    failed: Option<String>,
    /// The content of the seed's field, if it is not a valid seed.
    wrong_seed: Option<String>,
}

impl PageFigure for Training {
    fn view(&self, page: &Page<'_>) -> Result<View, Missing> {
        if let Some(wrong) = &self.wrong_seed {
            let found = excerpt(&shown(wrong), 24);
            return Err(Missing::Nothing(format!(
                "the seed is {found:?}, expected a whole number from 0 to {}",
                u64::MAX
            )));
        }
        let scene = render(&self.data(page)?, &State { canvas: page.paper.canvas(), step: None }, page.paper.theme());
        Ok(View { controls: self.controls(page), scene }.note(self.failed.as_deref(), page.paper))
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
                if page.selection.model == TRAINED { vec![Change::Forget(TRAINED.into())] } else { Vec::new() }
            }
            Event::Done(Response::Trained { step, loss, run }, _) => {
                self.running = false;
                if let Some(loss) = loss.filter(|_| *step > self.step) {
                    self.report(*step, loss, run);
                }
                vec![Change::Forget(TRAINED.into())]
            }
            Event::Failed(failure) => {
                (self.running, self.failed) = (false, Some(failure.message.clone()));
                Vec::new()
            }
            Event::Chosen(Target::Item { index }, _) => self.open(*index, page).into_iter().collect(),
            _ => usual(event, page),
        }
    }
}

impl Training {
    fn data(&self, page: &Page<'_>) -> Result<Data, Missing> {
        let n_vocab = page.run_of(&lesson_run())?.trace.model.n_vocab;
        let names = [
            ("*dog* attends to *hot* (layer 0)", Measure::Weight),
            ("*was* attends to *dog* (layer 1)", Measure::Weight),
            ("a food comes next", Measure::Probability),
        ];
        let series = names.into_iter().zip(&self.tracks);
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
            model: format!("Lesson model, seed {}, after {} steps, on “{SENTENCE}”", self.settings.seed, self.step),
        })
    }

    fn set(&mut self, id: &str, value: &str, page: &Page<'_>) -> Vec<Change> {
        match id {
            // It counts as running until its last step is known: a report may have been on its way.
            "train" | "step" if self.wrong_seed.is_some() => return Vec::new(),
            "train" if self.running => return vec![Change::Stop, self.ask(0, 1, false)],
            "train" => return self.train(self.settings.steps.saturating_sub(self.step).max(EVERY), EVERY),
            "step" => return self.train(1, 1),
            "reset" => {
                let Self { settings, own, .. } = std::mem::take(self);
                *self = Self { settings, own, fresh: true, ..Self::default() };
                return vec![Change::Stop, Change::Forget(TRAINED.into())];
            }
            "use" => {
                let model = if page.selection.model == TRAINED { LESSON } else { TRAINED };
                return vec![Change::Forget(TRAINED.into()), Change::Select(page.selection.with_model(model))];
            }
            "seed" => match value.trim().parse() {
                Ok(seed) => (self.settings.seed, self.wrong_seed) = (seed, None),
                Err(_) => self.wrong_seed = Some(value.into()),
            },
            "rate" => self.settings.learning_rate = value.parse().unwrap_or(self.settings.learning_rate),
            "own" => {
                self.own = value.into();
                let sentences = value.split(['.', ';']).map(str::trim).filter(|s| !s.is_empty());
                self.settings.own = sentences.map(str::to_owned).collect();
            }
            _ => return Vec::new(),
        }
        // The settings changed: results of the old ones must not be shown as theirs.
        let Self { settings, own, wrong_seed, .. } = std::mem::take(self);
        *self = Self { settings, own, wrong_seed, fresh: true, ..Self::default() };
        vec![Change::Stop]
    }

    fn train(&mut self, steps: usize, every: usize) -> Vec<Change> {
        let fresh = self.step == 0 || std::mem::take(&mut self.fresh);
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
        let train = match (self.running, self.step) {
            (true, _) => "pause",
            (false, 0) => "train",
            (false, _) => "go on",
        };
        let used = page.selection.model == TRAINED;
        let button = |id, label: &str, disabled| Control::Button { id, label: label.into(), disabled };
        let rate = self.settings.learning_rate;
        let seed = self.wrong_seed.clone().unwrap_or_else(|| self.settings.seed.to_string());
        vec![
            button("train", train, false),
            button("step", "one step", self.running),
            button("reset", "reset", self.step == 0),
            Control::Text { id: "seed", label: "seed".into(), value: seed },
            Control::Slider {
                id: "rate",
                label: "learning rate".into(),
                min: 0.001,
                max: 0.03,
                step: 0.001,
                value: rate,
                shown: format!("{rate:.3}"),
            },
            Control::Text { id: "own", label: "own sentences, with a dot between".into(), value: self.own.clone() },
            button(
                "use",
                if used { "use the built-in model again" } else { "use this model in all chapters" },
                self.step == 0,
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
        let mut job = Session::new(LessonOnly).start(request);
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

    fn figure_ask(steps: usize, every: usize) -> Change {
        Training::default().ask(steps, every, false)
    }
}
