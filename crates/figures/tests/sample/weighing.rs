//! Softmax, running softmax and training: data and the states that are looked at and tested.

use super::{made_up, noise, strings, vector, words};
use attnscope::Trace;
use attnscope_figures::figure::{Canvas, running_softmax, softmax, training};
use attnscope_figures::{Scene, Theme};

const PHONE: Canvas = Canvas { width: 374.0, bare: true };
const NARROW: Canvas = Canvas { width: 330.0, bare: true };
const COLUMN: Canvas = Canvas { width: 742.0, bare: true };

/// The lesson model over a sentence.
fn lesson(text: &str) -> Trace {
    let model = attnscope::lesson::model();
    model.run(&model.encode(text).unwrap(), &"q,k,v,pattern".parse().unwrap(), &[]).unwrap()
}

pub fn softmax_data() -> softmax::Data {
    softmax::Data {
        of: made_up(strings(&super::HOT_DOG), 2, 16),
        dots: vec![5.0, 17.0, -1.5, 4.0],
        scale: 0.25,
        soft_cap: None,
        masked: vec![false, false, false, true],
        weights: vec![0.047, 0.944, 0.009, 0.0],
        d_head: 16,
        ..softmax::Data::default()
    }
}

/// Many keys with scores of every size.
fn softmax_long(n: usize) -> softmax::Data {
    softmax::Data {
        of: made_up(words(n), n - 1, 16),
        dots: (0..n).map(|i| noise(i * 13) * 40.0 - 12.0).collect(),
        masked: vec![false; n],
        weights: Vec::new(),
        ..softmax_data()
    }
}

pub fn running_data(n: usize, d: usize, tile: usize) -> running_softmax::Data {
    running_softmax::Data {
        of: made_up(words(n), n - 1, 0),
        scores: (0..n).map(|i| (noise(i * 31 + 5) * 20.0).round() / 4.0 - 1.5).collect(),
        values: (0..n).map(|i| vector("v", d, 40 + i).values).collect(),
        ..Default::default()
    }
    .tiled(tile)
}

/// A loss that falls in two steps, and what is learned meanwhile.
pub fn training_data(done: usize, steps: usize) -> training::Data {
    let fall = |s: usize, at: f32, wide: f32| 1.0 / (1.0 + ((s as f32 - at) / wide).exp());
    let loss = |s: usize| 1.35 + 1.9 * fall(s, 90.0, 60.0) + 1.3 * fall(s, 620.0, 90.0) + (noise(s) - 0.5) * 0.34;
    let series = |name: &str, measure, at: f32, most: f32| training::Series {
        name: name.into(),
        measure,
        points: (0..=done).step_by(20).map(|s| (s, most * (1.0 - fall(s, at, 60.0)) + 0.02 * noise(s))).collect(),
    };
    use training::Measure::{Probability, Weight};
    training::Data {
        losses: (1..=done).map(|s| (s, loss(s))).collect(),
        steps,
        n_vocab: 148,
        reference: Some(1.31),
        series: vec![
            series("*dog* attends to *hot* (layer 0)", Weight, 600.0, 0.93),
            series("*was* attends to *dog* (layer 1)", Weight, 320.0, 0.88),
            series("the next word is a *food*", Probability, 680.0, 0.9),
        ],
        record: training::Record::default(),
        model: "made-up numbers".into(),
    }
}

pub fn scenes(theme: &Theme) -> Vec<(&'static str, Scene)> {
    softmax_scenes(theme).into_iter().chain(running_scenes(theme)).chain(training_scenes(theme)).collect()
}

fn softmax_scenes(theme: &Theme) -> Vec<(&'static str, Scene)> {
    let dog = softmax::Data::from_trace(&lesson("the hot dog was"), 0, 0, 2).unwrap();
    let was = softmax::Data::from_trace(&lesson("the hot dog on the rock was"), 1, 0, 6).unwrap();
    let state = |canvas| softmax::State { canvas, ..Default::default() };
    let edited = |canvas| softmax::State {
        edited: vec![None, None, Some(dog.dots[1] * dog.scale + 1.25)],
        k_idx: Some(2),
        ..state(canvas)
    };
    let draw = |data: &softmax::Data, state: &softmax::State| softmax::render(data, state, theme);
    vec![
        ("softmax-made-up", draw(&softmax_data(), &Default::default())),
        ("softmax-dog", draw(&dog, &state(COLUMN))),
        ("softmax-dog-phone", draw(&dog, &state(PHONE))),
        ("softmax-dog-edited", draw(&dog, &edited(COLUMN))),
        ("softmax-dog-edited-phone", draw(&dog, &edited(PHONE))),
        ("softmax-was", draw(&was, &state(COLUMN))),
        ("softmax-was-hot", draw(&was, &softmax::State { temperature: 8.0, ..state(COLUMN) })),
        ("softmax-was-hot-phone", draw(&was, &softmax::State { temperature: 8.0, ..state(NARROW) })),
        ("softmax-40", draw(&softmax_long(40), &state(COLUMN))),
        ("softmax-300", draw(&softmax_long(300), &softmax::State { temperature: 40.0, ..state(PHONE) })),
        (
            "softmax-1",
            draw(&softmax::Data { dots: vec![3.0], of: made_up(words(1), 2, 16), ..softmax_data() }, &state(NARROW)),
        ),
        ("softmax-nasty", {
            let n = super::NASTY.len();
            let dots = vec![f32::NAN, 1.0, f32::INFINITY, -1e30, 0.0, 2.0, f32::NEG_INFINITY, 3.0, 1e20];
            let data = softmax::Data {
                of: made_up(strings(&super::NASTY), 2, 16),
                masked: vec![false; n],
                dots,
                ..softmax_data()
            };
            draw(&data, &state(PHONE))
        }),
    ]
}

fn running_scenes(theme: &Theme) -> Vec<(&'static str, Scene)> {
    let was = running_softmax::Data::from_trace(&lesson("the hot dog on the rock was"), 1, 0, 6, 2).unwrap();
    let draw = |data: &running_softmax::Data, canvas, step| {
        running_softmax::render(data, &running_softmax::State { canvas, step }, theme)
    };
    vec![
        ("running-0", draw(&was, COLUMN, 0)),
        ("running-1", draw(&was, COLUMN, 1)),
        ("running-2", draw(&was, Canvas::default(), 2)),
        ("running-4", draw(&was, COLUMN, 4)),
        ("running-1-phone", draw(&was, PHONE, 1)),
        ("running-4-phone", draw(&was, NARROW, 4)),
        ("running-12-tiles-of-4", draw(&running_data(12, 8, 4), COLUMN, 2)),
        ("running-60", draw(&running_data(60, 64, 4), PHONE, 9)),
        ("running-300", draw(&running_data(300, 64, 128), COLUMN, 2)),
        ("running-nasty", {
            let mut data = running_data(9, 4, 2);
            data.of.of.tokens = strings(&super::NASTY);
            data.scores[1..5].copy_from_slice(&[f32::NEG_INFINITY, f32::NEG_INFINITY, f32::NAN, 1e30]);
            draw(&data.tiled(2), PHONE, 3)
        }),
        ("running-empty", draw(&running_softmax::Data::default(), PHONE, 3)),
    ]
}

fn training_scenes(theme: &Theme) -> Vec<(&'static str, Scene)> {
    let draw = |data: &training::Data, canvas, step| training::render(data, &training::State { canvas, step }, theme);
    vec![
        ("training-0", draw(&training_data(0, 2000), COLUMN, None)),
        ("training-700", draw(&training_data(700, 2000), COLUMN, None)),
        ("training-2000", draw(&training_data(2000, 2000), Canvas::default(), None)),
        ("training-2000-hover", draw(&training_data(2000, 2000), COLUMN, Some(640))),
        ("training-700-phone", draw(&training_data(700, 2000), PHONE, None)),
        ("training-2000-phone-hover", draw(&training_data(2000, 2000), NARROW, Some(1500))),
        ("training-nasty", {
            let losses = vec![(1, f32::NAN), (2, f32::INFINITY), (3, 1e30), (900, -3.0), (5, 2.0)];
            draw(&training::Data { losses, reference: Some(f32::NAN), ..training_data(40, 100) }, PHONE, Some(7))
        }),
    ]
}
