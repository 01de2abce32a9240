//! A model in training: its loss step by step, and below it what it has learned by then.

mod arithmetic;
mod plot;
mod table;

use crate::figure::Canvas;
use crate::figure::frame::{Frame, caption, credit};
use crate::number::{count, fixed, percent, plural};
use crate::scene::Scene;
use crate::theme::Theme;
use attnscope_words::words;
use plot::Plot;

/// What a series measures: it decides the colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// An attention weight.
    #[default]
    Weight,
    /// A probability of what comes next.
    Probability,
}

/// A number from 0 to 1 that is tracked while the model learns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Its name; text between asterisks is emphasized: `*dog* attends to *hot* (layer 0)`.
    pub name: String,
    /// What it measures.
    pub measure: Measure,
    /// Steps and numbers, in order of steps.
    pub points: Vec<(usize, f32)>,
}

/// An earlier run, drawn faintly: what is to be expected.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Steps and losses, in order of steps.
    pub losses: Vec<(usize, f32)>,
    /// The points of each series.
    pub series: Vec<Vec<(usize, f32)>>,
}

impl Record {
    /// A record from the rows of [`Data::table`] as CSV: step, loss, mean, and each series.
    pub fn from_csv(csv: &str) -> Self {
        let mut record = Self::default();
        for line in csv.lines() {
            let mut cells = line.split(',');
            let Some(Ok(step)) = cells.next().map(str::parse::<usize>) else { continue };
            let numbers: Vec<Option<f32>> = cells.map(|cell| cell.parse().ok()).collect();
            record.losses.extend(numbers.first().copied().flatten().map(|loss| (step, loss)));
            for (i, number) in numbers.iter().skip(2).enumerate() {
                record.series.resize(record.series.len().max(i + 1), Vec::new());
                record.series[i].extend(number.map(|number| (step, number)));
            }
        }
        record
    }
}

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// Steps and the mean loss of their batch in nats a word, in order of steps.
    pub losses: Vec<(usize, f32)>,
    /// Steps that are planned: the end of the axis.
    pub steps: usize,
    /// The size of the vocabulary: its ln is the loss of guessing.
    pub n_vocab: usize,
    /// The loss to compare with: that of the built-in model at its end.
    pub reference: Option<f32>,
    /// The other numbers that are tracked.
    pub series: Vec<Series>,
    /// The run of the built-in model, to compare with.
    pub record: Record,
    /// The model's name.
    pub model: String,
}

impl Data {
    /// The loss of a uniform guess over the vocabulary.
    fn chance(&self) -> f32 {
        (self.n_vocab.max(2) as f32).ln()
    }

    /// Steps over which losses are averaged: a fiftieth of those planned.
    fn window(&self) -> usize {
        (self.steps / 50).max(1)
    }

    /// How many steps before the last one its mean begins.
    pub fn back(&self) -> usize {
        self.window() / 2
    }

    /// Whether the mark of this item is the loss, not one of the series.
    pub fn is_loss(&self, item: usize) -> bool {
        item >= plot::MAX_TRACKS
    }

    /// For each loss the mean of those around it, [`Self::window`] steps in all; at the ends, of those that exist.
    /// NaNs are left out.
    fn smoothed(&self) -> Vec<(usize, f32)> {
        self.smooth(&self.losses)
    }

    fn smooth(&self, losses: &[(usize, f32)]) -> Vec<(usize, f32)> {
        let half = self.back();
        let finite: Vec<(usize, f32)> = losses.iter().copied().filter(|l| l.1.is_finite()).collect();
        let (mut first, mut end, mut sum) = (0, 0, 0.0f64);
        let mut out = Vec::with_capacity(finite.len());
        for (i, &(step, _)) in finite.iter().enumerate() {
            while end < finite.len() && (end <= i || finite[end].0 <= step.saturating_add(half)) {
                sum += f64::from(finite[end].1);
                end += 1;
            }
            while first < i && finite[first].0.saturating_add(half) < step {
                sum -= f64::from(finite[first].1);
                first += 1;
            }
            out.push((step, (sum / (end - first) as f64) as f32));
        }
        out
    }
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
    /// The step whose numbers are written out; `None` for the last.
    pub step: Option<usize>,
}

/// The step under `x` (in the scene), between 0 and the steps planned: the inverse of the drawing.
pub fn step_at(data: &Data, state: &State, x: f32) -> usize {
    Plot::new(data, state).step_at(x)
}

/// The last point not after `step`; `None` before the first.
fn at(points: &[(usize, f32)], step: usize) -> Option<(usize, (usize, f32))> {
    let after = points.partition_point(|p| p.0 <= step);
    let index = after.checked_sub(1)?;
    Some((index, points[index]))
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let plot = Plot::new(data, state);
    let lead = words!(
        "Before training the model guesses. Each step shows it a few sentences and moves every weight a little, \
                so that the loss, its surprise at the true next word, gets smaller."
    );
    let mut frame = Frame::new(theme, &state.canvas, plot.width, words!("Learning to attend"), lead);
    let smooth = data.smoothed();
    plot::draw(&mut frame, data, state, &plot, &smooth);
    let window = match data.window() {
        1 => String::new(),
        n => words!("Line: mean over {}; faint: single batches.", plural(n, "step")),
    };
    let dense = data.losses.len() > (plot.x.range.1 - plot.x.range.0) as usize;
    let dense = if dense { words!("Where a pixel holds several steps, it shows their lowest to highest.") } else { "" };
    let recorded = match data.record.losses.is_empty() {
        true => "",
        false => words!("Dotted: how the built-in model learned."),
    };
    frame.finish(
        &caption(&[&credit(&data.model), words!("Loss in nats a word."), &window, dense, recorded]),
        description(data, state, &smooth),
    )
}

fn description(data: &Data, state: &State, smooth: &[(usize, f32)]) -> String {
    let step = state.step.or(data.losses.last().map(|l| l.0));
    let Some((step, (_, (_, loss)))) = step.and_then(|s| Some((s, at(smooth, s)?))) else {
        return words!("The loss of a model in training: no step of {} is done yet.", count(data.steps));
    };
    let watched: Vec<String> = data
        .series
        .iter()
        .filter_map(|s| Some(format!("{} {}", s.name.replace('*', ""), percent(at(&s.points, step)?.1.1))))
        .collect();
    let watched = if watched.is_empty() { String::new() } else { format!(" {}.", watched.join("; ")) };
    let reference = data.reference.map(|r| words!(" The built-in model ended at {}.", fixed(r, 2))).unwrap_or_default();
    words!(
        "The loss of a model in training: {} nats a word at step {} of {}; guessing has {}.{reference}{watched}",
        fixed(loss, 2),
        count(step),
        count(data.steps),
        fixed(data.chance(), 2)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(n: usize) -> Data {
        let losses = (1..=n).map(|s| (s, if s % 2 == 0 { 2.0 } else { 4.0 })).collect();
        Data { losses, steps: 100, n_vocab: 148, ..Data::default() }
    }

    #[test]
    fn the_line_is_the_mean_of_the_steps_around() {
        let data = data(100);
        let smooth = data.smoothed();
        assert_eq!((data.window(), smooth.len()), (2, 100));
        // One step to either side: 4, 2, 4 at an even step.
        assert_eq!((smooth[0], smooth[1].0, smooth[99]), ((1, 3.0), 2, (100, 3.0)));
        assert!((smooth[1].1 - 10.0 / 3.0).abs() < 1e-6);
        // With reports every tenth step, each loss is its own mean.
        let sparse = Data { losses: vec![(10, 4.0), (20, 2.0), (30, f32::NAN)], ..data };
        assert_eq!(sparse.smoothed(), [(10, 4.0), (20, 2.0)]);
    }

    #[test]
    fn a_record_is_read_from_the_figures_own_table_and_drawn() {
        let series = Series { points: vec![(20, 0.25), (40, 0.5)], ..Series::default() };
        let run =
            Data { losses: vec![(20, 4.0), (40, 2.0)], steps: 40, n_vocab: 9, series: vec![series], ..Data::default() };
        let record = Record::from_csv(&run.table().to_csv());
        assert_eq!((&record.losses, &record.series), (&run.losses, &vec![run.series[0].points.clone()]));
        let fresh = Data { record, losses: Vec::new(), series: vec![Series::default()], ..run };
        let scene = render(&fresh, &State::default(), &Theme::LIGHT);
        assert!(scene.node("record-loss").is_some() && scene.node("record-0").is_some());
        assert!(scene.caption.contains("Dotted"), "{}", scene.caption);
        let without = render(&Data { record: Record::default(), ..fresh }, &State::default(), &Theme::LIGHT);
        assert!(without.node("record-loss").is_none() && !without.caption.contains("Dotted"));
    }

    #[test]
    fn a_place_leads_back_to_its_step() {
        let state = State { canvas: Canvas { width: 374.0, bare: true }, step: Some(40) };
        let scene = render(&data(100), &state, &Theme::LIGHT);
        let Some(crate::scene::Shape::Circle { cx, .. }) = scene.node("loss-point").map(|n| &n.shape) else { panic!() };
        assert_eq!(step_at(&data(100), &state, *cx), 40);
        assert_eq!((step_at(&data(9), &state, f32::NAN), step_at(&data(9), &state, 1e9)), (0, 100));
    }

    #[test]
    fn thousands_of_points_are_few_marks() {
        let losses: Vec<_> = (1..=2000).map(|s| (s, 5.0 / (1.0 + s as f32 * 0.002))).collect();
        let points = losses.iter().map(|l| (l.0, 0.5)).collect();
        let series = vec![Series { name: "*dog* attends to *hot*".into(), points, ..Series::default() }];
        let data = Data { losses, steps: 2000, n_vocab: 148, series, ..Data::default() };
        let scene = render(&data, &State::default(), &Theme::LIGHT);
        let (mut marks, mut segments) = (0, 0);
        scene.visit(&mut |node| {
            marks += 1;
            if let crate::scene::Shape::Path { d, .. } = &node.shape {
                segments = segments.max(d.len());
            }
        });
        assert!(marks < 80 && segments < 1700, "{marks} marks, {segments} segments");
        assert!(scene.caption.contains("mean over 40 steps") && scene.caption.contains("lowest to highest"));
        assert!(scene.description.contains("dog attends to hot 50"), "{}", scene.description);
    }
}
